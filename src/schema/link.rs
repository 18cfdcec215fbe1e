//! Which specifications a supergraph uses, and under which names (the link spec, <https://specs.apollo.dev/link/v1.0>).
//!
//! Directives are never matched by their literal names: `@link(url:, as:, import:)` may rename any of them.

use super::Error;
use apollo_compiler::{Name, Node, Schema, ast::Value};

/// A specification the schema links to.
#[derive(Clone, Debug)]
pub(super) struct Link {
    url: String,
    /// The specification's name: `join` in `https://specs.apollo.dev/join/v0.3`.
    name: String,
    /// None: its address has no version.
    version: Option<(u32, u32)>,
    /// The prefix of its elements in this schema.
    alias: String,
    /// Elements imported by name: (name in the specification, name here), directives with their `@`.
    imports: Vec<(String, String)>,
    purpose: Option<String>,
}

/// All links of a supergraph.
#[derive(Clone, Debug)]
pub(super) struct Links(Vec<Link>);

/// Specifications that change what clients get, with the versions understood here.
const UNDERSTOOD: &[(&str, u32, u32)] = &[
    ("join", 0, 5),
    ("inaccessible", 0, 2),
    ("link", 1, 0),
    ("core", 0, 2),
    ("tag", 0, 3),
    ("cost", 0, 1),
    ("context", 0, 1),
];

/// Specifications that protect data: serving without enforcing them would leak it.
const NOT_YET: &[(&str, &str)] = &[
    (
        "authenticated",
        ": it would have to enforce `@authenticated`",
    ),
    (
        "requiresScopes",
        ": it would have to enforce `@requiresScopes`",
    ),
    ("policy", ": it would have to enforce `@policy`"),
];

impl Links {
    /// Reads `@link` (or, in Federation 1 supergraphs, `@core`) from the schema definition.
    pub(super) fn read(schema: &Schema) -> Result<Self, Error> {
        let mut links: Vec<Link> = schema
            .schema_definition
            .directives
            .iter()
            .filter_map(|directive| {
                let url = ["url", "feature"]
                    .iter()
                    .find_map(|name| directive.specified_argument_by_name(name))?;
                let argument = |name: &str| directive.specified_argument_by_name(name);
                let text = |value: &Node<Value>| {
                    value
                        .as_str()
                        .map(str::to_owned)
                        .or_else(|| value.as_enum().map(|name| name.to_string()))
                };
                Some(Link::new(
                    url.as_str()?,
                    argument("as").and_then(text),
                    argument("import").map(imports).unwrap_or_default(),
                    argument("for").and_then(text),
                ))
            })
            .collect();
        if !links.iter().any(|link| link.name == "join") {
            return Err(Error::NotASupergraph);
        }
        links.iter().try_for_each(Link::check)?;
        // Nothing in the schema can belong to what has no name.
        links.retain(|link| !link.alias.is_empty());
        Ok(Self(links))
    }

    /// The name of a directive of `spec` in this schema, without `@`. The directive named like its specification
    /// (`@inaccessible`) is asked for by that name.
    pub(super) fn directive(&self, spec: &str, element: &str) -> Option<String> {
        let link = self.0.iter().find(|link| link.name == spec)?;
        let imported = link
            .imports
            .iter()
            .find(|(original, _)| original.strip_prefix('@') == Some(element));
        Some(match imported {
            Some((_, here)) => here.trim_start_matches('@').to_owned(),
            None if element == spec => link.alias.clone(),
            None => format!("{}__{element}", link.alias),
        })
    }

    /// The name of a type of `spec` in this schema.
    pub(super) fn type_name(&self, spec: &str, element: &str) -> Option<String> {
        let link = self.0.iter().find(|link| link.name == spec)?;
        let imported = link
            .imports
            .iter()
            .find(|(original, _)| original == element);
        Some(imported.map_or_else(
            || format!("{}__{element}", link.alias),
            |(_, here)| here.clone(),
        ))
    }

    /// Whether an element of the schema belongs to a linked specification and not to the graph itself. Directive names
    /// come without `@`.
    pub(super) fn is_foreign(&self, name: &Name, is_directive: bool) -> bool {
        self.0.iter().any(|link| {
            let prefixed = name
                .strip_prefix(link.alias.as_str())
                .is_some_and(|rest| rest.starts_with("__"));
            let imported = link
                .imports
                .iter()
                .any(|(_, here)| match here.strip_prefix('@') {
                    Some(directive) => is_directive && directive == name.as_str(),
                    None => !is_directive && here == name.as_str(),
                });
            prefixed || imported || (is_directive && name.as_str() == link.alias)
        })
    }
}

impl Link {
    fn new(
        url: &str,
        alias: Option<String>,
        imports: Vec<(String, String)>,
        purpose: Option<String>,
    ) -> Self {
        let mut segments = url.trim_end_matches('/').rsplit('/');
        let last = segments.next().unwrap_or_default();
        let version = last
            .strip_prefix('v')
            .and_then(|version| version.split_once('.'))
            .and_then(|(major, minor)| Some((major.parse().ok()?, minor.parse().ok()?)));
        let name = match version {
            Some(_) => segments.next().unwrap_or_default(),
            None => last,
        };
        Self {
            url: url.to_owned(),
            version,
            alias: alias.unwrap_or_else(|| name.to_owned()),
            name: name.to_owned(),
            imports,
            purpose,
        }
    }

    fn check(&self) -> Result<(), Error> {
        let refuse = |hint| {
            let purpose = self
                .purpose
                .clone()
                .unwrap_or_else(|| "EXECUTION".to_owned());
            Err(Error::Unsupported {
                url: self.url.clone(),
                purpose,
                hint,
            })
        };
        if let Some((_, hint)) = NOT_YET.iter().find(|(name, _)| *name == self.name) {
            return refuse(hint);
        }
        let understood = UNDERSTOOD.iter().any(|&(name, last, up_to)| {
            let fits = |(major, minor)| major == last && minor <= up_to;
            name == self.name && self.version.is_some_and(fits)
        });
        let matters = self.purpose.is_some() || self.name == "join";
        if matters && !understood {
            refuse(" (in this version)")
        } else {
            Ok(())
        }
    }
}

/// The `import:` argument: names, or `{name:, as:}` objects.
fn imports(value: &Node<Value>) -> Vec<(String, String)> {
    let import = |item: &Node<Value>| {
        if let Some(name) = item.as_str() {
            return Some((name.to_owned(), name.to_owned()));
        }
        let fields = item.as_object()?;
        let field = |name: &str| {
            fields
                .iter()
                .find(|(key, _)| key == name)
                .and_then(|(_, value)| value.as_str())
        };
        let name = field("name")?;
        Some((name.to_owned(), field("as").unwrap_or(name).to_owned()))
    };
    value
        .as_list()
        .unwrap_or_default()
        .iter()
        .filter_map(import)
        .collect()
}

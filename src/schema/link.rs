//! Which specifications a supergraph uses, and under which names (the link spec, <https://specs.apollo.dev/link/v1.0>).
//!
//! Directives are never matched by their literal names: `@link(url:, as:, import:)` may rename any of them.

use super::{
    Error,
    annotations::{Origin, Protection},
};
use apollo_compiler::{
    Name, Node, Schema,
    ast::{Directive, Value},
};

/// A specification the schema links to.
#[derive(Clone, Debug)]
pub(super) struct Link {
    url: String,
    /// The specification's name: `join` in `https://specs.apollo.dev/join/v0.3`. Others than Apollo's are known by their
    /// whole address without the version.
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
    ("authenticated", 0, 1),
    ("requiresScopes", 0, 1),
    ("policy", 0, 1),
    ("context", 0, 1),
];

/// Those of them that protect data: whoever serves it has to enforce them. Each has a directive of its own name.
const PROTECTING: &[&str] = &["authenticated", "requiresScopes", "policy"];

/// Where the specifications are that are known by their last names.
const APOLLO: &str = "https://specs.apollo.dev/";

impl Links {
    /// Reads `@link` (or, in Federation 1 supergraphs, `@core`) from the schema definition.
    pub(super) fn read(schema: &Schema) -> Result<Self, Error> {
        let directives = schema.schema_definition.directives.iter();
        let read = directives.filter_map(|directive| Some((&directive.name, Link::of(directive)?)));
        let mut links: Vec<(&Name, Link)> = read.collect();
        // The directive itself may have another name. Which one, it says where it links to its own specification.
        let own = |(name, link): &(&Name, Link)| {
            let is_own = ["link", "core"].contains(&link.name.as_str());
            is_own && link.directive(&link.name) == name.as_str()
        };
        if let Some(named) = links.iter().find(|one| own(one)).map(|(name, _)| *name) {
            links.retain(|(name, _)| *name == named);
        }
        let links: Vec<Link> = links.into_iter().map(|(_, link)| link).collect();
        if !links.iter().any(|link| link.name == "join") {
            return Err(Error::NotASupergraph);
        }
        links.iter().try_for_each(Link::check)?;
        Ok(Self(links))
    }

    /// The name of a directive of `spec` in this schema, without `@`. The directive named like its specification
    /// (`@inaccessible`) is asked for by that name.
    pub(super) fn directive(&self, spec: &str, element: &str) -> Option<String> {
        let link = self.0.iter().find(|link| link.name == spec)?;
        Some(link.directive(element))
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
        self.origin(name, is_directive).is_some()
    }

    /// The specification that an element of the schema belongs to, and its name there. Directive names have no `@`.
    pub(super) fn origin<'a>(
        &'a self,
        name: &'a str,
        is_directive: bool,
    ) -> Option<(&'a Link, &'a str)> {
        let imported = self.0.iter().find_map(|link| {
            let mut imports = link.imports.iter();
            imports.find_map(|(original, here)| {
                let found = if is_directive {
                    here.strip_prefix('@')? == name
                } else {
                    here == name
                };
                found.then_some((link, original.trim_start_matches('@')))
            })
        });
        imported.or_else(|| {
            // Nothing can belong to what has no name.
            let mut named = self.0.iter().filter(|link| !link.alias.is_empty());
            named.find_map(|link| {
                let rest = name.strip_prefix(link.alias.as_str())?;
                if rest.is_empty() && is_directive {
                    return Some((link, link.name.as_str()));
                }
                Some((link, rest.strip_prefix("__")?))
            })
        })
    }

    /// Specifications that must be enforced.
    pub(super) fn protections(&self) -> Vec<Protection> {
        let links = self.0.iter().filter_map(|link| {
            let directive = PROTECTING.iter().find(|name| **name == link.name)?;
            Some(Protection {
                url: link.url.clone(),
                directive,
            })
        });
        links.collect()
    }
}

impl Link {
    /// None: the directive is no link.
    fn of(directive: &Directive) -> Option<Self> {
        let argument = |name: &str| directive.specified_argument_by_name(name);
        let url = argument("url").or_else(|| argument("feature"))?.as_str()?;
        let text = |value: &Node<Value>| {
            let text = value.as_str();
            text.or_else(|| value.as_enum().map(Name::as_str))
                .map(str::to_owned)
        };
        let address = url.trim_end_matches('/');
        let (before, last) = address.rsplit_once('/').unwrap_or(("", address));
        let version = last
            .strip_prefix('v')
            .and_then(|version| version.split_once('.'))
            .and_then(|(major, minor)| Some((major.parse().ok()?, minor.parse().ok()?)));
        let unversioned = if version.is_some() { before } else { address };
        let known = unversioned.strip_prefix(APOLLO);
        let last = unversioned.rsplit('/').next().unwrap_or_default();
        Some(Self {
            url: url.to_owned(),
            name: known.unwrap_or(unversioned).to_owned(),
            version,
            alias: argument("as")
                .and_then(text)
                .unwrap_or_else(|| last.to_owned()),
            imports: argument("import").map(imports).unwrap_or_default(),
            purpose: argument("for").and_then(text),
        })
    }

    /// The specification's name.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// One of its elements, to be known by.
    pub(super) fn element(&self, name: &str) -> Origin {
        Origin {
            url: Some(self.url.clone()),
            name: name.to_owned(),
        }
    }

    /// The name of one of its directives in this schema, without `@`.
    fn directive(&self, element: &str) -> String {
        let mut imports = self.imports.iter();
        let imported = imports.find(|(original, _)| original.strip_prefix('@') == Some(element));
        match imported {
            Some((_, here)) => here.trim_start_matches('@').to_owned(),
            None if element == self.name => self.alias.clone(),
            None => format!("{}__{element}", self.alias),
        }
    }

    fn check(&self) -> Result<(), Error> {
        let understood = UNDERSTOOD.iter().any(|&(name, last, up_to)| {
            let fits = |(major, minor)| major == last && minor <= up_to;
            name == self.name && self.version.is_some_and(fits)
        });
        let matters = self.purpose.is_some() || self.name == "join";
        if matters && !understood {
            let purpose = self.purpose.as_deref().unwrap_or("EXECUTION");
            return Err(Error::Unsupported {
                url: self.url.clone(),
                purpose: purpose.to_owned(),
            });
        }
        Ok(())
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

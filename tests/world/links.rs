//! Which name a directive of a core feature has in this supergraph: `@link` and, in the oldest
//! supergraphs, `@core` say so, with `as` and `import` to rename. Nothing else of the world may
//! spell a federation directive's name.

use std::collections::HashMap;

use apollo_compiler::Schema;
use apollo_compiler::ast::{Directive, Value};

/// The features a supergraph links.
pub struct Links {
    features: Vec<Feature>,
}

struct Feature {
    name: String,
    prefix: String,
    imports: HashMap<String, String>,
}

impl Links {
    /// Reads the schema definition's links. A link without a usable url is left out.
    pub fn read(schema: &Schema) -> Self {
        let features = schema
            .schema_definition
            .directives
            .iter()
            .filter_map(|directive| Feature::read(directive))
            .collect();
        Links { features }
    }

    /// The name of `element` of `feature` in this supergraph, without the `@`.
    pub fn directive(&self, feature: &str, element: &str) -> String {
        let Some(linked) = self.features.iter().find(|linked| linked.name == feature) else {
            return if feature == element {
                element.to_owned()
            } else {
                format!("{feature}__{element}")
            };
        };
        if let Some(name) = linked.imports.get(&format!("@{element}")) {
            return name.trim_start_matches('@').to_owned();
        }
        if feature == element {
            linked.prefix.clone()
        } else {
            format!("{}__{element}", linked.prefix)
        }
    }

    /// Whether a type belongs to a feature and not to the graph: `join__Graph`, `link__Import`.
    pub fn owns_type(&self, name: &str) -> bool {
        self.features.iter().any(|feature| {
            name.strip_prefix(feature.prefix.as_str())
                .is_some_and(|rest| rest.starts_with("__"))
                || feature.imports.values().any(|import| import == name)
        })
    }
}

impl Feature {
    fn read(directive: &Directive) -> Option<Self> {
        let text = |name: &str| {
            directive
                .specified_argument_by_name(name)
                .and_then(|value| value.as_str())
        };
        let url = text("url").or_else(|| text("feature"))?;
        let mut parts = url.rsplit('/');
        let last = parts.next()?;
        let name = if is_version(last) {
            parts.next()?
        } else {
            last
        };
        let imports = directive
            .specified_argument_by_name("import")
            .and_then(|value| value.as_list())
            .unwrap_or_default()
            .iter()
            .filter_map(|import| renamed(import))
            .collect();
        Some(Feature {
            name: name.to_owned(),
            prefix: text("as").unwrap_or(name).to_owned(),
            imports,
        })
    }
}

fn is_version(text: &str) -> bool {
    text.strip_prefix('v')
        .is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_digit()))
}

/// An import as (name in the specification, name here).
fn renamed(import: &Value) -> Option<(String, String)> {
    if let Some(name) = import.as_str() {
        return Some((name.to_owned(), name.to_owned()));
    }
    let entries = import.as_object()?;
    let entry = |key: &str| {
        entries
            .iter()
            .find(|(name, _)| name == key)
            .and_then(|(_, value)| value.as_str())
    };
    let name = entry("name")?;
    Some((name.to_owned(), entry("as").unwrap_or(name).to_owned()))
}

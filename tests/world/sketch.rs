//! Entities that nobody wrote, as they are drawn up before there is an SDL.

use std::fmt::Write;

pub const KEYS: [(&str, &str); 4] = [
    ("id", "id: ID!"),
    ("code", "code: Int!"),
    ("part { no kind }", "part: Part!"),
    ("marks { no }", "marks: [Part!]!"),
];
pub const SCALARS: [&str; 5] = ["Int", "String", "Float", "Boolean", "Colour"];
/// Arguments of a field, and how a requirement fills them.
pub const ARGUMENTS: [(&str, &str); 4] = [
    ("", ""),
    ("(n: Int = 1)", "(n: 2)"),
    ("(of: [Colour!])", "(of: [RED])"),
    ("(to: String!)", "(to: \"x\")"),
];

/// A kind of things that several subgraphs know.
pub struct Entity {
    pub name: String,
    /// Indexes into [`KEYS`].
    pub keys: Vec<usize>,
    pub homes: Vec<Home>,
    pub fields: Vec<Field>,
}

/// An entity in one subgraph.
pub struct Home {
    pub graph: usize,
    pub keys: Vec<usize>,
    /// Fields that another subgraph tells, and those made of them.
    pub lines: Vec<String>,
    pub externals: Vec<String>,
    pub resolvable: bool,
}

pub struct Field {
    pub name: String,
    /// Its named type, and the text of its type.
    pub named: String,
    pub ty: String,
    pub arguments: usize,
    pub owners: Vec<usize>,
    /// The subgraph that it was taken from.
    pub former: Option<usize>,
    pub shareable: bool,
    pub requires: String,
    pub provides: Vec<(usize, String)>,
}

impl Home {
    pub fn new(graph: usize, keys: Vec<usize>) -> Self {
        Home {
            graph,
            keys,
            lines: Vec::new(),
            externals: Vec::new(),
            resolvable: true,
        }
    }
}

impl Entity {
    pub fn home(&self, graph: usize) -> Option<&Home> {
        self.homes.iter().find(|home| home.graph == graph)
    }

    pub fn tells(&self, name: &str, graph: usize) -> bool {
        let mut fields = self.fields.iter().filter(|field| field.name == name);
        fields.any(|field| field.owners.contains(&graph))
    }

    pub fn written(&self, home: &Home, is_named: bool) -> String {
        let graph = home.graph;
        let mut out = format!(
            "type {}{}",
            self.name,
            if is_named { " implements Named" } else { "" }
        );
        let has_fields = self
            .fields
            .iter()
            .any(|field| field.owners.contains(&graph));
        let end = if home.resolvable || has_fields {
            ""
        } else {
            ", resolvable: false"
        };
        for key in &home.keys {
            let _ = write!(out, " @key(fields: \"{}\"{end})", KEYS[*key].0);
        }
        out += " {";
        for key in self.keys.iter().filter(|key| home.keys.contains(key)) {
            let _ = write!(out, " {}", KEYS[*key].1);
        }
        for line in &home.lines {
            let _ = write!(out, " {line}");
        }
        for field in &self.fields {
            let is_former = field.former == Some(graph);
            if !(field.owners.contains(&graph) || is_former) {
                continue;
            }
            let _ = write!(
                out,
                " {}{}: {}",
                field.name, ARGUMENTS[field.arguments].0, field.ty
            );
            if !field.requires.is_empty() {
                let _ = write!(
                    out,
                    " @requires(fields: \"{}\")",
                    field.requires.replace('"', "\\\"")
                );
            }
            for (_, set) in field.provides.iter().filter(|(at, _)| *at == graph) {
                let _ = write!(out, " @provides(fields: \"{set}\")");
            }
            if let Some(former) = field.former.filter(|_| !is_former) {
                let _ = write!(out, " @override(from: \"s{former}\")");
            }
            if field.shareable {
                out += " @shareable";
            }
        }
        out + " }\n"
    }
}

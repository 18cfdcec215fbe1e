//! Where keys are written, for those who find out later that a value cannot be meant so.

use super::{
    error::{Error, Place, Problem},
    excerpts::Excerpts,
    tree::{Node, Value},
};

/// The places of a file's keys and list items.
#[derive(Clone, Debug, Default)]
pub struct Outline {
    file: String,
    excerpts: Excerpts,
    places: Vec<(Vec<String>, Place)>,
}

impl Outline {
    pub(super) fn new(file: &str, excerpts: Excerpts, tree: &Node) -> Self {
        let mut places = Vec::new();
        collect(tree, &mut Vec::new(), &mut places);
        Self {
            file: file.to_owned(),
            excerpts,
            places,
        }
    }

    /// An error about the key at this path (list items by their index), shown where it is written; what is not written
    /// is looked for where it would be.
    pub fn error(&self, path: &[String], message: impl Into<String>) -> Error {
        let find = |path: &[String]| self.places.iter().find(|(known, _)| known == path);
        let known = (1..=path.len())
            .rev()
            .find_map(|length| find(&path[..length]));
        let place = known.map(|(_, place)| *place);
        Problem::new(place, message).in_file(&self.file, |line| self.excerpts.line(line))
    }
}

fn collect(node: &Node, path: &mut Vec<String>, places: &mut Vec<(Vec<String>, Place)>) {
    let mut enter = |name: String, place: Place, below: &Node| {
        path.push(name);
        places.push((path.clone(), place));
        collect(below, path, places);
        path.pop();
    };
    match &node.value {
        Value::Map(entries) => {
            for entry in entries {
                enter(entry.key.clone(), entry.place, &entry.value);
            }
        }
        Value::List(items) => {
            for (index, item) in items.iter().enumerate() {
                enter(index.to_string(), item.place, item);
            }
        }
        _ => {}
    }
}

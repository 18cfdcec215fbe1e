//! What the default file says about its keys: the comments above and behind them, and their values.

use crate::config::tree::{self, Entry, Node};
use serde_json::Value;

const FILE: &str = include_str!("../../../router.yaml");

/// The default file.
pub(super) struct Notes {
    lines: Vec<&'static str>,
    /// None if the file cannot be read, which a test rules out.
    tree: Option<Node>,
}

impl Notes {
    pub(super) fn of_the_default_file() -> Self {
        Self {
            lines: FILE.lines().collect(),
            tree: tree::parse(FILE).ok(),
        }
    }

    /// The comment on the key at this path.
    pub(super) fn words(&self, path: &[&str]) -> Option<String> {
        let line = self.entry(path)?.place.line.checked_sub(1)?;
        let above = self.lines.get(..line)?.iter().rev();
        let mut words: Vec<&str> = above
            .map_while(|line| line.trim_start().strip_prefix('#'))
            .map(str::trim_end)
            .collect();
        words.reverse();
        let behind = self.lines.get(line)?.split_once(" # ");
        words.extend(behind.map(|(_, words)| words));
        let words: Vec<&str> = words
            .into_iter()
            .map(|line| line.strip_prefix(' ').unwrap_or(line).trim_end())
            .collect();
        (!words.is_empty()).then(|| words.join("\n"))
    }

    /// The value of the key at this path, if it is a scalar.
    pub(super) fn default(&self, path: &[&str]) -> Option<Value> {
        match &self.entry(path)?.value.value {
            tree::Value::Boolean(value) => Some((*value).into()),
            tree::Value::Integer(value) => Some((*value).into()),
            tree::Value::Unsigned(value) => Some((*value).into()),
            tree::Value::Float(value) => Some((*value).into()),
            tree::Value::Text(text) => Some(text.as_str().into()),
            _ => None,
        }
    }

    fn entry(&self, path: &[&str]) -> Option<&Entry> {
        let (key, above) = path.split_last()?;
        let mut node = self.tree.as_ref()?;
        for step in above {
            node = &entry(node, step)?.value;
        }
        entry(node, key)
    }
}

fn entry<'a>(node: &'a Node, key: &str) -> Option<&'a Entry> {
    match &node.value {
        tree::Value::Map(entries) => entries.iter().find(|entry| entry.key == key),
        _ => None,
    }
}

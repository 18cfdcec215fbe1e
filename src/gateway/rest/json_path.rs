//! Places in JSON: `customer.name`, `items.0.price`, `items.*.price`.
//!
//! A body is read only as far as a change needs: what is beside the path stays the text that it was, with its numbers
//! as precise as they were written.

use super::pairs::Pairs;
use serde::{
    Deserialize, Serialize, Serializer,
    ser::{SerializeMap, SerializeSeq},
};
use serde_json::value::RawValue;

/// A path of keys. In a list, a number is a place; `*` is all that is in a list or an object.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct JsonPath(Vec<String>);

impl JsonPath {
    /// Whether it can lead to more than one place.
    pub(super) fn is_several(&self) -> bool {
        self.0.iter().any(|step| step == "*")
    }
}

impl TryFrom<String> for JsonPath {
    type Error = String;

    fn try_from(written: String) -> Result<Self, String> {
        let steps: Vec<String> = written.split('.').map(str::to_owned).collect();
        if steps.iter().any(String::is_empty) {
            return Err(format!(
                "`{written}` is not a path; write keys with dots between them"
            ));
        }
        Ok(Self(steps))
    }
}

/// A JSON value, read as far as it had to be.
#[derive(Debug)]
pub(super) enum Tree {
    Text(Box<RawValue>),
    Object(Vec<(String, Tree)>),
    List(Vec<Tree>),
}

/// What becomes of the place that a path leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Put {
    Set,
    Add,
    Append,
    Replace,
}

impl Tree {
    /// A value made here.
    pub(super) fn new(value: &serde_json::Value) -> Option<Self> {
        serde_json::value::to_raw_value(value).ok().map(Self::Text)
    }

    /// Puts copies of a value wherever a path leads. Objects that are missing on the way are made; what is there and
    /// neither an object nor a list is the end of the way.
    pub(super) fn put(&mut self, path: &JsonPath, value: &serde_json::Value, how: Put) {
        let Some((last, above)) = path.0.split_last() else {
            return;
        };
        let makes = how != Put::Replace;
        self.walk(above, makes, &mut |node| node.put_member(last, value, how));
    }

    /// Takes out what a path leads to.
    pub(super) fn remove(&mut self, path: &JsonPath) {
        if let Some((last, above)) = path.0.split_last() {
            self.walk(above, false, &mut |node| {
                node.take_members(last);
            });
        }
    }

    /// Moves what one path leads to, to where another does.
    pub(super) fn rename(&mut self, from: &JsonPath, to: &JsonPath) {
        let Some((last, above)) = from.0.split_last() else {
            return;
        };
        let mut moved = None;
        self.walk(above, false, &mut |node| {
            moved = node.take_members(last).pop();
        });
        if let (Some(moved), Some((last, above))) = (moved, to.0.split_last()) {
            let mut moved = Some(moved);
            self.walk(above, true, &mut |node| {
                node.open();
                if let (Self::Object(members), Some(moved)) = (node, moved.take()) {
                    set(members, last, moved);
                }
            });
        }
    }

    /// Comes to all nodes that a path leads to.
    fn walk(&mut self, path: &[String], makes: bool, come: &mut dyn FnMut(&mut Self)) {
        let Some((step, below)) = path.split_first() else {
            come(self);
            return;
        };
        self.open();
        if let Self::Object(members) = self
            && makes
            && step != "*"
            && !members.iter().any(|(key, _)| key == step)
        {
            members.push((step.clone(), Self::Object(Vec::new())));
        }
        for node in self.members(step) {
            node.walk(below, makes, come);
        }
    }

    /// What one step leads to. Of a key that is there twice, both.
    fn members(&mut self, step: &str) -> Vec<&mut Self> {
        self.open();
        match self {
            Self::Text(_) => Vec::new(),
            Self::List(items) => {
                let place: Option<usize> = step.parse().ok();
                let items = items.iter_mut().enumerate();
                let fitting = items.filter(|(index, _)| step == "*" || Some(*index) == place);
                fitting.map(|(_, item)| item).collect()
            }
            Self::Object(members) => {
                let members = members.iter_mut();
                let fitting = members.filter(|(key, _)| step == "*" || key == step);
                fitting.map(|(_, member)| member).collect()
            }
        }
    }

    fn put_member(&mut self, step: &str, value: &serde_json::Value, how: Put) {
        let is_there = !self.members(step).is_empty();
        let fits = match how {
            Put::Set | Put::Append => true,
            Put::Add => !is_there,
            Put::Replace => is_there,
        };
        if !fits {
            return;
        }
        if how == Put::Append && is_there {
            for member in self.members(step) {
                member.open();
                if let (Self::List(items), Some(value)) = (member, Self::new(value)) {
                    items.push(value);
                }
            }
        } else if is_there {
            for member in self.members(step) {
                *member = Self::new(value).unwrap_or(Self::List(Vec::new()));
            }
        } else if let (Self::Object(members), Some(value)) = (self, Self::new(value))
            && step != "*"
        {
            let value = match how {
                Put::Append => Self::List(vec![value]),
                _ => value,
            };
            set(members, step, value);
        }
    }

    /// Takes out what one step leads to.
    fn take_members(&mut self, step: &str) -> Vec<Self> {
        self.open();
        match self {
            Self::Text(_) => Vec::new(),
            Self::List(items) if step == "*" => std::mem::take(items),
            Self::List(items) => match step.parse::<usize>() {
                Ok(place) if place < items.len() => vec![items.remove(place)],
                _ => Vec::new(),
            },
            Self::Object(members) => {
                let all = std::mem::take(members);
                let (taken, kept): (Vec<_>, Vec<_>) = all
                    .into_iter()
                    .partition(|(key, _)| step == "*" || key == step);
                *members = kept;
                taken.into_iter().map(|(_, member)| member).collect()
            }
        }
    }

    /// Reads one level further.
    fn open(&mut self) {
        let Self::Text(text) = self else {
            return;
        };
        let text = text.get();
        let opened = match text.as_bytes().first() {
            Some(b'{') => serde_json::from_str::<Pairs<String, Box<RawValue>>>(text)
                .map(|members| {
                    let members = members.0.into_iter();
                    Self::Object(members.map(|(key, text)| (key, Self::Text(text))).collect())
                })
                .ok(),
            Some(b'[') => serde_json::from_str::<Vec<Box<RawValue>>>(text)
                .map(|items| Self::List(items.into_iter().map(Self::Text).collect()))
                .ok(),
            _ => None,
        };
        if let Some(opened) = opened {
            *self = opened;
        }
    }
}

/// Gives a member a value. Where it is there several times, the last one counts, so all others go.
fn set(members: &mut Vec<(String, Tree)>, key: &str, value: Tree) {
    let place = members.iter().position(|(known, _)| known == key);
    members.retain(|(known, _)| known != key);
    let place = place.unwrap_or(members.len()).min(members.len());
    members.insert(place, (key.to_owned(), value));
}

impl Serialize for Tree {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => text.serialize(serializer),
            Self::Object(members) => {
                let mut map = serializer.serialize_map(Some(members.len()))?;
                for (key, member) in members {
                    map.serialize_entry(key, member)?;
                }
                map.end()
            }
            Self::List(items) => {
                let mut list = serializer.serialize_seq(Some(items.len()))?;
                for item in items {
                    list.serialize_element(item)?;
                }
                list.end()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn path(written: &str) -> JsonPath {
        JsonPath::try_from(written.to_owned()).unwrap()
    }

    fn changed(text: &str, change: impl Fn(&mut Tree)) -> String {
        let mut tree = Tree::Text(serde_json::from_str(text).unwrap());
        change(&mut tree);
        serde_json::to_string(&tree).unwrap()
    }

    #[test]
    fn values_are_put_where_the_path_leads() {
        let cases = [
            (Put::Set, "a", r#"{"a":0,"b":1.00}"#, r#"{"a":7,"b":1.00}"#),
            (Put::Set, "a", r#"{"b":1}"#, r#"{"b":1,"a":7}"#),
            (
                Put::Set,
                "a",
                r#"{"a":0,"b":1,"a":2}"#,
                r#"{"a":7,"b":1,"a":7}"#,
            ),
            (Put::Set, "a.b", "{}", r#"{"a":{"b":7}}"#),
            (Put::Set, "a.b", r#"{"a":1}"#, r#"{"a":1}"#),
            (Put::Set, "a.1", r#"{"a":[1,2,3]}"#, r#"{"a":[1,7,3]}"#),
            (Put::Set, "a.3", r#"{"a":[1,2,3]}"#, r#"{"a":[1,2,3]}"#),
            (
                Put::Set,
                "a.*.b",
                r#"{"a":[{"b":1},{},2]}"#,
                r#"{"a":[{"b":7},{"b":7},2]}"#,
            ),
            (Put::Set, "*.b", r#"[{"b":1},{}]"#, r#"[{"b":7},{"b":7}]"#),
            (Put::Set, "*", r#"{"a":1,"b":2}"#, r#"{"a":7,"b":7}"#),
            (Put::Set, "a", "3", "3"),
            (Put::Add, "a", r#"{"a":0}"#, r#"{"a":0}"#),
            (Put::Add, "a", "{}", r#"{"a":7}"#),
            (Put::Replace, "a", "{}", "{}"),
            (Put::Replace, "a.b", "{}", "{}"),
            (Put::Replace, "a", r#"{"a":null}"#, r#"{"a":7}"#),
            (Put::Append, "a", r#"{"a":[1]}"#, r#"{"a":[1,7]}"#),
            (Put::Append, "a", "{}", r#"{"a":[7]}"#),
            (Put::Append, "a", r#"{"a":1}"#, r#"{"a":1}"#),
        ];
        for (how, to, text, expected) in cases {
            let done = changed(text, |tree| tree.put(&path(to), &json!(7), how));
            assert_eq!(done, expected, "{how:?} {to} {text}");
        }
    }

    #[test]
    fn values_are_taken_out_and_moved() {
        let removed = [
            ("a", r#"{"a":0,"b":1e400,"a":2}"#, r#"{"b":1e400}"#),
            ("a.b", r#"{"a":{"b":1,"c": [ 2 ]}}"#, r#"{"a":{"c":[ 2 ]}}"#),
            (
                "a.*.b",
                r#"{"a":[{"b":1},{"c":2},3]}"#,
                r#"{"a":[{},{"c":2},3]}"#,
            ),
            ("a.0", r#"{"a":[1,2]}"#, r#"{"a":[2]}"#),
            ("a.*", r#"{"a":[1,2]}"#, r#"{"a":[]}"#),
            ("x.y", r#"{"a":1}"#, r#"{"a":1}"#),
            ("a", r#"{"\u0061":1}"#, "{}"),
        ];
        for (what, text, expected) in removed {
            assert_eq!(
                changed(text, |tree| tree.remove(&path(what))),
                expected,
                "{what}"
            );
        }
        let renamed = [
            ("a", "b", r#"{"a":1,"c":2}"#, r#"{"c":2,"b":1}"#),
            ("a", "b", r#"{"a":1,"b":2}"#, r#"{"b":1}"#),
            ("a.b", "c.d", r#"{"a":{"b":1}}"#, r#"{"a":{},"c":{"d":1}}"#),
            ("x", "b", r#"{"a":1}"#, r#"{"a":1}"#),
        ];
        for (from, to, text, expected) in renamed {
            let done = changed(text, |tree| tree.rename(&path(from), &path(to)));
            assert_eq!(done, expected, "{from} {to}");
        }
    }
}

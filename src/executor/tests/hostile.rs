//! Answers as no subgraph should give them, made by chance from what a fetch reads.

use super::reference::Sent;
use crate::planner::{FetchKind, Plan, Read, ReadField};
use fastrand::Rng;
use std::hash::{DefaultHasher, Hash, Hasher};

/// How bad subgraphs are, and by what chance.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hostility {
    pub seed: u64,
    pub level: Level,
}

#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub(super) enum Level {
    /// Fields in order, nulls now and then.
    Plain,
    /// Any order, keys twice, escaped or missing, white space, unknown fields, errors.
    Loose,
    /// Values of other types, too.
    Odd,
    /// Bodies that are no GraphQL responses, too.
    Broken,
}

/// The answer to a fetch: the same to the same question.
pub(super) fn answer(plan: &Plan, fetch: usize, sent: &Sent, hostility: Hostility) -> Vec<u8> {
    let mut hasher = DefaultHasher::new();
    (hostility.seed, fetch, sent).hash(&mut hasher);
    let mut writer = Writer {
        plan,
        level: hostility.level,
        rng: Rng::with_seed(hasher.finish()),
        text: String::new(),
    };
    writer.envelope(&plan.fetches[fetch].kind, sent);
    writer.broken()
}

const SPACE: [&str; 6] = [" ", "\n", "\t", "\r\n", "  ", "\n    "];

/// Values that nobody asked for.
const UNKNOWN: [&str; 9] = [
    r#""\ud800""#,
    r#"{"\udc00\ud800":[{},[]],"id":"7"}"#,
    "123456789012345678901234567890",
    "-1.5E+400",
    "[[[[[[]]]]]]",
    r#"{"data":{"errors":[{"path":["x"]}]}}"#,
    r#""\u0000\\\"é😀""#,
    "null",
    "[true,false,-0,0.0]",
];

const ODD: [&str; 14] = [
    "true",
    "7",
    "-0",
    "1.0",
    "1e3",
    "2147483648",
    "1e400",
    "\"\"",
    "\"x\\ud800\"",
    "[]",
    "[ ]",
    "{}",
    "[[null]]",
    "{\"id\":\"1\"}",
];

const TYPES: [&str; 8] = [
    "\"Book\"",
    "\"Film\"",
    "\"Book\"",
    "\"Film\"",
    "\"B\\u006fok\"",
    "\"Draft\"",
    "\"No\"",
    "7",
];

/// What stands in an object.
enum Entry<'p> {
    Typename(&'p str),
    Field(&'p ReadField),
    Unknown,
}

struct Writer<'p> {
    plan: &'p Plan,
    level: Level,
    rng: Rng,
    text: String,
}

impl Writer<'_> {
    /// Once in so many times, where subgraphs are as bad as that.
    fn chance(&mut self, level: Level, times: u32) -> bool {
        self.level >= level && self.rng.u32(..times) == 0
    }

    fn space(&mut self) {
        if self.chance(Level::Loose, 6) {
            self.one_of(&SPACE);
        }
    }

    fn mark(&mut self, mark: char) {
        self.space();
        self.text.push(mark);
        self.space();
    }

    fn one_of(&mut self, values: &[&str]) {
        let index = self.rng.usize(..values.len());
        self.text.push_str(values[index]);
    }

    fn key(&mut self, key: &str) {
        self.text.push('"');
        for letter in key.chars() {
            if self.chance(Level::Loose, 60) {
                self.text.push_str(&format!("\\u{:04X}", u32::from(letter)));
            } else {
                self.text.push(letter);
            }
        }
        self.text.push('"');
        self.mark(':');
    }

    /// `write` is given the index of each item.
    fn list(&mut self, length: usize, mut write: impl FnMut(&mut Self, usize)) {
        self.mark('[');
        for index in 0..length {
            if index > 0 {
                self.mark(',');
            }
            write(self, index);
        }
        self.mark(']');
    }

    fn envelope(&mut self, kind: &FetchKind, sent: &Sent) {
        let with_errors = self.chance(Level::Loose, 3);
        let errors_first = self.rng.bool();
        self.mark('{');
        if with_errors && errors_first {
            self.errors(kind, sent);
            self.mark(',');
        }
        if self.chance(Level::Loose, 8) {
            self.key("extensions");
            self.one_of(&UNKNOWN);
            self.mark(',');
        }
        if self.chance(Level::Broken, 10) {
            // Of several, the last one counts.
            self.key("data");
            self.data(kind, sent);
            self.mark(',');
        }
        self.key("data");
        if self.chance(Level::Broken, 10) {
            self.one_of(&["null", "7", "[]", "{}"]);
        } else {
            self.data(kind, sent);
        }
        if with_errors && !errors_first {
            self.mark(',');
            self.errors(kind, sent);
        }
        self.mark('}');
    }

    fn data(&mut self, kind: &FetchKind, sent: &Sent) {
        let fields = match kind {
            FetchKind::Root { read, .. } => return self.object(&[read]),
            FetchKind::Entities(fields) => fields,
        };
        let mut order: Vec<usize> = (0..fields.len()).collect();
        if self.chance(Level::Broken, 12) {
            order.push(0);
        }
        if self.level > Level::Plain {
            self.rng.shuffle(&mut order);
        }
        self.mark('{');
        let mut is_first = true;
        for index in order {
            if self.chance(Level::Broken, 12) {
                continue;
            }
            if !is_first {
                self.mark(',');
            }
            is_first = false;
            self.key(&fields[index].key);
            if self.chance(Level::Broken, 12) {
                self.one_of(&["null", "{}", "0"]);
                continue;
            }
            let length = match self.chance(Level::Broken, 8) {
                true => self.rng.usize(..6),
                false => sent[index].len(),
            };
            let targets = fields[index].targets.iter();
            let reads: Vec<&Read> = targets.map(|target| &target.read).collect();
            self.list(length, |writer, _| writer.value(&reads));
        }
        self.mark('}');
    }

    /// An object, mostly.
    fn value(&mut self, reads: &[&Read]) {
        if self.rng.u8(..16) == 0 {
            self.text.push_str("null");
        } else if self.chance(Level::Odd, 30) {
            self.one_of(&ODD);
        } else {
            self.object(reads);
        }
    }

    /// An object with what all of `reads` ask for.
    fn object(&mut self, reads: &[&Read]) {
        let mut entries = Vec::new();
        for field in reads.iter().flat_map(|read| &read.fields) {
            if self.chance(Level::Loose, 25) {
                continue;
            }
            entries.push(Entry::Field(field));
            if self.chance(Level::Loose, 25) {
                entries.push(Entry::Field(field));
            }
        }
        if self.chance(Level::Loose, 8) {
            entries.push(Entry::Unknown);
        }
        if let Some(key) = reads.iter().find_map(|read| read.typename.as_ref()) {
            entries.insert(0, Entry::Typename(key));
        }
        if self.level > Level::Plain {
            self.rng.shuffle(&mut entries);
        }
        self.mark('{');
        for (index, entry) in entries.into_iter().enumerate() {
            if index > 0 {
                self.mark(',');
            }
            match entry {
                Entry::Typename(key) => {
                    self.key(key);
                    self.one_of(&TYPES);
                }
                Entry::Field(field) => {
                    self.key(&field.key);
                    self.field(field);
                }
                Entry::Unknown => {
                    self.key("unknown");
                    self.one_of(&UNKNOWN);
                }
            }
        }
        self.mark('}');
    }

    fn field(&mut self, field: &ReadField) {
        let position = &self.plan.positions[field.position.0 as usize];
        let (lists, name) = (position.lists, position.field.clone());
        match &field.read {
            Some(read) => self.composite(read, lists),
            None => self.leaf(&name, lists),
        }
    }

    fn composite(&mut self, read: &Read, lists: u8) {
        if lists == 0 || self.chance(Level::Odd, 40) {
            return self.value(&[read]);
        }
        if self.rng.u8(..20) == 0 {
            return self.text.push_str("null");
        }
        let length = self.rng.usize(..4);
        self.list(length, |writer, _| writer.composite(read, lists - 1));
    }

    fn leaf(&mut self, name: &str, lists: u8) {
        if self.rng.u8(..24) == 0 {
            return self.text.push_str("null");
        }
        if self.chance(Level::Odd, 30) {
            return self.one_of(&ODD);
        }
        if self.chance(Level::Odd, 200) {
            let deep = format!("{}{}", "[".repeat(300), "]".repeat(300));
            return self.text.push_str(&deep);
        }
        if lists > 0 {
            let length = self.rng.usize(..4);
            return self.list(length, |writer, _| writer.leaf(name, lists - 1));
        }
        match name {
            "id" => self.one_of(&["\"1\"", "\"2\"", "\"3\"", "1", "2"]),
            "age" | "count" | "pages" | "minutes" | "grid" => {
                self.one_of(&["0", "7", "-12", "2147483647", "-2147483648"])
            }
            "score" => self.one_of(&["1.5", "0", "-1e-7", "1.50e+400"]),
            "active" => self.one_of(&["true", "false"]),
            "role" | "roles" => self.one_of(&["\"ADMIN\"", "\"USER\"", "\"ROOT\""]),
            "meta" | "metas" => self.one_of(&UNKNOWN),
            _ => self.one_of(&[
                "\"a\"",
                "\"\"",
                "\"\\u00e9\\n\"",
                "\"é😀 and some more text\"",
            ]),
        }
    }

    fn errors(&mut self, kind: &FetchKind, sent: &Sent) {
        self.key("errors");
        if self.chance(Level::Broken, 8) {
            return self.one_of(&["null", "{}", "\"x\"", "[[]]", "[null]", "[]", "[{}]"]);
        }
        let length = self.rng.usize(..3);
        self.list(length, |writer, _| {
            writer.mark('{');
            writer.key("message");
            writer.one_of(&["\"m\"", "\"a\\nb\"", "7"]);
            if writer.rng.u8(..8) > 0 {
                writer.mark(',');
                writer.key("path");
                let mut path = Vec::new();
                writer.path(kind, sent, &mut path);
                writer.text.push_str(&format!("[{}]", path.join(",")));
            }
            writer.mark('}');
        });
    }

    fn path(&mut self, kind: &FetchKind, sent: &Sent, path: &mut Vec<String>) {
        match kind {
            FetchKind::Root { read, .. } => self.path_in(read, path),
            FetchKind::Entities(fields) => {
                let index = self.rng.usize(..fields.len());
                path.push(format!("\"{}\"", fields[index].key));
                if self.rng.u8(..10) == 0 {
                    return;
                }
                path.push(self.rng.usize(..=sent[index].len()).to_string());
                let targets = &fields[index].targets;
                let target = self.rng.usize(..targets.len());
                self.path_in(&targets[target].read, path);
            }
        }
    }

    fn path_in(&mut self, read: &Read, path: &mut Vec<String>) {
        if self.rng.u8(..8) == 0 {
            return path
                .push(["\"nowhere\"", "-1", "null", "1.5", "9"][self.rng.usize(..5)].to_owned());
        }
        if read.fields.is_empty() || self.rng.u8(..4) == 0 {
            return;
        }
        let field = &read.fields[self.rng.usize(..read.fields.len())];
        path.push(format!("\"{}\"", field.key));
        for _ in 0..self.plan.positions[field.position.0 as usize].lists {
            path.push(self.rng.usize(..4).to_string());
        }
        if let Some(read) = &field.read {
            self.path_in(read, path);
        }
    }

    fn broken(mut self) -> Vec<u8> {
        if !self.chance(Level::Broken, 10) {
            return self.text.into_bytes();
        }
        let mut bytes = self.text.into_bytes();
        let at = self.rng.usize(..=bytes.len());
        match self.rng.u8(..6) {
            0 => bytes.truncate(at),
            1 => bytes.insert(at, 0xff),
            2 => drop(bytes.splice(..0, [0xef, 0xbb, 0xbf])),
            3 => bytes.insert(at, b"{}[],:\"\\x0"[self.rng.usize(..10)]),
            4 => bytes.extend_from_slice(b" null"),
            _ => {
                bytes.remove(at.min(bytes.len() - 1));
            }
        }
        bytes
    }
}

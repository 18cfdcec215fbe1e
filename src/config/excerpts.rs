//! What of a file errors may show: they end up in logs.

use super::{
    error::Place,
    tree::{Entry, Node, Value},
};
use std::ops::RangeInclusive;

/// Where secrets are. Of what is written below, keys are shown and no value ever is: somebody may have written a secret in
/// the wrong place, or in a wrong way.
const PRIVATE: [&[&str]; 4] = [
    &["consumers"],
    &["authentication"],
    &["redis"],
    &["tls", "supergraph"],
];

/// Marks all that must not be shown.
pub(super) fn mark(tree: &mut Node) {
    PRIVATE.iter().for_each(|path| mark_at(tree, path));
}

fn mark_at(node: &mut Node, path: &[&str]) {
    node.is_private |= path.is_empty();
    match &mut node.value {
        Value::List(items) if path.is_empty() => {
            items.iter_mut().for_each(|item| mark_at(item, path));
        }
        Value::Map(entries) => {
            for Entry { key, value, .. } in entries {
                match path {
                    [] => mark_at(value, path),
                    [next, below @ ..] if key == next => mark_at(value, below),
                    _ => {}
                }
            }
        }
        _ => {}
    }
}

/// The lines of a file, as they may be shown.
#[derive(Clone, Debug, Default)]
pub(super) struct Excerpts {
    text: String,
    /// Lines whose values are not shown.
    private: Vec<RangeInclusive<usize>>,
}

impl Excerpts {
    /// Those of a text that could not be read. Any line may have a secret.
    pub(super) fn unread(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            private: vec![1..=usize::MAX],
        }
    }

    /// Those of a text that was read as this tree.
    pub(super) fn new(text: &str, tree: &Node) -> Self {
        let mut excerpts = Self {
            text: text.to_owned(),
            private: Vec::new(),
        };
        for path in PRIVATE {
            excerpts.add(tree, path, usize::MAX);
        }
        excerpts
    }

    /// Adds the lines of what is at this path below a node, which goes on to the line `end`.
    fn add(&mut self, node: &Node, path: &[&str], end: usize) {
        let (Value::Map(entries), [next, below @ ..]) = (&node.value, path) else {
            return;
        };
        for (index, entry) in entries.iter().enumerate() {
            if entry.key != *next {
                continue;
            }
            let after = entries.get(index + 1);
            let end = after.map_or(end, |after| self.line_before(after.place));
            match below {
                [] => self.private.push(entry.place.line..=end),
                below => self.add(&entry.value, below, end),
            }
        }
    }

    /// The last line with something before this place.
    fn line_before(&self, Place { line, column }: Place) -> usize {
        let above = line.saturating_sub(1);
        let text = self.text.lines().nth(above).unwrap_or_default();
        let mut before = text.chars().take(column.saturating_sub(1));
        match before.all(char::is_whitespace) {
            true => above,
            false => line,
        }
    }

    /// A line, from 1. What is hidden has as many asterisks, so that places stay where they are.
    pub(super) fn line(&self, number: usize) -> Option<String> {
        let line = self.text.lines().nth(number.checked_sub(1)?)?;
        let mut private = self.private.iter();
        Some(match private.any(|lines| lines.contains(&number)) {
            true => without_values(line),
            false => without_passwords(line),
        })
    }
}

/// A line without the user names and passwords of URLs.
fn without_passwords(line: &str) -> String {
    let mut shown = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(scheme) = rest.find("://") {
        let (before, authority) = rest.split_at(scheme + 3);
        shown.push_str(before);
        // A password may have slashes in it; better a path is hidden too than half of it is shown.
        let end = authority.find([' ', '"', '\'']).unwrap_or(authority.len());
        let end = authority[..end].rfind('@').unwrap_or(0);
        shown.extend(authority[..end].chars().map(|_| '*'));
        rest = &authority[end..];
    }
    shown.push_str(rest);
    shown
}

/// A line without its values, but for where they are taken from.
fn without_values(line: &str) -> String {
    let mut shown = String::with_capacity(line.len());
    let mut rest = line;
    while !rest.is_empty() {
        let (word, after) = rest.split_at(word_length(rest));
        match is_mark(word) || is_key(word, after) || is_reference(word) {
            true => shown.push_str(word),
            false => shown.extend(word.chars().map(|_| '*')),
        }
        rest = after;
    }
    shown
}

/// What YAML has between words.
const MARKS: [char; 6] = [',', '[', ']', '{', '}', ':'];

fn is_mark(word: &str) -> bool {
    let is_between = |letter: char| letter.is_whitespace() || MARKS.contains(&letter);
    word == "-" || word.chars().all(is_between)
}

/// The bytes of the first word: a mark, a text in quotes, a comment, or what stands between marks and spaces.
fn word_length(line: &str) -> usize {
    let mut letters = line.chars();
    let Some(first) = letters.next() else {
        return 0;
    };
    let rest = letters.as_str();
    let ends = |rest: &str| rest.chars().next().is_none_or(char::is_whitespace);
    let through = |end: char| rest.find(end).map_or(line.len(), |at| at + 2);
    match first {
        '#' => line.len(),
        '"' | '\'' => through(first),
        '$' if rest.starts_with('{') => through('}'),
        '-' if ends(rest) => 1,
        _ if first.is_whitespace() || MARKS.contains(&first) => first.len_utf8(),
        _ => {
            let is_end = |(at, letter): &(usize, char)| match letter {
                ':' => ends(&line[at + 1..]),
                _ => letter.is_whitespace() || MARKS.contains(letter),
            };
            let end = line.char_indices().find(is_end);
            end.map_or(line.len(), |(at, _)| at)
        }
    }
}

/// Whether a word is a key, by what follows it. Keys are short.
fn is_key(word: &str, after: &str) -> bool {
    let name = word.trim_matches(['"', '\'']);
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let below = after.strip_prefix(':');
    name.len() <= 32
        && name.bytes().all(is_name)
        && below.is_some_and(|below| name != word || below.is_empty() || below.starts_with(' '))
}

/// Whether a word only says where a value is.
fn is_reference(word: &str) -> bool {
    let inside = word.trim_matches(['"', '\'']).strip_prefix("${");
    let inside = inside.and_then(|inside| inside.strip_suffix('}'));
    inside.is_some_and(|inside| !inside.contains('}') && !inside.contains(":-"))
}

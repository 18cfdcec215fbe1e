//! A named source text, and how a place in it becomes a [`Location`].

use super::diagnostic::Location;

/// One text that diagnostics may point into.
#[derive(Debug, Clone, Copy)]
pub(super) struct Source<'a> {
    pub subgraph: Option<&'a str>,
    /// A path or URL, for display.
    pub file: &'a str,
    pub text: &'a str,
}

/// Lines and columns are counted from 1, columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Position {
    pub line: usize,
    pub column: usize,
}

impl Source<'_> {
    /// The location of `start..end`, cut to one line. None where the text has no such place (a parser may point at
    /// something it made up).
    pub(super) fn location(&self, start: Position, end: Position) -> Option<Location> {
        let (start, end) = self.after_description(start, end)?;
        let line = self.line(start.line)?;
        let line_end = line.chars().count() + 1;
        let end_column = if end.line > start.line {
            line_end
        } else {
            end.column
        };
        Some(Location {
            subgraph: self.subgraph.map(str::to_owned),
            file: self.file.to_owned(),
            line: start.line,
            column: start.column,
            end_column: end_column.max(start.column + 1),
            source_line: line.to_owned(),
        })
    }

    /// The location of the word that starts at `start`.
    pub(super) fn word(&self, start: Position) -> Option<Location> {
        let line = self.line(start.line)?;
        let length = line
            .chars()
            .skip(start.column.checked_sub(1)?)
            .enumerate()
            .take_while(|(index, c)| {
                c.is_alphanumeric() || *c == '_' || (*index == 0 && matches!(c, '@' | '$'))
            })
            .count();
        let column = start.column + length;
        self.location(start, Position { column, ..start })
    }

    /// Where `text` is first found.
    pub(super) fn first(&self, text: &str) -> Option<Location> {
        let start = self.text.find(text)?;
        self.location(self.position(start), self.position(start + text.len()))
    }

    /// A definition's place starts with its description, which says nothing about what is wrong with it.
    fn after_description(&self, start: Position, end: Position) -> Option<(Position, Position)> {
        let from = self.offset(start)?;
        let rest = &self.text[from..];
        let quotes = if rest.starts_with("\"\"\"") {
            "\"\"\""
        } else if rest.starts_with('"') {
            "\""
        } else {
            return Some((start, end));
        };
        let Some(length) = closing_quotes(&rest[quotes.len()..], quotes) else {
            return Some((start, end));
        };
        let after = &rest[quotes.len() + length + quotes.len()..];
        let begin = self.position(self.text.len() - after.trim_start().len());
        // A string that is the whole piece (`fields: "id"`) is what is meant, not a description.
        Some(if begin < end {
            (begin, end)
        } else {
            (start, end)
        })
    }

    fn line(&self, number: usize) -> Option<&str> {
        self.text.lines().nth(number.checked_sub(1)?)
    }

    fn offset(&self, at: Position) -> Option<usize> {
        let line = self.line(at.line)?;
        let (within, _) = line
            .char_indices()
            .nth(at.column.checked_sub(1)?)
            .unwrap_or((line.len(), ' '));
        Some(line.as_ptr() as usize - self.text.as_ptr() as usize + within)
    }

    fn position(&self, offset: usize) -> Position {
        let before = &self.text[..offset];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Position {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }
}

/// Length of the string content before the closing quotes, minding `\"` and `\"""`.
fn closing_quotes(content: &str, quotes: &str) -> Option<usize> {
    let mut searched = 0;
    loop {
        let found = searched + content.get(searched..)?.find(quotes)?;
        if !content[..found].ends_with('\\') {
            return Some(found);
        }
        searched = found + quotes.len();
    }
}

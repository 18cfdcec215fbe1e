//! What is wrong with a configuration, and where.

use std::fmt;

/// Line and column, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub line: usize,
    pub column: usize,
}

/// Something wrong at a place of the text.
#[derive(Debug)]
pub(super) struct Problem {
    pub message: String,
    pub place: Option<Place>,
}

impl Problem {
    pub(super) fn new(place: Option<Place>, message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            place,
        }
    }

    /// Adds the file and the line it is in.
    pub(super) fn in_file(self, file: &str, text: &str) -> Error {
        let line = self
            .place
            .and_then(|place| text.lines().nth(place.line.checked_sub(1)?));
        Error {
            file: file.to_owned(),
            line: line.map(without_passwords),
            place: self.place,
            message: self.message,
        }
    }
}

/// A line of the file as it may be shown: a URL's user name and password as asterisks, as many as there were letters, so
/// that places stay where they are. Errors of a reload end up in logs.
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
    ["secret:", "password:"]
        .iter()
        .fold(shown, |shown, key| without_value(&shown, key))
}

/// The same without what stands after a key, but for what it is taken from.
fn without_value(line: &str, key: &str) -> String {
    let Some((before, value)) = line.split_once(key) else {
        return line.to_owned();
    };
    let value = value.trim_start();
    let begins = line.len() - value.len();
    let quote = value
        .chars()
        .next()
        .filter(|letter| "\"'".contains(*letter));
    let end = match quote {
        Some(quote) => value[1..].find(quote).map_or(value.len(), |end| end + 2),
        None => value.find([',', '}', ' ']).unwrap_or(value.len()),
    };
    let rest = without_value(&value[end..], key);
    let text = value[..end].trim_matches(['"', '\'']);
    match text.starts_with("${") && !text.contains(":-") {
        true => format!("{}{rest}", &line[..begins + end]),
        false => {
            let stars = "*".repeat(value[..end].chars().count());
            format!("{before}{}{stars}{rest}", &line[before.len()..begins])
        }
    }
}

/// A configuration that cannot be used. Prints with the line in question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    file: String,
    place: Option<Place>,
    line: Option<String>,
    message: String,
}

/// Something that works, but perhaps not as its writer thinks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning(pub(super) Error);

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.place, &self.line) {
            (
                Some(Place {
                    line: number,
                    column,
                }),
                Some(line),
            ) => {
                let (margin, indent) = (number.to_string(), " ".repeat(column.saturating_sub(1)));
                let space = " ".repeat(margin.len());
                writeln!(f, "{}:{number}:{column}: {}", self.file, self.message)?;
                write!(f, "{margin} | {line}\n{space} | {indent}^")
            }
            _ => write!(f, "{}: {}", self.file, self.message),
        }
    }
}

impl std::error::Error for Error {}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.place {
            Some(Place { line, column }) => {
                write!(f, "{}:{line}:{column}: {}", self.0.file, self.0.message)
            }
            None => write!(f, "{}: {}", self.0.file, self.0.message),
        }
    }
}

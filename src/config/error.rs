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

    /// Adds the file and the line it is in, as it may be shown.
    pub(super) fn in_file(self, file: &str, line: impl Fn(usize) -> Option<String>) -> Error {
        Error {
            file: file.to_owned(),
            line: self.place.and_then(|place| line(place.line)),
            place: self.place,
            message: self.message,
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

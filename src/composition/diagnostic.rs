//! What a person is told about their subgraphs or their `supergraph.yaml`: plain data, printed by `render`.
//!
//! It must not know who found the fault: YAML, SDL syntax, the composer and Graphway's own rules all speak through it.

/// How much a [`Diagnostic`] matters. Only errors keep a supergraph from being composed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing only when something behaves oddly.
    Debug,
    /// Subgraphs differ in a way that federation allows.
    Info,
    /// Probably not what was meant.
    Warning,
    /// Nothing is composed.
    Error,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    pub severity: Severity,
    /// A stable name in upper case: Apollo's composition code, or one of Graphway's own.
    pub code: String,
    pub message: String,
    /// The subgraph at fault, when it is a single one.
    pub subgraph: Option<String>,
    /// The schema coordinate at fault (`Product.price`), when the finding is about one.
    pub coordinate: Option<String>,
    /// Where to look, the most telling place first. Empty when nothing in the sources can be pointed at.
    pub locations: Vec<Location>,
    /// What to do about it.
    pub help: Option<String>,
}

/// A piece of one line of a source text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// The subgraph whose SDL it is; none for `supergraph.yaml`.
    pub subgraph: Option<String>,
    /// A path or URL, for display.
    pub file: String,
    /// Counted from 1.
    pub line: usize,
    /// Counted from 1, in characters.
    pub column: usize,
    /// Where the piece ends: a column of the same line, exclusive.
    pub end_column: usize,
    /// The whole line as it stands in the source.
    pub source_line: String,
}

impl Diagnostic {
    pub(super) fn new(severity: Severity, code: &str, message: impl Into<String>) -> Self {
        Self {
            severity,
            code: code.to_owned(),
            message: message.into(),
            subgraph: None,
            coordinate: None,
            locations: Vec::new(),
            help: None,
        }
    }

    pub(super) fn error(code: &str, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, message)
    }

    pub(super) fn in_subgraph(mut self, name: &str) -> Self {
        self.subgraph = Some(name.to_owned());
        self
    }

    pub(super) fn at(mut self, location: impl Into<Option<Location>>) -> Self {
        self.locations.extend(location.into());
        self
    }

    pub(super) fn help(mut self, help: impl Into<Option<String>>) -> Self {
        self.help = help.into();
        self
    }
}

//! What is wrong with settings that are well-formed one by one.

/// A setting that is well-formed, and yet does not fit another one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {message}", at.join("."))]
pub struct Misfit {
    /// Keys, and numbers in lists, from the top of the file.
    pub at: Vec<String>,
    pub message: String,
}

impl Misfit {
    pub(in crate::gateway) fn new(at: &[&str], message: impl Into<String>) -> Self {
        Self {
            at: at.iter().copied().map(str::to_owned).collect(),
            message: message.into(),
        }
    }

    /// The same, found from further up.
    pub(in crate::gateway) fn below(mut self, above: &[&str]) -> Self {
        let above = above.iter().copied().map(str::to_owned);
        self.at.splice(0..0, above);
        self
    }
}

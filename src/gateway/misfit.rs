//! What does not fit together within a configuration.

/// A setting that is well-formed, and yet does not fit another one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {message}", at.join("."))]
pub struct Misfit {
    /// Keys, and numbers in lists, from the top of the file.
    pub at: Vec<String>,
    pub message: String,
}

impl Misfit {
    /// Says what is wrong at a key.
    pub(super) fn new(at: &[&str], message: impl Into<String>) -> Self {
        Self {
            at: at.iter().map(|step| (*step).to_owned()).collect(),
            message: message.into(),
        }
    }
}

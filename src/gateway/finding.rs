//! What is found wrong with a configuration that can be served all the same.

/// Something in the configuration that has no effect, or not the one it seems to have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The path of the key; list items by their index.
    pub key: Vec<String>,
    pub message: String,
}

impl Finding {
    pub(super) fn new(key: &[&str], message: impl Into<String>) -> Self {
        Self {
            key: key.iter().map(|step| (*step).to_owned()).collect(),
            message: message.into(),
        }
    }
}

//! Errors of whoever typed the command.

/// The command was called wrongly: what it names is not there. Exit code 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Usage(pub String);

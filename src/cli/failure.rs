//! Errors of whoever typed the command.

use crate::{config::Outline, gateway::SnapshotError};

/// The command was called wrongly: what it names is not there. Exit code 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Usage(pub String);

/// Reads where to listen.
pub(super) fn address(text: &str) -> Result<std::net::SocketAddr, &'static str> {
    text.parse()
        .map_err(|_| "write an IP address and a port, such as 127.0.0.1:4000")
}

/// Why a snapshot cannot be made, shown where it is written if it is something in the configuration.
pub(super) fn located(outline: &Outline, error: SnapshotError) -> anyhow::Error {
    match error.misfit() {
        Some(misfit) => outline.error(&misfit.at, misfit.message.as_str()).into(),
        None => error.into(),
    }
}

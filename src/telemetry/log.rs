//! The log on standard output.

use super::{Config, Format};
use std::io::{IsTerminal, stdout};
use tracing_subscriber::{EnvFilter, fmt, layer::SubscriberExt, util::SubscriberInitExt};

/// A log filter that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error(
    "`{filter}` is not a log filter: {error} (examples: info, graphway=debug, warn,graphway::upstream=trace)"
)]
pub struct FilterError {
    filter: String,
    error: tracing_subscriber::filter::ParseError,
}

/// Sends what this process logs to standard output, as far as `filter` lets it through. The first call decides.
pub fn init(config: &Config, filter: &str) -> Result<(), FilterError> {
    let stdout_config = &config.exporters.logging.stdout;
    if !stdout_config.enabled {
        return Ok(());
    }
    let filter = EnvFilter::try_new(filter).map_err(|error| FilterError {
        filter: filter.to_owned(),
        error,
    })?;
    let registry = tracing_subscriber::registry().with(filter);
    // It fails only where a subscriber is set already (several routers in one test process).
    let _ = match stdout_config.format {
        Format::Text => registry
            .with(
                fmt::layer()
                    .with_ansi(stdout().is_terminal())
                    .with_target(false),
            )
            .try_init(),
        Format::Json => registry
            .with(fmt::layer().json().flatten_event(true))
            .try_init(),
    };
    Ok(())
}

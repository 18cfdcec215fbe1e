//! The log on standard output.

use super::{Format, Stdout, spans};
use std::io::{IsTerminal, stdout};
use tracing::Subscriber;
use tracing_subscriber::{
    EnvFilter, Layer,
    filter::{FilterExt, filter_fn},
    fmt,
    registry::LookupSpan,
};

/// A log filter that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error(
    "`{filter}` is not a log filter: {error} (examples: info, graphway=debug, warn,graphway::upstream=trace)"
)]
pub struct FilterError {
    filter: String,
    error: tracing_subscriber::filter::ParseError,
}

/// What goes to standard output, as far as `filter` lets it through. None: nothing does.
pub(super) fn layer<S>(
    config: &Stdout,
    filter: &str,
) -> Result<Option<Box<dyn Layer<S> + Send + Sync>>, FilterError>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let parsed = EnvFilter::try_new(filter).map_err(|error| FilterError {
        filter: filter.to_owned(),
        error,
    })?;
    if !config.enabled {
        return Ok(None);
    }
    // The spans of traces would stand before every line.
    let filter = parsed.and(filter_fn(|metadata| metadata.target() != spans::TARGET));
    Ok(Some(match config.format {
        Format::Text => fmt::layer()
            .with_ansi(stdout().is_terminal())
            .with_target(false)
            .with_filter(filter)
            .boxed(),
        Format::Json => fmt::layer()
            .json()
            .flatten_event(true)
            .with_filter(filter)
            .boxed(),
    }))
}

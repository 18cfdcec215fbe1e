//! How large requests may be.

use super::Refusal;
use crate::{
    executor,
    operation::{self, Measures, ParserLimits},
    upstream::{self, ByteSize},
};
use serde::Deserialize;

/// The `limits` section. The names and meanings are Apollo Router's.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    pub max_depth: Option<u32>,
    pub max_height: Option<u32>,
    pub max_aliases: Option<u32>,
    pub max_root_fields: Option<u32>,
    /// Breaches of the four above are logged and the operation is answered all the same.
    pub warn_only: bool,
    pub parser_max_tokens: usize,
    pub parser_max_recursion: usize,
    pub http_max_request_bytes: ByteSize,
    pub http1_max_request_headers: usize,
    /// The buffer that an HTTP/1 request head must fit in.
    pub http1_max_request_buf_size: ByteSize,
    pub http2_max_headers_list_bytes: ByteSize,
    /// The longest answer of a subgraph, before and after it is inflated: more is an error of that fetch.
    pub subgraph_response_max_bytes: ByteSize,
    /// A value with more is null, with an error at its path.
    pub subgraph_response_max_depth: usize,
    pub subgraph_response_max_list_items: usize,
}

impl Default for Config {
    fn default() -> Self {
        let parser = ParserLimits::default();
        let answers = executor::Limits::default();
        Self {
            max_depth: None,
            max_height: None,
            max_aliases: None,
            max_root_fields: None,
            warn_only: false,
            parser_max_tokens: parser.max_tokens,
            parser_max_recursion: parser.max_recursion,
            http_max_request_bytes: ByteSize(2_000_000),
            http1_max_request_headers: 100,
            http1_max_request_buf_size: ByteSize(400 * 1024),
            http2_max_headers_list_bytes: ByteSize(16 * 1024),
            subgraph_response_max_bytes: upstream::Config::default().response_max_bytes,
            subgraph_response_max_depth: answers.depth,
            subgraph_response_max_list_items: answers.list_items,
        }
    }
}

/// The limits of one caller, ready to compare with.
#[derive(Clone, Debug)]
pub(super) struct Limits {
    operation: operation::Limits,
    warn_only: bool,
    /// The largest request body.
    pub body_bytes: usize,
}

impl Limits {
    /// Compiles the configuration.
    pub(super) fn new(config: &Config) -> Self {
        Self {
            operation: operation::Limits {
                max_depth: config.max_depth,
                max_height: config.max_height,
                max_aliases: config.max_aliases,
                max_root_fields: config.max_root_fields,
            },
            warn_only: config.warn_only,
            body_bytes: config.http_max_request_bytes.as_len(),
        }
    }

    /// Compares an operation's measures. Done on every request, cached or not: limits differ per caller.
    pub(super) fn check(&self, measures: &Measures) -> Result<(), Refusal> {
        match measures.check(&self.operation) {
            Err(exceeded) if self.warn_only => {
                tracing::warn!(%exceeded, "an operation is over a limit (limits.warn_only)");
                Ok(())
            }
            other => Ok(other?),
        }
    }
}

impl Config {
    /// What the parser may take.
    pub fn parser(&self) -> ParserLimits {
        ParserLimits {
            max_tokens: self.parser_max_tokens,
            max_recursion: self.parser_max_recursion,
        }
    }

    /// What the executor may take of subgraphs.
    pub fn answers(&self) -> executor::Limits {
        executor::Limits {
            depth: self.subgraph_response_max_depth,
            list_items: self.subgraph_response_max_list_items,
        }
    }
}

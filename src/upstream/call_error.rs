//! Why a call has no answer.

use std::time::Duration;

/// Why a call has no answer.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CallError {
    #[error("no answer within {} ms", .0.as_millis())]
    Timeout(Duration),
    #[error("no answer before the request's deadline")]
    Deadline,
    #[error("cannot connect: {0}")]
    Connect(String),
    #[error("the connection broke: {0}")]
    Broken(String),
    #[error("the answer is larger than {limit} bytes")]
    TooLarge { limit: usize },
    #[error("the answer cannot be decompressed: {0}")]
    Coding(String),
    /// Nothing was sent, and nothing was waited for.
    #[error("{0}")]
    Unavailable(Unavailable),
}

/// Why an upstream is not asked at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unavailable {
    #[error("there is no endpoint")]
    NoEndpoint,
    #[error("no endpoint is healthy")]
    NoHealthyEndpoint,
    #[error("the circuit breaker is open")]
    BreakerOpen {
        /// For how much longer.
        left: Duration,
    },
    #[error("too many requests are in flight")]
    TooManyRequests,
    #[error("too many requests wait for a connection")]
    TooManyPending,
}

/// When to try again if nobody knows how long it will last: an endpoint is missing…
const WITHOUT_ENDPOINT_SECONDS: u32 = 5;
/// …or all that there is is busy.
const BUSY_SECONDS: u32 = 1;

impl Unavailable {
    /// The reason in one word, out of a closed list.
    pub fn kind(self) -> &'static str {
        match self {
            Self::NoEndpoint => "no_endpoint",
            Self::NoHealthyEndpoint => "no_healthy_endpoint",
            Self::BreakerOpen { .. } => "circuit_open",
            Self::TooManyRequests => "too_many_requests",
            Self::TooManyPending => "too_many_pending",
        }
    }

    /// After how many seconds it may be otherwise.
    pub fn retry_after_seconds(self) -> u32 {
        match self {
            Self::NoEndpoint | Self::NoHealthyEndpoint => WITHOUT_ENDPOINT_SECONDS,
            Self::BreakerOpen { left } => {
                u32::try_from(left.as_millis().div_ceil(1000)).map_or(u32::MAX, |left| left.max(1))
            }
            Self::TooManyRequests | Self::TooManyPending => BUSY_SECONDS,
        }
    }
}

impl CallError {
    /// The kind of reason in one word, out of a closed list.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Timeout(_) => "timeout",
            Self::Deadline => "deadline",
            Self::Connect(_) => "connect",
            Self::Broken(_) => "broken",
            Self::TooLarge { .. } => "too_large",
            Self::Coding(_) => "coding",
            Self::Unavailable(reason) => reason.kind(),
        }
    }
}

//! When a request is sent once more, and after how long.

use super::RetryBudget;
use http::{HeaderMap, StatusCode, header};
use serde::{
    Deserialize, Deserializer,
    de::{self, Visitor},
};
use std::{fmt, time::Duration};

/// The setting `retry`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Retry {
    /// How often a request is sent at most, the first time included.
    pub attempts: u32,
    /// After what it is sent again.
    pub on: Vec<On>,
    /// How long one try may take. All of them together may take the upstream's `timeout`.
    pub per_try_timeout: Option<Duration>,
    /// Before the first retry there is a pause of up to this…
    pub base_interval: Duration,
    /// …which doubles from one to the next, up to this.
    pub max_interval: Duration,
    pub budget: RetryBudget,
    /// Whether requests are sent again that may have done something the first time.
    pub non_idempotent: bool,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            attempts: 2,
            on: vec![On::ConnectFailure],
            per_try_timeout: None,
            base_interval: Duration::from_millis(25),
            max_interval: Duration::from_millis(250),
            budget: RetryBudget::default(),
            non_idempotent: false,
        }
    }
}

/// What a request is sent again after. The words are Envoy's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum On {
    /// There was no connection, so nothing was sent.
    ConnectFailure,
    /// The upstream refused it unseen.
    RefusedStream,
    /// The connection broke, or the try took too long.
    Reset,
    /// 502, 503, 504, or no answer.
    GatewayError,
    /// 500 to 599, or no answer.
    ServerError,
    /// 409.
    RetriableClientError,
    /// This one.
    Status(StatusCode),
}

const WORDS: [(&str, On); 6] = [
    ("connect-failure", On::ConnectFailure),
    ("refused-stream", On::RefusedStream),
    ("reset", On::Reset),
    ("gateway-error", On::GatewayError),
    ("5xx", On::ServerError),
    ("retriable-4xx", On::RetriableClientError),
];

impl<'de> Deserialize<'de> for On {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OnVisitor)
    }
}

struct OnVisitor;

impl Visitor<'_> for OnVisitor {
    type Value = On;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a status, or one of")?;
        for (index, (word, _)) in WORDS.iter().enumerate() {
            write!(f, "{} {word}", if index > 0 { "," } else { "" })?;
        }
        Ok(())
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<On, E> {
        let known = WORDS.iter().find(|(word, _)| *word == text);
        let invalid = || E::invalid_value(de::Unexpected::Str(text), &self);
        known.map(|(_, on)| *on).ok_or_else(invalid)
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<On, E> {
        let status = u16::try_from(number).ok();
        let status = status.and_then(|status| StatusCode::from_u16(status).ok());
        let invalid = || E::invalid_value(de::Unexpected::Signed(number), &self);
        status.map(On::Status).ok_or_else(invalid)
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<On, E> {
        self.visit_i64(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

/// How a try failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// Nothing was sent.
    Unsent,
    /// The upstream refused it unseen.
    Refused,
    /// There is no answer.
    Broken,
    /// There is one.
    Status(StatusCode),
}

impl Retry {
    /// Whether what failed so is to be sent again, if that does no harm.
    pub(super) fn is_after(&self, failure: Failure) -> bool {
        self.on.iter().any(|on| match (on, failure) {
            (On::ConnectFailure, Failure::Unsent) | (On::RefusedStream, Failure::Refused) => true,
            (On::Reset, Failure::Broken | Failure::Refused) => true,
            (On::GatewayError | On::ServerError, Failure::Status(status)) => {
                let is_server_error = status.is_server_error();
                is_server_error && (*on == On::ServerError || is_gateway_failure(status))
            }
            (On::GatewayError | On::ServerError, _) => true,
            (On::RetriableClientError, Failure::Status(status)) => status == StatusCode::CONFLICT,
            (On::Status(listed), Failure::Status(status)) => *listed == status,
            _ => false,
        })
    }

    /// Whether requests may be sent again of which something was sent.
    pub(super) fn repeats_what_was_sent(&self) -> bool {
        let unsent = |on: &On| matches!(on, On::ConnectFailure | On::RefusedStream);
        self.attempts > 1 && !self.on.iter().all(unsent)
    }

    /// How long to wait before the `retry`-th retry, from 1. Anything up to the bound is as likely, so that those who
    /// failed together do not come back together.
    pub(super) fn pause(&self, retry: u32) -> Duration {
        let doubled = 2_u32.saturating_pow(retry).saturating_sub(1);
        let bound = self.base_interval.saturating_mul(doubled);
        bound.min(self.max_interval).mul_f64(fastrand::f64())
    }
}

/// The statuses by which something on the way says that it had no answer.
pub(super) fn is_gateway_failure(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT
    )
}

/// How long an upstream may have us wait by `Retry-After`; if it wants more, its answer is the answer.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(3);

/// How long the upstream asks to wait. An error: for too long to do so.
pub(super) fn asked_to_wait(headers: &HeaderMap) -> Result<Duration, TooLong> {
    let Some(value) = headers.get(header::RETRY_AFTER) else {
        return Ok(Duration::ZERO);
    };
    // A date is further away than we wait, or past.
    let seconds = value
        .to_str()
        .ok()
        .and_then(|text| text.trim().parse().ok());
    match seconds.map(Duration::from_secs) {
        Some(asked) if asked <= RETRY_AFTER_MAX => Ok(asked),
        Some(_) => Err(TooLong),
        None => Ok(Duration::ZERO),
    }
}

/// More than is waited for.
#[derive(Debug)]
pub(super) struct TooLong;

/// The setting `hedge`: a request that does no harm is sent to another endpoint, too, when its answer takes long.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hedge {
    /// After how long, and again after that.
    pub after: Duration,
    /// How many more are sent at most.
    #[serde(default = "one")]
    pub max: u32,
}

fn one() -> u32 {
    1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn retry(on: &[On]) -> Retry {
        Retry {
            on: on.to_vec(),
            ..Retry::default()
        }
    }

    #[test]
    fn words_mean_what_they_mean_to_envoy() {
        let status = |status| Failure::Status(StatusCode::from_u16(status).unwrap());
        let failures = [
            Failure::Unsent,
            Failure::Refused,
            Failure::Broken,
            status(200),
            status(409),
            status(429),
            status(500),
            status(503),
        ];
        let after = |on: On| -> String {
            let after = failures.map(|failure| retry(&[on]).is_after(failure));
            after.map(|is| if is { 'x' } else { '.' }).iter().collect()
        };
        assert_eq!(after(On::ConnectFailure), "x.......");
        assert_eq!(after(On::RefusedStream), ".x......");
        assert_eq!(after(On::Reset), ".xx.....");
        assert_eq!(after(On::GatewayError), "xxx....x");
        assert_eq!(after(On::ServerError), "xxx...xx");
        assert_eq!(after(On::RetriableClientError), "....x...");
        assert_eq!(after(On::Status(StatusCode::TOO_MANY_REQUESTS)), ".....x..");
    }

    #[test]
    fn pauses_grow_up_to_the_longest() {
        fastrand::seed(6);
        let retry = Retry::default();
        for (nth, bound) in [(1, 25), (2, 75), (3, 175), (4, 250), (40, 250)] {
            let pauses: Vec<u128> = (0..500).map(|_| retry.pause(nth).as_millis()).collect();
            let longest = pauses.iter().max().unwrap();
            assert!(
                (bound * 9 / 10..=bound).contains(longest),
                "{nth}: {longest}"
            );
            assert!(pauses.iter().min().unwrap() < &(bound / 10 + 1));
        }
    }

    #[test]
    fn retry_after_is_waited_for_within_reason() {
        let asked = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::RETRY_AFTER, value.parse().unwrap());
            asked_to_wait(&headers).ok().map(|wait| wait.as_secs())
        };
        assert_eq!(asked("2"), Some(2));
        assert_eq!(asked("120"), None);
        assert_eq!(asked("soon"), Some(0));
    }
}

//! The body of a request that is JSON: what its head must say, and reading it within limits.

use super::{Body, Code, Refusal};
use crate::upstream::{Coding, CollectError, InflateError, UnknownCoding, collect};
use bytes::Bytes;
use http::{HeaderMap, header};
use tokio::time::{Instant, timeout_at};

/// Refuses a body that is not said to be JSON, or has a coding that is not understood (RFC 9110 section 8.4).
pub(super) fn check(headers: &HeaderMap) -> Result<(), Refusal> {
    check_coding(headers)?;
    let mut values = headers.get_all(header::CONTENT_TYPE).iter();
    match (values.next(), values.next()) {
        (Some(only), None) if is_json_type(only.as_bytes()) => Ok(()),
        _ => Err(Refusal::new(
            Code::UnsupportedMediaType,
            "The content type must be application/json, in UTF-8",
        )),
    }
}

/// Refuses a coding that is not understood.
pub(super) fn check_coding(headers: &HeaderMap) -> Result<(), Refusal> {
    coding(headers).map(drop)
}

/// Reads a body up to `bytes_max`, also when it is inflated, and until `deadline`.
pub(super) async fn read(
    headers: &HeaderMap,
    body: Body,
    bytes_max: usize,
    deadline: Instant,
) -> Result<Bytes, Refusal> {
    let collected = timeout_at(deadline, collect(body, bytes_max)).await;
    let body = collected
        .map_err(|_| Refusal::new(Code::SlowRequest, "The request body did not arrive in time"))?;
    let body = body.map_err(unreadable)?;
    match coding(headers)? {
        Some(coding) => coding.inflate(body, bytes_max).await.map_err(not_inflated),
        None => Ok(body),
    }
}

/// The coding of the body.
fn coding(headers: &HeaderMap) -> Result<Option<Coding>, Refusal> {
    Coding::of(headers).map_err(|UnknownCoding| Refusal {
        lists_codings: true,
        ..Refusal::new(
            Code::UnsupportedMediaType,
            "The body may be compressed as gzip, br or zstd, once (content-encoding)",
        )
    })
}

fn is_json_type(value: &[u8]) -> bool {
    if value == b"application/json" {
        return true;
    }
    let Ok(value) = std::str::from_utf8(value) else {
        return false;
    };
    let mut parts = value.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default();
    let charset_fits = |parameter: &str| {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        !name.trim().eq_ignore_ascii_case("charset")
            || matches!(
                value.trim().trim_matches('"').to_ascii_lowercase().as_str(),
                "utf-8" | "utf8"
            )
    };
    essence.eq_ignore_ascii_case("application/json") && parts.all(charset_fits)
}

fn unreadable(error: CollectError) -> Refusal {
    match error {
        CollectError::TooLarge { limit } => too_large(limit),
        CollectError::Broken(_) => invalid("The request body broke off".to_owned()),
    }
}

fn not_inflated(error: InflateError) -> Refusal {
    match error {
        InflateError::TooLarge { limit } => too_large(limit),
        InflateError::Invalid(coding) => invalid(format!("The request body is not valid {coding}")),
    }
}

fn too_large(limit: usize) -> Refusal {
    Refusal::new(
        Code::TooLarge,
        format!("The request body is larger than {limit} bytes"),
    )
}

fn invalid(message: String) -> Refusal {
    Refusal::new(Code::InvalidRequest, message)
}

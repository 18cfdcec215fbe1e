//! How clients are told how they stand: header fields, by the IETF's draft (`draft-ietf-httpapi-ratelimit-headers`) or as
//! Kong has them.

use super::{
    config::Style,
    counter::Count,
    limit::Limit,
    quota::{Period, SECOND},
    rule::{NEVER, Standing},
};
use http::{HeaderMap, HeaderName, HeaderValue};
use smallvec::SmallVec;

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("ratelimit-reset");

/// Rounded up: who comes back then comes late enough. None: it is no use to come back.
pub(super) fn seconds(reset: u64) -> Option<u64> {
    (reset != NEVER).then(|| reset.div_ceil(SECOND).max(1))
}

/// Tells in the headers of a response how the client stands.
pub(super) fn write(style: Style, standings: &[(&Limit, Standing)], headers: &mut HeaderMap) {
    match style {
        Style::None => {}
        Style::Draft => draft(standings, headers),
        Style::Kong => kong(standings, headers),
    }
}

fn draft(standings: &[(&Limit, Standing)], headers: &mut HeaderMap) {
    let policies = match standings {
        [] => return,
        [(only, _)] => only.policy.clone(),
        several => {
            let policies = several.iter().map(|(limit, _)| limit.policy.as_bytes());
            let policies = policies.collect::<Vec<_>>().join(&b", "[..]);
            HeaderValue::try_from(policies).unwrap_or(HeaderValue::from_static(""))
        }
    };
    let mut items: SmallVec<[u8; 128]> = SmallVec::new();
    for (limit, standing) in standings {
        if !items.is_empty() {
            items.extend_from_slice(b", ");
        }
        items.push(b'"');
        items.extend_from_slice(limit.name.as_bytes());
        items.extend_from_slice(b"\";r=");
        number(&mut items, standing.remaining);
        if let Some(seconds) = seconds(standing.reset) {
            items.extend_from_slice(b";t=");
            number(&mut items, seconds);
        }
    }
    // What upstreams say of limits of their own is not lost.
    headers.append(RATE_LIMIT_POLICY, policies);
    if let Ok(items) = HeaderValue::from_bytes(&items) {
        headers.append(RATE_LIMIT, items);
    }
}

/// Writes a number in decimal. `write!` takes three times as many instructions, and this is done for every response.
fn number(out: &mut SmallVec<[u8; 128]>, mut number: u64) {
    let mut digits = [0; 20];
    let mut first = digits.len();
    loop {
        first -= 1;
        digits[first] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[first..]);
}

fn kong(standings: &[(&Limit, Standing)], headers: &mut HeaderMap) {
    let tightest = standings
        .iter()
        .min_by_key(|(_, standing)| standing.remaining);
    let Some((limit, standing)) = tightest else {
        return;
    };
    headers.insert(LIMIT, HeaderValue::from(limit.counter.count().quota().0));
    headers.insert(REMAINING, HeaderValue::from(standing.remaining));
    if let Some(seconds) = seconds(standing.reset) {
        headers.insert(RESET, HeaderValue::from(seconds));
    }
    for (limit, standing) in standings {
        let count = limit.counter.count();
        let Some((most_name, left_name)) = kong_names(count) else {
            continue;
        };
        headers.insert(most_name, HeaderValue::from(count.quota().0));
        headers.insert(left_name, HeaderValue::from(standing.remaining));
    }
}

/// The fields of a limit that is for one of the times that Kong has a name for.
fn kong_names(count: Count) -> Option<(&'static str, &'static str)> {
    const MONTH: Option<u64> = None;
    Some(match (count, count.quota().1) {
        (Count::Quota(quota), MONTH) if quota.period == Period::Month => {
            ("x-ratelimit-limit-month", "x-ratelimit-remaining-month")
        }
        (_, Some(1)) => ("x-ratelimit-limit-second", "x-ratelimit-remaining-second"),
        (_, Some(60)) => ("x-ratelimit-limit-minute", "x-ratelimit-remaining-minute"),
        (_, Some(3600)) => ("x-ratelimit-limit-hour", "x-ratelimit-remaining-hour"),
        (_, Some(86_400)) => ("x-ratelimit-limit-day", "x-ratelimit-remaining-day"),
        _ => return None,
    })
}

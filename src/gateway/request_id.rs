//! The name of a request, in logs and towards clients and subgraphs.

use http::{HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;

/// The header that carries it, in and out.
pub(super) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Longer ones are not taken from clients: a request id stands in every log line.
const LENGTH_MAX: usize = 128;

/// The `request_id` section.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Whether a well-formed `X-Request-ID` of the client is taken over. Only for routers behind a proxy that sets it:
    /// otherwise anybody can write somebody else's id into the logs.
    pub from_client: bool,
}

/// The id of a request with these headers.
pub(super) fn request_id(config: Config, client: &HeaderMap) -> HeaderValue {
    let given = config.from_client.then(|| given(client)).flatten();
    given.unwrap_or_else(made)
}

fn given(client: &HeaderMap) -> Option<HeaderValue> {
    let mut values = client.get_all(&X_REQUEST_ID).iter();
    let (Some(only), None) = (values.next(), values.next()) else {
        return None;
    };
    let is_fit = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.:/+=".contains(byte);
    let fits = (1..=LENGTH_MAX).contains(&only.len()) && only.as_bytes().iter().all(is_fit);
    fits.then(|| only.clone())
}

/// 128 random bits. They need not be unguessable, only different.
fn made() -> HeaderValue {
    let id = format!("{:032x}", fastrand::u128(..));
    // Hexadecimal digits are always a header value.
    HeaderValue::try_from(id).unwrap_or(HeaderValue::from_static("0"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(from_client: bool, given: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for value in given {
            headers.append(X_REQUEST_ID, value.parse().unwrap());
        }
        let id = request_id(Config { from_client }, &headers);
        id.to_str().unwrap().to_owned()
    }

    #[test]
    fn ids_are_made_unless_the_configuration_says_otherwise() {
        let made = id(false, &["mine"]);
        assert_eq!(made.len(), 32);
        assert_ne!(made, id(false, &["mine"]));
    }

    #[test]
    fn only_well_formed_ids_are_taken() {
        let longest = "x".repeat(LENGTH_MAX);
        for good in ["mine", "a-b_c.d:e/f+g=", &longest] {
            assert_eq!(id(true, &[good]), good);
        }
        let too_long = "x".repeat(LENGTH_MAX + 1);
        for bad in [
            &["a b"][..],
            &["a", "b"],
            &[""],
            &["a\"b"],
            &[&too_long],
            &[],
        ] {
            assert_eq!(id(true, bad).len(), 32, "{bad:?}");
        }
    }
}

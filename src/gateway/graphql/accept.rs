//! What the client wants to read (`Accept`, RFC 9110 section 12.5.1).

use crate::gateway::{Code, Refusal, quality::quality};
use http::{HeaderMap, HeaderValue, header};

/// The media types of responses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Media {
    /// `application/json`: the legacy of GraphQL over HTTP, where well-formed requests get 200.
    Json,
    /// `application/graphql-response+json`: the status tells how it went.
    GraphqlResponse,
}

const OFFERED: [(Media, &str); 2] = [
    (Media::Json, "application/json"),
    (Media::GraphqlResponse, "application/graphql-response+json"),
];

impl Media {
    /// The `Content-Type` of a response.
    pub(crate) fn content_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Json => "application/json; charset=utf-8",
            Self::GraphqlResponse => "application/graphql-response+json; charset=utf-8",
        })
    }
}

/// One element of `Accept`, as far as it concerns one of the media types we offer.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
struct Preference {
    /// How precisely the element names the type: 2 in full, 1 by `application/*`, 0 by `*/*`.
    precision: u8,
    quality: f32,
}

/// The media type to answer in: the one the client prefers; of two it likes equally the one it names first; JSON where
/// it names neither.
pub(crate) fn negotiate(headers: &HeaderMap) -> Result<Media, Refusal> {
    let mut values = headers.get_all(header::ACCEPT).iter();
    match (values.next(), values.next()) {
        (None, _) => return Ok(Media::Json),
        // What nearly every client sends.
        (Some(only), None) if matches!(only.as_bytes(), b"*/*" | b"application/json") => {
            return Ok(Media::Json);
        }
        _ => {}
    }
    let values = headers.get_all(header::ACCEPT).iter();
    let listed = values.flat_map(|value| value.to_str().unwrap_or_default().split(','));
    let mut preferences: [Option<Preference>; OFFERED.len()] = [None; OFFERED.len()];
    let mut named_first = None;
    for element in listed {
        let mut parameters = element.split(';').map(str::trim);
        let range = parameters.next().unwrap_or_default();
        let quality = quality(parameters);
        for (index, (media, name)) in OFFERED.iter().enumerate() {
            let Some(precision) = precision(range, name) else {
                continue;
            };
            if precision == 2 && quality > 0.0 {
                named_first.get_or_insert(*media);
            }
            // The most precise element decides, whatever its quality.
            if preferences[index].is_none_or(|known| known.precision <= precision) {
                preferences[index] = Some(Preference { precision, quality });
            }
        }
    }
    let quality = |index: usize| preferences[index].map_or(0.0, |preference| preference.quality);
    let (json, graphql_response) = (quality(0), quality(1));
    if json <= 0.0 && graphql_response <= 0.0 {
        return Err(Refusal::new(
            Code::NotAcceptable,
            "Accept must allow application/json or application/graphql-response+json",
        ));
    }
    Ok(match json.total_cmp(&graphql_response) {
        std::cmp::Ordering::Greater => Media::Json,
        std::cmp::Ordering::Less => Media::GraphqlResponse,
        std::cmp::Ordering::Equal => named_first.unwrap_or(Media::Json),
    })
}

/// How precisely a media range names a media type, if it includes it.
fn precision(range: &str, name: &str) -> Option<u8> {
    match range {
        "*/*" => Some(0),
        _ if range.eq_ignore_ascii_case("application/*") => Some(1),
        _ => range.eq_ignore_ascii_case(name).then_some(2),
    }
}

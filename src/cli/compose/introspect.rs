//! Asks a running subgraph for its SDL, by `{ _service { sdl } }` of the federation specification.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, header};
use http_body_util::Full;
use serde::Deserialize;

use crate::{cli::fetch::fetch, composition::Introspection};

const LARGEST_ANSWER_BYTES: usize = 10 << 20;
const QUERY: &[u8] = br#"{"query":"{ _service { sdl } }"}"#;

/// The SDL, or a sentence on why there is none.
pub(super) async fn sdl(introspection: &Introspection) -> Result<String, String> {
    let answer = fetch(request(introspection)?, LARGEST_ANSWER_BYTES).await?;
    read(answer.body())
}

fn request(introspection: &Introspection) -> Result<Request<Full<Bytes>>, String> {
    let mut request = Request::post(introspection.url.clone())
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::ACCEPT, "application/json")
        .body(Full::from(QUERY))
        .map_err(|error| error.to_string())?;
    for (name, value) in &introspection.headers {
        let header = name
            .parse::<HeaderName>()
            .map_err(|_| format!("`{name}` is not a header name"))?;
        let value = value
            .parse::<HeaderValue>()
            .map_err(|_| format!("the value of the header `{name}` cannot be sent"))?;
        request.headers_mut().insert(header, value);
    }
    Ok(request)
}

#[derive(Deserialize)]
struct Answer {
    data: Option<Data>,
    #[serde(default)]
    errors: Vec<GraphqlError>,
}

#[derive(Deserialize)]
struct Data {
    #[serde(rename = "_service")]
    service: Option<Service>,
}

#[derive(Deserialize)]
struct Service {
    sdl: Option<String>,
}

#[derive(Deserialize)]
struct GraphqlError {
    message: String,
}

fn read(body: &[u8]) -> Result<String, String> {
    let answer: Answer = serde_json::from_slice(body)
        .map_err(|error| format!("the answer is not a GraphQL response: {error}"))?;
    let sdl = answer.data.and_then(|data| data.service?.sdl);
    sdl.ok_or_else(|| match answer.errors.first() {
        Some(error) => format!("it answered with an error: {}", error.message),
        None => "the answer has no `_service.sdl`".to_owned(),
    })
}

//! Changes to JSON bodies. They are held whole for it, up to a limit.

use super::{
    json::JsonTemplate,
    json_path::{JsonPath, Put, Tree},
    size::{answer_too_large, too_large},
    template::Variables,
    transform::{BodyChanges, Change, UnlessJson},
};
use crate::{
    gateway::{Body, Code, Refusal, compression::weaken},
    upstream::{Coding, CollectError, InflateError, collect},
};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, Response, StatusCode, header};
use http_body::Body as _;
use std::time::Duration;
use tokio::time::timeout;

/// What is said of a body's bytes, and is not true of those of another one.
const OF_THE_BYTES: [HeaderName; 6] = [
    header::CONTENT_ENCODING,
    header::ACCEPT_RANGES,
    HeaderName::from_static("content-md5"),
    HeaderName::from_static("content-digest"),
    HeaderName::from_static("repr-digest"),
    HeaderName::from_static("digest"),
];

/// Why a body was not changed.
enum Unfit {
    /// It is not JSON, or in a coding that is not read here.
    Other,
    Invalid(String),
    TooLarge,
    Broken,
}

/// A request's body, changed, and what its headers say of it. The client may pause for so long.
pub(super) async fn change_request(
    changes: &BodyChanges,
    headers: &mut HeaderMap,
    body: Body,
    variables: &Variables<'_>,
    patience: Duration,
) -> Result<Body, Refusal> {
    if changes.json.is_empty() || body.is_end_stream() {
        return Ok(body);
    }
    if !is_json(headers) {
        return match changes.unless_json {
            UnlessJson::Pass => Ok(body),
            UnlessJson::Refuse => Err(unfit_request(Unfit::Other, changes)),
        };
    }
    let changed = timeout(patience, changed(changes, headers, body, variables)).await;
    let changed = changed
        .map_err(|_| Refusal::new(Code::SlowRequest, "The request body did not arrive in time"))?;
    let body = changed.map_err(|unfit| unfit_request(unfit, changes))?;
    forget_bytes(headers);
    Ok(Body::full(body))
}

/// The answer to a request, its body changed; none if there is no body, or it is to pass as it is.
pub(super) async fn change_answer(
    changes: &BodyChanges,
    answer: Response<Body>,
    variables: &Variables<'_>,
) -> Result<Response<Body>, Refusal> {
    let (mut head, body) = answer.into_parts();
    let is_head = variables.head.method == http::Method::HEAD;
    if changes.json.is_empty() || body.is_end_stream() && !is_head {
        return Ok(Response::from_parts(head, body));
    }
    let is_whole = head.status != StatusCode::PARTIAL_CONTENT;
    if !is_json(&head.headers) || !is_whole {
        return match changes.unless_json {
            UnlessJson::Refuse if !body.is_end_stream() => Err(unfit_answer(Unfit::Other)),
            _ => Ok(Response::from_parts(head, body)),
        };
    }
    let body = if is_head {
        // How long it would be is not known.
        head.headers.remove(header::CONTENT_LENGTH);
        body
    } else {
        let changed = changed(changes, &head.headers, body, variables).await;
        Body::full(changed.map_err(unfit_answer)?)
    };
    forget_bytes(&mut head.headers);
    Ok(Response::from_parts(head, body))
}

async fn changed(
    changes: &BodyChanges,
    headers: &HeaderMap,
    body: Body,
    variables: &Variables<'_>,
) -> Result<Vec<u8>, Unfit> {
    let limit = changes.max_bytes.as_len();
    let coding = Coding::of(headers).map_err(|_| Unfit::Other)?;
    let mut bytes = collect(body, limit).await.map_err(|error| match error {
        CollectError::TooLarge { .. } => Unfit::TooLarge,
        CollectError::Broken(_) => Unfit::Broken,
    })?;
    if let Some(coding) = coding {
        let inflated = coding.inflate(bytes, limit).await;
        bytes = inflated.map_err(|error| match error {
            InflateError::TooLarge { .. } => Unfit::TooLarge,
            InflateError::Invalid(_) => Unfit::Invalid(error.to_string()),
        })?;
    }
    edited(&changes.json, &bytes, variables)
}

fn edited(
    changes: &[Change<JsonPath, JsonTemplate>],
    bytes: &Bytes,
    variables: &Variables<'_>,
) -> Result<Vec<u8>, Unfit> {
    let invalid = |error: serde_json::Error| Unfit::Invalid(error.to_string());
    let text = serde_json::from_slice(bytes).map_err(invalid)?;
    let mut tree = Tree::Text(text);
    for change in changes {
        let how = match change {
            Change::Set(_) => Put::Set,
            Change::Add(_) => Put::Add,
            Change::Append(_) => Put::Append,
            Change::Replace(_) => Put::Replace,
            Change::Remove(paths) => {
                paths.iter().for_each(|path| tree.remove(path));
                continue;
            }
            Change::Rename(paths) => {
                paths.0.iter().for_each(|(from, to)| tree.rename(from, to));
                continue;
            }
        };
        for (path, value) in change.values() {
            tree.put(path, &value.render(variables), how);
        }
    }
    serde_json::to_vec(&tree).map_err(invalid)
}

/// Whether a body is said to be JSON (RFC 6839 section 3.1).
fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    let kind = kind.to_ascii_lowercase();
    kind == "application/json" || kind.ends_with("+json")
}

/// Takes back what was said of other bytes. An entity tag may stay as a weak one: the same is meant (RFC 9110 section
/// 8.8.1).
fn forget_bytes(headers: &mut HeaderMap) {
    for name in OF_THE_BYTES {
        headers.remove(name);
    }
    weaken(headers);
}

fn unfit_request(unfit: Unfit, changes: &BodyChanges) -> Refusal {
    match unfit {
        Unfit::Other => Refusal::new(
            Code::UnsupportedMediaType,
            "The request body must be JSON, and its content encoding one of gzip, br and zstd",
        ),
        Unfit::Invalid(why) => Refusal::new(
            Code::BadRequest,
            format!("The request body is not JSON: {why}"),
        ),
        Unfit::TooLarge => too_large(changes.max_bytes.0),
        Unfit::Broken => Refusal::new(Code::BadRequest, "The request body broke off"),
    }
}

fn unfit_answer(unfit: Unfit) -> Refusal {
    let broken = |message| Refusal::new(Code::UpstreamBroken, message);
    match unfit {
        Unfit::TooLarge => answer_too_large(),
        Unfit::Other | Unfit::Invalid(_) => {
            broken("The service behind this path did not answer in JSON")
        }
        Unfit::Broken => broken("The service behind this path broke off in its answer"),
    }
}

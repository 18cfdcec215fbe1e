//! Whether a person waits in front of a page, whom a redirect takes somewhere; a program it would only confuse.

use crate::gateway::quality::quality;
use http::{HeaderMap, HeaderName, Method, header, request::Parts};

const SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Whether a browser has sent this to show what comes: it says so itself, or is old and prefers HTML.
pub(in crate::gateway::authentication) fn is_navigation(head: &Parts) -> bool {
    let is_read = head.method == Method::GET || head.method == Method::HEAD;
    is_read
        && match head.headers.get(SEC_FETCH_MODE) {
            Some(mode) => mode == "navigate",
            None => prefers_html(&head.headers),
        }
}

fn prefers_html(headers: &HeaderMap) -> bool {
    let values = headers.get_all(header::ACCEPT).iter();
    let listed = values.flat_map(|value| value.to_str().unwrap_or_default().split(','));
    let (mut html, mut json) = (0.0_f32, 0.0_f32);
    for element in listed {
        let mut parameters = element.split(';').map(str::trim);
        let range = parameters.next().unwrap_or_default().to_ascii_lowercase();
        let quality = quality(parameters);
        match range.as_str() {
            "text/html" => html = html.max(quality),
            // Browsers name images and `*/*` as well, and would rather not have them.
            range if range.ends_with("json") => json = json.max(quality),
            _ => {}
        }
    }
    html > json
}

/// Whether a page of ours has sent this, and not another site.
pub(super) fn is_same_origin(headers: &HeaderMap, origin: &str) -> bool {
    match headers.get(SEC_FETCH_SITE) {
        Some(site) => site == "same-origin",
        None => headers
            .get(header::ORIGIN)
            .is_some_and(|said| said == origin),
    }
}

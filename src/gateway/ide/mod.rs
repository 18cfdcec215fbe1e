//! What a browser sees at `/`: a GraphQL IDE (`sandbox`), or a page that says what this is (`homepage`).
//!
//! The IDE is GraphiQL, embedded as it was released (`assets/`), with a panel of our own that shows the plan beside the
//! answer. Everything comes from this process: no other host is asked for anything, and the pages forbid it. This file
//! knows when a page is served and what keeps it from doing harm; `files` is what there is.

mod config;
mod files;

pub use config::{HomepageConfig, SandboxConfig};

use super::{Body, UrlPath};
use bytes::Bytes;
use files::File;
use http::{HeaderMap, HeaderValue, Method, Response, header, request::Parts};

/// Where the IDE's files are, beside its page at `/`.
const FILES: &str = "/.graphway/ide/";

/// What pages may do: run and show what this process serves, talk to it, and be framed by nobody. GraphiQL makes style
/// elements and style attributes as it runs, and its icons and fonts are in its style sheet.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
     img-src 'self' data:; font-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'none'";

/// The pages of one snapshot.
#[derive(Clone, Debug, Default)]
pub(super) struct Pages {
    /// What `/` is. None: nothing of ours.
    root: Option<Bytes>,
    /// Whether the IDE's files are there.
    has_ide: bool,
}

/// A page, or a file that belongs to it.
#[derive(Clone, Debug)]
pub(super) struct Page {
    content: Bytes,
    content_type: &'static str,
    cache_control: &'static str,
}

impl Pages {
    /// The pages in front of a graph at `path`. The sandbox comes first, for it is the one that is switched on by hand.
    pub(super) fn new(sandbox: &SandboxConfig, homepage: &HomepageConfig, path: &UrlPath) -> Self {
        if sandbox.enabled && files::IDE.is_none() {
            tracing::warn!(
                "sandbox.enabled has no effect: this build is without the feature `ide`"
            );
        }
        let ide = files::IDE.filter(|_| sandbox.enabled);
        let root = ide.or(homepage.enabled.then_some(files::HOMEPAGE));
        Self {
            root: root.map(|page| page.replace("{endpoint}", &escaped(path.as_str())).into()),
            has_ide: ide.is_some(),
        }
    }

    /// The page that a request is for: somebody at a browser, who would be shown what it gets.
    pub(super) fn find(&self, head: &Parts, path: &str) -> Option<Page> {
        let root = self.root.as_ref()?;
        if head.method != Method::GET && head.method != Method::HEAD {
            return None;
        }
        match path {
            "/" if prefers_html(&head.headers) => Some(Page {
                content: root.clone(),
                content_type: "text/html; charset=utf-8",
                cache_control: "no-cache",
            }),
            path if self.has_ide => {
                let name = path.strip_prefix(FILES)?;
                files::FILES
                    .iter()
                    .find(|file| file.name == name)
                    .map(Page::from)
            }
            _ => None,
        }
    }
}

/// Whether HTML is named in `Accept`, as browsers do where a page will be shown; `*/*` is not enough.
fn prefers_html(headers: &HeaderMap) -> bool {
    let values = headers.get_all(header::ACCEPT).iter();
    let listed = values.flat_map(|value| value.to_str().unwrap_or_default().split(','));
    listed
        .map(|range| range.split(';').next().unwrap_or_default().trim())
        .any(|range| range.eq_ignore_ascii_case("text/html"))
}

/// Text inside an attribute or an element.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

impl From<&File> for Page {
    fn from(file: &File) -> Self {
        Self {
            content: Bytes::from_static(file.content),
            content_type: file.content_type,
            cache_control: match file.is_versioned() {
                true => "public, max-age=31536000, immutable",
                false => "no-cache",
            },
        }
    }
}

impl Page {
    /// The response.
    pub(super) fn response(self) -> Response<Body> {
        let headers = [
            (header::CONTENT_TYPE, self.content_type),
            (header::CACHE_CONTROL, self.cache_control),
            (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (header::REFERRER_POLICY, "no-referrer"),
        ];
        let mut response = Response::new(Body::full(self.content));
        for (name, value) in headers {
            response
                .headers_mut()
                .insert(name, HeaderValue::from_static(value));
        }
        // What is at `/` depends on it.
        let vary = HeaderValue::from_static("accept");
        response.headers_mut().insert(header::VARY, vary);
        response
    }
}

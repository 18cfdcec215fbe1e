//! A supergraph at a URL.

use super::fetch::fetch;
use anyhow::{Context, anyhow};
use bytes::Bytes;
use http::{HeaderValue, Request, StatusCode, Uri, header};
use http_body_util::Full;
use std::sync::{Mutex, PoisonError};
use tokio::runtime;

const LARGEST_SUPERGRAPH_BYTES: usize = 64 << 20;

/// What a server answered last, so that it need not send it again (RFC 9110 section 13.1.2).
#[derive(Default)]
pub(super) struct Remote(Mutex<Option<Known>>);

struct Known {
    url: String,
    tag: HeaderValue,
    text: String,
}

/// Whether the source of a supergraph is a URL, and not a file.
pub(super) fn is_url(source: &str) -> bool {
    source.starts_with("http://") || source.starts_with("https://")
}

impl Remote {
    /// The supergraph SDL there. Waits for it; not for a thread with a runtime.
    pub(super) fn read(&self, url: &str) -> anyhow::Result<String> {
        let runtime = runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.context("cannot start a runtime")?;
        let text = runtime.block_on(self.ask(url));
        text.map_err(|error| anyhow!("cannot fetch the supergraph from {url}: {error}"))
    }

    async fn ask(&self, url: &str) -> Result<String, String> {
        let uri: Uri = url.parse().map_err(|_| "it is not a URL".to_owned())?;
        let mut request = Request::get(uri).header(header::USER_AGENT, "graphway");
        if let Some(tag) = self.tag(url) {
            request = request.header(header::IF_NONE_MATCH, tag);
        }
        let request = request.body(Full::<Bytes>::default());
        let request = request.map_err(|error| error.to_string())?;
        let answer = fetch(request, LARGEST_SUPERGRAPH_BYTES).await?;
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if answer.status() == StatusCode::NOT_MODIFIED {
            let known = known.as_ref().filter(|known| known.url == url);
            let known = known.ok_or("it answered 304 to a first request")?;
            return Ok(known.text.clone());
        }
        let text = String::from_utf8(answer.body().to_vec());
        let text = text.map_err(|_| "the answer is not UTF-8".to_owned())?;
        *known = answer.headers().get(header::ETAG).map(|tag| Known {
            url: url.to_owned(),
            tag: tag.clone(),
            text: text.clone(),
        });
        Ok(text)
    }

    fn tag(&self, url: &str) -> Option<HeaderValue> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = known.as_ref().filter(|known| known.url == url)?;
        Some(known.tag.clone())
    }
}

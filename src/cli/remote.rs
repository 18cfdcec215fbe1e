//! A supergraph at a URL.

use crate::upstream::{self, ByteSize, Call, Connections, Egress, Endpoint, Response, Upstream};
use anyhow::{Context, anyhow};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::runtime;

const LARGEST_SUPERGRAPH_BYTES: u64 = 64 << 20;
/// For the whole exchange, from connecting to the last byte.
const TIMEOUT: Duration = Duration::from_secs(10);

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

/// A URL as it may be written into the log: its query and its user are for the server alone.
pub(super) fn without_secrets(url: &str) -> String {
    let end = url.find(['?', '#']).unwrap_or(url.len());
    match (url[..end].split_once("://"), end == url.len()) {
        (Some((scheme, rest)), whole) => {
            let place = rest.rsplit('@').next().unwrap_or(rest);
            let query = if whole { "" } else { "?…" };
            format!("{scheme}://{place}{query}")
        }
        (None, _) => "a URL".to_owned(),
    }
}

impl Remote {
    /// The supergraph SDL there, if that is where connections may go. Waits for it; not for a thread with a runtime.
    pub(super) fn read(&self, url: &str, egress: &Egress) -> anyhow::Result<String> {
        let runtime = runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.context("cannot start a runtime")?;
        let text = runtime.block_on(self.ask(url, egress));
        text.map_err(|error| {
            let shown = without_secrets(url);
            anyhow!("cannot fetch the supergraph from {shown}: {error}")
        })
    }

    async fn ask(&self, url: &str, egress: &Egress) -> Result<String, String> {
        let answer = fetch(url, self.tag(url), egress).await?;
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if answer.status == StatusCode::NOT_MODIFIED {
            let known = known.as_ref().filter(|known| known.url == url);
            let known = known.ok_or("it answered 304 to a first request")?;
            return Ok(known.text.clone());
        }
        let text = String::from_utf8(answer.body.to_vec());
        let text = text.map_err(|_| "the answer is not UTF-8".to_owned())?;
        *known = answer.headers.get(header::ETAG).map(|tag| Known {
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

/// What is there, unless it has this tag. Redirects are not followed: whoever sends one could have it say anything.
async fn fetch(url: &str, tag: Option<HeaderValue>, egress: &Egress) -> Result<Response, String> {
    let endpoint = Endpoint::parse(url).map_err(|error| error.to_string())?;
    let settings = upstream::Config {
        timeout: TIMEOUT,
        response_max_bytes: ByteSize(LARGEST_SUPERGRAPH_BYTES),
        egress: Arc::new(egress.clone()),
        ..upstream::Config::default()
    };
    let server = Upstream::new("supergraph", vec![endpoint.into()], settings);
    let server = server.map_err(|error| error.to_string())?;
    let mut headers = HeaderMap::new();
    let agent = HeaderValue::from_static("graphway");
    headers.insert(header::USER_AGENT, agent);
    if let Some(tag) = tag {
        headers.insert(header::IF_NONE_MATCH, tag);
    }
    let call = Call {
        method: Method::GET,
        headers,
        body: Bytes::new(),
        deadline: None,
        hash: None,
    };
    let answer = server.call(&Connections::new(), call).await;
    let answer = answer.map_err(|error| error.to_string())?;
    let status = answer.status;
    if status == StatusCode::OK || status == StatusCode::NOT_MODIFIED {
        return Ok(answer);
    }
    Err(match answer.headers.get(header::LOCATION) {
        Some(_) => format!("it answered {status}; redirects are not followed"),
        None => format!("it answered {status}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_told_without_its_secrets() {
        for (url, told) in [
            ("https://a.test/x.graphql", "https://a.test/x.graphql"),
            ("https://a.test/x?token=t", "https://a.test/x?…"),
            ("https://me:p@s/s@a.test:1/x?t#u", "https://a.test:1/x?…"),
            ("http://a.test?t=/x", "http://a.test?…"),
        ] {
            assert_eq!(without_secrets(url), told);
        }
    }

    #[test]
    fn a_supergraph_is_not_had_from_where_connections_may_not_go() {
        for host in ["169.254.169.254", "2852039166", "[::ffff:169.254.169.254]"] {
            let read = Remote::default().read(&format!("http://{host}/"), &Egress::default());
            let error = read.unwrap_err().to_string();
            assert!(error.contains("169.254.0.0/16"), "{error}");
            assert!(error.contains("egress.allow"), "{error}");
        }
    }
}

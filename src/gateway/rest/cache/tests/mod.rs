//! The cache without sockets, under a clock that the tests move.

mod fetching;
mod forgetting;
mod properties;
mod rfc9111;
mod rules;

use super::{Asked, Cache, Caching, Config, RouteCache};
use crate::{
    gateway::{Body, Code, Refusal, Scheme, authentication::Caller, gate, header_types::Name},
    upstream::Forward,
};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use serde_json::json;
use std::{
    future::ready,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime},
};

/// A route with a cache.
struct Shop {
    cache: Arc<Cache>,
    caching: Caching,
    caller: Caller,
}

/// What a client got.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Got {
    status: u16,
    headers: HeaderMap,
    body: String,
}

impl Got {
    fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().unwrap())
    }

    /// What the cache did, without its name and the number of seconds.
    fn did(&self) -> String {
        let status = self.header("cache-status");
        let parts = status.split("; ").skip(1);
        let parts = parts.filter(|part| !part.starts_with("ttl="));
        parts.collect::<Vec<_>>().join("; ")
    }
}

/// What an upstream answers.
type Answer = Result<Response<Body>, Refusal>;

impl Shop {
    fn new(settings: RouteCache) -> Self {
        Self::with(settings, &Config::default())
    }

    fn with(settings: RouteCache, config: &Config) -> Self {
        let cache = Arc::new(Cache::new(config));
        let caching = caching(&settings, &cache, config);
        Self {
            cache,
            caching,
            caller: Caller::default(),
        }
    }

    /// The same cache, as somebody else's request sees it.
    fn of(&self, subject: &str) -> Self {
        let claims =
            json!({ "iss": "https://issuer.example", "sub": subject, "jti": fastrand::u64(..) });
        let claims = claims.as_object().unwrap().clone();
        Self {
            cache: Arc::clone(&self.cache),
            caching: Caching {
                cache: Arc::clone(&self.cache),
                rules: self.caching.rules.clone(),
            },
            caller: Caller::with_claims(Arc::new(claims)),
        }
    }

    /// Sends a request, which `upstream` gets if it is passed on.
    async fn send<F>(&self, request: &str, upstream: impl FnOnce(Forward) -> F) -> Answer
    where
        F: Future<Output = Answer> + Send + 'static,
    {
        let (head, ()) = read_request(request).into_parts();
        let target = gate::inspect(&head).unwrap();
        let asked = Asked {
            scheme: Scheme::Http,
            target: &target,
            query: head.uri.query(),
            caller: &self.caller,
            upstream: "shop",
        };
        let mut headers = head.headers.clone();
        headers.remove("host");
        let forward = Forward {
            method: head.method.clone(),
            target: head.uri.path_and_query().unwrap().clone(),
            headers,
            body: Body::empty(),
            host: None,
            timeout: None,
            retry: None,
            hash: None,
        };
        self.caching.answer(asked, forward, upstream).await
    }

    /// Sends a request, and reads the answer. The upstream answers with `answer`, if it is asked.
    async fn ask(&self, request: &str, answer: &str) -> Got {
        let answer = read_answer(answer);
        read(self.send(request, |_| ready(Ok(answer))).await).await
    }

    /// Sends a request that must be answered by the cache.
    async fn hit(&self, request: &str) -> Got {
        let asked = AtomicUsize::new(0);
        let answer = self.send(request, |_| {
            asked.fetch_add(1, Ordering::SeqCst);
            ready(Ok(read_answer("500")))
        });
        let got = read(answer.await).await;
        assert_eq!(asked.into_inner(), 0, "{request}: {got:?}");
        got
    }

    /// Sends a request that must reach the upstream; what the upstream got, and what the client.
    async fn miss(&self, request: &str, answer: &str) -> (HeaderMap, Got) {
        let seen = Arc::new(Mutex::new(None));
        let answer = read_answer(answer);
        let answer = self.send(request, |forward| {
            *seen.lock().unwrap() = Some(forward.headers);
            ready(Ok(answer))
        });
        let got = read(answer.await).await;
        let seen = seen.lock().unwrap().take();
        (seen.unwrap_or_else(|| panic!("{request}: {got:?}")), got)
    }
}

fn caching(settings: &RouteCache, cache: &Arc<Cache>, config: &Config) -> Caching {
    Caching::new(settings, "/**", Some(settings), (cache, config))
}

/// Lets the clock go on.
async fn pass(seconds: u64) {
    tokio::time::advance(Duration::from_secs(seconds)).await;
}

/// Headers, one a line. `@60` is the date in 60 seconds, `@-60` that before 60.
fn read_headers<'a>(lines: impl Iterator<Item = &'a str>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in lines.filter(|line| !line.trim().is_empty()) {
        let (name, value) = line.split_once(':').unwrap();
        let name: HeaderName = name.trim().parse().unwrap();
        let mut value = value.trim().to_owned();
        if let Some(seconds) = value.strip_prefix('@') {
            let seconds: i64 = seconds.parse().unwrap();
            let distance = Duration::from_secs(seconds.unsigned_abs());
            let date = match seconds < 0 {
                true => SystemTime::now() - distance,
                false => SystemTime::now() + distance,
            };
            value = httpdate::fmt_http_date(date);
        }
        headers.append(name, HeaderValue::try_from(value).unwrap());
    }
    headers
}

/// A method and a target, and headers below.
fn read_request(text: &str) -> Request<()> {
    let mut lines = text.lines();
    let (method, target) = lines.next().unwrap().split_once(' ').unwrap();
    let request = Request::builder().method(method).uri(target).body(());
    let mut request = request.unwrap();
    *request.headers_mut() = read_headers(lines);
    request
        .headers_mut()
        .entry("host")
        .or_insert(HeaderValue::from_static("shop.example"));
    request
}

/// A status, headers below, and after an empty line the body.
fn read_answer(text: &str) -> Response<Body> {
    let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
    let mut lines = head.lines();
    let status = lines.next().unwrap().parse::<StatusCode>().unwrap();
    let body = Bytes::copy_from_slice(body.as_bytes());
    let mut response = Response::new(Body::streamed(Full::new(body)));
    *response.status_mut() = status;
    *response.headers_mut() = read_headers(lines);
    response
}

async fn read(answer: Answer) -> Got {
    match answer {
        Ok(response) => {
            let (head, body) = response.into_parts();
            let body = body.collect().await.unwrap().to_bytes();
            Got {
                status: head.status.as_u16(),
                headers: head.headers,
                body: String::from_utf8(body.to_vec()).unwrap(),
            }
        }
        Err(refusal) => Got {
            status: refusal.code.status().as_u16(),
            headers: HeaderMap::new(),
            body: refusal.code.name().to_owned(),
        },
    }
}

/// A refusal as it comes of an upstream that is not there.
fn unreachable() -> Refusal {
    Refusal::new(Code::UpstreamUnreachable, "The upstream is not there")
}

/// The name of a header.
fn name(name: &str) -> Name {
    Name::try_from(name.to_owned()).unwrap()
}

/// What is fresh for as long unless it says otherwise.
fn fresh_for(seconds: u64) -> RouteCache {
    RouteCache {
        ttl: Duration::from_secs(seconds),
        ..RouteCache::default()
    }
}

//! What operators are shown, on a listener of their own.

use super::{Body, Cache, Code, Gateway, Refusal, rest};
use http::{HeaderValue, Method, Response, header, request::Parts, uri::Authority};
use serde::Serialize;
use std::net::IpAddr;

/// Where the state of the upstreams is.
const UPSTREAMS: &str = "/admin/upstreams";

/// Where the editions that were served lately are.
const EDITIONS: &str = "/admin/editions";

/// Where stored answers are purged.
const CACHE: &str = "/admin/cache";

#[derive(Serialize)]
struct Purged {
    purged: usize,
}

#[derive(Serialize)]
struct Editions {
    editions: Vec<super::history::Seen>,
}

#[derive(Serialize)]
struct Upstreams {
    upstreams: Vec<crate::upstream::Status>,
}

/// Answers a request of an operator, who has come by an address, as `localhost`, or by one of these names.
pub fn admin(gateway: &Gateway, hosts: &[String], head: &Parts) -> Response<Body> {
    let answered = check_host(hosts, head).and_then(|()| answer(gateway, head));
    answered.unwrap_or_else(|refusal| rest::refuse(&refusal))
}

/// A page of another site can have its own name lead here, and its scripts then come by that name.
fn check_host(hosts: &[String], head: &Parts) -> Result<(), Refusal> {
    let Some(host) = head.headers.get(header::HOST) else {
        return Ok(());
    };
    let host = Authority::try_from(host.as_bytes()).ok();
    let is_known = host.is_some_and(|authority| {
        let host = authority.host();
        let address = host.trim_start_matches('[').trim_end_matches(']');
        address.parse::<IpAddr>().is_ok()
            || host.eq_ignore_ascii_case("localhost")
            || hosts.iter().any(|known| known.eq_ignore_ascii_case(host))
    });
    match is_known {
        true => Ok(()),
        false => {
            let message = "Operators come by an address, localhost or a name in `admin.hosts`";
            Err(Refusal::new(Code::Forbidden, message))
        }
    }
}

fn answer(gateway: &Gateway, head: &Parts) -> Result<Response<Body>, Refusal> {
    match (head.uri.path(), &head.method) {
        (UPSTREAMS, &Method::GET | &Method::HEAD) => json(&Upstreams {
            upstreams: gateway.upstreams(),
        }),
        (UPSTREAMS, _) => Err(Refusal::method("GET, HEAD", "Only GET is answered here")),
        (EDITIONS, &Method::GET | &Method::HEAD) => editions(gateway),
        (EDITIONS, &Method::PUT) => {
            restore(gateway, head.uri.query().unwrap_or_default())?;
            editions(gateway)
        }
        (EDITIONS, _) => Err(Refusal::method(
            "GET, HEAD, PUT",
            "Only GET and PUT are answered here",
        )),
        (CACHE, &Method::DELETE) => json(&Purged {
            purged: purge(gateway.cache(), head.uri.query().unwrap_or_default())?,
        }),
        (CACHE, _) => Err(Refusal::method("DELETE", "Only DELETE is answered here")),
        _ => {
            let message = format!(
                "There is nothing at this path; there are {UPSTREAMS}, {EDITIONS} and {CACHE}"
            );
            Err(Refusal::new(Code::NotFound, message))
        }
    }
}

fn editions(gateway: &Gateway) -> Result<Response<Body>, Refusal> {
    json(&Editions {
        editions: gateway.editions(),
    })
}

/// Serves the edition that the query names.
fn restore(gateway: &Gateway, query: &str) -> Result<(), Refusal> {
    let bad = |message: String| Refusal::new(Code::BadRequest, message);
    let number = query
        .strip_prefix("serve=")
        .and_then(|number| number.parse().ok());
    let number = number.ok_or_else(|| bad("Write ?serve=NUMBER".to_owned()))?;
    match gateway.restore(number) {
        None => Err(bad(format!(
            "Edition {number} is not kept; GET {EDITIONS} lists those that are"
        ))),
        Some(Err(error)) => Err(bad(format!(
            "Edition {number} cannot be served any more: {error}"
        ))),
        Some(Ok(())) => {
            tracing::info!(edition = number, "an operator has chosen what is served");
            Ok(())
        }
    }
}

/// Forgets what the query names, or everything if there is none; how much there was of it.
fn purge(cache: &Cache, query: &str) -> Result<usize, Refusal> {
    if query.is_empty() {
        return Ok(cache.purge_all());
    }
    let bad = |message: &str| Refusal::new(Code::BadRequest, message);
    let words = "Write ?url=URL or ?tag=TAG, percent-encoded, or nothing for all";
    let (key, value) = query.split_once('=').ok_or_else(|| bad(words))?;
    let value = percent_encoding::percent_decode_str(value).decode_utf8();
    let value = value.map_err(|_| bad("This is not UTF-8"))?;
    match key {
        "url" => {
            let purged = cache.purge_url(&value);
            purged.map(usize::from).ok_or_else(|| {
                bad("This is not the URL of anything here, such as http://shop.example/a")
            })
        }
        "tag" => Ok(cache.purge_tag(&value)),
        _ => Err(bad(words)),
    }
}

fn json(body: &impl Serialize) -> Result<Response<Body>, Refusal> {
    let body = serde_json::to_vec_pretty(body).map_err(|error| {
        tracing::error!(%error, "what operators are shown cannot be written");
        Refusal::internal()
    })?;
    let mut response = Response::new(Body::full(body));
    let headers = response.headers_mut();
    let json = HeaderValue::from_static("application/json");
    headers.insert(header::CONTENT_TYPE, json);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

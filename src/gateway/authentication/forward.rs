//! Asking another service who sends a request, as proxies before ours do (Traefik's ForwardAuth, nginx's `auth_request`).
//!
//! The service gets what it needs to decide and no body. Its yes lets the request in, with the headers that it says the
//! upstream should have; anything else is what the client is answered. That it does not answer is no yes.

use super::{Asking, Caller, Rejection, config, hidden::Hidden, refused::Refused};
use crate::{
    gateway::{Answered, header_types::Name, path::Path},
    upstream::{Call, CallError, Outbound, Response, Upstream, UpstreamError},
};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use std::sync::Arc;

/// What the client gets of an answer that is no yes.
const PASSED_ON: [HeaderName; 7] = [
    header::WWW_AUTHENTICATE,
    header::LOCATION,
    header::SET_COOKIE,
    header::CONTENT_TYPE,
    header::CACHE_CONTROL,
    header::RETRY_AFTER,
    header::VARY,
];

/// The service, and what passes between it and us.
pub(super) struct Forward {
    service: Arc<Upstream>,
    request_headers: Vec<HeaderName>,
    response_headers: Vec<HeaderName>,
    /// What of the client's it does not get.
    hidden: Hidden,
}

impl Forward {
    pub(super) fn new(
        config: &config::Forward,
        registry: Outbound<'_>,
        hidden: Hidden,
    ) -> Result<Self, UpstreamError> {
        let endpoints = vec![config.url.clone().into()];
        let names = |names: &[Name]| names.iter().map(|name| name.0.clone()).collect();
        Ok(Self {
            service: registry.upstream("authentication.forward", endpoints, config.settings())?,
            request_headers: names(&config.request_headers),
            response_headers: names(&config.response_headers),
            hidden,
        })
    }

    /// Headers that only the service says. A client's own are not passed on, whatever it answers.
    pub(super) fn hidden(&self) -> Hidden {
        Hidden {
            headers: self.response_headers.clone(),
            ..Hidden::default()
        }
    }

    /// Whether it gets this header of the client.
    pub(super) fn is_shown(&self, name: &HeaderName) -> bool {
        self.request_headers.contains(name)
    }

    /// Who sends a request, as the service has it.
    pub(super) async fn caller(&self, asking: &Asking<'_>) -> Result<Caller, Refused> {
        let headers = &asking.head.headers;
        let mut names = self.request_headers.iter();
        // Whoever stands behind might take another one than the service. Cookies are one list, however they are written.
        if names
            .any(|name| *name != header::COOKIE && headers.get_all(name).iter().nth(1).is_some())
        {
            return Err(Refused::without_challenge(Rejection::SeveralCredentials));
        }
        let call = Call {
            method: Method::GET,
            headers: self.headers(asking),
            body: Bytes::new(),
            deadline: None,
            hash: None,
        };
        let answer = Box::pin(self.service.call_idempotent(asking.connections, call)).await;
        let answer = answer.map_err(|error| {
            tracing::warn!(%error, "the service that authenticates requests (authentication.forward) did not answer");
            Refused::without_challenge(match error {
                CallError::Timeout(_) | CallError::Deadline => Rejection::ForwardLate,
                _ => Rejection::ForwardUnavailable,
            })
        })?;
        match answer.status.is_success() {
            true => Ok(Caller::told(self.told(&answer.headers))),
            false => Err(Refused::answered(
                Rejection::ForwardRefused,
                passed_on(answer),
            )),
        }
    }

    /// What the service is told of a request.
    fn headers(&self, asking: &Asking<'_>) -> HeaderMap {
        let head = asking.head;
        let mut headers = HeaderMap::with_capacity(12);
        for name in &self.request_headers {
            for value in head.headers.get_all(name) {
                headers.append(name, value.clone());
            }
        }
        self.hidden.remove_from(&mut headers);
        let mut tell = |name: &'static str, value: &str| {
            // Parts of a request, which are valid in headers.
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        };
        tell("x-forwarded-method", head.method.as_str());
        tell("x-forwarded-proto", asking.peer.scheme.as_str());
        tell("x-forwarded-for", &asking.peer.address.to_string());
        // As upstreams get it: what it judges is what is done.
        let path = Path::parse(head.uri.path());
        let mut target = path.map_or_else(|_| "/".to_owned(), |path| path.as_str().to_owned());
        if let Some(query) = head.uri.query() {
            target.push('?');
            target.push_str(query);
        }
        tell("x-forwarded-uri", &target);
        let host = head.uri.authority().map(|authority| authority.as_str());
        match host {
            Some(host) => tell("x-forwarded-host", host),
            None => {
                if let Some(host) = head.headers.get(header::HOST) {
                    headers.insert("x-forwarded-host", host.clone());
                }
            }
        }
        headers
    }

    /// What upstreams are told. Each header has one value.
    fn told(&self, answer: &HeaderMap) -> HeaderMap {
        let names = self.response_headers.iter();
        let told = names.filter_map(|name| Some((name.clone(), answer.get(name)?.clone())));
        told.collect()
    }
}

fn passed_on(answer: Response) -> Answered {
    let mut headers = HeaderMap::new();
    for name in PASSED_ON {
        for value in answer.headers.get_all(&name) {
            headers.append(&name, value.clone());
        }
    }
    Answered {
        status: answer.status,
        headers,
        body: answer.body,
    }
}

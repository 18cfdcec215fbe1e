//! Passing a request on to an upstream, and its answer back.

use super::{
    body::{change_answer, change_request},
    cache::{Asked, Caching},
    config,
    hygiene::{self, Asker},
    mirror::Mirror,
    size::{self, Breach},
    split::Split,
    template::{Place, Template, Variables},
    trailers,
    transform::{change_headers, change_query},
    versions::{Chosen, Versions},
    websocket::{Offer, WebSockets, switches},
};
use crate::{
    gateway::{
        Body, Code, Refusal, authentication::Caller, calls::Callee, compression::compress_stream,
        metrics::known, observation::Observation, origin::Calling, path::Path,
    },
    upstream::{CallError, Connections, Forward, ForwardError, Retry, Unavailable, Upstream},
};
use http::{HeaderName, HeaderValue, Method, Response, header, request::Parts, uri::PathAndQuery};
use std::{borrow::Cow, collections::BTreeMap, sync::Arc, time::Instant};

/// How the requests of a route are passed on.
#[derive(Debug)]
pub(in crate::gateway) struct Forwarding {
    to: Targets,
    mirror: Option<Mirror>,
    retry: Option<Arc<Retry>>,
    caching: Caching,
    /// Headers of requests that the route writes or takes away.
    written: Arc<[HeaderName]>,
    config: config::Route,
}

/// Which upstreams they are for.
#[derive(Debug)]
enum Targets {
    All(Split),
    Versions(Versions),
}

impl Forwarding {
    /// None if the upstreams cannot share requests.
    pub(super) fn new(
        route: &config::Route,
        upstreams: &BTreeMap<&str, Arc<Upstream>>,
        caching: Caching,
    ) -> Option<Self> {
        let to = match (&route.to, &route.versions) {
            (Some(to), _) => Targets::All(Split::of(to, upstreams)?),
            (None, versions) => Targets::Versions(Versions::new(versions.as_ref()?, upstreams)?),
        };
        let mirror = match &route.mirror {
            Some(mirror) => Some(Mirror::new(mirror, upstreams)?),
            None => None,
        };
        Some(Self {
            to,
            mirror,
            retry: route.retry.clone().map(Arc::new),
            caching,
            written: route.request.header_names().into(),
            config: route.clone(),
        })
    }

    /// The path that the upstream gets, and what was taken off its front.
    fn path<'a>(
        &'a self,
        variables: &Variables<'a>,
    ) -> Result<(Cow<'a, str>, Option<&'a str>), Refusal> {
        let path = variables.target.path.as_str();
        if let Some(rewrite) = &self.config.rewrite {
            return Ok((rewritten(rewrite, variables)?.into(), None));
        }
        let stripped = self.config.strip_prefix.as_ref().and_then(|prefix| {
            let prefix = prefix.as_str();
            path.strip_prefix(prefix).map(|rest| (rest, prefix))
        });
        Ok(match stripped {
            Some(("", prefix)) => ("/".into(), Some(prefix)),
            Some((rest, prefix)) => (rest.into(), Some(prefix)),
            None => (path.into(), None),
        })
    }

    /// `Host`, if it is not the endpoint's.
    fn host(&self, head: &Parts) -> Option<HeaderValue> {
        let clients = || head.headers.get(header::HOST);
        let own = self.config.host.as_ref().map(|host| &host.0);
        own.or_else(|| clients().filter(|_| self.config.preserve_host))
            .cloned()
    }
}

/// Which of a route's upstreams gets a request, and what its client is told of that.
struct Choice<'a> {
    upstream: &'a Arc<Upstream>,
    version: Option<Chosen<'a>>,
    cookie: Option<HeaderValue>,
}

/// A request that is passed on.
pub(super) struct Passing<'a> {
    pub(super) connections: &'a Arc<Connections>,
    pub(super) observation: &'a Observation<'a>,
    pub(super) sockets: &'a WebSockets,
    pub(super) caller: &'a Caller,
    pub(super) variables: &'a Variables<'a>,
}

impl Passing<'_> {
    /// Passes a request on, and its answer back.
    pub(super) async fn answer(
        &self,
        forwarding: &Forwarding,
        body: Body,
    ) -> Result<Response<Body>, Refusal> {
        check_protocol(self.variables.head)?;
        let offer = Offer::of(self.variables.head)?;
        let choice = self.choose(forwarding)?;
        let (body, breach) = match forwarding.config.max_request_bytes {
            Some(limit) => size::limited(body, limit.0).ok_or_else(|| size::too_large(limit.0))?,
            None => (body, Breach::default()),
        };
        let answered = self.ask(forwarding, &choice, offer.as_ref(), body).await;
        let answer = match forwarding.config.max_request_bytes {
            Some(limit) if breach.happened() => return Err(size::too_large(limit.0)),
            _ => answered?,
        };
        self.give_back(&forwarding.config, &choice, offer, answer)
            .await
    }

    fn choose<'a>(&self, forwarding: &'a Forwarding) -> Result<Choice<'a>, Refusal> {
        let version = match &forwarding.to {
            Targets::All(_) => None,
            Targets::Versions(versions) => Some(versions.choose(self.variables)?),
        };
        let to = match (&forwarding.to, version) {
            (_, Some(chosen)) => chosen.to,
            (Targets::All(all), None) => all,
            (Targets::Versions(_), None) => return Err(Refusal::internal()),
        };
        let sticky = forwarding.config.sticky.as_ref();
        let known = sticky.and_then(|sticky| sticky.known(self.variables));
        Ok(match known {
            Some(known) => Choice {
                upstream: to.of_client(known.number),
                version,
                cookie: known.cookie,
            },
            None => Choice {
                upstream: to.next(),
                version,
                cookie: None,
            },
        })
    }

    /// Asks an upstream, as the route has it.
    async fn ask(
        &self,
        forwarding: &Forwarding,
        choice: &Choice<'_>,
        offer: Option<&Offer>,
        body: Body,
    ) -> Result<Response<Body>, Refusal> {
        let variables = self.variables;
        let config = &forwarding.config;
        let head = variables.head;
        let (path, prefix) = forwarding.path(variables)?;
        let asker = Asker {
            peer: variables.client,
            target: variables.target,
            prefix,
        };
        let mut headers = hygiene::request(head, asker);
        self.caller.hide(&mut headers);
        self.caller.introduce(&mut headers);
        change_headers(&config.request.headers, &mut headers, variables);
        let query = change_query(&config.request.query, variables.query.as_deref(), variables);
        let patience = config.timeout.unwrap_or(choice.upstream.timeout());
        let changing = change_request(
            &config.request.body,
            &mut headers,
            body,
            variables,
            patience,
        );
        let body = changing.await?;
        if !config.response.body.json.is_empty() {
            // What is changed must come whole, and is best read as it is.
            for name in [header::ACCEPT_ENCODING, header::RANGE, header::IF_RANGE] {
                headers.remove(name);
            }
        }
        if offer.is_some() {
            Offer::pass_on(&mut headers);
        }
        let forward = Forward {
            method: head.method.clone(),
            target: with_query(&path, query.as_deref())?,
            headers,
            body: trailers::clean(body, head.version, self.caller, &forwarding.written),
            host: forwarding.host(head),
            timeout: config.timeout,
            retry: forwarding.retry.clone(),
            hash: config
                .hash_on
                .as_ref()
                .and_then(|source| source.number(variables)),
        };
        self.look_up(forwarding, choice.upstream, offer.is_some(), forward)
            .await
    }

    /// Answers out of the cache, or by the upstream.
    async fn look_up(
        &self,
        forwarding: &Forwarding,
        upstream: &Arc<Upstream>,
        is_upgraded: bool,
        forward: Forward,
    ) -> Result<Response<Body>, Refusal> {
        let stage = self.observation.stage("forward");
        let origin = self.observation.origin();
        let callee = Callee::Upstream(upstream.name(), known(&forward.method));
        let began = origin.trace.watches_calls().then(Instant::now);
        let sending = |mut forward: Forward| {
            let call = origin.fetch(&stage, callee, &mut forward.headers);
            // An upgraded connection is nothing that could be copied.
            if let Some(mirror) = forwarding.mirror.as_ref().filter(|_| !is_upgraded) {
                forward = mirror.copy(self.connections, forward);
            }
            // It is large, and has several places that it may be awaited at.
            Box::pin(send(
                Arc::clone(upstream),
                Arc::clone(self.connections),
                forward,
                call,
            ))
        };
        let asked = Asked {
            scheme: self.variables.client.scheme,
            target: self.variables.target,
            query: self.variables.query.as_deref(),
            caller: self.caller,
            upstream: upstream.name(),
        };
        let answer = forwarding.caching.answer(asked, forward, sending).await;
        if let Some(began) = began {
            let seen = answer.as_ref().map(|answer| answer.status().as_u16());
            let seen = seen.map_err(|refusal| refusal.code.name());
            origin.trace.note(callee, began, seen);
        }
        answer
    }

    /// Gives the client an answer, as the route has it.
    async fn give_back(
        &self,
        config: &config::Route,
        choice: &Choice<'_>,
        offer: Option<Offer>,
        answer: Response<Body>,
    ) -> Result<Response<Body>, Refusal> {
        let variables = self.variables;
        let (head, mut body) = answer.into_parts();
        if let Some(limit) = config.max_response_bytes {
            let limited = size::limited(body, limit.0);
            (body, _) = limited.ok_or_else(size::answer_too_large)?;
        }
        let answer = Response::from_parts(head, body);
        let mut answer = change_answer(&config.response.body, answer, variables).await?;
        let mut headers = hygiene::response(&answer, &variables.head.method);
        if let Some(offer) = offer.filter(|_| switches(&answer)) {
            let sockets = self.sockets.within(self.caller.time_left());
            offer.settle(&sockets, self.connections, &mut answer)?;
            headers.remove(header::CONTENT_LENGTH);
            Offer::pass_on(&mut headers);
        }
        if let Some(version) = choice.version {
            version.tell(&mut headers, variables);
        }
        if let Some(cookie) = &choice.cookie {
            headers.append(header::SET_COOKIE, cookie.clone());
        }
        change_headers(&config.response.headers, &mut headers, variables);
        let (mut head, body) = answer.into_parts();
        head.headers = headers;
        let answer = Response::from_parts(head, body);
        Ok(match config.compress {
            true => compress_stream(&variables.head.headers, answer),
            false => answer,
        })
    }
}

async fn send(
    upstream: Arc<Upstream>,
    connections: Arc<Connections>,
    forward: Forward,
    call: Calling,
) -> Result<Response<Body>, Refusal> {
    let answer = upstream.forward(&connections, forward).await;
    call.ended(match &answer {
        Ok(answer) => Ok(answer.status().as_u16()),
        Err(error) => Err(error.kind()),
    });
    Ok(answer?)
}

/// A path made of pieces of the request: none of them can lead elsewhere.
fn rewritten(rewrite: &Template, variables: &Variables<'_>) -> Result<String, Refusal> {
    let path = rewrite.render(variables, Place::Path);
    let path = path.ok_or("lacks what makes it").and_then(|path| {
        let is_same = Path::parse(&path)?.as_str() == path;
        is_same.then_some(path).ok_or("is not canonical")
    });
    path.map_err(|why| {
        let message = format!("The path behind this one {why}");
        Refusal::new(Code::BadRequest, message)
    })
}

/// What cannot be passed on is not passed on in part.
fn check_protocol(head: &Parts) -> Result<(), Refusal> {
    if head.method == Method::TRACE {
        let message = "TRACE is not passed on";
        return Err(Refusal::new(Code::NotImplemented, message));
    }
    Ok(())
}

fn with_query(path: &str, query: Option<&str>) -> Result<PathAndQuery, Refusal> {
    let target = match query {
        Some(query) => PathAndQuery::try_from(format!("{path}?{query}")),
        None => PathAndQuery::try_from(path),
    };
    target.map_err(|_| Refusal::new(Code::BadRequest, "The target is not that of a URL"))
}

impl From<ForwardError> for Refusal {
    /// What the client learns of a failure: which of the three it was, and nothing of addresses. The log has the rest.
    fn from(error: ForwardError) -> Self {
        match error {
            ForwardError::Call(CallError::Connect(_)) => Self::new(
                Code::UpstreamUnreachable,
                "The service behind this path cannot be reached",
            ),
            ForwardError::Call(
                CallError::Broken(_) | CallError::TooLarge { .. } | CallError::Coding(_),
            ) => Self::new(
                Code::UpstreamBroken,
                "The service behind this path broke off before it answered",
            ),
            ForwardError::Call(CallError::Timeout(_) | CallError::Deadline) => Self::new(
                Code::Timeout,
                "The service behind this path did not answer in time",
            ),
            ForwardError::Call(CallError::Unavailable(reason)) => Self {
                retry_after: Some(reason.retry_after_seconds()),
                ..Self::new(Code::UpstreamUnavailable, unavailable(reason))
            },
            ForwardError::ClientStalled(_) => {
                Self::new(Code::SlowRequest, "The request body did not arrive in time")
            }
            ForwardError::ClientBroke(_) => {
                Self::new(Code::BadRequest, "The request body broke off")
            }
            ForwardError::Target => Self::new(Code::BadRequest, "The target is not that of a URL"),
        }
    }
}

fn unavailable(reason: Unavailable) -> &'static str {
    match reason {
        Unavailable::NoEndpoint | Unavailable::NoHealthyEndpoint => {
            "No server is there for this path at present"
        }
        Unavailable::BreakerOpen { .. } => {
            "The service behind this path has failed too often; it is left alone for a while"
        }
        Unavailable::TooManyRequests | Unavailable::TooManyPending => {
            "The service behind this path has too many requests already"
        }
    }
}

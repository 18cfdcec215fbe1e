//! Asking another service which policies hold: once for a request, and only if its operation depends on one.
//!
//! Question and answer have the form of Open Policy Agent's data API: `{"input": …}`, `{"result": {"policy": true}}`. A service that is
//! down, late or lies has said nothing, and what nobody has said does not hold.

use super::{case::Decided, config};
use crate::{
    gateway::{authentication::Caller, consumers::Sha256, header_types::Name, seldom::Seldom},
    operation::Document,
    upstream::{Call, CallError, Connections, Outbound, Upstream, UpstreamError},
};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use metrics::Counter;
use quick_cache::sync::Cache;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};
use tokio::time::Instant;

/// Answers that are remembered.
const REMEMBERED_MAX: usize = 10_000;
/// How it is called in metrics and logs of upstreams.
const NAME: &str = "authorization.external";

/// The service.
pub(super) struct External {
    service: Arc<Upstream>,
    request_headers: Vec<HeaderName>,
    remembered: Option<Remembered>,
    seldom: Seldom,
    unreachable: Counter,
    late: Counter,
    unreadable: Counter,
}

/// Answers to questions that were the same, by their digest.
struct Remembered {
    answers: Cache<Sha256, Answered>,
    ttl: Duration,
}

#[derive(Clone)]
struct Answered {
    decided: Arc<Decided>,
    until: Instant,
}

/// A request of a client, as far as it matters.
#[derive(Clone, Copy)]
pub(super) struct Subject<'a> {
    pub(super) caller: &'a Caller,
    pub(super) document: &'a Document,
    pub(super) headers: &'a HeaderMap,
}

#[derive(Serialize)]
struct Question<'a> {
    input: Input<'a>,
}

#[derive(Serialize)]
struct Input<'a> {
    policies: &'a BTreeSet<&'a str>,
    authenticated: bool,
    claims: Option<&'a Map<String, Value>>,
    consumer: Option<Consumer<'a>>,
    operation: Operation<'a>,
    headers: BTreeMap<&'a str, String>,
}

#[derive(Serialize)]
struct Consumer<'a> {
    name: &'a str,
    groups: &'a [String],
}

#[derive(Serialize)]
struct Operation<'a> {
    name: Option<&'a str>,
    kind: String,
}

#[derive(Deserialize)]
struct Answer {
    result: BTreeMap<String, bool>,
}

/// Why nothing is decided.
enum Fault {
    Call(CallError),
    Status(StatusCode),
    Unreadable,
}

impl External {
    pub(super) fn new(
        config: &config::External,
        outbound: Outbound<'_>,
    ) -> Result<Self, UpstreamError> {
        metrics::describe_counter!(
            "api_authorization_external_errors_total",
            "Requests whose policies another service should have decided, and did not, by what went wrong."
        );
        let errors = |kind: &'static str| metrics::counter!("api_authorization_external_errors_total", "error_type" => kind);
        let endpoints = vec![config.url.clone().into()];
        let names = config.request_headers.iter();
        Ok(Self {
            service: outbound.upstream(NAME, endpoints, config.settings())?,
            request_headers: names.map(|Name(name)| name.clone()).collect(),
            remembered: config.cache.map(|ttl| Remembered {
                answers: Cache::new(REMEMBERED_MAX),
                ttl,
            }),
            seldom: Seldom::default(),
            unreachable: errors("unreachable"),
            late: errors("timeout"),
            unreadable: errors("answer"),
        })
    }

    /// Which of these policies hold.
    pub(super) async fn decide(
        &self,
        policies: &BTreeSet<&str>,
        subject: Subject<'_>,
        connections: &Connections,
    ) -> Arc<Decided> {
        let question = self.question(policies, subject);
        let remembered = self.remembered.as_ref();
        let remembered = remembered.map(|remembered| (remembered, Sha256::of(&question)));
        if let Some(decided) = remembered.and_then(|(remembered, key)| remembered.get(&key)) {
            return decided;
        }
        match self.ask(question, connections).await {
            Ok(Answer { result }) => {
                let held = result
                    .into_iter()
                    .filter(|(name, holds)| *holds && policies.contains(name.as_str()));
                let decided: Arc<Decided> = Arc::new(held.map(|(name, _)| name).collect());
                if let Some((remembered, key)) = remembered {
                    remembered.insert(key, &decided);
                }
                decided
            }
            Err(fault) => {
                self.tell(&fault);
                Arc::default()
            }
        }
    }

    fn question(&self, policies: &BTreeSet<&str>, subject: Subject<'_>) -> Vec<u8> {
        let Subject {
            caller,
            document,
            headers,
        } = subject;
        let consumer = caller.consumer().map(|consumer| Consumer {
            name: &consumer.name,
            groups: &consumer.groups,
        });
        let shown = self.request_headers.iter().filter_map(|name| {
            let values = headers.get_all(name).iter();
            let values = values.filter_map(|value| caller.shown(name, value));
            let values: Vec<String> = values
                .filter_map(|value| value.to_str().ok().map(str::to_owned))
                .collect();
            (!values.is_empty()).then(|| (name.as_str(), values.join(", ")))
        });
        let input = Input {
            policies,
            authenticated: !caller.is_anonymous(),
            claims: caller.claims(),
            consumer,
            operation: Operation {
                name: document.name(),
                kind: document.kind().to_string(),
            },
            headers: shown.collect(),
        };
        // All of it is JSON by its types. Nothing is decided about an empty question.
        serde_json::to_vec(&Question { input }).unwrap_or_default()
    }

    async fn ask(&self, question: Vec<u8>, connections: &Connections) -> Result<Answer, Fault> {
        let json = HeaderValue::from_static("application/json");
        let headers = [(header::CONTENT_TYPE, json.clone()), (header::ACCEPT, json)];
        let call = Call {
            method: Method::POST,
            headers: headers.into_iter().collect(),
            body: Bytes::from(question),
            deadline: None,
            hash: None,
        };
        // To decide changes nothing, so a question may be asked again when a kept connection breaks.
        let answer = Box::pin(self.service.call_idempotent(connections, call)).await;
        let answer = answer.map_err(Fault::Call)?;
        if answer.status != StatusCode::OK {
            return Err(Fault::Status(answer.status));
        }
        serde_json::from_slice(&answer.body).map_err(|_| Fault::Unreadable)
    }

    /// Counts what went wrong, and tells of it now and then.
    fn tell(&self, fault: &Fault) {
        let (errors, why) = match fault {
            Fault::Call(error @ (CallError::Timeout(_) | CallError::Deadline)) => {
                (&self.late, error.to_string())
            }
            Fault::Call(error) => (&self.unreachable, error.to_string()),
            Fault::Status(status) => (&self.unreadable, format!("it answered {status}")),
            Fault::Unreadable => (&self.unreadable, "its answer says no policies".to_owned()),
        };
        errors.increment(1);
        if let Some(times) = self.seldom.happened(std::time::Instant::now()) {
            tracing::warn!(
                times,
                why,
                "the service that decides policies (authorization.external) did not: they do not hold"
            );
        }
    }
}

impl Remembered {
    fn get(&self, key: &Sha256) -> Option<Arc<Decided>> {
        let answered = self.answers.get(key)?;
        (Instant::now() < answered.until).then_some(answered.decided)
    }

    fn insert(&self, key: Sha256, decided: &Arc<Decided>) {
        let decided = Arc::clone(decided);
        let until = Instant::now() + self.ttl;
        self.answers.insert(key, Answered { decided, until });
    }
}

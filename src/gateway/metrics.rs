//! What the gateway counts and times.
//!
//! Handles are resolved when a snapshot is built, or when a combination of labels is first met; a request finds its own
//! by comparing a few numbers. Labels come from closed sets: known methods, routes and consumers of the configuration,
//! statuses, codes, subgraphs. A client cannot make a new series.

use super::{Code, consumers::Consumer};
use arc_swap::ArcSwap;
use http::{Method, StatusCode};
use metrics::{Counter, Histogram, Unit};
use std::{collections::HashMap, fmt, ops::Deref, sync::Arc, time::Duration};

/// Names what is measured, for those who read it. To do so again changes nothing.
pub(super) fn describe() {
    let seconds = [
        (
            "api_request_duration_seconds",
            "From the head of a request to the head of its response.",
        ),
        (
            "api_subgraph_request_duration_seconds",
            "From sending a request to a subgraph to the end of its answer.",
        ),
        (
            "api_request_stage_duration_seconds",
            "A stage of a request, as traces have them.",
        ),
        (
            "api_planning_duration_seconds",
            "Planning an operation that has no plan in the cache yet.",
        ),
    ];
    for (name, words) in seconds {
        metrics::describe_histogram!(name, Unit::Seconds, words);
    }
    let counts = [
        ("api_requests_total", "Requests by their response."),
        (
            "api_errors_total",
            "Requests whose response has errors, by the code of the first.",
        ),
        (
            "api_subgraph_requests_total",
            "Requests to subgraphs by their answer; status_code is none where there is none.",
        ),
        (
            "api_subgraph_requests_deduplicated_total",
            "Requests to subgraphs that were not sent, for the same one was under way.",
        ),
        (
            "api_requests_deduplicated_total",
            "Requests that got the response to the same one that was under way.",
        ),
        (
            "api_mirrored_requests_total",
            "Copies of requests for another upstream, by what became of them.",
        ),
        (
            "api_plan_cache_hits_total",
            "Operations whose plan was there.",
        ),
        (
            "api_plan_cache_misses_total",
            "Operations whose plan had to be made, or waited for.",
        ),
    ];
    for (name, words) in counts {
        metrics::describe_counter!(name, words);
    }
}

/// What is resolved once for each key that is met. There are few, so they are searched one by one.
struct Met<K, H>(ArcSwap<Vec<(K, Arc<H>)>>);

impl<K: Copy + PartialEq, H> Met<K, H> {
    fn new() -> Self {
        Self(ArcSwap::default())
    }

    fn get(&self, key: K, resolve: impl Fn() -> H) -> Arc<H> {
        let find = |met: &[(K, Arc<H>)]| {
            let found = met.iter().find(|(known, _)| *known == key);
            found.map(|(_, handles)| Arc::clone(handles))
        };
        if let Some(handles) = find(&self.0.load()) {
            return handles;
        }
        let handles = Arc::new(resolve());
        // Two threads that meet a key together resolve it to the same series.
        self.0.rcu(|met| {
            let mut met = Vec::clone(met);
            if find(&met).is_none() {
                met.push((key, Arc::clone(&handles)));
            }
            met
        });
        handles
    }
}

/// The requests to one route.
pub(super) struct RouteMetrics {
    route: Arc<str>,
    /// Of those who are no consumer.
    nobody: CallerMetrics,
    /// Of consumers, by their numbers, as they are first met.
    consumers: ArcSwap<HashMap<usize, Arc<CallerMetrics>>>,
}

/// The requests to one route by one caller.
pub(super) struct CallerMetrics {
    route: Arc<str>,
    consumer: Arc<str>,
    met: Met<(&'static str, u16, Option<Code>), RequestHandles>,
}

struct RequestHandles {
    requests: Counter,
    duration: Histogram,
    errors: Option<Counter>,
}

impl fmt::Debug for RouteMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RouteMetrics").field(&self.route).finish()
    }
}

/// Those who are no consumer. None can have this name.
const NOBODY: &str = "none";

impl RouteMetrics {
    /// Those of a route, under the name it has in the configuration.
    pub(super) fn new(route: &str) -> Self {
        let route: Arc<str> = route.into();
        Self {
            nobody: CallerMetrics::new(&route, NOBODY.into()),
            consumers: ArcSwap::default(),
            route,
        }
    }

    /// The route's name.
    pub(super) fn route(&self) -> &str {
        &self.route
    }

    /// Where a consumer's requests are counted, or those of whoever is none.
    pub(super) fn of(&self, consumer: Option<&Consumer>) -> Counted<'_> {
        let Some(consumer) = consumer else {
            return Counted::Nobody(&self.nobody);
        };
        if let Some(known) = self.consumers.load().get(&consumer.number) {
            return Counted::Consumer(Arc::clone(known));
        }
        let name = Arc::clone(&consumer.name);
        let own = Arc::new(CallerMetrics::new(&self.route, name));
        // Two threads that meet a consumer together count in the same series.
        self.consumers.rcu(|known| {
            let mut known = HashMap::clone(known);
            known
                .entry(consumer.number)
                .or_insert_with(|| Arc::clone(&own));
            known
        });
        Counted::Consumer(own)
    }
}

/// Whose requests are counted.
pub(super) enum Counted<'a> {
    Nobody(&'a CallerMetrics),
    Consumer(Arc<CallerMetrics>),
}

impl Deref for Counted<'_> {
    type Target = CallerMetrics;

    fn deref(&self) -> &CallerMetrics {
        match self {
            Self::Nobody(metrics) => metrics,
            Self::Consumer(metrics) => metrics,
        }
    }
}

impl CallerMetrics {
    fn new(route: &Arc<str>, consumer: Arc<str>) -> Self {
        Self {
            route: Arc::clone(route),
            consumer,
            met: Met::new(),
        }
    }

    /// Counts a request.
    pub(super) fn request(
        &self,
        method: &Method,
        status: StatusCode,
        error: Option<Code>,
        took: Duration,
    ) {
        let key = (known(method), status.as_u16(), error);
        let handles = self.met.get(key, || self.resolve(key));
        handles.requests.increment(1);
        handles.duration.record(took);
        if let Some(errors) = &handles.errors {
            errors.increment(1);
        }
    }

    fn resolve(
        &self,
        (method, status, error): (&'static str, u16, Option<Code>),
    ) -> RequestHandles {
        let labels = vec![
            metrics::Label::new("method", method),
            metrics::Label::new("route", Arc::clone(&self.route)),
            metrics::Label::new("status_code", status.to_string()),
            metrics::Label::new("consumer", Arc::clone(&self.consumer)),
        ];
        let errors = error.map(|code| {
            let mut labels = labels.clone();
            labels.push(metrics::Label::new("error_type", code.name()));
            metrics::counter!("api_errors_total", labels)
        });
        RequestHandles {
            requests: metrics::counter!("api_requests_total", labels.clone()),
            duration: metrics::histogram!("api_request_duration_seconds", labels),
            errors,
        }
    }
}

/// The method as a label: anybody can make up others.
pub(super) fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

/// The requests to one subgraph.
pub(super) struct SubgraphMetrics {
    subgraph: Arc<str>,
    duration: Histogram,
    /// Requests that were not sent, for the same one was under way.
    pub(super) deduplicated: Counter,
    met: Met<Result<u16, &'static str>, Counter>,
}

impl SubgraphMetrics {
    /// Those of a subgraph.
    pub(super) fn new(subgraph: &str) -> Self {
        let subgraph: Arc<str> = subgraph.into();
        Self {
            duration: metrics::histogram!("api_subgraph_request_duration_seconds", "subgraph" => Arc::clone(&subgraph)),
            deduplicated: metrics::counter!("api_subgraph_requests_deduplicated_total", "subgraph" => Arc::clone(&subgraph)),
            subgraph,
            met: Met::new(),
        }
    }

    /// Counts a request by the status of its answer, or the kind of reason why there is none.
    pub(super) fn request(&self, outcome: Result<u16, &'static str>, took: Duration) {
        let counter = self.met.get(outcome, || {
            let (status, error) = match outcome {
                Ok(status) => (status.to_string(), ""),
                Err(reason) => ("none".to_owned(), reason),
            };
            metrics::counter!(
                "api_subgraph_requests_total",
                "subgraph" => Arc::clone(&self.subgraph),
                "status_code" => status,
                "error_type" => error,
            )
        });
        counter.increment(1);
        self.duration.record(took);
    }
}

/// The plan cache and the planner.
pub(super) struct PlanMetrics {
    pub(super) hits: Counter,
    pub(super) misses: Counter,
    pub(super) planning: Histogram,
}

impl PlanMetrics {
    /// Their handles.
    pub(super) fn new() -> Self {
        Self {
            hits: metrics::counter!("api_plan_cache_hits_total"),
            misses: metrics::counter!("api_plan_cache_misses_total"),
            planning: metrics::histogram!("api_planning_duration_seconds"),
        }
    }
}

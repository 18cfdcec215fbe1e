//! Everything that one configuration and one supergraph need to answer requests.
//!
//! Immutable, and swapped whole: a request takes one snapshot and keeps it to its end, so nothing ever changes under
//! it. What must outlive a reload belongs to the [`Gateway`](super::Gateway); a snapshot only refers to it.

use super::{
    Config, Peer, Refusal, UrlPath,
    authentication::{Around, Authentication},
    authorization::{self, Authorization},
    check,
    consumers::Directory,
    cors::Cors,
    csrf::Csrf,
    dedupe::Dedupe,
    demand_control::DemandControl,
    documents::Documents,
    expose,
    ide::Pages,
    lasting::Lasting,
    limits::Limits,
    metrics::{self, RouteMetrics},
    observation::{self, Observation},
    overload::{self, Hold, Overload},
    override_labels::{self, OverrideLabels},
    policies::{Admission, Policies},
    rate_limit::RateLimit,
    rates::Rates,
    rest,
    subgraph_rules::{SnapshotError, SubgraphTable},
    writes::Writes,
};
use crate::{executor, schema::Supergraph, upstream::Outbound};
use http::request::Parts;
use std::{sync::Arc, time::Duration};

/// One generation of the gateway.
pub struct Snapshot {
    supergraph: Arc<Supergraph>,
    pub(super) documents: Documents,
    /// When each label of `@override` is on.
    pub(super) labels: OverrideLabels,
    /// The path of GraphQL requests.
    pub(super) path: UrlPath,
    pub(super) introspection: bool,
    pub(super) limits: Limits,
    /// What operations may cost. None: it does not matter.
    pub(super) demand_control: Option<DemandControl>,
    pub(super) cors: Cors,
    pub(super) csrf: Csrf,
    pub(super) authentication: Authentication,
    /// What stands before the graph.
    pub(super) admission: Admission,
    pub(super) rates: Rates,
    pub(super) authorization: Authorization,
    /// How many requests may be worked on at a time.
    overload: Option<Arc<Overload>>,
    /// How long a request may take altogether.
    pub(super) timeout: Duration,
    /// Whether clients that accept it get responses compressed.
    pub(super) compresses: bool,
    pub(super) subgraphs: SubgraphTable,
    /// Which requests are executed as one. None: each is by itself.
    pub(super) dedupe: Option<Dedupe>,
    pub(super) writes: Arc<Writes>,
    /// Whether plans are shown.
    pub(super) plugins: expose::Config,
    /// What browsers are shown.
    pub(super) pages: Pages,
    pub(super) routes: rest::Table,
    /// What tells of the routes that operations answer.
    pub(super) openapi: Option<rest::OpenApi>,
    pub(super) sockets: rest::WebSockets,
    observing: observation::Rules,
    rate_limit: Option<Arc<RateLimit>>,
    pub(super) maintenance: rest::MaintenanceConfig,
    pub(super) graphql_metrics: RouteMetrics,
    pub(super) pages_metrics: RouteMetrics,
    /// Requests that no route is for.
    pub(super) unrouted_metrics: RouteMetrics,
}

impl Snapshot {
    pub(super) fn new(
        config: &Config,
        supergraph: Arc<Supergraph>,
        lasting: &Lasting,
    ) -> Result<Self, SnapshotError> {
        config.check()?;
        for ignored in authorization::unprotected(&config.authorization, &supergraph) {
            tracing::warn!("{}: {}", ignored.key.join("."), ignored.message);
        }
        metrics::describe();
        tell(config, &supergraph);
        let limits = Limits::new(&config.limits);
        let documents = documents(config, &supergraph, lasting);
        let consumers = Arc::new(Directory::new(&config.consumers));
        let egress = Arc::new(config.egress.clone());
        let outbound = Outbound::new(&lasting.registry, &egress);
        let authentication = authentication(config, lasting, (&consumers, outbound))?;
        let rates = Rates::new(&config.rates(), &lasting.rates).map_err(SnapshotError::Thread)?;
        let policies = Policies::new(&config.policies, &authentication, &consumers, &rates);
        let around = rest::Surroundings {
            policies: &policies,
            documents: &documents,
            limits: &limits,
        };
        let cache = (&lasting.cache, &config.cache);
        let routes = rest::Table::new(&config.routes, &config.upstreams, outbound, cache, &around)?;
        let subgraphs = SubgraphTable::new(config, supergraph.subgraphs(), outbound)?;
        Ok(Self {
            openapi: routes.openapi(&config.openapi, &supergraph),
            routes,
            sockets: rest::WebSockets::new(&config.websocket),
            labels: OverrideLabels::new(&config.override_labels, &supergraph),
            demand_control: DemandControl::new(&config.demand_control, &supergraph),
            documents,
            supergraph,
            path: config.path.clone(),
            introspection: config.introspection,
            limits,
            cors: Cors::new(&config.cors),
            csrf: Csrf::new(&config.csrf),
            admission: policies.admission(&config.graphql.policies)?,
            rates,
            authentication,
            authorization: Authorization::new(&config.authorization, outbound)
                .map_err(SnapshotError::External)?,
            overload: lasting.overloads.limit(overload::Settings {
                fixed: config.traffic_shaping.router.concurrency_limit,
                adaptive: config.traffic_shaping.router.adaptive_concurrency,
            }),
            timeout: config.traffic_shaping.router.timeout,
            compresses: config.traffic_shaping.router.compression.response.enabled,
            dedupe: Dedupe::new(&config.traffic_shaping.router.dedupe, &config.headers)
                .filter(|_| !subgraphs.pass_cookies()),
            subgraphs,
            writes: Arc::clone(&lasting.writes),
            plugins: config.plugins.clone(),
            pages: Pages::new(&config.sandbox, &config.homepage, &config.path),
            observing: observation::Rules::new(&config.told, config.request_id, config.tracing),
            rate_limit: lasting.rate_limits.global(&config.ratelimit),
            maintenance: config.maintenance.clone(),
            graphql_metrics: RouteMetrics::new(config.path.as_str()),
            pages_metrics: RouteMetrics::new("page"),
            unrouted_metrics: RouteMetrics::new("none"),
        })
    }

    /// Lets a request to any route through, unless there are too many altogether.
    pub(super) fn admit(&self) -> Result<(), Refusal> {
        let limit = self.rate_limit.as_ref();
        limit.map_or(Ok(()), |limit| limit.admit())
    }

    /// Begins to observe a request, which may have to hold a place.
    pub(super) fn observe<'a>(
        &'a self,
        route: &'a RouteMetrics,
        peer: Peer<'a>,
        head: &'a Parts,
    ) -> Observation<'a> {
        let hold = Hold::new(self.overload.as_ref());
        Observation::begin(&self.observing, route, peer, head, hold)
    }

    /// Counts from now on as this one does.
    pub(super) fn settle(&self, lasting: &Lasting) {
        self.rates.settle();
        lasting.rate_limits.settle(self.rate_limit.as_ref());
        lasting.overloads.settle(self.overload.as_ref());
    }

    /// The supergraph it serves.
    pub fn supergraph(&self) -> &Supergraph {
        &self.supergraph
    }
}

/// The operations over a supergraph, none of them known yet.
fn documents(config: &Config, supergraph: &Arc<Supergraph>, lasting: &Lasting) -> Documents {
    let list_sizes = config.demand_control.list_sizes(supergraph);
    let rules = executor::Rules {
        limits: config.limits.answers(),
        list_sizes: list_sizes.map(Arc::new),
    };
    Documents::new(
        Arc::clone(supergraph),
        (config.limits.parser(), rules),
        Arc::clone(&lasting.planning),
    )
}

/// The ways in which callers show who they are.
fn authentication(
    config: &Config,
    lasting: &Lasting,
    (consumers, registry): (&Arc<Directory>, Outbound<'_>),
) -> Result<Authentication, SnapshotError> {
    let around = Around {
        sources: &lasting.key_sources,
        logins: &lasting.logins,
        registry,
        consumers,
        passwords: &lasting.passwords,
    };
    let is_required = config.authorization.require_authentication;
    let authentication = Authentication::new(&config.authentication, is_required, around);
    Ok(authentication?)
}

/// Warns of settings for what the supergraph does not have, and of labels that nothing decides about.
fn tell(config: &Config, supergraph: &Supergraph) {
    for finding in check::unknown(config, supergraph) {
        tracing::warn!("{}: {}", finding.key.join("."), finding.message);
    }
    for undecided in override_labels::undecided(&config.override_labels, supergraph) {
        tracing::warn!("{undecided}");
    }
}

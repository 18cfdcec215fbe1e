//! What the gateway is told.

use super::{
    UrlPath, authentication, authorization, consumers, cors, csrf, demand_control, expose, headers,
    ide, include_subgraph_errors, limits,
    misfit::Misfit,
    observation, override_labels, override_subgraph_url, policies, rate_limit, rates, rehearsal,
    request_id, rest, trace, traffic,
    upstreams::{self, Upstreams},
};
use crate::upstream::Egress;
use std::path::{Path, PathBuf};

/// The settings of a snapshot, except for the supergraph.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// The path of GraphQL requests.
    pub path: UrlPath,
    /// Whether `__schema` and `__type` are answered.
    pub introspection: bool,
    pub authentication: authentication::Config,
    pub authorization: authorization::Config,
    pub consumers: Vec<consumers::Config>,
    /// The files of those that vouch for client certificates, each once.
    pub authorities: Vec<PathBuf>,
    pub plans: rates::Plans,
    pub policies: policies::Config,
    pub graphql: policies::GraphqlConfig,
    pub limits: limits::Config,
    pub demand_control: demand_control::Config,
    pub cors: cors::Config,
    pub csrf: csrf::Config,
    pub headers: headers::Config,
    pub traffic_shaping: traffic::Config,
    pub include_subgraph_errors: include_subgraph_errors::Config,
    pub override_labels: override_labels::Config,
    pub override_subgraph_url: override_subgraph_url::Config,
    pub egress: Egress,
    pub plugins: expose::Config,
    pub sandbox: ide::SandboxConfig,
    pub homepage: ide::HomepageConfig,
    pub upstreams: Upstreams,
    pub routes: rest::RoutesConfig,
    pub cache: rest::CacheConfig,
    pub openapi: rest::OpenApiConfig,
    pub websocket: rest::WebSocketConfig,
    pub ratelimit: rate_limit::Config,
    pub redis: rates::RedisConfig,
    pub maintenance: rest::MaintenanceConfig,
    pub rollout: rehearsal::Config,
    pub request_id: request_id::Config,
    pub tracing: trace::Config,
    /// What of requests is told.
    pub told: observation::Config,
}

impl Config {
    /// The PEM files of TLS to upstreams, subgraphs and Redis, which are read with each snapshot.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        let shaped = self.traffic_shaping.subgraphs.values();
        let shaped = shaped.chain([&self.traffic_shaping.all]);
        let groups = self
            .upstreams
            .values()
            .filter_map(|group| group.tls.as_ref());
        let tls = shaped
            .filter_map(|shaping| shaping.tls.as_ref())
            .chain(groups);
        let redis = &self.redis.tls;
        let files = tls.flat_map(|tls| [&tls.ca, &tls.certificate, &tls.key]);
        let files = files.chain([&redis.ca, &redis.certificate, &redis.key]);
        files.flatten().map(PathBuf::as_path)
    }

    /// Checks that its settings fit together.
    pub fn check(&self) -> Result<(), Misfit> {
        upstreams::check(&self.upstreams)?;
        self.routes.check(&self.upstreams)?;
        self.routes.check_beside(&self.path)?;
        policies::check(&self.access())?;
        self.authorization.check()?;
        self.authentication.check(&self.path)?;
        self.rates().check()?;
        self.cors.check()?;
        self.demand_control.check()?;
        self.traffic_shaping.check()?;
        self.override_subgraph_url.check()
    }

    /// What is said of how much comes in.
    pub(super) fn rates(&self) -> rates::Settings<'_> {
        let policies = self.policies.iter();
        rates::Settings {
            policies: policies
                .map(|(name, policy)| (name.as_str(), &policy.rate_limit))
                .collect(),
            plans: &self.plans,
            redis: &self.redis,
            egress: &self.egress,
            style: self.ratelimit.headers,
            weighs: self.demand_control.enabled,
        }
    }

    /// What is said of who comes in.
    pub(super) fn access(&self) -> policies::Written<'_> {
        let routes = self.routes.0.iter();
        policies::Written {
            policies: &self.policies,
            consumers: &self.consumers,
            authorities: &self.authorities,
            plans: &self.plans,
            authentication: &self.authentication,
            graphql: &self.graphql,
            routes: routes.map(|route| route.policies.as_slice()).collect(),
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            path: UrlPath::from_static("/graphql"),
            introspection: false,
            authentication: authentication::Config::default(),
            authorization: authorization::Config::default(),
            consumers: Vec::new(),
            authorities: Vec::new(),
            plans: rates::Plans::new(),
            policies: policies::Config::new(),
            graphql: policies::GraphqlConfig::default(),
            limits: limits::Config::default(),
            demand_control: demand_control::Config::default(),
            cors: cors::Config::default(),
            csrf: csrf::Config::default(),
            headers: headers::Config::default(),
            traffic_shaping: traffic::Config::default(),
            include_subgraph_errors: include_subgraph_errors::Config::default(),
            override_labels: override_labels::Config::default(),
            override_subgraph_url: override_subgraph_url::Config::default(),
            egress: Egress::default(),
            plugins: expose::Config::default(),
            sandbox: ide::SandboxConfig::default(),
            homepage: ide::HomepageConfig::default(),
            upstreams: Upstreams::default(),
            routes: rest::RoutesConfig::default(),
            cache: rest::CacheConfig::default(),
            openapi: rest::OpenApiConfig::default(),
            websocket: rest::WebSocketConfig::default(),
            ratelimit: rate_limit::Config::default(),
            redis: rates::RedisConfig::default(),
            maintenance: rest::MaintenanceConfig::default(),
            rollout: rehearsal::Config::default(),
            request_id: request_id::Config::default(),
            tracing: trace::Config::default(),
            told: observation::Config::default(),
        }
    }
}

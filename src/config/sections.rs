//! The file as a whole: each section is the `Config` of the layer that acts on it.

use crate::{
    gateway::{
        self, AuthenticationConfig, AuthorizationConfig, CacheConfig, ClientsConfig,
        ConsumerConfig, CorsConfig, CsrfConfig, DemandControlConfig, EgressConfig, GraphqlConfig,
        HeadersConfig, HomepageConfig, IncludeSubgraphErrorsConfig, LimitsConfig,
        MaintenanceConfig, OpenApiConfig, OverrideLabelsConfig, OverrideSubgraphUrlConfig,
        PlansConfig, PluginsConfig, PoliciesConfig, RateLimitConfig, RedisConfig, RequestIdConfig,
        RolloutConfig, RoutesConfig, SandboxConfig, ToldConfig, TraceConfig, TrafficShapingConfig,
        UpstreamsConfig, UrlPath, WebSocketConfig,
    },
    server::{
        self, AdminConfig, EdgeConfig, HealthConfig, HttpConfig, HttpRedirectConfig,
        ProxyProtocolConfig, ShutdownConfig, TlsConfig, TrustedProxiesConfig,
    },
    telemetry,
};
use serde::Deserialize;
use std::{net::SocketAddr, num::NonZero, path::PathBuf, time::Duration};

/// All settings. A missing key means its default; the default of the whole is the file `router.yaml`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    pub supergraph: Supergraph,
    pub authentication: AuthenticationConfig,
    pub authorization: AuthorizationConfig,
    pub consumers: Vec<ConsumerConfig>,
    pub plans: PlansConfig,
    pub policies: PoliciesConfig,
    pub graphql: GraphqlConfig,
    pub limits: LimitsConfig,
    pub demand_control: DemandControlConfig,
    pub traffic_shaping: TrafficShapingConfig,
    pub headers: HeadersConfig,
    pub include_subgraph_errors: IncludeSubgraphErrorsConfig,
    pub override_labels: OverrideLabelsConfig,
    pub override_subgraph_url: OverrideSubgraphUrlConfig,
    pub egress: EgressConfig,
    pub cors: CorsConfig,
    pub csrf: CsrfConfig,
    pub plugins: PluginsConfig,
    pub sandbox: SandboxConfig,
    pub homepage: HomepageConfig,
    pub upstreams: UpstreamsConfig,
    pub routes: RoutesConfig,
    pub cache: CacheConfig,
    pub openapi: OpenApiConfig,
    pub websocket: WebSocketConfig,
    pub ratelimit: RateLimitConfig,
    pub redis: RedisConfig,
    pub maintenance: MaintenanceConfig,
    pub rollout: RolloutConfig,
    pub request_id: RequestIdConfig,
    pub health_check: HealthConfig,
    pub admin: AdminConfig,
    pub server: Server,
    pub tls: TlsConfig,
    pub telemetry: Telemetry,
}

/// The `supergraph` section.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Supergraph {
    pub listen: SocketAddr,
    pub path: UrlPath,
    pub introspection: bool,
    /// The file with the supergraph, or its URL, when the command line names none.
    pub source: PathBuf,
    /// How often a URL is asked for a new one.
    pub poll_interval: Duration,
    /// A file to keep the last one in that could be served.
    pub last_good: Option<PathBuf>,
}

/// The `telemetry` section.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Telemetry {
    pub exporters: telemetry::Config,
    pub apollo: ClientsConfig,
}

/// The `server` section.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Server {
    /// Worker threads; one for each processor unless set.
    pub workers: Option<NonZero<usize>>,
    pub http: HttpConfig,
    pub http_redirect: Option<HttpRedirectConfig>,
    pub trusted_proxies: TrustedProxiesConfig,
    pub proxy_protocol: ProxyProtocolConfig,
    pub shutdown: ShutdownConfig,
}

impl Default for Supergraph {
    fn default() -> Self {
        Self {
            listen: server::Config::default().listen,
            path: gateway::Config::default().path,
            introspection: false,
            source: PathBuf::from("supergraph/supergraph.graphql"),
            poll_interval: Duration::from_secs(10),
            last_good: None,
        }
    }
}

impl Config {
    /// The gateway's part.
    pub fn gateway(&self) -> gateway::Config {
        gateway::Config {
            path: self.supergraph.path.clone(),
            introspection: self.supergraph.introspection,
            authentication: self.authentication.clone(),
            authorization: self.authorization.clone(),
            consumers: self.consumers.clone(),
            authorities: self.tls.authorities(),
            plans: self.plans.clone(),
            policies: self.policies.clone(),
            graphql: self.graphql.clone(),
            limits: self.limits.clone(),
            demand_control: self.demand_control.clone(),
            cors: self.cors.clone(),
            csrf: self.csrf.clone(),
            headers: self.headers.clone(),
            traffic_shaping: self.traffic_shaping.clone(),
            include_subgraph_errors: self.include_subgraph_errors.clone(),
            override_labels: self.override_labels.clone(),
            override_subgraph_url: self.override_subgraph_url.clone(),
            egress: self.egress.clone(),
            plugins: self.plugins.clone(),
            sandbox: self.sandbox.clone(),
            homepage: self.homepage.clone(),
            upstreams: self.upstreams.clone(),
            routes: self.routes.clone(),
            cache: self.cache.clone(),
            openapi: self.openapi.clone(),
            websocket: self.websocket,
            ratelimit: self.ratelimit.clone(),
            redis: self.redis.clone(),
            maintenance: self.maintenance.clone(),
            rollout: self.rollout.clone(),
            request_id: self.request_id,
            tracing: self.tracing(),
            told: self.told(),
        }
    }

    /// Which requests are traced.
    fn tracing(&self) -> TraceConfig {
        let tracing = &self.telemetry.exporters.tracing;
        TraceConfig {
            ratio: tracing.ratio(),
            errors_per_second: tracing.errors_per_second(),
            parent_based: tracing.common.parent_based_sampler,
            trace_context: tracing.propagation.trace_context,
            zipkin: tracing.propagation.zipkin,
        }
    }

    /// What of requests is told.
    fn told(&self) -> ToldConfig {
        let Telemetry { exporters, apollo } = &self.telemetry;
        ToldConfig {
            access: exporters.logging.access,
            slow_threshold: exporters.logging.slow_threshold,
            metrics: exporters.metrics.are_recorded(),
            clients: apollo.clone(),
        }
    }

    /// The server's part.
    pub fn server(&self) -> server::Config {
        server::Config {
            listen: self.supergraph.listen,
            workers: self.server.workers,
            health: self.health_check.clone(),
            http_redirect: self.server.http_redirect,
            edge: EdgeConfig {
                tls: self.tls.clone(),
                trusted_proxies: self.server.trusted_proxies.clone(),
                proxy_protocol: self.server.proxy_protocol,
            },
            admin: self.admin.clone(),
            http: self.server.http.clone(),
            shutdown: self.server.shutdown.clone(),
            http1_headers_max: self.limits.http1_max_request_headers,
            http1_head_bytes_max: self.limits.http1_max_request_buf_size.as_len(),
            http2_header_bytes_max: u32::try_from(self.limits.http2_max_headers_list_bytes.0)
                .unwrap_or(u32::MAX),
        }
    }
}

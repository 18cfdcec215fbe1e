//! A file of Apollo Router's moves over: none of its keys is unknown here. What we do not have yet is named.

use crate::kit::{Client, Process};
use graphway::config::{self, Environment};

/// The keys of its configuration (2.x), three levels deep at most.
const KEYS: &[&str] = &[
    "apq",
    "authentication",
    "authorization",
    "batching",
    "connectors",
    "coprocessor",
    "csrf.required_headers",
    "csrf.unsafe_disabled",
    "demand_control",
    "enhanced_client_awareness",
    "experimental_chaos",
    "experimental_diagnostics",
    "experimental_hoist_orphan_errors",
    "experimental_type_conditioned_fetching",
    "forbid_mutations",
    "headers.all.request",
    "headers.connector",
    "headers.subgraphs",
    "health_check.enabled",
    "health_check.listen",
    "health_check.path",
    "health_check.readiness",
    "homepage.enabled",
    "homepage.graph_ref",
    "include_subgraph_errors.all",
    "include_subgraph_errors.subgraphs",
    "limits.http1_max_request_buf_size",
    "limits.http1_max_request_headers",
    "limits.http2_max_headers_list_bytes",
    "limits.http_max_request_bytes",
    "limits.introspection_max_depth",
    "limits.max_aliases",
    "limits.max_depth",
    "limits.max_height",
    "limits.max_root_fields",
    "limits.parser_max_recursion",
    "limits.parser_max_tokens",
    "limits.warn_only",
    "override_subgraph_url",
    "persisted_queries",
    "plugins.experimental.expose_query_plan",
    "preview_file_uploads",
    "progressive_override",
    "response_cache",
    "rhai",
    "sandbox.enabled",
    "server.http.header_read_timeout",
    "server.http.tls_handshake_timeout",
    "subscription",
    "supergraph.connection_shutdown_timeout",
    "supergraph.defer_support",
    "supergraph.early_cancel",
    "supergraph.enable_result_coercion_errors",
    "supergraph.experimental_log_on_broken_pipe",
    "supergraph.generate_query_fragments",
    "supergraph.introspection",
    "supergraph.listen",
    "supergraph.path",
    "supergraph.query_planning",
    "supergraph.redact_query_validation_errors",
    "supergraph.strict_variable_validation",
    "telemetry.apollo",
    "telemetry.exporters.logging",
    "telemetry.exporters.metrics",
    "telemetry.exporters.tracing",
    "telemetry.instrumentation",
    "tls",
    "traffic_shaping.all.compression",
    "traffic_shaping.all.deduplicate_query",
    "traffic_shaping.all.dns_resolution_strategy",
    "traffic_shaping.all.experimental_http2",
    "traffic_shaping.all.experimental_http2_keep_alive_interval",
    "traffic_shaping.all.experimental_http2_keep_alive_timeout",
    "traffic_shaping.all.global_rate_limit",
    "traffic_shaping.all.pool_idle_timeout",
    "traffic_shaping.all.timeout",
    "traffic_shaping.connector",
    "traffic_shaping.deduplicate_variables",
    "traffic_shaping.router.concurrency_limit",
    "traffic_shaping.router.global_rate_limit",
    "traffic_shaping.router.timeout",
    "traffic_shaping.subgraphs",
];

/// The plugin's name is one key, though it has a dot.
fn nested(key: &str) -> String {
    let (above, last) = match key.strip_prefix("plugins.") {
        Some(name) => (vec!["plugins"], name),
        None => {
            let mut steps: Vec<&str> = key.split('.').collect();
            let last = steps.pop().unwrap();
            (steps, last)
        }
    };
    let opened: String = above.iter().map(|step| format!("{step}: {{ ")).collect();
    format!("{opened}{last}: [[0]]{}\n", " }".repeat(above.len()))
}

#[test]
fn no_key_is_unknown() {
    let environment = Environment {
        variable: &|_| None,
        file: &|_| Err(std::io::ErrorKind::NotFound.into()),
    };
    for key in KEYS {
        let said = match config::parse("router.yaml", &nested(key), &environment) {
            // We have it, and this is no value for it; or ignoring it would be dangerous.
            Err(error) => error.to_string(),
            Ok(parsed) => {
                let warnings: Vec<String> =
                    parsed.warnings.iter().map(ToString::to_string).collect();
                warnings.join("\n")
            }
        };
        assert!(!said.contains("unknown"), "{key}: {said}");
        assert!(
            !said.is_empty(),
            "{key} is read without a word, but nothing can be meant by it"
        );
    }
}

/// Its most common keys, each with a value of its own: the router starts without a warning, answers and measures.
#[test]
fn a_file_of_its_keys_serves() {
    let config = "\
supergraph: { listen: 127.0.0.1:0 }
traffic_shaping:
  all: { timeout: 20s }
  subgraphs: { users: { timeout: 5s }, orders: { timeout: 8s } }
limits: { max_depth: 9, max_height: 90, max_aliases: 12 }
telemetry:
  exporters:
    metrics: { prometheus: { enabled: true, listen: 127.0.0.1:0 } }
    tracing: { otlp: { enabled: true, endpoint: 'http://127.0.0.1:9' } }
ratelimit: { global: { capacity: 3, interval: 1h } }
";
    let supergraph = include_str!("../cases/supergraphs/shop.graphql");
    let process = Process::start(config, supergraph);
    let ask = |query: &str| {
        let request = format!(
            "POST /graphql\ncontent-type: application/json\n\n{}",
            serde_json::json!({ "query": query })
        );
        let answer = Client::connect(process.address).request(&request);
        (answer.start, String::from_utf8(answer.body).unwrap())
    };
    let (start, body) = ask("{ __typename }");
    assert_eq!(
        (start.as_str(), body.as_str()),
        ("HTTP/1.1 200 OK", "{\"data\":{\"__typename\":\"Query\"}}")
    );
    let aliases: String = (0..13)
        .map(|number| format!("a{number}: __typename "))
        .collect();
    assert!(
        ask(&format!("{{ {aliases} }}"))
            .1
            .contains("MAX_ALIASES_LIMIT")
    );
    ask("{ __typename }");
    assert_eq!(ask("{ __typename }").0, "HTTP/1.1 503 Service Unavailable");
}

//! Keys of Apollo Router's configuration, and of the gateway's own plan, that Graphway knows but does not have yet.
//!
//! A file moves over unchanged: such a key is a warning that names it. Where ignoring it would let somebody do what the
//! file says they may not, it is an error instead.

use super::{
    error::Problem,
    tree::{Node, Value},
};

/// What a missing feature means for the file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Absence {
    /// Less comfort or less speed.
    Warn,
    /// Less protection of who may do what.
    Refuse,
}

use Absence::{Refuse, Warn};

/// Paths of keys; `*` stands for any one key, or any item of a list.
const MISSING: &[(&str, Absence)] = &[
    ("apq", Warn),
    ("authentication.connector", Refuse),
    ("authentication.subgraph", Refuse),
    ("authorization.preview_directives", Refuse),
    ("batching", Warn),
    ("connectors", Warn),
    ("coprocessor", Refuse),
    ("enhanced_client_awareness", Warn),
    ("experimental_chaos", Warn),
    ("experimental_diagnostics", Warn),
    ("experimental_hoist_orphan_errors", Warn),
    ("experimental_type_conditioned_fetching", Warn),
    ("fleet_detector", Warn),
    ("forbid_mutations", Refuse),
    ("headers.connector", Warn),
    ("homepage.graph_ref", Warn),
    ("license_enforcement", Warn),
    ("persisted_queries", Refuse),
    ("preview_entity_cache", Warn),
    ("preview_file_uploads", Warn),
    ("progressive_override", Warn),
    ("response_cache", Warn),
    ("rhai", Refuse),
    ("subscription", Warn),
    ("tls.connector", Refuse),
    ("tls.subgraph", Refuse),
    ("health_check.readiness", Warn),
    ("limits.introspection_max_depth", Warn),
    ("supergraph.connection_shutdown_timeout", Warn),
    ("supergraph.defer_support", Warn),
    ("supergraph.early_cancel", Warn),
    ("supergraph.enable_result_coercion_errors", Warn),
    ("supergraph.experimental_log_on_broken_pipe", Warn),
    ("supergraph.generate_query_fragments", Warn),
    ("supergraph.query_planning", Warn),
    ("supergraph.redact_query_validation_errors", Warn),
    ("supergraph.strict_variable_validation", Warn),
    ("telemetry.apollo.batch_processor", Warn),
    ("telemetry.apollo.buffer_size", Warn),
    ("telemetry.apollo.endpoint", Warn),
    ("telemetry.apollo.errors", Warn),
    ("telemetry.apollo.experimental_local_field_metrics", Warn),
    ("telemetry.apollo.experimental_otlp_endpoint", Warn),
    ("telemetry.apollo.experimental_otlp_tracing_protocol", Warn),
    ("telemetry.apollo.experimental_otlp_metrics_protocol", Warn),
    ("telemetry.apollo.field_level_instrumentation_sampler", Warn),
    ("telemetry.apollo.metrics", Warn),
    ("telemetry.apollo.metrics_reference_mode", Warn),
    ("telemetry.apollo.otlp_tracing_sampler", Warn),
    ("telemetry.apollo.preview_extended_references", Warn),
    ("telemetry.apollo.schema_id", Warn),
    ("telemetry.apollo.send_headers", Warn),
    ("telemetry.apollo.send_variable_values", Warn),
    ("telemetry.apollo.signature_normalization_algorithm", Warn),
    ("telemetry.apollo.tracing", Warn),
    ("telemetry.exporters.logging.common", Warn),
    ("telemetry.exporters.logging.stdout.rate_limit", Warn),
    ("telemetry.exporters.logging.stdout.tty_format", Warn),
    ("telemetry.exporters.metrics.common.buckets", Warn),
    ("telemetry.exporters.metrics.common.service_namespace", Warn),
    ("telemetry.exporters.metrics.common.views", Warn),
    (
        "telemetry.exporters.metrics.otlp.batch_processor.max_concurrent_exports",
        Warn,
    ),
    (
        "telemetry.exporters.metrics.otlp.batch_processor.max_export_batch_size",
        Warn,
    ),
    (
        "telemetry.exporters.metrics.otlp.batch_processor.max_queue_size",
        Warn,
    ),
    ("telemetry.exporters.metrics.otlp.grpc", Warn),
    ("telemetry.exporters.metrics.otlp.http", Warn),
    (
        "telemetry.exporters.metrics.prometheus.resource_selector",
        Warn,
    ),
    (
        "telemetry.exporters.tracing.common.max_attributes_per_event",
        Warn,
    ),
    (
        "telemetry.exporters.tracing.common.max_attributes_per_link",
        Warn,
    ),
    (
        "telemetry.exporters.tracing.common.max_attributes_per_span",
        Warn,
    ),
    (
        "telemetry.exporters.tracing.common.max_events_per_span",
        Warn,
    ),
    (
        "telemetry.exporters.tracing.common.max_links_per_span",
        Warn,
    ),
    (
        "telemetry.exporters.tracing.common.preview_datadog_agent_sampling",
        Warn,
    ),
    ("telemetry.exporters.tracing.common.service_namespace", Warn),
    ("telemetry.exporters.tracing.datadog", Warn),
    (
        "telemetry.exporters.tracing.experimental_response_trace_id",
        Warn,
    ),
    ("telemetry.exporters.tracing.jaeger", Warn),
    (
        "telemetry.exporters.tracing.otlp.batch_processor.max_concurrent_exports",
        Warn,
    ),
    ("telemetry.exporters.tracing.otlp.grpc", Warn),
    ("telemetry.exporters.tracing.otlp.http", Warn),
    ("telemetry.exporters.tracing.otlp.temporality", Warn),
    ("telemetry.exporters.tracing.propagation.aws_xray", Warn),
    ("telemetry.exporters.tracing.propagation.baggage", Warn),
    ("telemetry.exporters.tracing.propagation.datadog", Warn),
    ("telemetry.exporters.tracing.propagation.jaeger", Warn),
    ("telemetry.exporters.tracing.propagation.request", Warn),
    ("telemetry.exporters.tracing.response_trace_id", Warn),
    ("telemetry.exporters.tracing.zipkin", Warn),
    ("telemetry.instrumentation", Warn),
    ("traffic_shaping.all.compression", Warn),
    ("traffic_shaping.all.dns_resolution_strategy", Warn),
    (
        "traffic_shaping.all.experimental_http2_keep_alive_interval",
        Warn,
    ),
    (
        "traffic_shaping.all.experimental_http2_keep_alive_timeout",
        Warn,
    ),
    ("traffic_shaping.all.global_rate_limit", Warn),
    ("traffic_shaping.all.pool_idle_timeout", Warn),
    ("traffic_shaping.connector", Warn),
    ("traffic_shaping.deduplicate_variables", Warn),
    ("traffic_shaping.router.global_rate_limit", Warn),
    ("traffic_shaping.subgraphs.*.compression", Warn),
    ("traffic_shaping.subgraphs.*.dns_resolution_strategy", Warn),
    (
        "traffic_shaping.subgraphs.*.experimental_http2_keep_alive_interval",
        Warn,
    ),
    (
        "traffic_shaping.subgraphs.*.experimental_http2_keep_alive_timeout",
        Warn,
    ),
    ("traffic_shaping.subgraphs.*.global_rate_limit", Warn),
    ("traffic_shaping.subgraphs.*.pool_idle_timeout", Warn),
    // The gateway's own.
    ("routes.*.operation", Refuse),
];

/// Their paths.
pub(super) fn missing() -> impl Iterator<Item = &'static str> {
    MISSING.iter().map(|(path, _)| *path)
}

/// Takes the missing keys out of the tree: a warning for each, or an error.
pub(super) fn set_aside(tree: &mut Node) -> Result<Vec<Problem>, Problem> {
    let mut warnings = Vec::new();
    for (path, absence) in MISSING {
        let keys: Vec<&str> = path.split('.').collect();
        take(tree, &keys, "", *absence, &mut warnings)?;
    }
    warnings.sort_by_key(|warning| warning.place.map(|place| (place.line, place.column)));
    Ok(warnings)
}

fn take(
    node: &mut Node,
    keys: &[&str],
    above: &str,
    absence: Absence,
    warnings: &mut Vec<Problem>,
) -> Result<(), Problem> {
    let [key, below @ ..] = keys else {
        return Ok(());
    };
    let entries = match &mut node.value {
        Value::Map(entries) => entries,
        Value::List(items) if *key == "*" => {
            for (index, item) in items.iter_mut().enumerate() {
                take(item, below, &format!("{above}{index}."), absence, warnings)?;
            }
            return Ok(());
        }
        _ => return Ok(()),
    };
    let mut index = 0;
    while index < entries.len() {
        if *key != "*" && entries[index].key != *key {
            index += 1;
            continue;
        }
        let path = format!("{above}{}", entries[index].key);
        if !below.is_empty() {
            take(
                &mut entries[index].value,
                below,
                &format!("{path}."),
                absence,
                warnings,
            )?;
            index += 1;
            continue;
        }
        let entry = entries.remove(index);
        let place = Some(entry.place);
        if is_off(&entry.value) {
            continue;
        }
        match absence {
            Warn => warnings.push(Problem::new(
                place,
                format!("`{path}` has no effect: Graphway does not have it yet"),
            )),
            Refuse => {
                let message = format!(
                    "`{path}` is not there yet, and to ignore it would let through what it forbids; take it out to \
                     serve without it"
                );
                return Err(Problem::new(place, message));
            }
        }
    }
    Ok(())
}

/// Whether the feature is not wanted anyway.
fn is_off(node: &Node) -> bool {
    match &node.value {
        Value::Null | Value::Boolean(false) => true,
        Value::Map(entries) => {
            entries.is_empty()
                || entries.iter().any(|entry| {
                    entry.key == "enabled" && matches!(entry.value.value, Value::Boolean(false))
                })
        }
        _ => false,
    }
}

//! Metrics in the text format of Prometheus, version 0.0.4.
//! See <https://prometheus.io/docs/instrumenting/exposition_formats/>.

use super::registry::{Distribution, Kind, Labels, Metric, Value};
use std::fmt::{self, Display, Write};

/// The text of these metrics.
pub(super) fn text(metrics: &[Metric]) -> String {
    let mut text = String::new();
    for metric in metrics {
        // A string takes everything that is written to it.
        let _ = write_metric(&mut text, metric);
    }
    text
}

fn write_metric(text: &mut String, metric: &Metric) -> fmt::Result {
    let name = &*metric.name;
    let kind = match metric.kind {
        Kind::Counter => "counter",
        Kind::Gauge => "gauge",
        Kind::Histogram => "histogram",
    };
    if !metric.words.is_empty() {
        text.write_str("# HELP ")?;
        text.write_str(name)?;
        text.write_char(' ')?;
        write_escaped(text, &metric.words, false)?;
        text.write_char('\n')?;
    }
    writeln!(text, "# TYPE {name} {kind}")?;
    for (labels, value) in &metric.points {
        match value {
            Value::Count(count) => write_line(text, (name, ""), (labels, None), count)?,
            Value::Level(level) => write_line(text, (name, ""), (labels, None), level)?,
            Value::Distribution(distribution) => {
                write_histogram(text, name, labels, distribution)?;
            }
        }
    }
    text.write_char('\n')
}

/// Buckets are shown with all that are below them.
fn write_histogram(
    text: &mut String,
    name: &str,
    labels: &Labels,
    distribution: &Distribution,
) -> fmt::Result {
    let mut count = 0;
    let infinity: &dyn Display = &"+Inf";
    let bounds = distribution.bounds.iter().map(|bound| bound as _);
    for (bound, own) in bounds.chain([infinity]).zip(&distribution.counts) {
        count += own;
        write_line(text, (name, "_bucket"), (labels, Some(bound)), &count)?;
    }
    write_line(text, (name, "_sum"), (labels, None), &distribution.sum)?;
    write_line(text, (name, "_count"), (labels, None), &count)
}

fn write_line(
    text: &mut String,
    (name, suffix): (&str, &str),
    (labels, bound): (&Labels, Option<&dyn Display>),
    value: &dyn Display,
) -> fmt::Result {
    write!(text, "{name}{suffix}")?;
    let mut separator = '{';
    for label in labels.iter() {
        write!(text, "{separator}{}=\"", label.key())?;
        write_escaped(text, label.value(), true)?;
        text.write_char('"')?;
        separator = ',';
    }
    if let Some(bound) = bound {
        write!(text, "{separator}le=\"{bound}\"")?;
        separator = ',';
    }
    if separator == ',' {
        text.write_char('}')?;
    }
    writeln!(text, " {value}")
}

fn write_escaped(text: &mut String, written: &str, is_quoted: bool) -> fmt::Result {
    for character in written.chars() {
        match character {
            '\\' => text.write_str("\\\\")?,
            '\n' => text.write_str("\\n")?,
            '"' if is_quoted => text.write_str("\\\"")?,
            other => text.write_char(other)?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{super::registry::Registry, *};
    use metrics::{counter, gauge, histogram, with_local_recorder};

    #[test]
    fn all_kinds_are_shown() {
        let registry = Registry::default();
        with_local_recorder(&registry, || {
            metrics::describe_counter!("c_total", "A \"counter\"\nof \\.");
            counter!("c_total", "path" => "C:\\\"x\"\n", "a" => "é").increment(3);
            gauge!("g").set(-0.5);
            metrics::describe_histogram!("api_operation_cost_actual", "Costs.");
            let costs = histogram!("api_operation_cost_actual", "b" => "1");
            costs.record(0.0);
            costs.record(99.5);
            costs.record(1e9);
        });
        insta::assert_snapshot!(text(&registry.snapshot().metrics), @r#"
        # HELP api_operation_cost_actual Costs.
        # TYPE api_operation_cost_actual histogram
        api_operation_cost_actual_bucket{b="1",le="0"} 1
        api_operation_cost_actual_bucket{b="1",le="10"} 1
        api_operation_cost_actual_bucket{b="1",le="100"} 2
        api_operation_cost_actual_bucket{b="1",le="1000"} 2
        api_operation_cost_actual_bucket{b="1",le="10000"} 2
        api_operation_cost_actual_bucket{b="1",le="100000"} 2
        api_operation_cost_actual_bucket{b="1",le="1000000"} 2
        api_operation_cost_actual_bucket{b="1",le="+Inf"} 3
        api_operation_cost_actual_sum{b="1"} 1000000099.5
        api_operation_cost_actual_count{b="1"} 3

        # HELP c_total A "counter"\nof \\.
        # TYPE c_total counter
        c_total{a="é",path="C:\\\"x\"\n"} 3

        # TYPE g gauge
        g -0.5
        "#);
    }
}

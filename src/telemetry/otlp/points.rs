//! From what is measured to the messages of OTLP.

use super::{
    messages::{
        AggregationTemporality, Data, Gauge, Histogram, HistogramDataPoint, KeyValue, Metric,
        Number, NumberDataPoint, Sum,
    },
    text,
};
use crate::telemetry::{
    Temporality,
    registry::{self, Distribution, Kind, Labels, Value},
};
use metrics::Unit;
use std::{iter, sync::Arc};

/// A metric's name and its labels.
pub(super) type Series = (Arc<str>, Labels);

/// A value that is to be sent.
pub(super) struct Point<'a> {
    pub(super) metric: &'a registry::Metric,
    pub(super) series: Series,
    /// When what it counts began, and when it was read.
    pub(super) began: u64,
    pub(super) at: u64,
    pub(super) value: Value,
}

/// What has come to a value since it was that one. None: nothing. What is not counted has no difference.
pub(super) fn since(value: &Value, before: &Value) -> Option<Value> {
    match (value, before) {
        (Value::Count(now), Value::Count(before)) => {
            let more = now.saturating_sub(*before);
            (more > 0).then_some(Value::Count(more))
        }
        (Value::Distribution(now), Value::Distribution(before)) => {
            let pairs = iter::zip(&now.counts, &before.counts);
            let more = Distribution {
                bounds: now.bounds,
                counts: pairs
                    .map(|(now, before)| now.saturating_sub(*before))
                    .collect(),
                sum: now.sum - before.sum,
            };
            (more.count() > 0).then_some(Value::Distribution(more))
        }
        (value, _) => Some(value.clone()),
    }
}

/// The message of values of one metric.
pub(super) fn message(points: &[&Point<'_>], temporality: Temporality) -> Metric {
    let aggregation_temporality = match temporality {
        Temporality::Cumulative => AggregationTemporality::Cumulative,
        Temporality::Delta => AggregationTemporality::Delta,
    }
    .into();
    let Some(metric) = points.first().map(|point| point.metric) else {
        return Metric::default();
    };
    let numbers = || points.iter().filter_map(|point| number(point)).collect();
    let data = match metric.kind {
        Kind::Gauge => Data::Gauge(Gauge {
            data_points: numbers(),
        }),
        Kind::Counter => Data::Sum(Sum {
            data_points: numbers(),
            aggregation_temporality,
            is_monotonic: true,
        }),
        Kind::Histogram => Data::Histogram(Histogram {
            data_points: points.iter().filter_map(|point| histogram(point)).collect(),
            aggregation_temporality,
        }),
    };
    Metric {
        name: metric.name.to_string(),
        description: metric.words.to_string(),
        unit: metric.unit.map_or("", unit).to_owned(),
        data: Some(data),
    }
}

/// As the Unified Code for Units of Measure has it, which is what OpenTelemetry goes by.
fn unit(unit: Unit) -> &'static str {
    match unit {
        Unit::Seconds => "s",
        Unit::Bytes => "By",
        other => other.as_canonical_label(),
    }
}

fn number(point: &Point<'_>) -> Option<NumberDataPoint> {
    let (began, value) = match point.value {
        Value::Count(count) => {
            let count = i64::try_from(count).unwrap_or(i64::MAX);
            (point.began, Number::Integer(count))
        }
        // A level is of a moment.
        Value::Level(level) => (0, Number::Float(level)),
        Value::Distribution(_) => return None,
    };
    Some(NumberDataPoint {
        attributes: attributes(point),
        start_time_unix_nano: began,
        time_unix_nano: point.at,
        value: Some(value),
    })
}

fn histogram(point: &Point<'_>) -> Option<HistogramDataPoint> {
    let Value::Distribution(distribution) = &point.value else {
        return None;
    };
    Some(HistogramDataPoint {
        attributes: attributes(point),
        start_time_unix_nano: point.began,
        time_unix_nano: point.at,
        count: distribution.count(),
        sum: Some(distribution.sum),
        bucket_counts: distribution.counts.clone(),
        explicit_bounds: distribution.bounds.to_vec(),
    })
}

fn attributes(point: &Point<'_>) -> Vec<KeyValue> {
    let labels = point.series.1.iter();
    labels
        .map(|label| text(label.key(), label.value()))
        .collect()
}

//! Metrics as a collector gets them, and what Prometheus would show of them.

use super::{collector::attributes, protobuf::Fields};
use std::collections::BTreeMap;

/// A request to export metrics.
#[derive(Clone, Debug, PartialEq)]
pub struct Export {
    pub resource: BTreeMap<String, String>,
    pub points: Vec<Point>,
}

/// The value of a series.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    pub metric: String,
    pub words: String,
    pub unit: String,
    pub labels: BTreeMap<String, String>,
    pub began: u64,
    pub at: u64,
    pub value: Value,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// With what it is told since: 1 for the last time, 2 for the beginning.
    Sum(u64, u64),
    Gauge(f64),
    Histogram {
        since: u64,
        bounds: Vec<f64>,
        counts: Vec<u64>,
        sum: f64,
    },
}

impl Export {
    /// Reads an `ExportMetricsServiceRequest`.
    pub fn read(message: &[u8]) -> Self {
        let of_resource = &Fields::read(message).messages(1)[0];
        let of_scope = &of_resource.messages(2)[0];
        assert_eq!(of_scope.messages(1)[0].text(1), "graphway");
        let metrics = of_scope.messages(2);
        Self {
            resource: attributes(&of_resource.messages(1)[0], 1),
            points: metrics.iter().flat_map(points).collect(),
        }
    }

    /// The number that a series counts, its labels in alphabetical order.
    pub fn count(&self, series: &str) -> u64 {
        let found = self.points.iter().find(|point| point.series(&[]) == series);
        match found.map(|point| &point.value) {
            Some(Value::Sum(_, count)) => *count,
            Some(Value::Histogram { counts, .. }) => counts.iter().sum(),
            _ => 0,
        }
    }

    /// What Prometheus would show.
    pub fn samples(&self) -> BTreeMap<String, f64> {
        let mut samples = BTreeMap::new();
        for point in &self.points {
            match &point.value {
                Value::Sum(_, count) => {
                    samples.insert(point.series(&[]), *count as f64);
                }
                Value::Gauge(level) => {
                    samples.insert(point.series(&[]), *level);
                }
                Value::Histogram {
                    bounds,
                    counts,
                    sum,
                    ..
                } => {
                    assert_eq!(bounds.len() + 1, counts.len());
                    let bounds = bounds.iter().map(f64::to_string).chain(["+Inf".to_owned()]);
                    let mut count = 0;
                    for (bound, own) in bounds.zip(counts) {
                        count += own;
                        let series = point.part("_bucket", &[("le", &bound)]);
                        samples.insert(series, count as f64);
                    }
                    samples.insert(point.part("_sum", &[]), *sum);
                    samples.insert(point.part("_count", &[]), count as f64);
                }
            }
        }
        samples
    }
}

impl Point {
    /// The name of the series.
    pub fn series(&self, more: &[(&str, &str)]) -> String {
        self.part("", more)
    }

    fn part(&self, suffix: &str, more: &[(&str, &str)]) -> String {
        let labels = self.labels.iter();
        let labels = labels.map(|(name, value)| (name.as_str(), value.as_str()));
        let mut labels: Vec<String> = labels
            .chain(more.iter().copied())
            .map(|(name, value)| format!("{name}=\"{value}\""))
            .collect();
        labels.sort_unstable();
        match labels.is_empty() {
            true => format!("{}{suffix}", self.metric),
            false => format!("{}{suffix}{{{}}}", self.metric, labels.join(",")),
        }
    }
}

fn points(metric: &Fields) -> Vec<Point> {
    const GAUGE: u64 = 5;
    const SUM: u64 = 7;
    const HISTOGRAM: u64 = 9;
    let kinds = [GAUGE, SUM, HISTOGRAM];
    let kind = kinds.into_iter().find(|kind| metric.has(*kind)).unwrap();
    let data = &metric.messages(kind)[0];
    let since = data.number(2);
    let read = |point: Fields| Point {
        metric: metric.text(1).to_owned(),
        words: metric.text(2).to_owned(),
        unit: metric.text(3).to_owned(),
        labels: attributes(&point, if kind == HISTOGRAM { 9 } else { 7 }),
        began: point.number(2),
        at: point.number(3),
        value: match kind {
            GAUGE => Value::Gauge(point.float(4)),
            SUM => {
                assert_eq!(data.number(3), 1, "monotonic");
                Value::Sum(since, point.number(6))
            }
            _ => {
                let counts = point.packed(6);
                assert_eq!(counts.iter().sum::<u64>(), point.number(4));
                Value::Histogram {
                    since,
                    bounds: point.packed(7).into_iter().map(f64::from_bits).collect(),
                    counts,
                    sum: point.float(5),
                }
            }
        },
    };
    data.messages(1).into_iter().map(read).collect()
}

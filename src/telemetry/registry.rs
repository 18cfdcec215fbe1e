//! What is measured, in one place that every exporter reads.
//!
//! Whoever measures resolves a handle once and then changes an atomic or two: there is no lock, nothing is kept one by
//! one, and nobody has to tidy up. Exporters read all of it at once, in the order of the names.

use super::now;
use metrics::{
    Counter, Gauge, GaugeFn, Histogram, HistogramFn, Key, KeyName, Label, Metadata, Recorder,
    SharedString, Unit,
};
use std::{
    collections::BTreeMap,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
};

/// Bounds of the buckets for what operations cost.
const COST_BUCKETS: [f64; 7] = [0.0, 10.0, 100.0, 1e3, 1e4, 1e5, 1e6];
/// Bounds of the buckets for whole requests, in seconds.
const REQUEST_BUCKETS: [f64; 10] = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
/// Those for what a request consists of.
const PART_BUCKETS: [f64; 12] = [
    0.000_1, 0.000_5, 0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0,
];

/// The labels of a series, in alphabetical order.
pub(super) type Labels = Arc<[Label]>;

/// Everything that is measured.
pub struct Registry {
    /// When it began to count, in nanoseconds of Unix time.
    began: u64,
    metrics: RwLock<BTreeMap<Arc<str>, Measured>>,
}

/// What a metric's values mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// It only grows.
    Counter,
    Gauge,
    Histogram,
}

struct Measured {
    kind: Kind,
    unit: Option<Unit>,
    words: SharedString,
    series: BTreeMap<Labels, Cell>,
}

/// Where the values of a series are.
#[derive(Clone)]
enum Cell {
    /// A counter's count, or the bits of a gauge's value.
    Number(Arc<AtomicU64>),
    Buckets(Arc<Buckets>),
}

/// A histogram.
struct Buckets {
    bounds: &'static [f64],
    /// One for each bound, up to and with it, and one for what is above the last.
    counts: Box<[AtomicU64]>,
    /// Bits of a float.
    sum: AtomicU64,
}

/// Everything as it was at one time.
pub(super) struct Snapshot {
    /// Since when it was counted, and when it was read, in nanoseconds of Unix time.
    pub(super) began: u64,
    pub(super) at: u64,
    /// Those that have a series, in the order of their names.
    pub(super) metrics: Vec<Metric>,
}

/// A metric as it was at one time.
pub(super) struct Metric {
    pub(super) name: Arc<str>,
    pub(super) kind: Kind,
    pub(super) unit: Option<Unit>,
    /// What it is; empty if nobody has said so.
    pub(super) words: SharedString,
    pub(super) points: Vec<(Labels, Value)>,
}

/// The value of a series.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Count(u64),
    Level(f64),
    Distribution(Distribution),
}

/// What was recorded in a histogram.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Distribution {
    pub(super) bounds: &'static [f64],
    /// One more than there are bounds.
    pub(super) counts: Vec<u64>,
    pub(super) sum: f64,
}

impl Default for Registry {
    fn default() -> Self {
        Self {
            began: now(),
            metrics: RwLock::default(),
        }
    }
}

impl Registry {
    /// Reads everything.
    pub(super) fn snapshot(&self) -> Snapshot {
        let metrics = self.metrics.read().unwrap_or_else(PoisonError::into_inner);
        let shown = metrics.iter().filter(|(_, known)| !known.series.is_empty());
        let metrics = shown.map(|(name, known)| Metric {
            name: Arc::clone(name),
            kind: known.kind,
            unit: known.unit,
            words: known.words.clone(),
            points: known
                .series
                .iter()
                .map(|(labels, cell)| (Arc::clone(labels), cell.read(known.kind)))
                .collect(),
        });
        Snapshot {
            began: self.began,
            metrics: metrics.collect(),
            at: now(),
        }
    }

    fn describe(&self, name: &KeyName, kind: Kind, unit: Option<Unit>, words: SharedString) {
        let mut metrics = self.metrics.write().unwrap_or_else(PoisonError::into_inner);
        let metric = metrics
            .entry(name.as_str().into())
            .or_insert_with(|| Measured::new(kind));
        if metric.words.is_empty() {
            metric.unit = unit;
            metric.words = words;
        }
    }

    /// Where a series is kept. None: the metric is of another kind.
    fn cell(&self, key: &Key, kind: Kind) -> Option<Cell> {
        let mut labels: Vec<Label> = key.labels().cloned().collect();
        labels.sort_unstable();
        let labels = Labels::from(labels);
        {
            let metrics = self.metrics.read().unwrap_or_else(PoisonError::into_inner);
            let metric = metrics.get(key.name());
            let metric = metric.filter(|metric| metric.kind == kind);
            if let Some(cell) = metric.and_then(|metric| metric.series.get(&labels)) {
                return Some(cell.clone());
            }
        }
        let mut metrics = self.metrics.write().unwrap_or_else(PoisonError::into_inner);
        let metric = metrics
            .entry(key.name().into())
            .or_insert_with(|| Measured::new(kind));
        let cell = (metric.kind == kind).then(|| {
            let series = metric.series.entry(labels);
            series.or_insert_with(|| Cell::new(kind, key.name()))
        });
        cell.cloned()
    }
}

impl Recorder for Registry {
    fn describe_counter(&self, name: KeyName, unit: Option<Unit>, words: SharedString) {
        self.describe(&name, Kind::Counter, unit, words);
    }

    fn describe_gauge(&self, name: KeyName, unit: Option<Unit>, words: SharedString) {
        self.describe(&name, Kind::Gauge, unit, words);
    }

    fn describe_histogram(&self, name: KeyName, unit: Option<Unit>, words: SharedString) {
        self.describe(&name, Kind::Histogram, unit, words);
    }

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        match self.cell(key, Kind::Counter) {
            Some(Cell::Number(number)) => Counter::from_arc(number),
            _ => Counter::noop(),
        }
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        match self.cell(key, Kind::Gauge) {
            Some(Cell::Number(number)) => Gauge::from_arc(number),
            _ => Gauge::noop(),
        }
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        match self.cell(key, Kind::Histogram) {
            Some(Cell::Buckets(buckets)) => Histogram::from_arc(buckets),
            _ => Histogram::noop(),
        }
    }
}

impl Measured {
    fn new(kind: Kind) -> Self {
        Self {
            kind,
            unit: None,
            words: SharedString::const_str(""),
            series: BTreeMap::new(),
        }
    }
}

impl Cell {
    fn new(kind: Kind, name: &str) -> Self {
        match kind {
            Kind::Counter | Kind::Gauge => Self::Number(Arc::default()),
            Kind::Histogram => Self::Buckets(Arc::new(Buckets::new(bounds(name)))),
        }
    }

    fn read(&self, kind: Kind) -> Value {
        match self {
            Self::Buckets(buckets) => Value::Distribution(buckets.read()),
            Self::Number(number) => {
                let number = number.load(Ordering::Acquire);
                match kind {
                    Kind::Gauge => Value::Level(f64::from_bits(number)),
                    Kind::Counter | Kind::Histogram => Value::Count(number),
                }
            }
        }
    }
}

impl Buckets {
    fn new(bounds: &'static [f64]) -> Self {
        Self {
            bounds,
            counts: (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect(),
            sum: AtomicU64::new(0),
        }
    }

    fn read(&self) -> Distribution {
        let counts = self.counts.iter();
        Distribution {
            bounds: self.bounds,
            counts: counts.map(|count| count.load(Ordering::Acquire)).collect(),
            sum: f64::from_bits(self.sum.load(Ordering::Acquire)),
        }
    }
}

impl HistogramFn for Buckets {
    fn record(&self, value: f64) {
        // What is no number has no bucket, and would make the sum none for ever.
        if value.is_nan() {
            return;
        }
        let below = self.bounds.iter().take_while(|bound| value > **bound);
        if let Some(count) = self.counts.get(below.count()) {
            count.fetch_add(1, Ordering::Release);
            GaugeFn::increment(&self.sum, value);
        }
    }
}

impl Distribution {
    /// How many values there were.
    pub(super) fn count(&self) -> u64 {
        self.counts.iter().sum()
    }
}

/// The bounds of a histogram's buckets.
fn bounds(name: &str) -> &'static [f64] {
    if name == "api_request_duration_seconds" {
        &REQUEST_BUCKETS
    } else if name.starts_with("api_operation_cost_") {
        &COST_BUCKETS
    } else {
        &PART_BUCKETS
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use metrics::{counter, gauge, histogram, with_local_recorder};
    use std::thread;

    fn value(registry: &Registry, name: &str) -> Vec<Value> {
        let snapshot = registry.snapshot();
        let metric = snapshot.metrics.into_iter().find(|m| &*m.name == name);
        let points = metric.map(|metric| metric.points).unwrap_or_default();
        points.into_iter().map(|(_, value)| value).collect()
    }

    #[test]
    fn a_series_is_one_however_its_labels_are_ordered() {
        let registry = Registry::default();
        with_local_recorder(&registry, || {
            counter!("c", "a" => "1", "b" => "2").increment(1);
            counter!("c", "b" => "2", "a" => "1").increment(2);
            counter!("c", "b" => "3", "a" => "1").increment(4);
        });
        assert_eq!(value(&registry, "c"), [Value::Count(3), Value::Count(4)]);
    }

    #[test]
    fn values_are_in_the_bucket_of_the_first_bound_that_is_not_below_them() {
        let registry = Registry::default();
        with_local_recorder(&registry, || {
            let histogram = histogram!("api_operation_cost_estimated");
            for value in [-1.0, 0.0, 0.5, 10.0, 10.5, 1e6, 1e6 + 1.0, f64::NAN] {
                histogram.record(value);
            }
        });
        let [Value::Distribution(read)] = &value(&registry, "api_operation_cost_estimated")[..]
        else {
            panic!("no histogram")
        };
        assert_eq!(read.counts, [2, 2, 1, 0, 0, 0, 1, 1]);
        assert_eq!((read.count(), read.sum), (7, 2_000_021.0));
    }

    #[test]
    fn a_name_is_of_one_kind_and_is_shown_once_it_has_a_series() {
        let registry = Registry::default();
        with_local_recorder(&registry, || {
            metrics::describe_gauge!("g", "A gauge.");
            assert!(registry.snapshot().metrics.is_empty());
            counter!("g").increment(1);
            gauge!("g").increment(1.5);
            gauge!("g").decrement(1.0);
        });
        assert_eq!(value(&registry, "g"), [Value::Level(0.5)]);
    }

    #[test]
    fn nothing_is_lost_between_threads() {
        let registry = Registry::default();
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    with_local_recorder(&registry, || {
                        for _ in 0..1000 {
                            counter!("c").increment(1);
                            histogram!("h_seconds").record(0.25);
                        }
                    });
                });
            }
        });
        assert_eq!(value(&registry, "c"), [Value::Count(4000)]);
        let [Value::Distribution(read)] = &value(&registry, "h_seconds")[..] else {
            panic!("no histogram")
        };
        assert_eq!((read.count(), read.sum), (4000, 1000.0));
    }
}

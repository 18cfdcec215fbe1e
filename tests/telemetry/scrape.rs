//! The text format of Prometheus, read strictly.

use std::collections::{BTreeMap, BTreeSet};

/// A scrape: the kind of each metric, and each sample by its name and labels as written.
pub struct Scrape {
    pub kinds: BTreeMap<String, String>,
    pub samples: BTreeMap<String, f64>,
}

impl Scrape {
    /// Reads a scrape; what breaks the format panics.
    pub fn parse(text: &str) -> Self {
        let mut scrape = Self {
            kinds: BTreeMap::new(),
            samples: BTreeMap::new(),
        };
        let mut helped = BTreeSet::new();
        for line in text.lines().filter(|line| !line.is_empty()) {
            if let Some(help) = line.strip_prefix("# HELP ") {
                let (name, words) = help.split_once(' ').unwrap();
                assert!(!words.is_empty() && helped.insert(name), "{line}");
            } else if let Some(kind) = line.strip_prefix("# TYPE ") {
                let (name, kind) = kind.split_once(' ').unwrap();
                assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
                assert_eq!(kind == "counter", name.ends_with("_total"), "{line}");
                assert!(helped.contains(name), "without help: {name}");
                let known = scrape.kinds.insert(name.to_owned(), kind.to_owned());
                assert_eq!(known, None, "{line}");
            } else {
                let (series, value) = line.rsplit_once(' ').unwrap();
                assert!(scrape.kind_of(series).is_some(), "without a type: {line}");
                let known = scrape
                    .samples
                    .insert(sorted(series), value.parse().unwrap());
                assert_eq!(known, None, "twice: {line}");
            }
        }
        scrape.check_histograms();
        scrape
    }

    /// The value of a series, its labels in alphabetical order.
    pub fn value(&self, series: &str) -> f64 {
        let known = || self.samples.keys().cloned().collect::<Vec<_>>().join("\n");
        *self
            .samples
            .get(series)
            .unwrap_or_else(|| panic!("no {series} in\n{}", known()))
    }

    /// The series of a metric.
    pub fn series(&self, metric: &str) -> Vec<&str> {
        let names = self.samples.keys().map(String::as_str);
        names.filter(|series| name(series) == metric).collect()
    }

    fn kind_of(&self, series: &str) -> Option<&String> {
        let name = name(series);
        let parts = ["_bucket", "_sum", "_count"];
        let histogram = parts.iter().find_map(|part| name.strip_suffix(part));
        let of_histogram = histogram.and_then(|name| self.kinds.get(name));
        self.kinds.get(name).or(of_histogram)
    }

    /// Buckets grow, and the last one holds all.
    fn check_histograms(&self) {
        let mut buckets: BTreeMap<String, Vec<(f64, f64)>> = BTreeMap::new();
        for (series, value) in &self.samples {
            let Some((name, labels)) = series.split_once("_bucket{") else {
                continue;
            };
            let (bound, others): (Vec<&str>, Vec<&str>) = labels
                .trim_end_matches('}')
                .split(',')
                .partition(|label| label.starts_with("le="));
            let bound = bound[0].trim_start_matches("le=").trim_matches('"');
            let count = if others.is_empty() {
                format!("{name}_count")
            } else {
                format!("{name}_count{{{}}}", others.join(","))
            };
            let bound = bound.parse().unwrap();
            buckets.entry(count).or_default().push((bound, *value));
        }
        for (count, mut buckets) in buckets {
            buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
            assert!(buckets.is_sorted_by(|a, b| a.1 <= b.1), "{count}");
            let last = buckets.last().unwrap();
            assert_eq!(*last, (f64::INFINITY, self.value(&count)), "{count}");
        }
    }
}

fn name(series: &str) -> &str {
    series.split('{').next().unwrap()
}

/// The series with its labels in alphabetical order. No label of ours has a comma in its value.
fn sorted(series: &str) -> String {
    let Some((name, labels)) = series.split_once('{') else {
        return series.to_owned();
    };
    let mut labels: Vec<&str> = labels.strip_suffix('}').unwrap().split(',').collect();
    for label in &labels {
        let (_, value) = label.split_once('=').unwrap();
        assert!(
            value.len() >= 2 && value.starts_with('"') && value.ends_with('"'),
            "{series}"
        );
    }
    labels.sort_unstable();
    format!("{name}{{{}}}", labels.join(","))
}

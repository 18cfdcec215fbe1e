//! Which labels of `@override(from:, label:)` are on for a request.
//!
//! `percent(n)` is drawn for each request; the configuration says when other labels are on. A request decides once for each
//! label, and only for those that its operation depends on, so a document has few plans.

use super::{Finding, header_types::Name};
use crate::schema::{Labels, Supergraph};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, Visitor},
};
use std::{collections::BTreeMap, fmt};

/// The `override_labels` section: by label, when it is on.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct Config(pub BTreeMap<String, When>);

/// When a label is on.
#[derive(Clone, Debug, PartialEq)]
pub enum When {
    /// Always or never.
    Always(bool),
    /// For a share of all requests, drawn for each: from 0 to 1.
    Share(f64),
    /// For requests with this header, if it says `true`, `1` or `on`.
    Header(HeaderName),
}

/// When each label of a supergraph is on, by the label's id.
pub(super) struct OverrideLabels(Vec<When>);

impl OverrideLabels {
    /// Compiles the configuration for the labels that there are.
    pub(super) fn new(config: &Config, supergraph: &Supergraph) -> Self {
        let when = supergraph.labels().map(|(_, label)| {
            let configured = config.0.get(label).cloned();
            let when = configured.or_else(|| share(label).map(When::Share));
            when.unwrap_or(When::Always(false))
        });
        Self(when.collect())
    }

    /// Those of `labels` that are on for a request.
    pub(super) fn on(&self, labels: &Labels, headers: &HeaderMap) -> Labels {
        self.drawn(labels, headers, fastrand::f64)
    }

    /// `draw` gives numbers from 0 up to but not 1, all equally likely.
    fn drawn(&self, labels: &Labels, headers: &HeaderMap, mut draw: impl FnMut() -> f64) -> Labels {
        let on = labels.iter().filter(|label| match &self.0[label.index()] {
            When::Always(on) => *on,
            When::Share(share) => draw() < *share,
            When::Header(name) => headers.get(name).is_some_and(says_yes),
        });
        on.collect()
    }
}

fn says_yes(value: &HeaderValue) -> bool {
    let value = value.as_bytes().trim_ascii();
    let yes: [&[u8]; 3] = [b"true", b"1", b"on"];
    yes.iter().any(|yes| value.eq_ignore_ascii_case(yes))
}

/// The share of requests that a label asks for itself, if it is `percent(n)`.
fn share(label: &str) -> Option<f64> {
    let percent = label.strip_prefix("percent(")?.strip_suffix(')')?;
    let is_number = |text: &str| text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let percent: f64 = Some(percent).filter(|text| is_number(text))?.parse().ok()?;
    of_percent(percent)
}

fn of_percent(percent: f64) -> Option<f64> {
    (0.0..=100.0).contains(&percent).then_some(percent / 100.0)
}

/// Settings of labels that no field has: most likely misspelt.
pub(super) fn unknown(config: &Config, supergraph: &Supergraph) -> Vec<Finding> {
    let labels = config.0.keys();
    let unknown = labels.filter(|label| supergraph.label_id(label).is_none());
    let known: Vec<&str> = supergraph.labels().map(|(_, label)| label).collect();
    let has = match known.as_slice() {
        [] => "it has none".to_owned(),
        known => format!("it has: {}", known.join(", ")),
    };
    let finding = |label: &String| {
        let message =
            format!("no field of the supergraph is overridden under the label `{label}`; {has}");
        Finding::new(&["override_labels", label], message)
    };
    unknown.map(finding).collect()
}

/// Labels that nothing turns on: what to tell of each.
pub fn undecided(config: &Config, supergraph: &Supergraph) -> Vec<String> {
    let configured = &config.0;
    let labels = supergraph.labels().map(|(_, label)| label);
    let undecided =
        labels.filter(|label| !configured.contains_key(*label) && share(label).is_none());
    let told = undecided.map(|label| {
        format!(
            "the label `{label}` of @override is off for every request: `override_labels` does not say when it is on"
        )
    });
    told.collect()
}

impl<'de> Deserialize<'de> for When {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Not `untagged`, which would lose the places of errors.
        deserializer.deserialize_any(WhenVisitor)
    }
}

/// The keys of a rule.
#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "lowercase")]
enum Kind {
    Percent,
    Header,
}

struct WhenVisitor;

impl<'de> Visitor<'de> for WhenVisitor {
    type Value = When;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("true, false, `{ percent: 20 }` or `{ header: x-name }`")
    }

    fn visit_bool<E>(self, on: bool) -> Result<When, E> {
        Ok(When::Always(on))
    }

    /// What `${…}` stands for is text.
    fn visit_str<E: de::Error>(self, on: &str) -> Result<When, E> {
        let parsed = on.parse().map(When::Always);
        parsed.map_err(|_| E::invalid_value(de::Unexpected::Str(on), &self))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<When, A::Error> {
        let when = match map.next_key()? {
            Some(Kind::Percent) => When::Share(map.next_value::<Percent>()?.0),
            Some(Kind::Header) => When::Header(map.next_value::<Name>()?.0),
            None => return Err(de::Error::invalid_type(de::Unexpected::Map, &self)),
        };
        match map.next_key::<Kind>()? {
            None => Ok(when),
            Some(_) => Err(de::Error::custom("expected exactly one key here")),
        }
    }
}

/// A number from 0 to 100, as a share.
#[derive(Deserialize)]
#[serde(try_from = "f64")]
struct Percent(f64);

impl TryFrom<f64> for Percent {
    type Error = String;

    fn try_from(percent: f64) -> Result<Self, String> {
        let share = of_percent(percent).map(Self);
        share.ok_or_else(|| format!("expected a number from 0 to 100, found `{percent}`"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::LabelId;
    use proptest::prelude::*;

    const REQUESTS: usize = 20_000;

    /// For how many of many requests a label is on.
    fn on(when: When, seed: u64) -> usize {
        let mut random = fastrand::Rng::with_seed(seed);
        let labels = OverrideLabels(vec![when]);
        let asked = Labels::from_iter([LabelId(0)]);
        let headers = HeaderMap::new();
        let requests = (0..REQUESTS).map(|_| labels.drawn(&asked, &headers, || random.f64()));
        requests.filter(|on| *on == asked).count()
    }

    #[test]
    fn what_a_label_asks_for_itself() {
        assert_eq!(share("percent(0)"), Some(0.0));
        assert_eq!(share("percent(20)"), Some(0.2));
        assert_eq!(share("percent(0.00000001)"), Some(0.000_000_000_1));
        assert_eq!(share("percent(100)"), Some(1.0));
        for other in [
            "percent(101)",
            "percent()",
            "percent(-1)",
            "percent(1e1)",
            "percent(inf)",
            "percent(1.2.3)",
            "percent (5)",
            "Percent(5)",
            "percent(5",
            "percent(5) ",
            "half",
        ] {
            assert_eq!(share(other), None, "{other}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn nothing_is_never_and_all_is_always(seed: u64) {
            prop_assert_eq!(on(When::Share(0.0), seed), 0);
            prop_assert_eq!(on(When::Share(1.0), seed), REQUESTS);
        }
    }

    /// The seeds are fixed, so this holds always or never. Six standard deviations are 0.0212 at most.
    #[test]
    fn as_many_requests_as_the_label_says() {
        for percent in [0.5, 1.0, 20.0, 50.0, 87.5, 99.0] {
            for seed in 0..8 {
                let expected = percent / 100.0;
                let deviation = (expected * (1.0 - expected) / REQUESTS as f64).sqrt();
                let part = on(When::Share(expected), seed) as f64 / REQUESTS as f64;
                assert!(
                    (part - expected).abs() < 4.0 * deviation,
                    "{percent} %: {part}"
                );
            }
        }
    }

    #[test]
    fn each_label_has_a_draw_of_its_own() {
        let labels = OverrideLabels(vec![When::Share(0.5), When::Share(0.5)]);
        let asked = Labels::from_iter([LabelId(0), LabelId(1)]);
        let mut random = fastrand::Rng::with_seed(1);
        let mut seen = std::collections::HashSet::new();
        for _ in 0..100 {
            seen.insert(labels.drawn(&asked, &HeaderMap::new(), || random.f64()));
        }
        assert_eq!(seen.len(), 4);
    }

    #[test]
    fn what_is_not_asked_for_is_not_drawn() {
        let labels = OverrideLabels(vec![When::Share(0.5), When::Always(true)]);
        let asked = Labels::from_iter([LabelId(1)]);
        let drawn = labels.drawn(&asked, &HeaderMap::new(), || panic!("drawn"));
        assert_eq!(drawn, asked);
    }

    #[test]
    fn a_header_turns_a_label_on() {
        let name = HeaderName::from_static("x-new");
        let labels = OverrideLabels(vec![When::Header(name.clone())]);
        let asked = Labels::from_iter([LabelId(0)]);
        let says = |value: &'static str| {
            let headers = HeaderMap::from_iter([(name.clone(), HeaderValue::from_static(value))]);
            !labels.on(&asked, &headers).is_empty()
        };
        assert!(["true", "1", "on", " True ", "ON"].into_iter().all(says));
        assert!(
            !["false", "0", "off", "", "yes", "truer"]
                .into_iter()
                .any(says)
        );
        assert!(labels.on(&asked, &HeaderMap::new()).is_empty());
    }
}

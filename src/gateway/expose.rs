//! Showing the plan beside the answer: who may ask, and how they do.
//!
//! A plan tells of subgraphs and their schemas, so it is shown only where the configuration allows it; elsewhere the
//! headers mean nothing. The key and the second header are Apollo Router's.

use http::{HeaderMap, HeaderName};
use serde::Deserialize;
use std::sync::Arc;

/// The `plugins` section: what Apollo Router has there and we have, too.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Whether a header may ask for the plan.
    #[serde(rename = "experimental.expose_query_plan")]
    pub expose_query_plan: bool,
}

/// The headers, and the keys under `extensions` that answer them.
const HEADERS: [(HeaderName, &str); 2] = [
    (
        HeaderName::from_static("graphway-expose-query-plan"),
        "queryPlan",
    ),
    (
        HeaderName::from_static("apollo-expose-query-plan"),
        "apolloQueryPlan",
    ),
];

/// What one request wants of its plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    /// Under which keys it is answered.
    pub keys: Vec<&'static str>,
    /// Whether the plan is all that is wanted: nothing is executed.
    pub dry_run: bool,
}

/// A plan that is shown.
#[derive(Clone, Debug)]
pub(super) struct Exposed {
    pub asked: Asked,
    /// A JSON object: the plan as `text` and as `object`.
    pub plan: Arc<str>,
}

impl Config {
    /// Reads the headers. None: no plan is asked for, or none is shown here.
    pub(super) fn asked(&self, headers: &HeaderMap) -> Option<Asked> {
        if !self.expose_query_plan {
            return None;
        }
        let mut asked: Option<Asked> = None;
        for (name, key) in &HEADERS {
            let dry_run = match headers.get(name).map(|value| value.as_bytes()) {
                Some(b"true") => false,
                Some(b"dry-run") => true,
                _ => continue,
            };
            let asked = asked.get_or_insert(Asked {
                keys: Vec::new(),
                dry_run: false,
            });
            asked.keys.push(*key);
            asked.dry_run |= dry_run;
        }
        asked
    }
}

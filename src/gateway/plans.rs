//! What consumers may use: the `plans` section.

use serde::Deserialize;
use std::{collections::BTreeMap, num::NonZero};

/// Plans by name.
pub type Plans = BTreeMap<String, Plan>;

/// `plans.NAME`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Plan {
    /// Requests a second.
    pub rate: Option<NonZero<u32>>,
    /// Requests at once.
    pub burst: Option<NonZero<u32>>,
    pub quota: Option<Quota>,
}

/// Requests in a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quota {
    pub limit: NonZero<u64>,
    pub period: Period,
}

/// Of the calendar, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Period {
    Day,
    Week,
    Month,
}

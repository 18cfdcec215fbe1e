//! What limits are told: `rate_limit` of a policy, `plans` and `redis`.

use super::{
    bucket::Bucket,
    key::{By, Stage},
    quota::{Period, SECOND},
    window::Window,
};
use crate::gateway::misfit::Misfit;
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};
use std::{collections::BTreeMap, fmt, num::NonZero, time::Duration};

/// `rate_limit` of a policy: one limit, or a list of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PolicyLimits(pub(super) Vec<LimitConfig>);

/// One limit of a policy.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LimitConfig {
    pub(super) by: By,
    pub(super) capacity: NonZero<u32>,
    pub(super) interval: Duration,
    #[serde(default)]
    pub(super) algorithm: Algorithm,
    #[serde(default)]
    pub(super) store: StoreKind,
    #[serde(default)]
    pub(super) cost: Cost,
    /// Whether it refuses, and does not only tell that it would.
    #[serde(default = "yes")]
    pub(super) enforce: bool,
    /// What clients, metrics and logs call it: the policy's name if nothing else.
    #[serde(default)]
    pub(super) name: Option<String>,
}

fn yes() -> bool {
    true
}

/// How a limit counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Algorithm {
    #[default]
    TokenBucket,
    SlidingWindow,
}

/// Where a limit counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum StoreKind {
    #[default]
    Local,
    Redis,
}

/// What a limit counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Cost {
    #[default]
    Requests,
    /// What an operation is thought to cost.
    Points,
}

/// The `plans` section: what consumers may use, by the plan's name.
pub type Plans = BTreeMap<String, Plan>;

/// One of `plans`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Plan {
    /// Requests a second.
    pub rate: Option<f64>,
    /// Requests at once: as many as come back in a second, if nothing else.
    pub burst: Option<NonZero<u32>>,
    pub quota: Option<PlanQuota>,
    pub(super) store: StoreKind,
}

/// `quota` of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanQuota {
    pub limit: u64,
    pub period: Period,
    /// Where it is counted: where the plan is, if nothing else.
    #[serde(default)]
    pub(super) store: Option<StoreKind>,
}

/// How clients are told how they stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Style {
    /// `RateLimit` and `RateLimit-Policy`, by the draft of the IETF.
    #[default]
    Draft,
    /// `RateLimit-Limit`, `-Remaining` and `-Reset`, and `X-RateLimit-…-Minute` and the like.
    Kong,
    None,
}

/// Clients are told of them in structured fields, whose numbers have no more digits than this (RFC 9651, section 3.3.1).
const QUOTA_MAX: u64 = 999_999_999_999_999;
/// A year and a day: what is to be kept for longer is no rate.
const INTERVAL_MAX: Duration = Duration::from_secs(366 * 86_400);
/// What a store can tell apart.
const MICROSECOND: u64 = 1000;

impl LimitConfig {
    /// Its bucket.
    pub(super) fn bucket(&self) -> Bucket {
        let capacity = u64::from(self.capacity.get());
        Bucket {
            capacity,
            per_unit: nanos(self.interval).div_ceil(capacity),
        }
    }

    /// Its window.
    pub(super) fn window(&self) -> Window {
        Window {
            capacity: self.capacity.get().into(),
            span: nanos(self.interval),
        }
    }

    fn check(&self, there: There) -> Result<(), Misfit> {
        if self.cost == Cost::Points && !there.costs {
            let message = "nobody knows what operations cost: `demand_control` is not enabled";
            return Err(Misfit::new(&["cost"], message));
        }
        if self.interval > INTERVAL_MAX {
            return Err(Misfit::new(&["interval"], "at most 366d"));
        }
        let shortest = match self.algorithm {
            Algorithm::TokenBucket => self.bucket().per_unit,
            Algorithm::SlidingWindow => self.window().span,
        };
        if shortest < MICROSECOND {
            let message = "`interval` is too short for this `capacity`";
            return Err(Misfit::new(&["interval"], message));
        }
        check_rounding(self.store, shortest).map_err(|message| Misfit::new(&["interval"], message))
    }
}

/// Checks that a store keeps a time nearly as it is.
fn check_rounding(store: StoreKind, nanos: u64) -> Result<(), String> {
    let kept = nanos.next_multiple_of(MICROSECOND);
    if store == StoreKind::Local || (kept - nanos) * 100 <= nanos {
        return Ok(());
    }
    let below = nanos - nanos % MICROSECOND;
    Err(format!(
        "Redis counts in whole microseconds: one in {below} or in {kept} ns, not in {nanos}; or count with `store: local`"
    ))
}

impl Plan {
    /// How fast requests may come. None: as fast as they like.
    pub(super) fn bucket(&self) -> Option<Bucket> {
        let rate = self.rate?;
        // Whole, and in the range of the type, by `check`.
        let of_a_second = NonZero::new(rate.ceil() as u32).unwrap_or(NonZero::<u32>::MIN);
        Some(Bucket {
            capacity: self.burst.unwrap_or(of_a_second).get().into(),
            per_unit: (SECOND as f64 / rate).ceil() as u64,
        })
    }

    fn check(&self) -> Result<(), Misfit> {
        let rates = 1.0 / INTERVAL_MAX.as_secs_f64()..=1_000_000.0;
        match self.rate {
            Some(rate) if !rates.contains(&rate) => {
                let message = "a rate is above 0, and at most 1000000 a second";
                return Err(Misfit::new(&["rate"], message));
            }
            None if self.burst.is_some() => {
                return Err(Misfit::new(&["burst"], "there is no `rate`"));
            }
            None if self.quota.is_none() => {
                return Err(Misfit::new(&[], "a plan has a `rate` or a `quota`"));
            }
            _ => {}
        }
        if let Some(bucket) = self.bucket() {
            if bucket.capacity.saturating_mul(bucket.per_unit) > nanos(INTERVAL_MAX) {
                let message = "at this `rate`, so many come back in more than 366d";
                return Err(Misfit::new(&["burst"], message));
            }
            check_rounding(self.store, bucket.per_unit)
                .map_err(|message| Misfit::new(&["rate"], message))?;
        }
        if self
            .quota
            .is_some_and(|quota| !(1..=QUOTA_MAX).contains(&quota.limit))
        {
            let message = format!("a quota is from 1 to {QUOTA_MAX}");
            return Err(Misfit::new(&["quota", "limit"], message));
        }
        Ok(())
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// What the limits of a policy or a plan are called: one that has no name of its own by where it is, with its number if it is
/// not the first.
pub(super) fn names<'a>(
    policy: &str,
    limits: impl Iterator<Item = Option<&'a str>>,
) -> Vec<String> {
    let limits = limits.enumerate().map(|(index, name)| match (name, index) {
        (Some(name), _) => name.to_owned(),
        (None, 0) => policy.to_owned(),
        (None, index) => format!("{policy}-{}", index + 1),
    });
    limits.collect()
}

impl PolicyLimits {
    /// Whether one of them tells callers apart by who they are.
    pub(in crate::gateway) fn go_by_caller(&self) -> bool {
        self.0.iter().any(|limit| limit.by.goes_by_caller())
    }

    /// Whether one of them tells operations apart.
    pub(in crate::gateway) fn go_by_operation(&self) -> bool {
        self.0
            .iter()
            .any(|limit| limit.by.stage() == Stage::Operation)
    }

    /// The limits with their names.
    pub(super) fn named(&self, policy: &str) -> Vec<(String, &LimitConfig)> {
        let names = names(policy, self.0.iter().map(|limit| limit.name.as_deref()));
        names.into_iter().zip(&self.0).collect()
    }
}

/// The name of a plan's quota.
pub(super) fn quota_name(plan: &str) -> String {
    format!("{plan}-quota")
}

/// What limits may need.
#[derive(Clone, Copy)]
pub(super) struct There {
    pub(super) redis: bool,
    /// Whether it is found out what operations cost.
    pub(super) costs: bool,
}

/// Checks that all limits can be told apart, and have what they need.
pub(super) fn check(
    policies: &[(&str, &PolicyLimits)],
    plans: &Plans,
    there: There,
) -> Result<(), Misfit> {
    let mut taken: Vec<String> = Vec::new();
    let mut check = |name: String, store: StoreKind, at: &[&str]| {
        check_name(&name, &taken).map_err(|message| Misfit::new(at, message))?;
        taken.push(name);
        if store == StoreKind::Redis && !there.redis {
            return Err(Misfit::new(at, "there is no Redis: `redis.url` is not set"));
        }
        Ok(())
    };
    for (policy, limits) in policies {
        for (index, (name, limit)) in limits.named(policy).into_iter().enumerate() {
            let index = index.to_string();
            let mut at = vec!["policies", policy, "rate_limit"];
            if limits.0.len() > 1 {
                at.push(&index);
            }
            limit.check(there).map_err(|misfit| misfit.below(&at))?;
            check(name, limit.store, &at)?;
        }
    }
    for (name, plan) in plans {
        let at = ["plans", name];
        plan.check().map_err(|misfit| misfit.below(&at))?;
        if plan.rate.is_some() {
            check(name.clone(), plan.store, &at)?;
        }
        if let Some(quota) = plan.quota {
            check(quota_name(name), quota.store.unwrap_or(plan.store), &at)?;
        }
    }
    Ok(())
}

fn check_name(name: &str, taken: &[String]) -> Result<(), String> {
    let is_plain = |letter: char| (' '..='~').contains(&letter) && !['"', '\\'].contains(&letter);
    if name.is_empty() || !name.chars().all(is_plain) {
        return Err(format!(
            "clients are told of `{name}`: visible ASCII without quotes and backslashes"
        ));
    }
    match taken.iter().any(|taken| taken == name) {
        true => Err(format!(
            "there is a limit `{name}` already; give it another `name`"
        )),
        false => Ok(()),
    }
}

impl<'de> Deserialize<'de> for PolicyLimits {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Not `untagged`, which would lose the places of errors.
        deserializer.deserialize_any(LimitsVisitor)
    }
}

struct LimitsVisitor;

impl<'de> Visitor<'de> for LimitsVisitor {
    type Value = PolicyLimits;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a limit as `{ by, capacity, interval }`, or a list of them")
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<PolicyLimits, A::Error> {
        let limit = LimitConfig::deserialize(MapAccessDeserializer::new(entries))?;
        Ok(PolicyLimits(vec![limit]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<PolicyLimits, A::Error> {
        let mut limits = Vec::new();
        while let Some(limit) = items.next_element()? {
            limits.push(limit);
        }
        Ok(PolicyLimits(limits))
    }
}

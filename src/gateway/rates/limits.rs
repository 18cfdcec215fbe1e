//! All limits of a configuration, compiled: those of policies and those of plans.

use super::{
    config::{self, Algorithm, Cost, Plan, Plans, PolicyLimits, StoreKind, Style, quota_name},
    counter::{Count, Counters},
    key::{By, Stage},
    limit::{Blueprint, Limit},
    quota::Quota,
    redis_config,
    store::Store,
    table::KEYS_MAX,
};
use crate::{
    gateway::misfit::Misfit,
    upstream::{Control, Egress},
};
use std::{
    collections::BTreeMap,
    io,
    sync::{Arc, Mutex, PoisonError},
};

/// What of limits outlives a reload.
pub(in crate::gateway) struct Lasting {
    control: Arc<Control>,
    counters: Arc<Counters>,
    store: Mutex<Option<Arc<Store>>>,
}

/// The limits of a configuration.
pub(in crate::gateway) struct Rates {
    pub(super) style: Style,
    pub(super) counters: Arc<Counters>,
    pub(super) store: Option<Arc<Store>>,
    policies: BTreeMap<String, Vec<Arc<Limit>>>,
    plans: BTreeMap<String, Vec<Arc<Limit>>>,
}

/// What limits are made of.
pub(in crate::gateway) struct Settings<'a> {
    /// By the names of their policies.
    pub(in crate::gateway) policies: Vec<(&'a str, &'a PolicyLimits)>,
    pub(in crate::gateway) plans: &'a Plans,
    pub(in crate::gateway) redis: &'a redis_config::Config,
    /// Where Redis may be.
    pub(in crate::gateway) egress: &'a Egress,
    pub(in crate::gateway) style: Style,
    /// Whether it is found out what operations cost.
    pub(in crate::gateway) weighs: bool,
}

impl Settings<'_> {
    /// Checks that they fit together.
    pub(in crate::gateway) fn check(&self) -> Result<(), Misfit> {
        self.redis.check()?;
        let there = config::There {
            redis: self.redis.url.is_some(),
            costs: self.weighs,
        };
        config::check(&self.policies, self.plans, there)
    }
}

/// The limits before a route, by when they are asked.
pub(in crate::gateway) struct RouteLimits([Vec<Arc<Limit>>; 4]);

impl Lasting {
    /// Nothing was counted yet. Redis is seen to on this thread.
    pub(in crate::gateway) fn new(control: Arc<Control>) -> Self {
        Self {
            control,
            counters: Arc::default(),
            store: Mutex::default(),
        }
    }

    fn store(
        &self,
        settings: &redis_config::Config,
        egress: &Egress,
    ) -> io::Result<Option<Arc<Store>>> {
        let mut current = self.store.lock().unwrap_or_else(PoisonError::into_inner);
        let same = current.take().filter(|store| store.is_of(settings, egress));
        *current = match same {
            Some(store) => Some(store),
            None => Store::open(settings, egress, &self.control)?.map(Arc::new),
        };
        Ok(current.clone())
    }

    fn limit(&self, blueprint: Blueprint) -> Arc<Limit> {
        let ledger = blueprint.ledger();
        let (count, keys_max) = (blueprint.count, blueprint.keys_max);
        let counter = self.counters.open(&ledger, count, keys_max);
        Arc::new(Limit::new(blueprint, counter))
    }
}

impl Rates {
    /// Compiles them. What was counted is still there. An error: there is no thread for Redis.
    pub(in crate::gateway) fn new(settings: &Settings<'_>, lasting: &Lasting) -> io::Result<Self> {
        describe();
        let policies = settings.policies.iter().map(|(policy, limits)| {
            let limits = blueprints_of_policy(policy, limits).map(|limit| lasting.limit(limit));
            ((*policy).to_owned(), limits.collect())
        });
        let plans = settings.plans.iter().map(|(name, plan)| {
            let limits = blueprints_of_plan(name, plan).map(|limit| lasting.limit(limit));
            (name.clone(), limits.collect())
        });
        Ok(Self {
            style: settings.style,
            counters: Arc::clone(&lasting.counters),
            policies: policies.collect(),
            plans: plans.collect(),
            store: lasting.store(settings.redis, settings.egress)?,
        })
    }

    /// The limits before a route with these policies. None: there are none.
    pub(in crate::gateway) fn before(&self, policies: &[String]) -> Option<RouteLimits> {
        let limits = policies.iter();
        let limits = limits.filter_map(|policy| self.policies.get(policy));
        let mut limits = limits.flatten().peekable();
        limits.peek()?;
        let mut stages = <[Vec<Arc<Limit>>; 4]>::default();
        for limit in limits {
            stages[limit.stage as usize].push(Arc::clone(limit));
        }
        Some(RouteLimits(stages))
    }

    /// The limits of a plan.
    pub(super) fn plan(&self, name: &str) -> &[Arc<Limit>] {
        self.plans.get(name).map_or(&[], Vec::as_slice)
    }

    /// Counts by these from now on, and forgets what was counted for others.
    pub(in crate::gateway) fn settle(&self) {
        let counters = self
            .all()
            .map(|limit| (limit.ledger.as_str(), &limit.counter));
        self.counters.settle(counters);
    }

    /// Brings the gauges of their keys up to date.
    pub(in crate::gateway) fn refresh(&self) {
        self.all().for_each(Limit::refresh);
    }

    fn all(&self) -> impl Iterator<Item = &Limit> {
        let of_policies = self.policies.values().flatten();
        let of_plans = self.plans.values().flatten();
        of_policies.chain(of_plans).map(Arc::as_ref)
    }
}

impl RouteLimits {
    /// Those that are asked at this stage, in order.
    pub(super) fn of(&self, stage: Stage) -> &[Arc<Limit>] {
        &self.0[stage as usize]
    }
}

fn blueprints_of_policy(policy: &str, limits: &PolicyLimits) -> impl Iterator<Item = Blueprint> {
    let limits = limits.named(policy).into_iter();
    limits.map(|(name, limit)| Blueprint {
        name,
        by: limit.by.clone(),
        count: match limit.algorithm {
            Algorithm::TokenBucket => Count::Bucket(limit.bucket()),
            Algorithm::SlidingWindow => Count::Window(limit.window()),
        },
        store: limit.store,
        cost: limit.cost,
        is_enforced: limit.enforce,
        keys_max: KEYS_MAX,
    })
}

fn blueprints_of_plan(name: &str, plan: &Plan) -> impl Iterator<Item = Blueprint> {
    let blueprint = |name, count, store: StoreKind| Blueprint {
        name,
        by: By::consumer(),
        count,
        store,
        cost: Cost::Requests,
        is_enforced: true,
        // Consumers are those of the configuration.
        keys_max: usize::MAX,
    };
    let rate = plan
        .bucket()
        .map(|bucket| blueprint(name.to_owned(), Count::Bucket(bucket), plan.store));
    let quota = plan.quota.map(|quota| {
        let store = quota.store.unwrap_or(plan.store);
        let count = Count::Quota(Quota {
            limit: quota.limit,
            period: quota.period,
        });
        blueprint(quota_name(name), count, store)
    });
    rate.into_iter().chain(quota)
}

/// Names what is measured, for those who read it.
fn describe() {
    metrics::describe_counter!(
        "api_rate_limit_decisions_total",
        "Requests that a rate limit was asked about, by what it said."
    );
    metrics::describe_counter!(
        "api_rate_limit_store_errors_total",
        "Requests that Redis did not decide about, and failures to connect, by what went wrong."
    );
    metrics::describe_gauge!(
        "api_rate_limit_keys",
        "Callers that a rate limit of this router tells apart now."
    );
}

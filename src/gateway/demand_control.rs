//! How much operations may cost: `@cost` and `@listSize`, weighed before anything is sent. The keys, codes and weights are
//! Apollo Router's.

use super::{Code, Refusal, misfit::Misfit};
use crate::{
    executor::{CallError, Program},
    planner::{COST_MAX, Estimate, ListSizes, Weight},
    schema::{SubgraphId, Supergraph},
};
use metrics::{Counter, Histogram};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::{collections::BTreeMap, sync::Arc};

/// Where subgraphs have limits of their own.
pub(super) const BY_SUBGRAPH: [&str; 5] = [
    "demand_control",
    "strategy",
    "static_estimated",
    "subgraph",
    "subgraphs",
];

/// The `demand_control` section.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    pub enabled: bool,
    pub mode: Mode,
    pub strategy: Option<Strategy>,
}

/// What happens to operations that cost too much.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// They are counted, and answered.
    #[default]
    Measure,
    Enforce,
}

/// How operations are weighed.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    StaticEstimated(StaticEstimated),
}

/// `static_estimated`: by what the schema says.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StaticEstimated {
    /// How many items a list is taken to have that nothing is known about.
    pub list_size: u32,
    /// What an operation may cost.
    pub max: f64,
    #[serde(default)]
    pub actual_cost_mode: ActualCostMode,
    #[serde(default)]
    pub subgraph: Subgraphs,
}

/// How it is found out what an operation did cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActualCostMode {
    /// By what the subgraphs' answers hold.
    #[default]
    BySubgraph,
}

/// What an operation may cost a subgraph.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Subgraphs {
    pub all: Share,
    pub subgraphs: BTreeMap<String, Share>,
}

/// Unset: as for whole operations, and no limit of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Share {
    pub list_size: Option<u32>,
    pub max: Option<f64>,
}

impl Config {
    /// Checks that there is a measure, and that it can be met.
    pub(super) fn check(&self) -> Result<(), Misfit> {
        let at = ["demand_control", "strategy"];
        let Some(Strategy::StaticEstimated(rules)) = &self.strategy else {
            let message = "`enabled` needs `strategy: { static_estimated: { list_size, max } }`";
            return match self.enabled {
                true => Err(Misfit::new(&["demand_control", "enabled"], message)),
                false => Ok(()),
            };
        };
        let all = (vec!["subgraph", "all", "max"], rules.subgraph.all.max);
        let named = rules.subgraph.subgraphs.iter();
        let named = named.map(|(name, share)| {
            (
                vec!["subgraph", "subgraphs", name.as_str(), "max"],
                share.max,
            )
        });
        let limits = [(vec!["max"], Some(rules.max)), all]
            .into_iter()
            .chain(named);
        for (key, limit) in limits {
            // What costs as much as can be counted is over any limit.
            if limit.is_some_and(|limit| !(0.0..COST_MAX).contains(&limit)) {
                let at = [&at[..], &["static_estimated"], &key].concat();
                return Err(Misfit::new(
                    &at,
                    "a cost is a number from 0 on, and below 2^53",
                ));
            }
        }
        Ok(())
    }

    /// The names of subgraphs that have limits of their own.
    pub(super) fn subgraphs(&self) -> impl Iterator<Item = &String> {
        let Some(Strategy::StaticEstimated(rules)) = &self.strategy else {
            return None.into_iter().flatten();
        };
        Some(rules.subgraph.subgraphs.keys()).into_iter().flatten()
    }

    fn rules(&self) -> Option<&StaticEstimated> {
        let Strategy::StaticEstimated(rules) = self.strategy.as_ref()?;
        self.enabled.then_some(rules)
    }

    /// How long lists are taken to be. None: it does not matter.
    pub(super) fn list_sizes(&self, supergraph: &Supergraph) -> Option<ListSizes> {
        let rules = self.rules()?;
        Some(ListSizes {
            usual: rules.list_size,
            by_subgraph: rules.by_subgraph(supergraph, |share| share.list_size),
        })
    }
}

impl StaticEstimated {
    /// What is said of each subgraph, or else of all.
    fn by_subgraph<T>(
        &self,
        supergraph: &Supergraph,
        of: impl Fn(&Share) -> Option<T>,
    ) -> Vec<Option<T>> {
        let named = |name: &str| self.subgraph.subgraphs.get(name);
        let subgraphs = supergraph.subgraphs().iter();
        subgraphs
            .map(|subgraph| {
                named(&subgraph.name)
                    .and_then(&of)
                    .or_else(|| of(&self.subgraph.all))
            })
            .collect()
    }
}

/// The compiled rules.
pub(super) struct DemandControl {
    enforces: bool,
    max: f64,
    by_subgraph: Vec<Option<f64>>,
    estimated: Histogram,
    actual: Histogram,
    too_expensive: Counter,
    subgraph_too_expensive: Counter,
}

/// What is known of an operation's cost before it runs.
#[derive(Debug)]
pub(super) struct Weighed {
    pub(super) estimated: f64,
    /// What is part of every operation of its kind.
    base: f64,
    weights: Arc<[Weight]>,
    /// Subgraphs that it would cost too much, and what.
    barred: Vec<(SubgraphId, f64)>,
}

impl DemandControl {
    /// Compiles the configuration. None: operations may cost what they like.
    pub(super) fn new(config: &Config, supergraph: &Supergraph) -> Option<Self> {
        let rules = config.rules()?;
        metrics::describe_histogram!(
            "api_operation_cost_estimated",
            "What operations were expected to cost."
        );
        metrics::describe_histogram!(
            "api_operation_cost_actual",
            "What operations did cost, by what subgraphs answered."
        );
        metrics::describe_counter!(
            "api_operations_too_expensive_total",
            "Operations that would have cost more than they may, or more of a subgraph."
        );
        let counter = |scope: &'static str| {
            let mode = if config.mode == Mode::Enforce {
                "enforce"
            } else {
                "measure"
            };
            metrics::counter!("api_operations_too_expensive_total", "scope" => scope, "mode" => mode)
        };
        Some(Self {
            enforces: config.mode == Mode::Enforce,
            max: rules.max,
            by_subgraph: rules.by_subgraph(supergraph, |share| share.max),
            estimated: metrics::histogram!("api_operation_cost_estimated"),
            actual: metrics::histogram!("api_operation_cost_actual"),
            too_expensive: counter("operation"),
            subgraph_too_expensive: counter("subgraph"),
        })
    }

    /// Weighs an operation before it runs; refused if it costs too much.
    pub(super) fn weigh(
        &self,
        program: &Program,
        supergraph: &Supergraph,
        variables: &Map<String, Value>,
    ) -> Result<Option<Weighed>, Refusal> {
        let Some(cost) = program.cost() else {
            return Ok(None);
        };
        let estimate = match cost.estimate(supergraph, variables) {
            Ok(estimate) => estimate,
            Err(error) if self.enforces => {
                return Err(Refusal::new(Code::CostUnknown, error.to_string()));
            }
            Err(error) => {
                tracing::debug!(%error, "the cost of an operation cannot be estimated");
                return Ok(None);
            }
        };
        self.estimated.record(estimate.total);
        if estimate.total > self.max {
            self.too_expensive.increment(1);
            if self.enforces {
                return Err(self.refusal(estimate.total));
            }
        }
        Ok(Some(self.weighed(estimate)))
    }

    fn weighed(&self, estimate: Estimate) -> Weighed {
        let shares = estimate.by_subgraph.into_iter();
        let over = shares.filter(|(subgraph, cost)| self.max_of(*subgraph) < *cost);
        let over: Vec<(SubgraphId, f64)> = over.collect();
        self.subgraph_too_expensive.increment(over.len() as u64);
        Weighed {
            estimated: estimate.total,
            base: estimate.base,
            weights: estimate.weights.into(),
            barred: if self.enforces { over } else { Vec::new() },
        }
    }

    fn max_of(&self, subgraph: SubgraphId) -> f64 {
        let max = self.by_subgraph.get(subgraph.index());
        max.copied().flatten().unwrap_or(f64::INFINITY)
    }

    fn refusal(&self, cost: f64) -> Refusal {
        let max = self.max;
        Refusal::new(
            Code::CostEstimated,
            format!("The operation would cost {cost}, and {max} is the most (demand_control)"),
        )
    }

    /// Takes note of what an operation did cost: what the subgraphs' answers did, and what it costs besides.
    pub(super) fn ended(&self, weighed: &Weighed, answers: f64) -> f64 {
        let actual = weighed.base + answers;
        self.actual.record(actual);
        actual
    }

    /// Whether a subgraph may be asked.
    pub(super) fn permit(&self, weighed: &Weighed, subgraph: SubgraphId) -> Result<(), CallError> {
        let mut barred = weighed.barred.iter();
        match barred.find(|(barred, _)| *barred == subgraph) {
            None => Ok(()),
            Some((_, cost)) => Err(CallError::TooExpensive {
                cost: *cost,
                max: self.max_of(subgraph),
            }),
        }
    }
}

impl Weighed {
    /// What things at each position cost.
    pub(super) fn weights(&self) -> Arc<[Weight]> {
        Arc::clone(&self.weights)
    }
}

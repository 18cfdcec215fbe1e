//! The operations we know: prepared documents and their programs, by the exact text clients send.
//!
//! On a hit everything comes from one lookup by (operation name, document text), compared in full, never by hash
//! alone. An entry holds the document and a program for each set of condition values and override labels seen lately. What is not there is
//! prepared and planned once, however many wait for it, on the planning threads.

use super::{
    Refusal,
    metrics::PlanMetrics,
    planning::Planning,
    prepared::{Key, KeyRef, PlanError, Prepared, Shape},
};
use crate::{
    executor::{self, Program},
    operation::{self, Conditions, ParserLimits},
    planner::{self, Budget},
    schema::Supergraph,
};
use quick_cache::{Weighter, sync::Cache};
use serde_json::{Map, Value, json};
use std::{cmp::Reverse, sync::Arc, time::Instant};

/// What all entries together may weigh, in estimated bytes.
const CACHE_BYTES_MAX: u64 = 128 * 1024 * 1024;
/// Only sizes the cache's first table.
const ENTRIES_ESTIMATE: usize = 1024;

/// Prepared documents over one supergraph.
pub(super) struct Documents {
    supergraph: Arc<Supergraph>,
    parser: ParserLimits,
    rules: executor::Rules,
    planning: Arc<Planning>,
    cache: Cache<Key, Entry, Weight>,
    metrics: Arc<PlanMetrics>,
}

#[derive(Clone)]
struct Entry {
    prepared: Arc<Prepared>,
    /// Fixed when the entry is put in; a new program puts in a new entry.
    bytes: u64,
}

#[derive(Clone)]
struct Weight;

impl Documents {
    /// Nothing known yet.
    pub(super) fn new(
        supergraph: Arc<Supergraph>,
        (parser, rules): (ParserLimits, executor::Rules),
        planning: Arc<Planning>,
    ) -> Self {
        let cache = Cache::with_weighter(ENTRIES_ESTIMATE, CACHE_BYTES_MAX, Weight);
        Self {
            supergraph,
            parser,
            rules,
            planning,
            cache,
            metrics: Arc::new(PlanMetrics::new()),
        }
    }

    /// The supergraph that they are over.
    pub(super) fn supergraph(&self) -> &Supergraph {
        &self.supergraph
    }

    /// Prepares a document of the configuration, here and now. It is not for the cache: whoever has it keeps it.
    pub(super) fn own(
        &self,
        text: &str,
        operation_name: Option<&str>,
    ) -> Result<Arc<Prepared>, operation::Error> {
        let key = Key {
            operation_name: operation_name.map(Arc::from),
            text: text.into(),
        };
        Prepared::new(&self.supergraph, key, &self.parser)
    }

    /// Plans a document of the configuration under these conditions, here and now.
    pub(super) fn plan_own(
        &self,
        prepared: &Prepared,
        conditions: Conditions,
    ) -> Result<(), PlanError> {
        let planned = prepared.plan(
            &self.supergraph,
            conditions,
            (&Budget::usual(), &self.rules),
        );
        planned.map(drop)
    }

    /// Parses, validates and measures a document, or finds it done.
    pub(super) async fn prepare(
        &self,
        text: &str,
        operation_name: Option<&str>,
    ) -> Result<Arc<Prepared>, Refusal> {
        match self.cache.get(&KeyRef {
            operation_name,
            text,
        }) {
            Some(entry) => {
                entry.prepared.is_used();
                Ok(entry.prepared)
            }
            None => {
                self.prepare_new(Key {
                    operation_name: operation_name.map(Arc::from),
                    text: text.into(),
                })
                .await
            }
        }
    }

    async fn prepare_new(&self, key: Key) -> Result<Arc<Prepared>, Refusal> {
        let guard = match self.cache.get_value_or_guard_async(&key).await {
            Ok(entry) => return Ok(entry.prepared),
            Err(guard) => guard,
        };
        let (supergraph, parser) = (Arc::clone(&self.supergraph), self.parser);
        let job = move |_: &dyn Fn() -> bool| Prepared::new(&supergraph, key, &parser);
        let prepared = self.planning.run(job).await??;
        // It cannot be put in when it alone is too heavy for the cache; it is used all the same.
        let _ = guard.insert(Entry {
            prepared: Arc::clone(&prepared),
            bytes: prepared.bytes(),
        });
        Ok(prepared)
    }

    /// The program that answers a document under these conditions.
    pub(super) async fn program(
        &self,
        prepared: &Arc<Prepared>,
        conditions: &Conditions,
    ) -> Result<Arc<Program>, Refusal> {
        match prepared.program(conditions) {
            Some(program) => {
                self.metrics.hits.increment(1);
                Ok(program)
            }
            None => {
                self.metrics.misses.increment(1);
                self.plan(prepared, conditions.clone()).await
            }
        }
    }

    async fn plan(
        &self,
        prepared: &Arc<Prepared>,
        conditions: Conditions,
    ) -> Result<Arc<Program>, Refusal> {
        let _turn = prepared.planning.lock().await;
        if let Some(program) = prepared.program(&conditions) {
            return Ok(program);
        }
        let (supergraph, planned) = (Arc::clone(&self.supergraph), Arc::clone(prepared));
        let (metrics, rules) = (Arc::clone(&self.metrics), self.rules.clone());
        let job = move |is_given_up: &dyn Fn() -> bool| {
            let began = Instant::now();
            let budget = Budget::until(is_given_up);
            let program = planned.plan(&supergraph, conditions, (&budget, &rules))?;
            metrics.planning.record(began.elapsed());
            Ok::<_, Refusal>(program)
        };
        let program = self.planning.run(job).await??;
        self.weigh(prepared);
        Ok(program)
    }

    /// The plan of a document under these conditions as a JSON object: its `text`, and its tree as `object`. Programs do
    /// not keep the plan they were made of, so it is planned again for the first who asks to see it.
    pub(super) async fn show(
        &self,
        prepared: &Arc<Prepared>,
        conditions: Conditions,
    ) -> Result<Arc<str>, Refusal> {
        let _turn = prepared.planning.lock().await;
        if let Some(shown) = prepared.shown(&conditions) {
            return Ok(shown);
        }
        let (supergraph, planned) = (Arc::clone(&self.supergraph), Arc::clone(prepared));
        let job = move |is_given_up: &dyn Fn() -> bool| {
            let operation = planned.document().fold(&supergraph, &conditions)?;
            let plan = planner::plan_within(&supergraph, &operation, &Budget::until(is_given_up))?;
            let text = plan.display(&supergraph).to_string();
            let shown = json!({ "text": text, "object": plan.to_json(&supergraph) }).to_string();
            let shown: Arc<str> = shown.into();
            planned.keep_shown(&conditions, Arc::clone(&shown));
            Ok::<_, Refusal>(shown)
        };
        let shown = self.planning.run(job).await??;
        self.weigh(prepared);
        Ok(shown)
    }

    /// Puts an entry in anew, for it has grown.
    fn weigh(&self, prepared: &Arc<Prepared>) {
        let entry = Entry {
            prepared: Arc::clone(prepared),
            bytes: prepared.bytes(),
        };
        self.cache.insert(prepared.key().clone(), entry);
    }

    /// The documents that were asked for most often, and have a program; at most so many.
    pub(super) fn most_used(&self, count: usize) -> Vec<Arc<Prepared>> {
        let all = self.cache.iter().map(|(_, entry)| entry.prepared);
        let mut all: Vec<Arc<Prepared>> = all.filter(|known| known.shape().is_some()).collect();
        all.sort_by_cached_key(|known| (Reverse(known.uses()), Arc::clone(&known.key().text)));
        all.truncate(count);
        all
    }

    /// Takes a document over from another supergraph, with a program for each of its conditions: what it takes to answer
    /// it here under those that were used last.
    pub(super) fn adopt(&self, other: &Self, known: &Prepared) -> Result<Option<Shape>, PlanError> {
        let prepared = Prepared::new(&self.supergraph, known.key().clone(), &self.parser)?;
        // It counts less and less, so that what is used now comes first in the end.
        prepared.was_used(known.uses() / 2);
        let names = |supergraph: &Supergraph| -> Vec<String> {
            let labels = supergraph.labels();
            labels.map(|(_, name)| name.to_owned()).collect()
        };
        let mean_the_same = known.document().claims() == prepared.document().claims()
            && names(&self.supergraph) == names(&other.supergraph);
        for conditions in known.asked() {
            let conditions = match mean_the_same {
                true => conditions,
                false => Conditions::new(conditions.values().collect()),
            };
            if prepared.program(&conditions).is_none() {
                let budget = Budget::usual();
                prepared.plan(&self.supergraph, conditions, (&budget, &self.rules))?;
            }
        }
        self.weigh(&prepared);
        Ok(prepared.shape())
    }

    /// The values of a document's introspection fields, if it has any. It may walk the whole schema, so it is no work
    /// for a thread that others wait on.
    pub(super) async fn introspect(
        &self,
        prepared: &Arc<Prepared>,
        variables: &Map<String, Value>,
    ) -> Result<Option<Map<String, Value>>, Refusal> {
        if !prepared.document().has_introspection() {
            return Ok(None);
        }
        let (supergraph, prepared) = (Arc::clone(&self.supergraph), Arc::clone(prepared));
        let variables = variables.clone();
        let job = move |_: &dyn Fn() -> bool| {
            let (document, operation) = prepared.document().executable();
            executor::introspect(supergraph.api(), document, operation, &variables)
        };
        Ok(Some(self.planning.run(job).await??))
    }
}

impl Weighter<Key, Entry> for Weight {
    fn weight(&self, _: &Key, entry: &Entry) -> u64 {
        entry.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::Conditions;
    use std::num::NonZero;

    /// A document whose fragments spread each other: the text grows by a line where its fields double.
    fn doubling(name: &str, times: usize) -> String {
        let fragments = (0..times).map(|index| {
            let next = index + 1;
            format!("fragment F{index} on User {{ a: friends {{ ...F{next} }} b: friends {{ ...F{next} }} }}")
        });
        let fragments: Vec<String> = fragments.collect();
        format!(
            "query {name} {{ me {{ ...F0 }} }} {} fragment F{times} on User {{ id }}",
            fragments.join(" ")
        )
    }

    #[tokio::test]
    async fn what_is_kept_is_weighed_by_its_plan_and_not_by_its_text() {
        let sdl = include_str!("../../tests/cases/supergraphs/shop.graphql");
        let supergraph = Arc::new(Supergraph::parse(sdl).unwrap());
        let planning = Arc::new(Planning::start(NonZero::<usize>::MIN).unwrap());
        let documents = Documents::new(supergraph, Default::default(), planning);
        let weigh = async |text: &str| {
            let prepared = documents.prepare(text, None).await.unwrap();
            let conditions: Conditions = prepared.document().conditions(&Map::new());
            documents.program(&prepared, &conditions).await.unwrap();
            prepared.bytes()
        };
        let (small, large) = (doubling("A", 2), doubling("A", 9));
        assert!(large.len() < small.len() * 5);
        let (small, large) = (weigh(&small).await, weigh(&large).await);
        // 2^9 users with an id each, against 2^2 of them.
        assert!(large > small * 50, "{large} against {small}");
        assert_eq!(documents.cache.weight(), small + large);
    }
}

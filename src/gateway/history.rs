//! What was served lately, and can be served again.

use super::{Config, rehearsal::Rehearsal};
use crate::schema::Supergraph;
use serde::Serialize;
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{SystemTime, UNIX_EPOCH},
};

/// A configuration and a supergraph.
#[derive(Clone)]
pub(super) struct Edition {
    pub(super) number: u64,
    /// When it was made, in seconds since 1970.
    made: u64,
    pub(super) config: Arc<Config>,
    pub(super) supergraph: Arc<Supergraph>,
    rehearsal: Arc<Rehearsal>,
    /// Why it is not served. None: it was, or is.
    refused: Option<String>,
}

/// The editions there are, the latest last.
#[derive(Default)]
pub(super) struct History(Mutex<Editions>);

#[derive(Default)]
struct Editions {
    list: VecDeque<Edition>,
    made: u64,
    current: u64,
}

/// An edition as operators see it.
#[derive(Clone, Debug, Serialize)]
pub struct Seen {
    pub number: u64,
    /// In seconds since 1970.
    pub made_at: u64,
    pub is_served: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
    pub subgraphs: Vec<String>,
    /// What the operations that were most used before made of it.
    pub rehearsal: Arc<Rehearsal>,
}

impl History {
    /// Notes a new edition, and whether it is served from now on. At most `keep` are kept beside the one that is served.
    pub(super) fn add(
        &self,
        (config, supergraph): (&Config, Arc<Supergraph>),
        rehearsal: Rehearsal,
        refused: Option<String>,
    ) -> u64 {
        let mut editions = self.editions();
        editions.made += 1;
        let number = editions.made;
        if refused.is_none() {
            editions.current = number;
        }
        editions.list.push_back(Edition {
            number,
            made: SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, |since| since.as_secs()),
            config: Arc::new(config.clone()),
            supergraph,
            rehearsal: Arc::new(rehearsal),
            refused,
        });
        let Editions { list, current, .. } = &mut *editions;
        while list.len() > config.rollout.keep.saturating_add(1) {
            let oldest = list.iter().position(|edition| edition.number != *current);
            match oldest {
                Some(oldest) => list.remove(oldest),
                None => break,
            };
        }
        number
    }

    /// An edition that is kept.
    pub(super) fn find(&self, number: u64) -> Option<Edition> {
        let editions = self.editions();
        let mut list = editions.list.iter();
        list.find(|edition| edition.number == number).cloned()
    }

    /// An edition is served again.
    pub(super) fn serve(&self, number: u64) {
        let mut editions = self.editions();
        editions.current = number;
        let mut list = editions.list.iter_mut();
        if let Some(edition) = list.find(|edition| edition.number == number) {
            edition.refused = None;
        }
    }

    /// All that are kept, the latest first.
    pub(super) fn seen(&self) -> Vec<Seen> {
        let editions = self.editions();
        let list = editions.list.iter().rev();
        list.map(|edition| Seen {
            number: edition.number,
            made_at: edition.made,
            is_served: edition.number == editions.current,
            refused: edition.refused.clone(),
            subgraphs: {
                let subgraphs = edition.supergraph.subgraphs().iter();
                subgraphs.map(|subgraph| subgraph.name.clone()).collect()
            },
            rehearsal: Arc::clone(&edition.rehearsal),
        })
        .collect()
    }

    fn editions(&self) -> MutexGuard<'_, Editions> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

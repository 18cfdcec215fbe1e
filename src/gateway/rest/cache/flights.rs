//! Fetches under way, on all workers, and those who wait for the same answer.
//!
//! A fetch runs by itself on the worker of the request that began it, and tells how it goes. It ends when nobody listens
//! any more, unless it has gone so far that its answer is worth storing.

use super::{key::Variant, stored::Stored};
use crate::gateway::Refusal;
use foldhash::fast::RandomState;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};
use tokio::sync::watch;

/// How far a fetch has come.
#[derive(Clone, Debug, Default)]
pub(super) enum Phase {
    /// There is no answer yet.
    #[default]
    Asked,
    /// The answer will be stored under this key when all of it has come.
    Arriving(Variant),
    Done(Outcome),
}

/// What a fetch comes to, for those who wait for it.
#[derive(Clone, Debug)]
pub(super) enum Outcome {
    Stored(Variant, Arc<Stored>),
    /// The upstream failed, and what is stored may be used.
    StandIn(Arc<Stored>),
    /// The answer is for the one who asked alone.
    NotShared,
    Failed(Refusal),
}

type News = watch::Sender<Phase>;
type Table = Mutex<HashMap<Variant, Weak<News>, RandomState>>;

/// All of them, by what they are for.
#[derive(Default)]
pub(super) struct Flights(Arc<Table>);

/// One fetch, in the hands of whoever drives it. It can be joined until this is dropped.
pub(super) struct Flight {
    pub(super) news: Arc<News>,
    listed: Option<(Arc<Table>, Variant)>,
}

/// Who drives a fetch.
pub(super) enum Joined {
    Mine(Flight),
    Theirs(watch::Receiver<Phase>),
}

impl Flights {
    /// Joins the fetch for this key, or begins one.
    pub(super) fn join(&self, key: &Variant) -> Joined {
        let mut table = locked(&self.0);
        if let Some(news) = table.get(key).and_then(Weak::upgrade) {
            return Joined::Theirs(news.subscribe());
        }
        let news = Arc::new(News::default());
        table.insert(key.clone(), Arc::downgrade(&news));
        Joined::Mine(Flight {
            news,
            listed: Some((Arc::clone(&self.0), key.clone())),
        })
    }
}

impl Flight {
    /// One that nobody can join.
    pub(super) fn alone() -> Self {
        Self {
            news: Arc::new(News::default()),
            listed: None,
        }
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        let Some((table, key)) = self.listed.take() else {
            return;
        };
        let mut table = locked(&table);
        let is_this = |known: &Weak<News>| known.as_ptr() == Arc::as_ptr(&self.news);
        if table.get(&key).is_some_and(is_this) {
            table.remove(&key);
        }
    }
}

/// A panic under the lock leaves nothing half done here.
fn locked(table: &Table) -> MutexGuard<'_, HashMap<Variant, Weak<News>, RandomState>> {
    table.lock().unwrap_or_else(PoisonError::into_inner)
}

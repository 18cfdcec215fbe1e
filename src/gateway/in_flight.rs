//! Work under way, and those who wait for the same.
//!
//! Whoever asks first begins the work and drives it: it is polled by them alone, so the others cost nothing until it is
//! done. Others who ask for the same while it is under way join, and get a copy of what comes out. When the one who
//! drives it leaves, another of them takes the work over where it stands, so that nobody waits longer than alone;
//! when all have left, it is dropped.
//!
//! What is the same is told by a key, compared in full. Hashes only find it: they are fast ones, and who makes keys that
//! collide slows down the few that are under way on this worker.

use foldhash::fast::RandomState;
use smallvec::SmallVec;
use std::{
    collections::HashMap,
    future::Future,
    hash::{BuildHasher, Hash},
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    task::{Context, Poll, Waker},
};

/// What several can have.
pub(super) trait Share: Clone {
    /// Called once, before the first copy is made. What nobody shares is left as it is.
    fn share(&mut self) {}
}

/// All work of a kind that is under way on one worker.
pub(super) struct InFlight<K, T>(Arc<Table<K, T>>);

/// By the hash of its key.
type Table<K, T> = Mutex<HashMap<u64, SmallVec<[Entry<K, T>; 1]>, RandomState>>;

struct Entry<K, T> {
    key: K,
    joint: Weak<Joint<T>>,
}

type Work<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// What those who wait for the same have in common.
struct Joint<T>(Mutex<State<T>>);

struct State<T> {
    /// Left here by the one who drove it, for whoever comes first.
    work: Option<Work<T>>,
    outcome: Option<T>,
    /// The others who wait. Those who left are empty places.
    waiting: Vec<Option<Waker>>,
}

/// One's part in some work: resolves to what comes out of it.
pub(super) struct Shared<T> {
    joint: Arc<Joint<T>>,
    /// Whoever has it drives it.
    work: Option<Work<T>>,
    /// Where one waits among the others.
    place: Option<usize>,
}

impl<K, T> Default for InFlight<K, T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<K, T> InFlight<K, T>
where
    K: Hash + Eq + Send + 'static,
    T: Share + Send + 'static,
{
    /// Joins the work under this key, or begins it with what `begin` makes.
    pub(super) fn join<F>(&self, key: K, begin: impl FnOnce() -> F) -> Shared<T>
    where
        F: Future<Output = T> + Send + 'static,
    {
        let mut table = locked(&self.0);
        let hash = table.hasher().hash_one(&key);
        let same = table.get(&hash).into_iter().flatten();
        let mut same = same.filter(|entry| entry.key == key);
        if let Some(joint) = same.find_map(|entry| entry.joint.upgrade()) {
            return Shared {
                joint,
                work: None,
                place: None,
            };
        }
        let work = begin();
        let joint = Arc::new(Joint::new());
        let listed = Listed {
            table: Arc::clone(&self.0),
            hash,
            joint: Arc::downgrade(&joint),
        };
        let entry = Entry {
            key,
            joint: Arc::downgrade(&joint),
        };
        table.entry(hash).or_default().push(entry);
        Shared {
            joint,
            work: Some(Box::pin(async move {
                let _listed = listed;
                work.await
            })),
            place: None,
        }
    }
}

/// A piece of work can be found until this is dropped: when it is done, or given up.
struct Listed<K, T> {
    table: Arc<Table<K, T>>,
    hash: u64,
    joint: Weak<Joint<T>>,
}

impl<K, T> Drop for Listed<K, T> {
    fn drop(&mut self) {
        let mut table = locked(&self.table);
        let Some(entries) = table.get_mut(&self.hash) else {
            return;
        };
        entries.retain(|entry| !entry.joint.ptr_eq(&self.joint));
        if entries.is_empty() {
            table.remove(&self.hash);
        }
    }
}

impl<T> Shared<T> {
    /// Whether one drives it, as whoever has begun it does.
    pub(super) fn is_mine(&self) -> bool {
        self.work.is_some()
    }

    /// Whether nobody else waits for it.
    pub(super) fn is_alone(&self) -> bool {
        Arc::strong_count(&self.joint) == 1
    }
}

impl<T: Share> Future for Shared<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        if self.work.is_none() {
            let this = &mut *self;
            let mut state = this.joint.state();
            if let Some(outcome) = &state.outcome {
                return Poll::Ready(outcome.clone());
            }
            this.work = state.work.take();
            if this.work.is_none() {
                state.wait(&mut this.place, context.waker());
                return Poll::Pending;
            }
        }
        let Some(work) = &mut self.work else {
            return Poll::Pending;
        };
        let Poll::Ready(mut outcome) = work.as_mut().poll(context) else {
            return Poll::Pending;
        };
        self.work = None;
        // Nobody can find it any more, so nobody can join from here on.
        if !self.is_alone() {
            outcome.share();
            let mut state = self.joint.state();
            state.outcome = Some(outcome.clone());
            State::wake(state);
        }
        Poll::Ready(outcome)
    }
}

impl<T> Drop for Shared<T> {
    fn drop(&mut self) {
        let mut state = self.joint.state();
        if let Some(place) = self.place.and_then(|place| state.waiting.get_mut(place)) {
            *place = None;
        }
        if let Some(work) = self.work.take() {
            state.work = Some(work);
        }
        // All others are woken, and one of them takes it. If there is none, it goes with the last reference to it.
        if state.work.is_some() {
            State::wake(state);
        }
    }
}

impl<T> Joint<T> {
    fn new() -> Self {
        Self(Mutex::new(State {
            work: None,
            outcome: None,
            waiting: Vec::new(),
        }))
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        locked(&self.0)
    }
}

impl<T> State<T> {
    /// Sees to it that `waker` is woken when there is something new.
    fn wait(&mut self, place: &mut Option<usize>, waker: &Waker) {
        match place.and_then(|place| self.waiting.get_mut(place)) {
            Some(waiting) => match waiting {
                Some(known) => known.clone_from(waker),
                None => *waiting = Some(waker.clone()),
            },
            None => {
                *place = Some(self.waiting.len());
                self.waiting.push(Some(waker.clone()));
            }
        }
    }

    /// Wakes all who wait. They keep their places.
    fn wake(mut state: MutexGuard<'_, Self>) {
        let waiting = state.waiting.iter_mut().filter_map(Option::take);
        let waiting: Vec<Waker> = waiting.collect();
        drop(state);
        waiting.into_iter().for_each(Waker::wake);
    }
}

/// A panic under a lock leaves nothing half done here.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;

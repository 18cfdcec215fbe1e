//! Where a limit counts by itself, and what of that outlives a reload.

use super::{
    bucket::Bucket,
    quota::{Quota, SECOND},
    rule::{Rule, Standing},
    table::{Key, Table},
    window::Window,
};
use std::{
    collections::BTreeMap,
    hash::RandomState,
    sync::{Arc, Mutex, PoisonError},
    time::{Instant, SystemTime, UNIX_EPOCH},
};

/// The time, in nanoseconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock(Instant);

impl Clock {
    fn since_start(self) -> u64 {
        u64::try_from(self.0.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}

fn since_1970() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    u64::try_from(since.unwrap_or_default().as_nanos()).unwrap_or(u64::MAX)
}

/// How a limit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Count {
    Bucket(Bucket),
    Window(Window),
    Quota(Quota),
}

impl Count {
    /// How many it gives, and in how many seconds, if it can be said.
    pub(super) fn quota(self) -> (u64, Option<u64>) {
        // Rounded up, if there is more than was added `by_rounding`.
        let whole = |nanos: u64, by_rounding: u64| {
            let more = u64::from(nanos % SECOND > by_rounding);
            (nanos >= SECOND).then_some(nanos / SECOND + more)
        };
        match self {
            Self::Bucket(bucket) => {
                let span = bucket.capacity.saturating_mul(bucket.per_unit);
                // Each unit takes a whole number of nanoseconds to come back.
                (bucket.capacity, whole(span, bucket.capacity - 1))
            }
            Self::Window(window) => (window.capacity, whole(window.span, 0)),
            Self::Quota(quota) => (quota.limit, quota.period.seconds()),
        }
    }
}

/// A rule, and what was counted by it.
#[derive(Clone)]
pub(super) enum Counter {
    Bucket(Bucket, Arc<Table<Bucket>>),
    Window(Window, Arc<Table<Window>>),
    Quota(Quota, Arc<Table<Quota>>),
}

impl Counter {
    fn new(count: Count, keys_max: usize) -> Self {
        match count {
            Count::Bucket(rule) => Self::Bucket(rule, Arc::new(Table::new(rule, keys_max))),
            Count::Window(rule) => Self::Window(rule, Arc::new(Table::new(rule, keys_max))),
            Count::Quota(rule) => Self::Quota(rule, Arc::new(Table::new(rule, keys_max))),
        }
    }

    /// The same table for another rule of the same kind.
    fn under(&self, count: Count) -> Option<Self> {
        Some(match (self, count) {
            (Self::Bucket(_, table), Count::Bucket(rule)) => Self::Bucket(rule, Arc::clone(table)),
            (Self::Window(_, table), Count::Window(rule)) => Self::Window(rule, Arc::clone(table)),
            (Self::Quota(_, table), Count::Quota(rule)) => Self::Quota(rule, Arc::clone(table)),
            _ => return None,
        })
    }

    /// Its rule.
    pub(super) fn count(&self) -> Count {
        match self {
            Self::Bucket(rule, _) => Count::Bucket(*rule),
            Self::Window(rule, _) => Count::Window(*rule),
            Self::Quota(rule, _) => Count::Quota(*rule),
        }
    }

    /// What time it is for it. Only the calendar's is that of the day.
    pub(super) fn now(&self, clock: Clock) -> u64 {
        match self {
            Self::Bucket(..) | Self::Window(..) => clock.since_start(),
            Self::Quota(..) => since_1970(),
        }
    }

    /// Counts so many units, if they are not too many.
    pub(super) fn take(&self, key: Key, units: u64, now: u64) -> Standing {
        match self {
            Self::Bucket(_, table) => table.take(key, units, now),
            Self::Window(_, table) => table.take(key, units, now),
            // Its own, for plans of one period share a table.
            Self::Quota(rule, table) => {
                table.count(key, now, |_, used| rule.take(used, units, now))
            }
        }
    }

    /// Makes good that units were counted, at this time, for nothing.
    pub(super) fn give_back(&self, key: Key, units: u64, taken_at: u64) {
        match self {
            Self::Bucket(_, table) => table.give_back(key, units, taken_at),
            Self::Window(_, table) => table.give_back(key, units, taken_at),
            Self::Quota(_, table) => table.give_back(key, units, taken_at),
        }
    }

    /// Lets its rule be the one that is counted by.
    fn adopt(&self, clock: Clock) {
        let now = self.now(clock);
        match self {
            Self::Bucket(rule, table) => table.adopt(*rule, now),
            Self::Window(rule, table) => table.adopt(*rule, now),
            Self::Quota(rule, table) => table.adopt(*rule, now),
        }
    }

    /// How many keys it knows.
    pub(super) fn keys(&self) -> usize {
        match self {
            Self::Bucket(_, table) => table.len(),
            Self::Window(_, table) => table.len(),
            Self::Quota(_, table) => table.len(),
        }
    }
}

/// All that was counted in this process.
pub(super) struct Counters {
    pub(super) clock: Clock,
    /// What keys are hashed by.
    pub(super) secret: RandomState,
    counters: Mutex<BTreeMap<String, Counter>>,
}

impl Default for Counters {
    fn default() -> Self {
        Self {
            clock: Clock(Instant::now()),
            secret: RandomState::new(),
            counters: Mutex::default(),
        }
    }
}

impl Counters {
    /// The counter under this name, counting by another rule as soon as it is [settled](Self::settle); a new one if there is
    /// none, or one of another kind.
    pub(super) fn open(&self, name: &str, count: Count, keys_max: usize) -> Counter {
        let mut counters = self.counters.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = || Counter::new(count, keys_max);
        // One of another kind stays until this is settled.
        if let Some(there) = counters.get(name) {
            return there.under(count).unwrap_or_else(fresh);
        }
        let counter = fresh();
        counters.insert(name.to_owned(), counter.clone());
        counter
    }

    /// Counts by the rules of these, which are all there are, and forgets the others.
    pub(super) fn settle<'a>(&self, all: impl Iterator<Item = (&'a str, &'a Counter)>) {
        let settled = all.map(|(name, counter)| {
            counter.adopt(self.clock);
            (name.to_owned(), counter.clone())
        });
        let settled = settled.collect();
        *self.counters.lock().unwrap_or_else(PoisonError::into_inner) = settled;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A bucket whose units come back in whole nanoseconds takes a little longer to fill than was written.
    #[test]
    fn intervals_are_told_as_they_were_written() {
        for seconds in [1, 60, 90, 3600, 86_400] {
            for capacity in [1, 3, 7, 9, 11, 70, 700, 900_000, 999_999] {
                let per_unit = (seconds * SECOND).div_ceil(capacity);
                let count = Count::Bucket(Bucket { capacity, per_unit });
                assert_eq!(count.quota(), (capacity, Some(seconds)));
            }
        }
        for (span, expected) in [
            (SECOND - 1, None),
            (SECOND, Some(1)),
            (SECOND + SECOND / 2, Some(2)),
        ] {
            let capacity = 5;
            let count = Count::Window(Window { capacity, span });
            assert_eq!(count.quota(), (capacity, expected));
        }
    }
}

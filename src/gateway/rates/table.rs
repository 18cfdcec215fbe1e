//! What each key of a limit has used: a table that never holds more keys than it may.
//!
//! Where there is no room for a new key, those go that are as if they had never come; then those that have used least, a
//! sixteenth of them at a time. So whoever wants to be forgotten while much is held against it must come as a whole table
//! of keys that have used more, each of which could have been let in for that.

use super::rule::{Rule, Standing};
use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
    sync::{Mutex, MutexGuard, PoisonError},
};

/// A key: what it stands for, hashed by a secret of this process. Nobody outside can make two keys meet, and that two of
/// a whole table do so by chance is as likely as 1 to 10^9.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key(pub(super) u64);

/// Keys are hashes already.
#[derive(Default)]
pub(super) struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(self.0.rotate_left(8) ^ u64::from(*byte));
        }
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }
}

/// So many threads can look at once.
const SHARDS: usize = 16;
/// How many keys a limit knows, if its clients can make them up.
pub(super) const KEYS_MAX: usize = 100_000;

/// The keys of a limit.
pub(super) struct Table<R: Rule> {
    shards: [Mutex<Shard<R>>; SHARDS],
}

struct Shard<R: Rule> {
    rule: R,
    used: HashMap<Key, R::Used, BuildHasherDefault<AsItIs>>,
    keys_max: usize,
}

impl<R: Rule> Table<R> {
    /// An empty table, for so many keys.
    pub(super) fn new(rule: R, keys_max: usize) -> Self {
        Self {
            shards: std::array::from_fn(|_| {
                Mutex::new(Shard {
                    rule,
                    used: HashMap::default(),
                    keys_max: (keys_max / SHARDS).max(1),
                })
            }),
        }
    }

    fn shard(&self, key: Key) -> MutexGuard<'_, Shard<R>> {
        let shard = &self.shards[(key.0 >> 32) as usize % SHARDS];
        shard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts so many units, if they are not too many.
    pub(super) fn take(&self, key: Key, units: u64, now: u64) -> Standing {
        self.count(key, now, |rule, used| rule.take(used, units, now))
    }

    /// Counts in some way, which is told the table's rule.
    pub(super) fn count(
        &self,
        key: Key,
        now: u64,
        count: impl FnOnce(&R, &mut R::Used) -> Standing,
    ) -> Standing {
        let mut shard = self.shard(key);
        let Shard { rule, used, .. } = &mut *shard;
        if let Some(used) = used.get_mut(&key) {
            return count(rule, used);
        }
        let mut used = R::Used::default();
        let standing = count(rule, &mut used);
        if standing.is_admitted {
            shard.make_room(now);
            shard.used.insert(key, used);
        }
        standing
    }

    /// Makes good that units were counted, at this time, for nothing.
    pub(super) fn give_back(&self, key: Key, units: u64, taken_at: u64) {
        let mut shard = self.shard(key);
        let Shard { rule, used, .. } = &mut *shard;
        if let Some(used) = used.get_mut(&key) {
            rule.give_back(used, units, taken_at);
        }
    }

    /// Counts by this rule from now on, without forgetting what was used.
    pub(super) fn adopt(&self, rule: R, now: u64) {
        for shard in &self.shards {
            let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            if shard.rule == rule {
                continue;
            }
            let before = std::mem::replace(&mut shard.rule, rule);
            shard.used.retain(|_, used| {
                *used = rule.adopt(&before, *used, now);
                rule.held(used, now) > 0
            });
        }
    }

    /// How many keys it knows.
    pub(super) fn len(&self) -> usize {
        let shards = self.shards.iter();
        let lengths = shards.map(|shard| {
            let shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            shard.used.len()
        });
        lengths.sum()
    }
}

impl<R: Rule> Shard<R> {
    fn make_room(&mut self, now: u64) {
        if self.used.len() < self.keys_max {
            return;
        }
        let rule = self.rule;
        self.used.retain(|_, used| rule.held(used, now) > 0);
        if self.used.len() < self.keys_max {
            return;
        }
        let held = self.used.values().map(|used| rule.held(used, now));
        let mut held: Vec<u64> = held.collect();
        let mut to_go = held.len().div_ceil(16);
        let (_, most, _) = held.select_nth_unstable(to_go - 1);
        self.used.retain(|_, used| {
            let goes = to_go > 0 && rule.held(used, now) <= *most;
            to_go -= usize::from(goes);
            !goes
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::rates::{
        bucket::Bucket,
        quota::{Period, Quota},
        window::Window,
    };
    use std::thread;

    const RULE: Bucket = Bucket {
        capacity: 10,
        per_unit: 1000,
    };

    /// Keys as hashes are: every bit by chance.
    fn key(number: u64) -> Key {
        let mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mixed = (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        Key(mixed ^ (mixed >> 32))
    }

    fn flood<R: Rule>(rule: R) {
        let table = Table::new(rule, 1600);
        let mine = key(0);
        assert!(table.take(mine, 10, 0).is_admitted);
        for number in 1..50_000 {
            assert!(table.take(key(number), 1, 1).is_admitted);
            assert!(table.len() <= 1600);
        }
        assert!(!table.take(mine, 1, 1).is_admitted);
    }

    #[test]
    fn a_flood_of_keys_neither_grows_it_nor_forgets_who_has_used_much() {
        flood(RULE);
        flood(Window {
            capacity: 10,
            span: 1000,
        });
        flood(Quota {
            limit: 10,
            period: Period::Day,
        });
    }

    #[test]
    fn keys_go_when_they_are_as_if_they_had_never_come() {
        let table = Table::new(RULE, 1600);
        for number in 0..1000 {
            table.take(key(number), 1, 0);
        }
        assert_eq!(table.len(), 1000);
        for number in 1000..10_000 {
            table.take(key(number), 1, 1000 + number);
        }
        assert!(table.len() <= 1600);
        table.adopt(RULE, 1_000_000);
        let other = Bucket {
            capacity: 11,
            ..RULE
        };
        table.adopt(other, 1_000_000);
        assert_eq!(table.len(), 0);
    }

    #[test]
    fn another_rule_keeps_what_was_used() {
        let table = Table::new(RULE, 1600);
        for number in 0..100 {
            table.take(key(number), 7, 0);
        }
        let rule = Bucket {
            capacity: 9,
            per_unit: 500,
        };
        table.adopt(rule, 0);
        for number in 0..100 {
            assert!(!table.take(key(number), 3, 0).is_admitted);
            assert_eq!(table.take(key(number), 2, 0).remaining, 0);
        }
    }

    #[test]
    fn threads_together_get_no_more_than_there_is() {
        let table = Table::new(
            Bucket {
                capacity: 1000,
                per_unit: 1_000_000,
            },
            1600,
        );
        let count = || {
            (0..10_000)
                .filter(|number| table.take(key(number % 3), 1, 5).is_admitted)
                .count()
        };
        let admitted: usize = thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(count)).collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .sum()
        });
        assert_eq!(admitted, 3000);
    }
}

//! The token bucket, as the generic cell rate algorithm: `capacity` units at once, each of which comes back by itself after
//! those that were used before it.
//!
//! All that is known of a key is when its bucket will be full again: so far ahead of now as its missing units take to
//! come back.

use super::rule::{NEVER, Rule, Standing};

/// How large the bucket is, and how fast it fills.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bucket {
    pub(super) capacity: u64,
    /// How long one unit takes to come back, in nanoseconds: not zero.
    pub(super) per_unit: u64,
}

/// When the bucket is full again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct FullAt(u64);

impl Bucket {
    /// How long an empty bucket takes to be full.
    fn span(&self) -> u64 {
        self.capacity.saturating_mul(self.per_unit)
    }
}

impl Rule for Bucket {
    type Used = FullAt;

    fn take(&self, used: &mut FullAt, units: u64, now: u64) -> Standing {
        let missing = used.0.saturating_sub(now);
        let after = missing.saturating_add(units.saturating_mul(self.per_unit));
        let span = self.span();
        if after > span {
            return Standing {
                is_admitted: false,
                remaining: span.saturating_sub(missing) / self.per_unit,
                reset: if units > self.capacity {
                    NEVER
                } else {
                    after - span
                },
            };
        }
        used.0 = now.saturating_add(after);
        let remaining = (span - after) / self.per_unit;
        Standing {
            is_admitted: true,
            remaining,
            reset: match remaining {
                0 => after.saturating_sub(span - self.per_unit),
                _ => after,
            },
        }
    }

    fn give_back(&self, used: &mut FullAt, units: u64, _taken_at: u64) {
        used.0 = used.0.saturating_sub(units.saturating_mul(self.per_unit));
    }

    fn held(&self, used: &FullAt, now: u64) -> u64 {
        used.0.saturating_sub(now)
    }

    fn adopt(&self, before: &Self, used: FullAt, now: u64) -> FullAt {
        let missing = u128::from(used.0.saturating_sub(now));
        let missing = (missing * u128::from(self.per_unit)).div_ceil(before.per_unit.into());
        let missing = u64::try_from(missing).unwrap_or(u64::MAX);
        FullAt(now.saturating_add(missing.min(self.span())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A bucket that can be read: tokens as fractions of `per_unit`, filled a nanosecond at a time.
    struct Slow {
        rule: Bucket,
        /// In nanoseconds of filling.
        level: u64,
        at: u64,
    }

    impl Slow {
        fn take(&mut self, units: u64, now: u64) -> (bool, u64) {
            let full = self.rule.capacity * self.rule.per_unit;
            while self.at < now {
                self.at += 1;
                self.level = full.min(self.level + 1);
            }
            let wanted = units * self.rule.per_unit;
            let is_admitted = wanted <= self.level;
            if is_admitted {
                self.level -= wanted;
            }
            (is_admitted, self.level / self.rule.per_unit)
        }
    }

    proptest! {
        /// Whatever comes whenever, it decides as the slow bucket does; and what it says of the future holds.
        #[test]
        fn it_decides_as_a_bucket_that_is_filled_drop_by_drop(
            capacity in 1_u64..20,
            per_unit in 1_u64..50,
            asked in prop::collection::vec((0_u64..200, 0_u64..25), 1..60),
        ) {
            let rule = Bucket { capacity, per_unit };
            let mut slow = Slow { rule, level: capacity * per_unit, at: 0 };
            let mut used = FullAt::default();
            let mut now = 0;
            for (pause, units) in asked {
                now += pause;
                let before = used;
                let standing = rule.take(&mut used, units, now);
                prop_assert_eq!((standing.is_admitted, standing.remaining), slow.take(units, now));
                let at = |wait: u64, units| {
                    let mut used = if standing.is_admitted { used } else { before };
                    rule.take(&mut used, units, now + wait)
                };
                match standing {
                    Standing { is_admitted: false, reset: NEVER, .. } => prop_assert!(units > capacity),
                    Standing { is_admitted: false, reset, .. } => {
                        prop_assert!(at(reset, units).is_admitted);
                        prop_assert!(!at(reset - 1, units).is_admitted);
                    }
                    Standing { remaining: 0, reset, .. } => {
                        prop_assert!(at(reset, 1).is_admitted);
                        prop_assert!(!at(reset - 1, 1).is_admitted);
                    }
                    Standing { reset, .. } => prop_assert!(at(reset, capacity).is_admitted),
                }
            }
        }

        /// In no stretch of time are there more than the capacity and what came back in it.
        #[test]
        fn no_stretch_of_time_has_more_than_it_should(
            capacity in 1_u64..20,
            per_unit in 1_u64..50,
            pauses in prop::collection::vec(0_u64..100, 1..80),
        ) {
            let rule = Bucket { capacity, per_unit };
            let (mut used, mut now, mut admitted) = (FullAt::default(), 0, Vec::new());
            for pause in pauses {
                now += pause;
                if rule.take(&mut used, 1, now).is_admitted {
                    admitted.push(now);
                }
            }
            for (first, from) in admitted.iter().enumerate() {
                for (count, to) in admitted[first..].iter().enumerate() {
                    prop_assert!((count as u64) < capacity + (to - from) / per_unit);
                }
            }
        }
    }

    #[test]
    fn units_that_are_given_back_were_never_taken() {
        let rule = Bucket {
            capacity: 3,
            per_unit: 10,
        };
        let mut used = FullAt::default();
        rule.take(&mut used, 2, 1000);
        rule.give_back(&mut used, 2, 1000);
        assert!(rule.take(&mut used, 3, 1000).is_admitted);
    }

    #[test]
    fn another_capacity_keeps_what_was_used() {
        let before = Bucket {
            capacity: 10,
            per_unit: 6,
        };
        let mut used = FullAt::default();
        before.take(&mut used, 4, 100);
        let larger = Bucket {
            capacity: 20,
            per_unit: 3,
        };
        let mut adopted = larger.adopt(&before, used, 100);
        assert_eq!(larger.take(&mut adopted, 0, 100).remaining, 16);
        let smaller = Bucket {
            capacity: 2,
            per_unit: 30,
        };
        let mut adopted = smaller.adopt(&before, used, 100);
        let standing = smaller.take(&mut adopted, 1, 100);
        assert_eq!((standing.is_admitted, standing.reset), (false, 30));
    }
}

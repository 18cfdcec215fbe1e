//! The sliding window: what was used in this window, and of what was used in the one before as much as would still be
//! inside if it had been spread evenly.
//!
//! Two numbers a key instead of a list of moments. What that costs is bounded: no more is let in within a span than the
//! capacity and what of the window before was thought to be outside.

use super::rule::{NEVER, Rule, Standing};

/// How many in how long, in nanoseconds: neither is zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) capacity: u64,
    pub(super) span: u64,
}

/// What was used in a window and in the one before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Windows {
    index: u64,
    before: u64,
    current: u64,
}

impl Windows {
    /// The same at a later time. A clock that goes back stands still.
    fn at(self, index: u64) -> Self {
        match index.saturating_sub(self.index) {
            0 => self,
            1 => Self {
                index,
                before: self.current,
                current: 0,
            },
            _ => Self {
                index,
                ..Self::default()
            },
        }
    }
}

impl Window {
    /// How much of the window is over.
    fn elapsed(&self, used: &Windows, now: u64) -> u64 {
        now.saturating_sub(used.index.saturating_mul(self.span))
    }

    /// What is left after so long of this window of what was used in the one before.
    fn weighed(&self, before: u64, elapsed: u64) -> u64 {
        let weighed = u128::from(before) * u128::from(self.span.saturating_sub(elapsed));
        u64::try_from(weighed.div_ceil(u128::from(self.span))).unwrap_or(u64::MAX)
    }

    /// How much of a window must be over for what was used in the one before to count no more than this.
    fn elapsed_for(&self, before: u64, at_most: u64) -> u64 {
        if before <= at_most {
            return 0;
        }
        let inside = u128::from(at_most) * u128::from(self.span) / u128::from(before);
        self.span - u64::try_from(inside).unwrap_or(self.span)
    }

    /// How long until so many units are let in.
    fn wait(&self, used: &Windows, units: u64, elapsed: u64) -> u64 {
        let Some(room) = self.capacity.checked_sub(units) else {
            return NEVER;
        };
        match room.checked_sub(used.current) {
            Some(left) => self.elapsed_for(used.before, left).saturating_sub(elapsed),
            None => {
                let rest = self.span.saturating_sub(elapsed);
                rest.saturating_add(self.elapsed_for(used.current, room))
            }
        }
    }
}

impl Rule for Window {
    type Used = Windows;

    fn take(&self, used: &mut Windows, units: u64, now: u64) -> Standing {
        let mut after = used.at(now / self.span);
        let elapsed = self.elapsed(&after, now);
        let left = self.capacity.saturating_sub(self.held(&after, now));
        if units > left {
            return Standing {
                is_admitted: false,
                remaining: left,
                reset: self.wait(&after, units, elapsed),
            };
        }
        after.current += units;
        *used = after;
        let remaining = left - units;
        Standing {
            is_admitted: true,
            remaining,
            reset: match remaining {
                0 => self.wait(&after, 1, elapsed),
                _ => self.span.saturating_sub(elapsed),
            },
        }
    }

    fn give_back(&self, used: &mut Windows, units: u64, taken_at: u64) {
        let counted_in = match used.index.checked_sub(taken_at / self.span) {
            Some(0) => &mut used.current,
            Some(1) => &mut used.before,
            _ => return,
        };
        *counted_in = counted_in.saturating_sub(units);
    }

    fn held(&self, used: &Windows, now: u64) -> u64 {
        let used = used.at(now / self.span);
        used.current
            .saturating_add(self.weighed(used.before, self.elapsed(&used, now)))
    }

    fn adopt(&self, before: &Self, used: Windows, now: u64) -> Windows {
        if before.span == self.span {
            return used;
        }
        Windows {
            index: now / self.span,
            before: 0,
            current: before.held(&used, now),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// No window has more than the capacity, and no stretch as long as one has more than the capacity and the part of
        /// the window before that was weighed away.
        #[test]
        fn the_error_is_bounded(
            capacity in 1_u64..30,
            span in 1_u64..100,
            asked in prop::collection::vec((0_u64..40, 1_u64..4), 1..120),
        ) {
            let rule = Window { capacity, span };
            let (mut used, mut now, mut admitted) = (Windows::default(), 0, Vec::new());
            let sum = |admitted: &[(u64, u64)], inside: &dyn Fn(u64) -> bool| -> u64 {
                admitted.iter().filter(|(at, _)| inside(*at)).map(|(_, units)| units).sum()
            };
            for (pause, units) in asked {
                now += pause;
                if !rule.take(&mut used, units, now).is_admitted {
                    continue;
                }
                admitted.push((now, units));
                let index = now / span;
                let in_window = sum(&admitted, &|at| at / span == index);
                prop_assert!(in_window <= capacity);
                let before = sum(&admitted, &|at| at / span + 1 == index);
                let elapsed = now - index * span;
                let weighed_away = before - before * (span - elapsed) / span;
                let in_stretch = sum(&admitted, &|at| at + span > now);
                prop_assert!(in_stretch <= capacity + weighed_away, "{} in a stretch", in_stretch);
            }
        }

        /// What comes evenly is counted as it is, but for one that a list of moments would just have forgotten.
        #[test]
        fn even_traffic_is_counted_as_by_a_list_of_moments(
            in_a_span in 1_u64..30,
            pause in 1_u64..20,
        ) {
            let span = in_a_span * pause;
            let rule = Window { capacity: in_a_span + 1, span };
            let mut used = Windows::default();
            for now in (0..20 * span).step_by(usize::try_from(pause).unwrap()) {
                prop_assert!(rule.take(&mut used, 1, now).is_admitted, "at {}", now);
            }
        }

        /// Who is refused is let in when it was told, and no earlier.
        #[test]
        fn what_it_says_of_the_future_holds(
            capacity in 1_u64..30,
            span in 1_u64..100,
            asked in prop::collection::vec((0_u64..40, 1_u64..35), 1..60),
        ) {
            let rule = Window { capacity, span };
            let (mut used, mut now) = (Windows::default(), 0);
            for (pause, units) in asked {
                now += pause;
                let standing = rule.take(&mut used, units, now);
                let at = |wait: u64, units| {
                    let mut used = used;
                    rule.take(&mut used, units, now + wait).is_admitted
                };
                let asks = match standing {
                    Standing { is_admitted: false, reset: NEVER, .. } => {
                        prop_assert!(units > capacity);
                        continue;
                    }
                    Standing { is_admitted: false, .. } => units,
                    Standing { remaining: 0, .. } => 1,
                    Standing { .. } => continue,
                };
                prop_assert!(at(standing.reset, asks));
                prop_assert!(standing.reset > 0 && !at(standing.reset - 1, asks));
            }
        }
    }

    #[test]
    fn units_that_are_given_back_were_never_taken() {
        let rule = Window {
            capacity: 5,
            span: 100,
        };
        let mut used = Windows::default();
        rule.take(&mut used, 4, 99);
        rule.give_back(&mut used, 4, 99);
        assert!(rule.take(&mut used, 5, 99).is_admitted);
        // In the next window they are those of the one before.
        rule.take(&mut used, 0, 100);
        rule.give_back(&mut used, 5, 99);
        assert!(rule.take(&mut used, 5, 100).is_admitted);
    }

    #[test]
    fn another_window_keeps_what_was_used() {
        let before = Window {
            capacity: 10,
            span: 100,
        };
        let mut used = Windows::default();
        before.take(&mut used, 8, 50);
        before.take(&mut used, 2, 150);
        let more = Window {
            capacity: 20,
            span: 100,
        };
        let mut adopted = more.adopt(&before, used, 150);
        assert_eq!(more.take(&mut adopted, 0, 150).remaining, 14);
        let longer = Window {
            capacity: 20,
            span: 1000,
        };
        let mut adopted = longer.adopt(&before, used, 150);
        assert_eq!(longer.take(&mut adopted, 0, 150).remaining, 14);
        assert_eq!(longer.take(&mut adopted, 0, 950).remaining, 14);
    }
}

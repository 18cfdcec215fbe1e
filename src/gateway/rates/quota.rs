//! Quotas: so many in a day, a week or a month of the calendar, in UTC.

use super::rule::{NEVER, Rule, Standing};
use crate::gateway::calendar::{civil, days};
use serde::Deserialize;

/// How long a quota is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Period {
    Day,
    /// From Monday.
    Week,
    Month,
}

pub(super) const SECOND: u64 = 1_000_000_000;
const DAY: i64 = 86_400;

impl Period {
    /// The number of the period that a day is in.
    fn index(self, day: i64) -> i64 {
        match self {
            Self::Day => day,
            // 1970 began on a Thursday.
            Self::Week => (day + 3).div_euclid(7),
            Self::Month => {
                let (year, month, _) = civil(day);
                year * 12 + month - 1
            }
        }
    }

    /// The first day of a period.
    fn first_day(self, index: i64) -> i64 {
        match self {
            Self::Day => index,
            Self::Week => index * 7 - 3,
            Self::Month => days(index.div_euclid(12), index.rem_euclid(12) + 1, 1),
        }
    }

    /// When the period ends that this moment is in. Both are nanoseconds since 1970.
    fn end(self, moment: u64) -> u64 {
        let seconds = i64::try_from(moment / SECOND).unwrap_or(i64::MAX);
        let next = self.first_day(self.index(seconds.div_euclid(DAY)) + 1);
        u64::try_from(next * DAY)
            .unwrap_or_default()
            .saturating_mul(SECOND)
    }

    /// How many seconds it has, if that is always the same.
    pub(super) fn seconds(self) -> Option<u64> {
        match self {
            Self::Day => Some(86_400),
            Self::Week => Some(604_800),
            Self::Month => None,
        }
    }

    /// As it is written.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
        }
    }
}

/// How many, and in what time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Quota {
    pub(super) limit: u64,
    pub(super) period: Period,
}

/// What was used in a period.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct InPeriod {
    /// In nanoseconds since 1970.
    ends: u64,
    used: u64,
}

impl Rule for Quota {
    type Used = InPeriod;

    fn take(&self, used: &mut InPeriod, units: u64, now: u64) -> Standing {
        // A clock that goes back a little does not begin an old period again. But what it said when it was far ahead is
        // not believed, for nobody would be let in until then.
        let ends = self.period.end(now);
        if now >= used.ends || used.ends > self.period.end(ends) {
            *used = InPeriod { ends, used: 0 };
        }
        let left = self.limit.saturating_sub(used.used);
        let is_admitted = units <= left;
        if is_admitted {
            used.used += units;
        }
        Standing {
            is_admitted,
            remaining: self.limit.saturating_sub(used.used),
            reset: match units > self.limit {
                true => NEVER,
                false => used.ends - now,
            },
        }
    }

    fn give_back(&self, used: &mut InPeriod, units: u64, taken_at: u64) {
        if self.period.end(taken_at) == used.ends {
            used.used = used.used.saturating_sub(units);
        }
    }

    fn held(&self, used: &InPeriod, now: u64) -> u64 {
        if now < used.ends { used.used } else { 0 }
    }

    fn adopt(&self, _before: &Self, used: InPeriod, _now: u64) -> InPeriod {
        used
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn moment(year: i64, month: i64, day: i64) -> u64 {
        u64::try_from(days(year, month, day) * DAY).unwrap() * SECOND
    }

    #[test]
    fn periods_end_when_the_calendar_says() {
        // (moment, day, week, month), each as its end.
        let cases = [
            // A Thursday, in the middle of everything; the last moment of it is in the same periods.
            (
                (2026, 11, 26),
                (2026, 11, 27),
                (2026, 11, 30),
                (2026, 12, 1),
            ),
            // A Sunday.
            (
                (2026, 11, 29),
                (2026, 11, 30),
                (2026, 11, 30),
                (2026, 12, 1),
            ),
            // A Monday, and the last of a month.
            ((2026, 11, 30), (2026, 12, 1), (2026, 12, 7), (2026, 12, 1)),
            ((2026, 12, 31), (2027, 1, 1), (2027, 1, 4), (2027, 1, 1)),
            // With and without a leap day.
            ((2028, 2, 28), (2028, 2, 29), (2028, 3, 6), (2028, 3, 1)),
            ((2100, 2, 28), (2100, 3, 1), (2100, 3, 1), (2100, 3, 1)),
            // Clocks of many places change on these days; those of UTC do not.
            ((2026, 3, 29), (2026, 3, 30), (2026, 3, 30), (2026, 4, 1)),
            (
                (2026, 10, 25),
                (2026, 10, 26),
                (2026, 10, 26),
                (2026, 11, 1),
            ),
        ];
        for ((year, month, day), ends_day, ends_week, ends_month) in cases {
            for now in [
                moment(year, month, day),
                moment(year, month, day) + 86_400 * SECOND - 1,
            ] {
                for (period, (year, month, day)) in [
                    (Period::Day, ends_day),
                    (Period::Week, ends_week),
                    (Period::Month, ends_month),
                ] {
                    let ends = moment(year, month, day);
                    assert_eq!(period.end(now), ends, "{period:?} {year}-{month}-{day}");
                }
            }
        }
    }

    proptest! {
        /// Each period gives its limit, exactly; and begins when the one before ends.
        #[test]
        fn each_period_gives_its_limit(
            period in prop::sample::select(vec![Period::Day, Period::Week, Period::Month]),
            limit in 1_u64..20,
            start in 0_u64..4_000_000_000,
            pauses in prop::collection::vec(0_u64..500_000, 1..100),
        ) {
            let rule = Quota { limit, period };
            let mut used = InPeriod::default();
            let mut now = start * SECOND;
            let mut counted = (period.end(now), 0);
            for pause in pauses {
                now += pause * SECOND;
                let ends = period.end(now);
                prop_assert!(ends > now);
                prop_assert!(period.end(ends) > ends);
                prop_assert_eq!(period.end(ends - 1), ends);
                if counted.0 != ends {
                    counted = (ends, 0);
                }
                let standing = rule.take(&mut used, 1, now);
                prop_assert_eq!(standing.is_admitted, counted.1 < limit);
                counted.1 += u64::from(standing.is_admitted);
                prop_assert_eq!(standing.remaining, limit - counted.1);
                prop_assert_eq!(now + standing.reset, ends);
            }
        }
    }

    #[test]
    fn a_clock_that_was_far_ahead_locks_nobody_out() {
        for period in [Period::Day, Period::Week, Period::Month] {
            let rule = Quota { limit: 1, period };
            let mut used = InPeriod::default();
            assert!(rule.take(&mut used, 1, moment(2027, 11, 27)).is_admitted);
            let now = moment(2026, 11, 27);
            let standing = rule.take(&mut used, 1, now);
            assert!(standing.is_admitted, "{period:?}");
            assert_eq!(now + standing.reset, period.end(now));
            assert!(!rule.take(&mut used, 1, now).is_admitted);
        }
    }

    #[test]
    fn a_clock_that_goes_back_gives_nothing_twice() {
        let rule = Quota {
            limit: 1,
            period: Period::Day,
        };
        let midnight = moment(2026, 11, 27);
        let mut used = InPeriod::default();
        assert!(rule.take(&mut used, 1, midnight - SECOND).is_admitted);
        assert!(rule.take(&mut used, 1, midnight).is_admitted);
        assert!(!rule.take(&mut used, 1, midnight - SECOND).is_admitted);
        assert!(!rule.take(&mut used, 1, midnight).is_admitted);
        // What was taken yesterday is given back to yesterday.
        rule.give_back(&mut used, 1, midnight - SECOND);
        assert!(!rule.take(&mut used, 1, midnight).is_admitted);
        rule.give_back(&mut used, 1, midnight);
        assert!(rule.take(&mut used, 1, midnight).is_admitted);
    }
}

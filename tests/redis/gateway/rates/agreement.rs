//! The script decides as the rules do that count in one process. Its clock is the test's.

use super::{
    bucket::Bucket,
    quota::{Period, Quota},
    rule::{NEVER, Rule, Standing},
    window::Window,
};
use crate::server::Server;
use proptest::{prelude::*, test_runner::TestRunner};
use redis::{Connection, Script};
use std::{
    cell::{Cell, RefCell},
    sync::LazyLock,
};

/// The script by a clock that it is given, in microseconds after its other arguments, which keeps what it stores.
static SCRIPT: LazyLock<Script> = LazyLock::new(script);

fn script() -> Script {
    let code = include_str!("../../../../src/gateway/rates/decide.lua");
    let replaced = [
        ("redis.call('TIME')", "{ ARGV[#ARGV - 1], ARGV[#ARGV] }"),
        (", 'PX', string.format('%.0f', write[3])", ""),
    ];
    let mut code = code.to_owned();
    for (theirs, ours) in replaced {
        assert!(code.contains(theirs), "{theirs}");
        code = code.replace(theirs, ours);
    }
    Script::new(&code)
}

/// How the script is told of a rule.
trait Told: Rule + std::fmt::Debug {
    fn told(&self) -> (&'static str, u64, u64);
}

impl Told for Bucket {
    fn told(&self) -> (&'static str, u64, u64) {
        ("bucket", self.capacity, self.per_unit / 1000)
    }
}

impl Told for Window {
    fn told(&self) -> (&'static str, u64, u64) {
        ("window", self.capacity, self.span / 1000)
    }
}

impl Told for Quota {
    fn told(&self) -> (&'static str, u64, u64) {
        (self.period.name(), self.limit, 0)
    }
}

fn ask(redis: &mut Connection, key: &str, rule: &impl Told, units: u64, micros: u64) -> Standing {
    let (kind, most, span) = rule.told();
    let mut script = SCRIPT.prepare_invoke();
    script
        .key(key)
        .arg(kind)
        .arg(most)
        .arg(span)
        .arg(units)
        .arg(1);
    script.arg(micros / 1_000_000).arg(micros % 1_000_000);
    let answer: [i64; 3] = script.invoke(redis).unwrap();
    Standing {
        is_admitted: answer[0] == 1,
        remaining: answer[1].try_into().unwrap(),
        reset: u64::try_from(answer[2]).map_or(NEVER, |micros| micros * 1000),
    }
}

/// Has both decide on requests that come with pauses of so many microseconds, and on a last one by another rule.
fn compare<R: Told>(rules: impl Strategy<Value = (R, R)>, pauses: std::ops::Range<u64>) {
    let server = Server::start();
    let redis = RefCell::new(server.connect());
    let count = Cell::new(0);
    let asked = prop::collection::vec((pauses, 0_u64..12), 2..40);
    let cases = (
        rules,
        1_500_000_000_000_000_u64..2_000_000_000_000_000,
        asked,
    );
    let judged = TestRunner::default().run(&cases, |((first, second), start, asked)| {
        count.set(count.get() + 1);
        let key = format!("case-{}", count.get());
        let (mut used, mut now) = (R::Used::default(), start);
        let decide = |rule: R, used: &mut R::Used, units, now| {
            let mut expected = rule.take(used, units, now * 1000);
            if expected.reset != NEVER {
                // It cannot tell less than a microsecond.
                expected.reset = expected.reset.next_multiple_of(1000);
            }
            let got = ask(&mut redis.borrow_mut(), &key, &rule, units, now);
            prop_assert_eq!(got, expected, "{} units by {:?}", units, rule);
            Ok(())
        };
        for (pause, units) in &asked {
            now += pause;
            decide(first, &mut used, *units, now)?;
        }
        let mut used = second.adopt(&first, used, now * 1000);
        decide(second, &mut used, asked[0].1, now)
    });
    judged.unwrap_or_else(|failure| panic!("{failure}"));
}

#[test]
fn buckets() {
    let bucket = (1_u64..10, 1_u64..100).prop_map(|(capacity, micros)| Bucket {
        capacity,
        per_unit: micros * 1000,
    });
    compare((bucket.clone(), bucket), 0..300);
}

#[test]
fn windows() {
    let window = (1_u64..10, 1_u64..100).prop_map(|(capacity, micros)| Window {
        capacity,
        span: micros * 1000,
    });
    compare((window.clone(), window), 0..60);
}

#[test]
fn quotas() {
    let periods = [Period::Day, Period::Week, Period::Month];
    let quota = (prop::sample::select(periods.to_vec()), 1_u64..20, 1_u64..20);
    let quota = quota.prop_map(|(period, limit, later)| {
        (
            Quota { limit, period },
            Quota {
                limit: later,
                period,
            },
        )
    });
    compare(quota, 0..1_000_000_000_000);
}

#[test]
fn a_clock_that_was_far_ahead_locks_nobody_out() {
    const DAY: u64 = 86_400 * 1_000_000;
    let server = Server::start();
    let mut redis = server.connect();
    let now = 1_700_000_000_000_000;
    for (period, length) in [(Period::Day, 1), (Period::Week, 7), (Period::Month, 31)] {
        let rule = Quota { limit: 1, period };
        let key = period.name();
        let mut at = |micros| ask(&mut redis, key, &rule, 1, micros).is_admitted;
        // What was used by a clock that is a little ahead stays used.
        assert!(at(now + length * DAY));
        assert!(!at(now), "{key}");
        let mut at = |micros| ask(&mut redis, &format!("{key}-far"), &rule, 1, micros).is_admitted;
        assert!(at(now + 365 * DAY));
        assert!(at(now), "{key}");
        assert!(!at(now), "{key}");
    }
}

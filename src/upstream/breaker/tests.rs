//! The clock of these stands still, unless a test moves it.

use super::*;
use proptest::prelude::*;

const SECOND: Duration = Duration::from_secs(1);

fn config() -> CircuitBreaker {
    CircuitBreaker {
        minimum_requests: 4,
        ..CircuitBreaker::default()
    }
}

fn call(breaker: &mut Breaker, failed: bool, now: Instant) {
    let admission = breaker.admit(now).unwrap();
    breaker.record(admission, failed, now);
}

#[test]
fn it_opens_at_the_ratio_and_closes_when_all_probes_succeed() {
    let (mut breaker, now) = (Breaker::new(config()), Instant::now());
    for failed in [true, true, false] {
        call(&mut breaker, failed, now);
        assert_eq!(breaker.standing(), Standing::Closed, "too few calls");
    }
    call(&mut breaker, true, now);
    assert_eq!(breaker.standing(), Standing::Open);
    assert_eq!(breaker.admit(now + SECOND), Err(29 * SECOND));

    let later = now + 30 * SECOND;
    let probes: Vec<_> = (0..3).map(|_| breaker.admit(later).unwrap()).collect();
    assert_eq!(breaker.admit(later), Err(Duration::ZERO), "three are out");
    for probe in probes {
        assert_eq!(breaker.standing(), Standing::HalfOpen);
        breaker.record(probe, false, later);
    }
    assert_eq!(breaker.standing(), Standing::Closed);
}

#[test]
fn a_probe_that_fails_opens_it_again() {
    let (mut breaker, now) = (Breaker::new(config()), Instant::now());
    for _ in 0..4 {
        call(&mut breaker, true, now);
    }
    let later = now + 30 * SECOND;
    let (first, second) = (breaker.admit(later).unwrap(), breaker.admit(later).unwrap());
    breaker.record(first, true, later);
    assert_eq!(breaker.admit(later), Err(30 * SECOND));
    // It belongs to what is over.
    breaker.record(second, false, later);
    assert_eq!(breaker.standing(), Standing::Open);
}

#[test]
fn failures_leave_the_window() {
    let (mut breaker, now) = (Breaker::new(config()), Instant::now());
    for _ in 0..3 {
        call(&mut breaker, true, now);
    }
    call(&mut breaker, true, now + 11 * SECOND);
    assert_eq!(breaker.standing(), Standing::Closed);
}

#[test]
fn failures_in_a_row_may_be_enough() {
    let mut breaker = Breaker::new(CircuitBreaker {
        minimum_requests: 1000,
        consecutive_failures: 3,
        ..CircuitBreaker::default()
    });
    let now = Instant::now();
    for failed in [true, true, false, true, true] {
        call(&mut breaker, failed, now);
    }
    assert_eq!(breaker.standing(), Standing::Closed);
    call(&mut breaker, true, now);
    assert_eq!(breaker.standing(), Standing::Open);
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Admit,
    Record { which: usize, failed: bool },
    Withdraw { which: usize },
    Wait { millis: u64 },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => Just(Step::Admit),
        2 => (any::<usize>(), any::<bool>()).prop_map(|(which, failed)| Step::Record { which, failed }),
        1 => any::<usize>().prop_map(|which| Step::Withdraw { which }),
        1 => (0_u64..20_000).prop_map(|millis| Step::Wait { millis }),
    ]
}

proptest! {
    /// However calls come and end, no more probes are out than may be, none is let through while it is open, and once
    /// all have ended it lets calls through again after its time.
    #[test]
    fn probes_are_counted_and_never_leak(steps in prop::collection::vec(step(), 1..400)) {
        let mut breaker = Breaker::new(config());
        let mut now = Instant::now();
        let mut out: Vec<Admission> = Vec::new();
        for step in steps {
            match step {
                Step::Admit => {
                    let was = (breaker.standing(), breaker.changes);
                    match breaker.admit(now) {
                        Ok(admission) => out.push(admission),
                        Err(left) => prop_assert!(
                            was.0 != Standing::Closed && left <= config().open_for
                        ),
                    }
                    if breaker.standing() == Standing::HalfOpen {
                        let probes = out.iter().filter(|probe| probe.changes == breaker.changes);
                        prop_assert!(probes.count() <= 3);
                    }
                }
                Step::Record { which, failed } if !out.is_empty() => {
                    let admission = out.swap_remove(which % out.len());
                    breaker.record(admission, failed, now);
                }
                Step::Withdraw { which } if !out.is_empty() => {
                    let admission = out.swap_remove(which % out.len());
                    breaker.withdraw(admission);
                }
                Step::Wait { millis } => now += Duration::from_millis(millis),
                Step::Record { .. } | Step::Withdraw { .. } => {}
            }
        }
        for admission in out {
            breaker.withdraw(admission);
        }
        now += config().open_for;
        for _ in 0..3 {
            let admission = breaker.admit(now);
            prop_assert!(admission.is_ok());
            breaker.record(admission.unwrap(), false, now);
        }
        prop_assert_eq!(breaker.standing(), Standing::Closed);
    }
}

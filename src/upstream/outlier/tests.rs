//! The clock of these stands still, unless a test moves it.

use super::*;
use proptest::prelude::*;

const SECOND: Duration = Duration::from_secs(1);

fn detector(config: OutlierDetection, members: u64, now: Instant) -> Detector {
    let mut detector = Detector::new(config, now);
    let ids: Vec<u64> = (0..members).collect();
    detector.set_members(&ids);
    detector
}

/// What a run of the same outcomes brings about.
fn run(
    detector: &mut Detector,
    (id, outcome): (u64, Outcome),
    times: usize,
    now: Instant,
) -> Vec<Ejection> {
    let mut ejected = Vec::new();
    for _ in 0..times {
        detector.record(id, outcome, now, |ejection| ejected.push(ejection));
    }
    ejected
}

#[test]
fn five_failures_in_a_row_are_too_many() {
    let now = Instant::now();
    let mut detector = detector(OutlierDetection::default(), 3, now);
    assert_eq!(run(&mut detector, (1, Outcome::ServerError), 4, now), []);
    assert_eq!(run(&mut detector, (1, Outcome::Success), 1, now), []);
    assert_eq!(run(&mut detector, (1, Outcome::ServerError), 4, now), []);
    let ejected = run(&mut detector, (1, Outcome::GatewayFailure), 1, now);
    assert_eq!(ejected.len(), 1);
    assert_eq!((ejected[0].id, ejected[0].until), (1, now + 30 * SECOND));
    // Of three, one may be out.
    assert_eq!(run(&mut detector, (2, Outcome::ServerError), 9, now), []);
}

#[test]
fn whoever_falls_back_is_out_for_longer_and_is_forgiven_later() {
    let mut now = Instant::now();
    let mut detector = detector(OutlierDetection::default(), 3, now);
    let fails = (1, Outcome::GatewayFailure);
    for times in [1, 2, 3] {
        let ejected = run(&mut detector, fails, 5, now);
        assert_eq!(ejected[0].until, now + 30 * times * SECOND, "{times}");
        now = ejected[0].until;
        // The interval of this sweep had it out for all but its end.
        detector.swept = now;
    }
    now += 40 * SECOND;
    run(&mut detector, (1, Outcome::Success), 1, now);
    assert_eq!(
        run(&mut detector, fails, 5, now)[0].until,
        now + 30 * SECOND
    );
}

#[test]
fn an_only_endpoint_stays() {
    let now = Instant::now();
    let mut detector = detector(OutlierDetection::default(), 1, now);
    assert_eq!(
        run(&mut detector, (0, Outcome::GatewayFailure), 99, now),
        []
    );
}

#[test]
fn the_one_whose_rate_is_low_is_found() {
    let now = Instant::now();
    let mut detector = detector(OutlierDetection::default(), 6, now);
    let mut ejected = Vec::new();
    for turn in 0..200 {
        for id in 0..6 {
            // One in four of the last endpoint's fails, never two in a row.
            let outcome = if id == 5 && turn % 4 == 0 {
                Outcome::ServerError
            } else {
                Outcome::Success
            };
            let at = if turn == 199 { now + 10 * SECOND } else { now };
            detector.record(id, outcome, at, |ejection| ejected.push(ejection));
        }
    }
    let found: Vec<_> = ejected.iter().map(|found| (found.id, found.why)).collect();
    assert_eq!(found, [(5, "success_rate")]);
}

#[test]
fn the_one_that_fails_too_often_is_found() {
    let config = OutlierDetection {
        consecutive_5xx: 0,
        success_rate_stdev_factor: 0,
        failure_percentage_threshold: Percent::new(50),
        failure_percentage_minimum_hosts: 2,
        ..OutlierDetection::default()
    };
    let now = Instant::now();
    let mut detector = detector(config, 2, now);
    assert_eq!(run(&mut detector, (0, Outcome::Success), 60, now), []);
    assert_eq!(run(&mut detector, (1, Outcome::ServerError), 60, now), []);
    let ejected = run(&mut detector, (0, Outcome::Success), 1, now + 10 * SECOND);
    assert_eq!(ejected[0].id, 1);
}

fn outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        Just(Outcome::Success),
        Just(Outcome::ServerError),
        Just(Outcome::GatewayFailure),
    ]
}

proptest! {
    /// Whatever happens, at most the part that may be out is, an only endpoint never, and all come back in time.
    #[test]
    fn never_more_than_allowed(
        members in 1_u64..12,
        percent in 0_u32..=100,
        steps in prop::collection::vec((any::<u64>(), outcome(), 1_usize..8, 0_u64..20_000), 1..200),
    ) {
        let config = OutlierDetection {
            max_ejection_percent: Percent::new(percent),
            ..OutlierDetection::default()
        };
        let longest = config.max_ejection_time;
        let mut now = Instant::now();
        let mut detector = detector(config, members, now);
        for (id, outcome, times, pause) in steps {
            now += Duration::from_millis(pause);
            for ejection in run(&mut detector, (id % members, outcome), times, now) {
                prop_assert!(ejection.until <= now + longest);
            }
            let out = detector.records.values().filter(|record| record.is_out(now)).count() as u64;
            let most = if members < 2 { 0 } else { (members * u64::from(percent) / 100).max(1) };
            prop_assert!(out <= most, "{out} of {members}, at most {most}");
        }
        now += longest;
        prop_assert!(detector.records.values().all(|record| !record.is_out(now)));
    }
}

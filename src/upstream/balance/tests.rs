//! Shares are those of the weights, keys stay where they are, and who is out gets nothing.

use super::*;
use crate::upstream::{Endpoint, member::Group};
use proptest::prelude::*;

const SECOND: Duration = Duration::from_secs(1);

fn members(weights: &[u32]) -> Vec<Arc<Member>> {
    let group = Group::new(None, Instant::now());
    let member = |(index, weight): (usize, &u32)| {
        let endpoint = Endpoint::parse(&format!("http://10.0.0.{index}:8080")).unwrap();
        Arc::new(Member::new(&group, endpoint, None, *weight))
    };
    weights.iter().enumerate().map(member).collect()
}

fn balancing(policy: Policy) -> LoadBalancing {
    LoadBalancing {
        policy,
        ..LoadBalancing::default()
    }
}

fn choice(turn: usize) -> Choice {
    Choice {
        now: Instant::now(),
        turn,
        hash: None,
        avoid: None,
    }
}

/// How often each is chosen.
fn counts(balancing: &LoadBalancing, members: &[Arc<Member>], choices: usize) -> Vec<u32> {
    let mut counts = vec![0; members.len()];
    for turn in 0..choices {
        let choice = Choice {
            hash: Some(mix(turn as u64 + 1)),
            ..choice(turn)
        };
        let chosen = balancing.choose(members, choice).unwrap();
        let index = members
            .iter()
            .position(|member| Arc::ptr_eq(member, chosen));
        counts[index.unwrap()] += 1;
    }
    counts
}

const POLICIES: [Policy; 4] = [
    Policy::RoundRobin,
    Policy::LeastRequest,
    Policy::PeakEwma,
    Policy::ConsistentHash,
];

/// Pearson's statistic; with k degrees of freedom it is below k + 4·√(2k) + 6 but for one case in ten thousand.
fn is_far_off(counts: &[u32], weights: &[u32]) -> bool {
    let (drawn, sum): (u32, u32) = (counts.iter().sum(), weights.iter().sum());
    let statistic: f64 = counts
        .iter()
        .zip(weights)
        .map(|(count, weight)| {
            let expected = f64::from(drawn) * f64::from(*weight) / f64::from(sum);
            (f64::from(*count) - expected).powi(2) / expected
        })
        .sum();
    let degrees = (weights.len() - 1) as f64;
    statistic > degrees + 4.0 * (2.0 * degrees).sqrt() + 6.0
}

#[test]
fn a_hundred_thousand_choices_are_shared_by_weight() {
    fastrand::seed(6);
    for weights in [
        vec![1, 1, 1],
        vec![90, 10],
        vec![1, 2, 3, 4, 50],
        vec![7; 20],
    ] {
        let members = members(&weights);
        for policy in POLICIES {
            let counts = counts(&balancing(policy), &members, 100_000);
            assert!(
                !is_far_off(&counts, &weights),
                "{policy:?} {weights:?}: {counts:?}"
            );
        }
    }
}

#[test]
fn the_statistic_tells_wrong_shares() {
    assert!(is_far_off(&[33_000, 33_000, 34_000], &[1, 1, 1]));
    assert!(is_far_off(&[90_500, 9_500], &[90, 10]));
}

#[test]
fn turns_of_equals_go_around() {
    let members = members(&[2, 2, 2]);
    let balancing = balancing(Policy::RoundRobin);
    let turn = |turn| {
        let chosen = balancing.choose(&members, choice(turn)).unwrap();
        chosen.place.endpoint.to_string()
    };
    let turns: Vec<String> = (0..6).map(turn).collect();
    assert_eq!(turns[..3], turns[3..]);
    assert!(turns[0] != turns[1] && turns[1] != turns[2] && turns[2] != turns[0]);
}

#[test]
fn the_busy_and_the_slow_get_less() {
    fastrand::seed(6);
    let members = members(&[1, 1]);
    let busy = members[0].begin();
    let got = counts(&balancing(Policy::LeastRequest), &members, 100);
    assert_eq!(got, [0, 100]);
    drop(busy);
    let now = Instant::now();
    members[0].measure(Duration::from_millis(5), now);
    members[1].measure(Duration::from_millis(50), now);
    let got = counts(&balancing(Policy::PeakEwma), &members, 100);
    assert_eq!(got, [100, 0]);
}

#[test]
fn who_is_out_gets_nothing_unless_too_many_are() {
    let members = members(&[1, 1, 1]);
    let now = Instant::now();
    for policy in POLICIES {
        let calm = balancing(policy);
        let panicking = LoadBalancing {
            panic_threshold: Percent::new(50),
            ..balancing(policy)
        };
        members[0].set_unhealthy(true, now);
        assert_eq!(
            counts(&panicking, &members, 300)[0],
            0,
            "two of three are well"
        );
        members[1].eject_until(now + 1000 * SECOND);
        let got = counts(&calm, &members, 300);
        assert_eq!(got[2], 300, "{policy:?}");
        let got = counts(&panicking, &members, 300);
        assert!(got.iter().all(|count| *count > 0), "{policy:?} {got:?}");
        members[2].set_unhealthy(true, now);
        assert!(calm.choose(&members, choice(0)).is_none());
        members[0].set_unhealthy(false, now);
        members[1].readmit(now);
        members[2].set_unhealthy(false, now);
    }
}

#[test]
fn another_one_is_taken_than_failed() {
    let two = members(&[1, 1]);
    for policy in POLICIES {
        for turn in 0..20 {
            let choice = Choice {
                avoid: Some(two[0].place.id),
                hash: Some(turn as u64),
                ..choice(turn)
            };
            let chosen = balancing(policy).choose(&two, choice).unwrap();
            assert!(Arc::ptr_eq(chosen, &two[1]));
            two[1].set_unhealthy(true, choice.now);
            let chosen = balancing(policy).choose(&two, choice).unwrap();
            assert!(Arc::ptr_eq(chosen, &two[0]), "there is no other");
            two[1].set_unhealthy(false, choice.now);
        }
    }
}

proptest! {
    /// Keys of those that stay stay.
    #[test]
    fn a_key_moves_only_when_its_endpoint_goes(
        weights in prop::collection::vec(1_u32..100, 2..12),
        keys in prop::collection::vec(any::<u64>(), 1..100),
        gone in any::<usize>(),
    ) {
        let all = members(&weights);
        let gone = gone % all.len();
        let mut rest = all.clone();
        rest.remove(gone);
        let balancing = balancing(Policy::ConsistentHash);
        for key in keys {
            let choice = Choice { hash: Some(key), ..choice(0) };
            let before = balancing.choose(&all, choice).unwrap();
            let after = balancing.choose(&rest, choice).unwrap();
            prop_assert!(Arc::ptr_eq(before, after) || Arc::ptr_eq(before, &all[gone]));
            all[gone].set_unhealthy(true, choice.now);
            let meanwhile = balancing.choose(&all, choice).unwrap();
            all[gone].set_unhealthy(false, choice.now);
            prop_assert!(Arc::ptr_eq(meanwhile, after), "out is as good as gone");
        }
    }
}

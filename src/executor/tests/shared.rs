//! Answers that several requests share: each gets what it would get alone.

use super::agreement::{Subject, plans};
use super::draft::supergraph;
use super::fakes::{answer as sent_back, text};
use super::hostile::{Hostility, Level, answer};
use super::reference::Sent;
use crate::executor::{Answer, Program, Shared, compile};
use crate::planner::{OutputValue, Plan, PositionId};
use bytes::Bytes;
use proptest::prelude::*;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

/// Asks for the same, and shows less of it: a program of its own.
fn showing_less(plan: &Plan) -> Plan {
    let mut plan = plan.clone();
    plan.output.fields.truncate(1);
    if let Some(OutputValue::Object { output, .. }) =
        plan.output.fields.first_mut().map(|field| &mut field.value)
    {
        output.fields.reverse();
    }
    plan
}

/// Asks for the same, and keeps it in other places: what was read for one is of no use to the other.
fn kept_elsewhere(plan: &Plan) -> Plan {
    let mut plan = plan.clone();
    let slots: Vec<u32> = plan
        .positions
        .iter()
        .map(|position| position.slots)
        .collect();
    for position in &mut plan.positions {
        if let Some(PositionId(parent)) = position.parent {
            position.slot = slots[parent as usize] - 1 - position.slot;
        }
    }
    plan
}

proptest! {
    #[test]
    fn whoever_shares_an_answer_gets_what_it_would_get_alone(
        which in 0..6usize,
        seed in any::<u64>(),
        level in prop::sample::select(vec![Level::Plain, Level::Loose, Level::Odd, Level::Broken]),
        requests in prop::collection::vec((0..3usize, 0..4u64), 2..6),
    ) {
        let plan = plans().swap_remove(which);
        let plans = [plan.clone(), showing_less(&plan), kept_elsewhere(&plan)];
        let programs: Vec<Arc<Program>> =
            plans.iter().map(|plan| compile(supergraph(), plan.clone())).collect();
        let shared: Mutex<HashMap<Bytes, Arc<Shared>>> = Mutex::default();
        for (which, root) in requests {
            // Requests differ in their roots' answers, so that the same entities go to other places.
            let alone = |fetch: usize, sent: &Sent| {
                let seed = if fetch == 0 { seed ^ root } else { seed };
                let body = answer(&plan, fetch, sent, Hostility { seed, level });
                Answer { body: Bytes::from(body), ..sent_back(200, "") }
            };
            let together = |fetch: usize, sent: &Sent| {
                let mut answer = alone(fetch, sent);
                let mut shared = shared.lock().unwrap();
                let known = shared.entry(answer.body.clone());
                answer.shared = Some(Arc::clone(known.or_default()));
                answer
            };
            let told = |answer: &(dyn Fn(usize, &Sent) -> Answer + Sync)| {
                let subject = Subject { plan: &plan, answer, calls: Mutex::default() };
                text(&subject.respond(&programs[which]))
            };
            prop_assert_eq!(told(&together), told(&alone));
        }
    }
}

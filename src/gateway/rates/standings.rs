//! What the limits say of one request.
//!
//! Those that are asked together count it all or not at all. What an earlier stage has counted stays counted.

use super::{
    config::StoreKind,
    fields,
    key::{self, Facts, Stage, Subject},
    limit::{Limit, Verdict},
    limits::{Rates, RouteLimits},
    redis_config::Fallback,
    rule::{NEVER, Standing},
    store::{Question, Store},
};
use crate::gateway::{Code, Problem, Refusal};
use http::{HeaderMap, header};
use smallvec::SmallVec;
use std::sync::Arc;

/// How those limits stand that were asked about a request.
pub(in crate::gateway) struct Standings<'a> {
    rates: &'a Rates,
    /// Of those that clients are told of.
    told: SmallVec<[(&'a Limit, Standing); 2]>,
}

type Round<'a> = SmallVec<[Verdict<'a>; 2]>;

impl<'a> Standings<'a> {
    /// None was asked yet.
    pub(in crate::gateway) fn new(rates: &'a Rates) -> Self {
        Self {
            rates,
            told: SmallVec::new(),
        }
    }

    /// Asks the limits of a stage.
    pub(in crate::gateway) async fn ask(
        &mut self,
        limits: Option<&'a RouteLimits>,
        stage: Stage,
        facts: &Facts<'_>,
    ) -> Result<(), Refusal> {
        match limits.map(|limits| limits.of(stage)) {
            None | Some([]) => Ok(()),
            Some(limits) => self.ask_all(limits, 1, facts).await,
        }
    }

    /// Asks the limits that had to know who it is, together with those of the plan.
    pub(in crate::gateway) async fn ask_caller(
        &mut self,
        limits: Option<&'a RouteLimits>,
        plan: Option<&str>,
        facts: &Facts<'_>,
    ) -> Result<(), Refusal> {
        let Some(plan) = plan else {
            return self.ask(limits, Stage::Caller, facts).await;
        };
        let limits = limits.map_or(&[][..], |limits| limits.of(Stage::Caller));
        let limits = self.rates.plan(plan).iter().chain(limits);
        self.ask_all(limits, 1, facts).await
    }

    /// Asks the limits that count what operations cost.
    pub(in crate::gateway) async fn charge(
        &mut self,
        limits: Option<&'a RouteLimits>,
        points: Option<f64>,
        facts: &Facts<'_>,
    ) -> Result<(), Refusal> {
        let limits = match limits.map(|limits| limits.of(Stage::Cost)) {
            None | Some([]) => return Ok(()),
            Some(limits) => limits,
        };
        // What cannot be told is not for nothing.
        let points = points.ok_or_else(|| {
            Refusal::new(
                Code::CostUnknown,
                "It cannot be told what the operation costs, and this caller pays for it",
            )
        })?;
        self.ask_all(limits, points.ceil() as u64, facts).await
    }

    /// Tells in the headers of a response how the client stands.
    pub(in crate::gateway) fn tell(&self, headers: &mut HeaderMap) {
        if self.told.is_empty() {
            return;
        }
        // Where something else says when to come back, limits must not say later.
        let is_refused = self.told.iter().any(|(_, standing)| !standing.is_admitted);
        if is_refused || !headers.contains_key(header::RETRY_AFTER) {
            fields::write(self.rates.style, &self.told, headers);
        }
    }

    async fn ask_all(
        &mut self,
        limits: impl IntoIterator<Item = &'a Arc<Limit>>,
        units: u64,
        facts: &Facts<'_>,
    ) -> Result<(), Refusal> {
        let mut round = Round::new();
        let mut shared: SmallVec<[(&'a Limit, Subject); 2]> = SmallVec::new();
        for limit in limits {
            let subject = limit.by.subject(facts);
            if limit.store == StoreKind::Redis {
                shared.push((limit, subject));
            } else {
                round.push(self.count(limit, &subject, units));
            }
        }
        if !shared.is_empty() && !round.iter().any(Verdict::refuses) {
            let asked = self.ask_together(&shared, units, &mut round).await;
            if asked.is_err() {
                round.iter().for_each(Verdict::take_back);
            }
            asked?;
        }
        self.conclude(round, units)
    }

    /// Has a limit count in this process.
    fn count(&self, limit: &'a Limit, subject: &Subject, units: u64) -> Verdict<'a> {
        let counters = &self.rates.counters;
        let key = key::key(subject, &counters.secret);
        Verdict::local(limit, key, units, limit.counter.now(counters.clock))
    }

    /// Has limits count where all routers do.
    async fn ask_together(
        &self,
        shared: &[(&'a Limit, Subject)],
        units: u64,
        round: &mut Round<'a>,
    ) -> Result<(), Refusal> {
        let decided = match &self.rates.store {
            Some(store) => store.decide(&questions(store, shared, units)).await.ok(),
            None => None,
        };
        let fallback = self.rates.store.as_ref().map(|store| store.fallback());
        match (decided, fallback.unwrap_or_default()) {
            (Some(standings), _) => {
                let pairs = shared.iter().zip(standings);
                round.extend(pairs.map(|((limit, _), standing)| Verdict {
                    limit,
                    standing,
                    counted: None,
                }));
            }
            (None, Fallback::Local) => {
                let limits = shared.iter();
                round.extend(limits.map(|(limit, subject)| self.count(limit, subject, units)));
            }
            (None, Fallback::Allow) => {
                shared.iter().for_each(|(limit, _)| limit.let_through());
            }
            (None, Fallback::Deny) => {
                return Err(Refusal {
                    retry_after: Some(1),
                    ..Refusal::new(
                        Code::RatesUnavailable,
                        "Nobody can tell now whether these are too many requests",
                    )
                });
            }
        }
        Ok(())
    }

    fn conclude(&mut self, round: Round<'a>, units: u64) -> Result<(), Refusal> {
        for verdict in &round {
            verdict.limit.decided(verdict.standing);
        }
        let told = round.iter().filter(|verdict| verdict.limit.is_enforced);
        let told = told.map(|verdict| (verdict.limit, verdict.standing));
        if !round.iter().any(Verdict::refuses) {
            self.told.extend(told);
            return Ok(());
        }
        // Those that refuse, and no others: so that `Retry-After` is not earlier than any of them says.
        self.told = told.filter(|(_, standing)| !standing.is_admitted).collect();
        round.iter().for_each(Verdict::take_back);
        Err(refusal(&self.told, units))
    }
}

fn questions(store: &Store, shared: &[(&Limit, Subject)], units: u64) -> Vec<Question> {
    let questions = shared.iter().map(|(limit, subject)| Question {
        key: store.key(&limit.ledger, &key::shared_key(subject)),
        count: limit.counter.count(),
        units,
        is_enforced: limit.is_enforced,
    });
    questions.collect()
}

/// What a client is told whom these limits refuse.
fn refusal(violated: &[(&Limit, Standing)], units: u64) -> Refusal {
    let problems = violated.iter().map(|(limit, standing)| {
        let name = &limit.name;
        let message = if standing.reset == NEVER {
            format!("The operation costs {units}, which is more than there ever is ({name})")
        } else if limit.is_quota() {
            format!("The quota is used up ({name})")
        } else {
            format!("Too many requests ({name})")
        };
        Problem {
            message,
            limit: Some(name.clone()),
            ..Problem::default()
        }
    });
    let code = match violated.iter().all(|(limit, _)| limit.is_quota()) {
        true => Code::QuotaExceeded,
        false => Code::Throttled,
    };
    let mut refusal = Refusal::with_problems(code, problems.collect());
    let waits = violated.iter();
    let waits: Option<Vec<u64>> = waits
        .map(|(_, standing)| fields::seconds(standing.reset))
        .collect();
    // Where one of them would never let it in there is no use in coming back.
    let wait = waits.and_then(|waits| waits.into_iter().max());
    refusal.retry_after = wait.map(|seconds| u32::try_from(seconds).unwrap_or(u32::MAX));
    refusal
}

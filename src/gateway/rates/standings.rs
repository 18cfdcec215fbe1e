//! What the limits say of one request.
//!
//! Those that are asked together count it all or not at all. What an earlier stage has counted stays counted.

use super::{
    config::StoreKind,
    fields,
    key::{self, Facts, Stage, Subject},
    limit::{Limit, Verdict},
    limits::{PlanLimits, Rates, RouteLimits},
    rule::{NEVER, Standing},
    store::{Fallback, Question, Store},
};
use crate::gateway::{Code, Refusal};
use http::HeaderMap;
use smallvec::SmallVec;
use std::sync::Arc;

/// A request before its limits, and how those stand that were asked.
pub(in crate::gateway) struct Standings<'a> {
    rates: &'a Rates,
    route: Option<&'a RouteLimits>,
    /// Of those that clients are told of.
    standings: SmallVec<[(&'a Limit, Standing); 2]>,
}

type Round<'a> = SmallVec<[Verdict<'a>; 2]>;

impl<'a> Standings<'a> {
    /// A request that nothing was asked about yet.
    pub(in crate::gateway) fn new(rates: &'a Rates, route: Option<&'a RouteLimits>) -> Self {
        Self {
            rates,
            route,
            standings: SmallVec::new(),
        }
    }

    /// Asks the limits of a stage.
    pub(in crate::gateway) async fn admit(
        &mut self,
        stage: Stage,
        facts: &Facts<'_>,
    ) -> Result<(), Refusal> {
        match self.route {
            Some(route) => self.ask(route.of(stage), 1, facts).await,
            None => Ok(()),
        }
    }

    /// Asks the limits of the consumer's plan, together with those of the route that had to know who it is.
    pub(in crate::gateway) async fn admit_by_plan(
        &mut self,
        plan: &'a PlanLimits,
        facts: &Facts<'_>,
    ) -> Result<(), Refusal> {
        let of_route = self.route.map_or(&[][..], |route| route.of(Stage::Caller));
        self.ask(plan.limits().iter().chain(of_route), 1, facts)
            .await
    }

    /// Asks the limits that count what operations cost.
    pub(in crate::gateway) async fn charge(
        &mut self,
        points: u64,
        facts: &Facts<'_>,
    ) -> Result<(), Refusal> {
        match self.route {
            Some(route) => self.ask(route.of(Stage::Cost), points, facts).await,
            None => Ok(()),
        }
    }

    /// Tells in the headers of a response how the client stands.
    pub(in crate::gateway) fn tell(&self, headers: &mut HeaderMap) {
        if !self.standings.is_empty() {
            fields::write(self.rates.style, &self.standings, headers);
        }
    }

    async fn ask(
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
            self.standings.extend(told);
            return Ok(());
        }
        // Those that refuse, and no others: so that `Retry-After` is not earlier than any of them says.
        self.standings = told.filter(|(_, standing)| !standing.is_admitted).collect();
        round.iter().for_each(Verdict::take_back);
        Err(refusal(&self.standings, units))
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
    let names = violated.iter().map(|(limit, _)| limit.name.as_str());
    let names: Vec<&str> = names.collect();
    let is_quota = violated.iter().all(|(limit, _)| limit.is_quota());
    let is_hopeless = violated.iter().any(|(_, standing)| standing.reset == NEVER);
    let shown = names.join(", ");
    let (code, message) = match is_quota {
        _ if is_hopeless => (
            Code::Throttled,
            format!("The operation costs {units}, which is more than there ever is ({shown})"),
        ),
        true => (
            Code::QuotaExceeded,
            format!("The quota is used up ({shown})"),
        ),
        false => (Code::Throttled, format!("Too many requests ({shown})")),
    };
    let waits = violated
        .iter()
        .map(|(_, standing)| fields::seconds(standing.reset));
    let wait = waits.max().flatten().filter(|_| !is_hopeless);
    Refusal {
        retry_after: wait.map(|seconds| u32::try_from(seconds).unwrap_or(u32::MAX)),
        violated: names.into_iter().map(str::to_owned).collect(),
        ..Refusal::new(code, message)
    }
}

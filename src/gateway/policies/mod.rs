//! What stands before an end of the gateway: named sets of demands on who comes in, and from where.
//!
//! Policies are listed by `graphql.policies` and by the `policies` of routes. Those of a list all apply, in order, as one
//! [`Admission`]: first all addresses, then who it is, then groups, then how much.

mod check;
mod config;
mod doubtful;

pub(super) use check::{Written, check};
pub use config::{Graphql as GraphqlConfig, Policies as Config};
pub(super) use doubtful::findings;

use super::{
    Code, Network, Refusal,
    authentication::{Asking, Authentication, Caller, Ways},
    consumers::Directory,
    misfit::Misfit,
    overload::Priority,
    rates::{Facts, Rates, RouteLimits, Stage, Standings},
};
use std::{net::IpAddr, sync::Arc};

/// One set of demands.
struct Policy {
    priority: Option<Priority>,
    addresses: Option<config::Addresses>,
    groups: Option<Groups>,
}

/// Which groups.
enum Groups {
    Allowed(Vec<String>),
    Denied(Vec<String>),
}

/// What stands before one end: its policies, in order.
pub(super) struct Admission {
    policies: Vec<Arc<Policy>>,
    ways: Ways,
    /// How much one caller may send. None: as much as it likes.
    limits: Option<RouteLimits>,
}

/// All policies, for those who list some of them.
pub(super) struct Policies<'a> {
    config: &'a Config,
    authentication: &'a Authentication,
    consumers: &'a Directory,
    rates: &'a Rates,
    named: Vec<(&'a str, Arc<Policy>)>,
}

impl<'a> Policies<'a> {
    /// Compiles the section, which was checked.
    pub(super) fn new(
        config: &'a Config,
        authentication: &'a Authentication,
        consumers: &'a Directory,
        rates: &'a Rates,
    ) -> Self {
        let named = config.iter();
        let named = named.map(|(name, policy)| (name.as_str(), Arc::new(Policy::new(policy))));
        Self {
            config,
            authentication,
            consumers,
            rates,
            named: named.collect(),
        }
    }

    /// What a list of names means.
    pub(super) fn admission(&self, names: &[String]) -> Result<Admission, Misfit> {
        let mut policies = Vec::new();
        let mut ways = None;
        for (index, name) in names.iter().enumerate() {
            let known = self.named.iter().find(|(known, _)| known == name);
            let (Some(written), Some((_, policy))) = (self.config.get(name), known) else {
                let known: Vec<&str> = self.config.keys().map(String::as_str).collect();
                return Err(Misfit::unknown(
                    &[&index.to_string()],
                    ("policy", name),
                    &known,
                ));
            };
            // The check has seen to it that one of a list says it.
            if let Some(listed) = &written.auth {
                let anonymous = written.anonymous.as_ref();
                let anonymous = anonymous.and_then(|name| self.consumers.named(name));
                ways = Some(Ways::of(listed, anonymous, self.authentication));
            }
            policies.push(Arc::clone(policy));
        }
        Ok(Admission {
            policies,
            ways: ways.unwrap_or_else(|| Ways::unsaid(self.authentication)),
            limits: self.rates.before(names),
        })
    }
}

impl Policy {
    fn new(config: &config::Policy) -> Self {
        let allowed = config.allow_groups.clone().map(Groups::Allowed);
        let denied = config.deny_groups.clone().map(Groups::Denied);
        Self {
            priority: config.priority,
            addresses: config.addresses.clone(),
            groups: allowed.or(denied),
        }
    }

    fn lets_in_from(&self, client: IpAddr) -> bool {
        let has = |networks: &[Network]| networks.iter().any(|network| network.contains(client));
        self.addresses.as_ref().is_none_or(|addresses| {
            let allowed = addresses.allow.as_ref();
            allowed.is_none_or(|allowed| has(allowed)) && !has(&addresses.deny)
        })
    }
}

impl Groups {
    fn have(&self, caller: &Caller) -> bool {
        let is_in = |groups: &[String]| {
            let consumer = caller.consumer();
            consumer.is_some_and(|consumer| consumer.is_in(groups))
        };
        match self {
            Self::Allowed(groups) => is_in(groups),
            Self::Denied(groups) => !is_in(groups),
        }
    }
}

impl Admission {
    /// When requests are refused because there are too many: as the last policy says that says it.
    pub(super) fn priority(&self) -> Priority {
        let said = self
            .policies
            .iter()
            .rev()
            .find_map(|policy| policy.priority);
        said.unwrap_or_default()
    }

    /// Lets a request in of which these facts are known, or refuses it.
    pub(super) async fn admit<'a>(
        &'a self,
        authentication: &Authentication,
        asking: &Asking<'_>,
        facts: Facts<'_>,
        standings: &mut Standings<'a>,
    ) -> Result<Caller, Refusal> {
        let (client, limits) = (facts.address, self.limits.as_ref());
        if !self
            .policies
            .iter()
            .all(|policy| policy.lets_in_from(client))
        {
            let message = "Requests from this address are not let in";
            return Err(Refusal::new(Code::Forbidden, message));
        }
        standings.ask(limits, Stage::Arrival, &facts).await?;
        let caller = authentication.identify(&self.ways, asking).await?;
        for groups in self
            .policies
            .iter()
            .filter_map(|policy| policy.groups.as_ref())
        {
            if !self.check_groups(groups, &caller)? {
                // Whoever shows who it is may be in another group.
                return Err(authentication.refuse(&self.ways, asking).await.into());
            }
        }
        let facts = facts.sent_by(&caller);
        let plan = caller
            .consumer()
            .and_then(|consumer| consumer.plan.as_deref());
        standings.ask_caller(limits, plan, &facts).await?;
        Ok(caller)
    }

    /// Lets a request in of which it is known by now whether it is an operation, and which.
    pub(super) async fn judge<'a>(
        &'a self,
        facts: Facts<'_>,
        standings: &mut Standings<'a>,
    ) -> Result<(), Refusal> {
        let limits = self.limits.as_ref();
        standings.ask(limits, Stage::Operation, &facts).await
    }

    /// Lets an operation in that is thought to cost so much. None: nobody can tell.
    pub(super) async fn charge<'a>(
        &'a self,
        points: Option<f64>,
        facts: Facts<'_>,
        standings: &mut Standings<'a>,
    ) -> Result<(), Refusal> {
        standings.charge(self.limits.as_ref(), points, &facts).await
    }

    /// False: the caller has to show who it is.
    fn check_groups(&self, groups: &Groups, caller: &Caller) -> Result<bool, Refusal> {
        let is_nobody = caller.is_anonymous() && caller.consumer().is_none();
        match groups.have(caller) && !is_nobody {
            true => Ok(true),
            false if caller.is_anonymous() => Ok(false),
            false => {
                let message = "This caller's groups are not let in";
                Err(Refusal::new(Code::Forbidden, message))
            }
        }
    }
}

impl std::fmt::Debug for Admission {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Admission").finish_non_exhaustive()
    }
}

//! What a caller may have of the graph: `@authenticated`, `@requiresScopes` and `@policy`.
//!
//! An operation's claims are known with its document; here is decided which of them a caller does not meet. The operation
//! is then folded without what these protect, so that nobody is asked for it.

mod config;
mod policy;

pub use config::{Config, Directives};

use super::{Code, Finding, Problem, Refusal, authentication::Caller};
use crate::{
    executor::Program,
    operation::Document,
    schema::{AnyOf, Claim, Place, Supergraph},
};
use config::ErrorsIn;
use policy::Policies;
use serde_json::Value;
use std::collections::BTreeSet;

/// The compiled rules.
pub(super) struct Authorization {
    directives: Directives,
    policies: Policies,
}

/// What becomes of an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unmet {
    /// The caller has all of it.
    Nothing,
    /// Without what these claims protect.
    Claims(Box<[u32]>),
    /// All of it, although these claims are not met: what would be left out is only told.
    OnlyTold(Box<[u32]>),
}

impl Authorization {
    /// Compiles the configuration.
    pub(super) fn new(config: &Config) -> Self {
        Self {
            directives: config.directives.clone(),
            policies: config.policies.clone(),
        }
    }

    /// Which of an operation's claims a caller does not meet.
    pub(super) fn unmet(&self, document: &Document, caller: &Caller) -> Unmet {
        if document.claims().is_empty() || !self.directives.enabled {
            return Unmet::Nothing;
        }
        let claims = (0..).zip(document.claims());
        let unmet = claims.filter(|(_, claim)| !self.is_met(claim, caller));
        let unmet: Box<[u32]> = unmet.map(|(index, _)| index).collect();
        match (unmet.is_empty(), self.directives.dry_run) {
            (true, _) => Unmet::Nothing,
            (false, false) => Unmet::Claims(unmet),
            (false, true) => Unmet::OnlyTold(unmet),
        }
    }

    fn is_met(&self, claim: &Claim, caller: &Caller) -> bool {
        let met = |any_of: &AnyOf, has: &dyn Fn(&str) -> bool| {
            let mut lists = any_of.0.iter();
            lists.any(|all| all.iter().all(|name| has(name)))
        };
        match claim {
            Claim::Identity => !caller.is_anonymous(),
            Claim::Scopes(scopes) => met(scopes, &|scope| has_scope(caller, scope)),
            Claim::Policies(policies) => {
                met(policies, &|policy| self.policies.hold(policy, caller))
            }
        }
    }

    /// Tells what is left out of an operation; refuses it if the configuration wants all or nothing.
    pub(super) fn judge(&self, program: &Program) -> Result<(), Refusal> {
        let denied = program.denied();
        let Some(first) = denied.first() else {
            return Ok(());
        };
        if self.directives.errors.log {
            let more = denied.len() - 1;
            tracing::info!(
                field = first.join("."),
                more,
                "the caller may not have all of an operation"
            );
        }
        if !self.directives.reject_unauthorized || self.directives.dry_run {
            return Ok(());
        }
        let problem = |path: &Vec<String>| Problem {
            message: format!("Unauthorized field or type: {}", path.join(".")),
            ..Problem::default()
        };
        Err(Refusal {
            problems: denied.iter().map(problem).collect(),
            ..Refusal::new(Code::UnauthorizedOperation, "")
        })
    }

    /// Whether clients are told what was left out.
    pub(super) fn tells(&self) -> bool {
        self.directives.errors.response == ErrorsIn::Errors
    }
}

/// Whether a token gives a scope: in `scope`, a list in one text (RFC 8693 section 4.2), or in `scp`, as some issuers
/// have it; either may be a list of texts.
fn has_scope(caller: &Caller, scope: &str) -> bool {
    ["scope", "scp"]
        .into_iter()
        .any(|claim| match caller.claim(claim) {
            Some(Value::String(text)) => text.split_ascii_whitespace().any(|given| given == scope),
            Some(Value::Array(given)) => given.iter().any(|given| given == scope),
            _ => false,
        })
}

/// What the supergraph protects and everybody gets, because the configuration says so; and policies that nothing decides.
pub fn unprotected(config: &Config, supergraph: &Supergraph) -> Vec<Finding> {
    if !config.directives.enabled {
        let protections = supergraph.protections().iter();
        let findings = protections.map(|protection| {
            let message = format!(
                "`@{}` is not enforced: what it protects is given to everybody",
                protection.directive
            );
            Finding::new(&["authorization", "directives", "enabled"], message)
        });
        return findings.collect();
    }
    let undecided = policies(supergraph).into_iter();
    let undecided = undecided.filter(|policy| !config.policies.has(policy));
    let findings = undecided.map(|policy| {
        let message =
            format!("the policy `{policy}` holds for nobody: it is not in authorization.policies");
        Finding::new(&["authorization", "policies"], message)
    });
    findings.collect()
}

/// The policies that a supergraph demands.
fn policies(supergraph: &Supergraph) -> BTreeSet<String> {
    let types = supergraph.type_ids();
    let places = types.flat_map(|ty| {
        let fields = supergraph.ty(ty).fields.values();
        let fields = fields.map(|field| Place::Field(*field));
        fields.chain([Place::Type(ty)])
    });
    let said = places.filter_map(|place| supergraph.annotations(&place));
    let demanded = said.flat_map(|said| &said.demand.policies);
    let names = demanded.flat_map(|any_of| any_of.0.iter().flatten());
    names.cloned().collect()
}

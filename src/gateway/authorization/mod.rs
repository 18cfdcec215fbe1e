//! What a caller may have of the graph: `@authenticated`, `@requiresScopes` and `@policy`.
//!
//! An operation's claims are known with its document; here is decided which of them a caller does not meet, by what their token
//! says, by the arguments that a field is given, and by what another service says. The operation is then folded without what
//! these protect, so that nobody is asked for it.

mod case;
mod condition;
mod config;
mod external;
mod findings;
mod policy;

pub use config::{Config, Directives};
pub use findings::unprotected;

use super::{Code, Problem, Refusal, authentication::Caller};
use crate::{
    executor::Program,
    operation::{Demanded, Document},
    schema::{AnyOf, Claim, Supergraph},
    upstream::{Connections, Outbound, UpstreamError},
};
use case::{Case, Decided, Given};
use config::ErrorsIn;
use external::{External, Subject};
use http::HeaderMap;
use policy::Policies;
use serde_json::{Map, Value};
use std::{collections::BTreeSet, sync::Arc};

/// The compiled rules.
pub(super) struct Authorization {
    directives: Directives,
    policies: Policies,
    external: Option<External>,
}

/// A request, as far as it matters what its caller may have.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) supergraph: &'a Supergraph,
    pub(super) document: &'a Document,
    /// Coerced.
    pub(super) variables: &'a Map<String, Value>,
    pub(super) caller: &'a Caller,
    pub(super) headers: &'a HeaderMap,
    /// Those of the worker.
    pub(super) connections: &'a Connections,
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
    pub(super) fn new(config: &Config, outbound: Outbound<'_>) -> Result<Self, UpstreamError> {
        let external = config.external.as_ref();
        let external = external.map(|external| External::new(external, outbound));
        Ok(Self {
            directives: config.directives.clone(),
            policies: config.policies.clone(),
            external: external.transpose()?,
        })
    }

    /// The policies of an operation in which another service has a say. None: it need not be asked.
    pub(super) fn elsewhere<'a>(&self, document: &'a Document) -> Option<BTreeSet<&'a str>> {
        self.external.as_ref()?;
        let claims = document.claims().iter();
        let any_of = claims.filter_map(|demanded| match &demanded.claim {
            Claim::Policies(any_of) => Some(any_of),
            Claim::Identity | Claim::Scopes(_) => None,
        });
        let names = any_of.flat_map(|any_of| any_of.0.iter().flatten());
        let names = names.map(String::as_str);
        let names: BTreeSet<&str> = names
            .filter(|name| self.policies.is_external(name))
            .collect();
        (!names.is_empty() && self.directives.enabled).then_some(names)
    }

    /// What that service says of them.
    pub(super) async fn decide(&self, policies: BTreeSet<&str>, asked: Asked<'_>) -> Arc<Decided> {
        let subject = Subject {
            caller: asked.caller,
            document: asked.document,
            headers: asked.headers,
        };
        match &self.external {
            None => Arc::default(),
            Some(external) => external.decide(&policies, subject, asked.connections).await,
        }
    }

    /// Which of an operation's claims its caller does not meet. `decided` is what another service says, if it was asked.
    pub(super) fn unmet(&self, asked: Asked<'_>, decided: Option<&Decided>) -> Unmet {
        let document = asked.document;
        if document.claims().is_empty() || !self.directives.enabled {
            return Unmet::Nothing;
        }
        let claims = (0..).zip(document.claims());
        let unmet = claims.filter(|(_, demanded)| !self.is_met(demanded, asked, decided));
        let unmet: Box<[u32]> = unmet.map(|(index, _)| index).collect();
        match (unmet.is_empty(), self.directives.dry_run) {
            (true, _) => Unmet::Nothing,
            (false, false) => Unmet::Claims(unmet),
            (false, true) => Unmet::OnlyTold(unmet),
        }
    }

    fn is_met(&self, demanded: &Demanded, asked: Asked<'_>, decided: Option<&Decided>) -> bool {
        let met = |any_of: &AnyOf, has: &dyn Fn(&str) -> bool| {
            let mut lists = any_of.0.iter();
            lists.any(|all| all.iter().all(|name| has(name)))
        };
        let case = Case {
            caller: asked.caller,
            decided,
            given: demanded.arguments.as_ref().map(|arguments| Given {
                arguments,
                supergraph: asked.supergraph,
                variables: asked.variables,
            }),
        };
        match &demanded.claim {
            Claim::Identity => !asked.caller.is_anonymous(),
            Claim::Scopes(scopes) => met(scopes, &|scope| has_scope(asked.caller, scope)),
            Claim::Policies(policies) => met(policies, &|policy| self.policies.hold(policy, &case)),
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

//! What a configuration does not protect of a supergraph, and policies that hold for nobody.

use super::Config;
use crate::{
    gateway::Finding,
    schema::{Demand, FieldId, Place, Supergraph},
};
use std::collections::BTreeSet;

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
    let demanded = demanded(supergraph);
    let names: BTreeSet<&str> = demanded.iter().map(|(name, _)| name.as_str()).collect();
    let undecided = names.into_iter().filter(|name| !config.policies.has(name));
    let mut findings: Vec<Finding> = undecided
        .map(|policy| {
            let message = format!(
                "the policy `{policy}` holds for nobody: it is not in authorization.policies"
            );
            Finding::new(&["authorization", "policies"], message)
        })
        .collect();
    findings.extend(without_arguments(config, supergraph, &demanded));
    if config.external.is_some() && config.policies.first_external().is_none() {
        let message = "nobody is asked: no policy is `external: true`";
        findings.push(Finding::new(&["authorization", "external"], message));
    }
    findings
}

/// Policies that look at arguments, where there are none.
fn without_arguments(
    config: &Config,
    supergraph: &Supergraph,
    demanded: &BTreeSet<(String, At)>,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (policy, at) in demanded {
        for argument in config.policies.arguments(policy) {
            if at.takes(supergraph, argument) {
                continue;
            }
            let at = &at.coordinate;
            let message = format!(
                "the policy `{policy}` looks at the argument `{argument}`, which `{at}` does not take: it is given to nobody"
            );
            findings.push(Finding::new(
                &["authorization", "policies", policy],
                message,
            ));
        }
    }
    findings
}

/// A place that demands policies.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct At {
    coordinate: String,
    field: Option<FieldId>,
}

impl At {
    /// Whether clients may give it such an argument.
    fn takes(&self, supergraph: &Supergraph, argument: &str) -> bool {
        let definition = self.field.and_then(|field| {
            let field = supergraph.field(field);
            let parent = supergraph.type_name(field.parent);
            supergraph.api().type_field(parent, &field.name).ok()
        });
        definition.is_some_and(|definition| definition.argument_by_name(argument).is_some())
    }
}

/// The policies that a supergraph demands, and where.
fn demanded(supergraph: &Supergraph) -> BTreeSet<(String, At)> {
    let mut demanded = BTreeSet::new();
    let mut note = |demand: Option<&Demand>, coordinate: String, field: Option<FieldId>| {
        let policies = demand.into_iter().flat_map(|demand| &demand.policies);
        for name in policies.flat_map(|any_of| any_of.0.iter().flatten()) {
            let coordinate = coordinate.clone();
            demanded.insert((name.clone(), At { coordinate, field }));
        }
    };
    for ty in supergraph.type_ids() {
        let name = supergraph.type_name(ty);
        let said = supergraph.annotations(&Place::Type(ty));
        note(said.map(|said| &said.demand), name.to_string(), None);
        for (field, id) in &supergraph.ty(ty).fields {
            let coordinate = format!("{name}.{field}");
            note(supergraph.own_demand(*id), coordinate, Some(*id));
        }
    }
    demanded
}

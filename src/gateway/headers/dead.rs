//! Header rules that can never do anything, whatever a client sends.

use super::{Config, Insert, Location, OURS, Propagate, Remove, Rule};
use crate::gateway::Finding;
use http::HeaderName;

/// The dead rules of a configuration. Those of a subgraph come after those of `all`.
pub(in crate::gateway) fn dead_rules(config: &Config) -> Vec<Finding> {
    let all = &config.all.request;
    let mut findings = in_location(&[], &config.all, &["headers", "all", "request"]);
    for (name, location) in &config.subgraphs {
        let key = ["headers", "subgraphs", name, "request"];
        findings.extend(in_location(all, location, &key));
    }
    findings
}

fn in_location(before: &[Rule], location: &Location, key: &[&str]) -> Vec<Finding> {
    let rules = location.request.iter().enumerate();
    let findings = rules.filter_map(|(index, rule)| {
        let (own, after) = location.request.split_at(index);
        let earlier: Vec<&Rule> = before.iter().chain(own).collect();
        let message = why_dead(rule, &earlier, &after[1..])?;
        let index = index.to_string();
        let key: Vec<&str> = key.iter().copied().chain([index.as_str()]).collect();
        Some(Finding::new(&key, message))
    });
    findings.collect()
}

fn why_dead(rule: &Rule, earlier: &[&Rule], later: &[Rule]) -> Option<String> {
    if let Some(name) = rule.touches_ours() {
        return Some(format!("no effect: the router sets `{name}` itself"));
    }
    match rule {
        Rule::Propagate(propagate) => earlier
            .iter()
            .any(|earlier| precedes(earlier, propagate))
            .then(|| "no effect: a rule before it has propagated the same header".to_owned()),
        Rule::Insert(insert) => later
            .iter()
            .any(|later| matches!(later, Rule::Insert(Insert::Value { name, .. }) if name == insert.name()))
            .then(|| format!("no effect: `{}` is inserted again below", insert.name().0)),
        Rule::Remove(remove) => (!earlier.iter().any(|earlier| may_set(earlier, remove)))
            .then(|| "no effect: no rule before it sets such a header".to_owned()),
    }
}

/// Whether an earlier rule has propagated to the same header whenever this one could.
fn precedes(earlier: &Rule, propagate: &Propagate) -> bool {
    let Rule::Propagate(earlier) = earlier else {
        return false;
    };
    match (earlier, propagate) {
        (
            Propagate::Named {
                named: first,
                default: sure,
                ..
            },
            Propagate::Named { named, default, .. },
        ) => {
            let same_source = first == named && default.is_none();
            target(earlier) == target(propagate) && (sure.is_some() || same_source)
        }
        (
            Propagate::Matching(pattern),
            Propagate::Named {
                named,
                rename,
                default,
            },
        ) => {
            let same = rename.as_ref().is_none_or(|rename| rename == named);
            same && default.is_none() && pattern.0.is_match(named.0.as_str())
        }
        (Propagate::Matching(first), Propagate::Matching(second)) => first == second,
        (Propagate::Named { .. }, Propagate::Matching(_)) => false,
    }
}

/// The one header that a rule propagates to, if it is one.
fn target(propagate: &Propagate) -> Option<&HeaderName> {
    match propagate {
        Propagate::Named { named, rename, .. } => Some(&rename.as_ref().unwrap_or(named).0),
        Propagate::Matching(_) => None,
    }
}

/// Whether a rule may set a header that the other one removes.
fn may_set(rule: &Rule, remove: &Remove) -> bool {
    let set = match rule {
        Rule::Propagate(propagate) => target(propagate),
        Rule::Insert(insert) => Some(&insert.name().0),
        Rule::Remove(_) => return false,
    };
    match (set, rule, remove) {
        (Some(set), _, Remove::Named(name)) => *set == name.0,
        (Some(set), _, Remove::Matching(pattern)) => pattern.0.is_match(set.as_str()),
        (None, Rule::Propagate(Propagate::Matching(pattern)), Remove::Named(name)) => {
            !OURS.contains(&name.0) && pattern.0.is_match(name.0.as_str())
        }
        // What two patterns have in common cannot be told.
        (None, _, _) => true,
    }
}

//! Which headers of subgraphs' answers go on to the client, and what becomes of several.
//!
//! The rules of a subgraph are those of `all` and then its own, in order, for each of its answers in the order of the plan.

use super::{OURS, Remove, cache_control::CacheControl};
use crate::gateway::header_types::{Name, Pattern, Value};
use http::{HeaderMap, HeaderName, header};
use serde::Deserialize;

/// One step from an answer's headers to those that the client gets.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ResponseRule {
    Propagate(Returned),
    Insert(Inserted),
    Remove(Remove),
}

/// Passes a header of an answer on.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Written")]
pub struct Returned {
    which: Which,
    /// Its name for the client.
    rename: Option<Name>,
    /// For when no answer has it.
    default: Option<Value>,
    algorithm: Algorithm,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Which {
    Named(Name),
    Matching(Pattern),
}

/// What becomes of a header that several answers have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Algorithm {
    First,
    #[default]
    Last,
    /// All values.
    Append,
    /// The values of `Cache-Control` that allow least; an answer without one allows nothing.
    MostRestrictive,
}

/// Sets a header of responses.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "WrittenInserted")]
pub struct Inserted {
    name: Name,
    value: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    named: Option<Name>,
    matching: Option<Pattern>,
    rename: Option<Name>,
    default: Option<Value>,
    #[serde(default)]
    algorithm: Algorithm,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenInserted {
    name: Name,
    value: Value,
}

/// Whether the router sets a header itself: what frames the body, who may read it, and how a request is called.
fn is_ours(name: &HeaderName) -> bool {
    OURS.contains(name)
        || *name == header::VARY
        || *name == crate::gateway::request_id::X_REQUEST_ID
        || name.as_str().starts_with("access-control-")
}

fn not_ours(name: &Name) -> Result<(), String> {
    match is_ours(&name.0) {
        true => Err(format!("the router sets `{}` itself", name.0)),
        false => Ok(()),
    }
}

impl TryFrom<Written> for Returned {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, Self::Error> {
        let Written {
            named,
            matching,
            rename,
            default,
            algorithm,
        } = written;
        let which = match (named, matching) {
            (Some(named), None) => Which::Named(named),
            (None, Some(pattern)) => Which::Matching(pattern),
            _ => return Err(super::EITHER.to_owned()),
        };
        match &which {
            Which::Named(named) => not_ours(rename.as_ref().unwrap_or(named))?,
            Which::Matching(_) if rename.is_some() || default.is_some() => {
                return Err(
                    "`rename` and `default` go with `named`, not with `matching`".to_owned(),
                );
            }
            Which::Matching(_) => {}
        }
        let is_cache_control =
            matches!(&which, Which::Named(named) if named.0 == header::CACHE_CONTROL);
        if algorithm == Algorithm::MostRestrictive && (!is_cache_control || rename.is_some()) {
            return Err("`most_restrictive` goes with `named: cache-control`".to_owned());
        }
        Ok(Self {
            which,
            rename,
            default,
            algorithm,
        })
    }
}

impl TryFrom<WrittenInserted> for Inserted {
    type Error = String;

    fn try_from(written: WrittenInserted) -> Result<Self, Self::Error> {
        not_ours(&written.name)?;
        let WrittenInserted { name, value } = written;
        Ok(Self { name, value })
    }
}

/// The compiled rules of one subgraph.
#[derive(Clone, Debug, Default)]
pub(in crate::gateway) struct ResponseRules(Vec<ResponseRule>);

/// The headers that a client gets of subgraphs.
#[derive(Debug, Default)]
pub(in crate::gateway) struct Gathered {
    headers: HeaderMap,
    cache_control: Option<CacheControl>,
    /// The headers of the answer at hand that were written already, so that its further values are added.
    written: Vec<HeaderName>,
}

impl ResponseRules {
    /// Those of `all`, then a subgraph's own.
    pub(in crate::gateway) fn new(config: &super::Config, subgraph: &str) -> Self {
        let own = config.subgraphs.get(subgraph);
        let own = own.map_or(&[][..], |location| &location.response);
        Self(config.all.response.iter().chain(own).cloned().collect())
    }

    /// Whether there are none.
    pub(in crate::gateway) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether cookies go on to clients. Each is for one of them.
    pub(in crate::gateway) fn pass_cookies(&self) -> bool {
        self.0.iter().any(|rule| match rule {
            ResponseRule::Propagate(rule) => rule.is_of(&header::SET_COOKIE),
            ResponseRule::Insert(_) | ResponseRule::Remove(_) => false,
        })
    }

    /// Takes what the rules let through of an answer.
    pub(in crate::gateway) fn apply(&self, answer: &HeaderMap, gathered: &mut Gathered) {
        gathered.written.clear();
        for rule in &self.0 {
            match rule {
                ResponseRule::Propagate(rule) if rule.algorithm == Algorithm::MostRestrictive => {
                    let said = CacheControl::of(answer);
                    let before = gathered.cache_control.take();
                    gathered.cache_control = Some(match before {
                        Some(before) => before.and(said),
                        None => said,
                    });
                }
                ResponseRule::Propagate(rule) => rule.apply(answer, gathered),
                ResponseRule::Insert(Inserted { name, value }) => {
                    gathered.headers.insert(&name.0, value.0.clone());
                }
                ResponseRule::Remove(Remove::Named(name)) => {
                    gathered.headers.remove(&name.0);
                }
                ResponseRule::Remove(Remove::Matching(pattern)) => {
                    let names = gathered.headers.keys();
                    let matching = names.filter(|name| pattern.0.is_match(name.as_str()));
                    let matching: Vec<HeaderName> = matching.cloned().collect();
                    for name in matching {
                        gathered.headers.remove(name);
                    }
                }
            }
        }
    }

    /// Sets what no answer had.
    pub(in crate::gateway) fn complete(&self, gathered: &mut Gathered) {
        for rule in &self.0 {
            let ResponseRule::Propagate(Returned {
                which: Which::Named(named),
                rename,
                default: Some(default),
                ..
            }) = rule
            else {
                continue;
            };
            let name = &rename.as_ref().unwrap_or(named).0;
            if !gathered.headers.contains_key(name) {
                gathered.headers.insert(name, default.0.clone());
            }
        }
    }
}

impl Returned {
    /// Whether it is about this header.
    fn is_of(&self, name: &HeaderName) -> bool {
        match &self.which {
            Which::Named(named) => named.0 == *name,
            // Never by a pattern: who writes `.*` does not think of cookies.
            Which::Matching(pattern) => {
                *name != header::SET_COOKIE && !is_ours(name) && pattern.0.is_match(name.as_str())
            }
        }
    }

    fn apply(&self, answer: &HeaderMap, gathered: &mut Gathered) {
        for name in answer.keys().filter(|name| self.is_of(name)) {
            let target = self.rename.as_ref().map_or(name, |rename| &rename.0);
            if gathered.written.contains(target) {
                continue;
            }
            let is_there = gathered.headers.contains_key(target);
            match self.algorithm {
                Algorithm::First if is_there => continue,
                Algorithm::Last => {
                    gathered.headers.remove(target);
                }
                Algorithm::First | Algorithm::Append | Algorithm::MostRestrictive => {}
            }
            for value in answer.get_all(name) {
                gathered.headers.append(target, value.clone());
            }
            gathered.written.push(target.clone());
        }
    }
}

impl Gathered {
    /// All of them; of a response with errors nothing may be stored, if anything is said of that.
    pub(in crate::gateway) fn finish(mut self, has_errors: bool) -> HeaderMap {
        if let Some(allowed) = self.cache_control {
            let allowed = if has_errors {
                CacheControl::NO_STORE
            } else {
                allowed
            };
            self.headers
                .insert(header::CACHE_CONTROL, allowed.to_value());
        } else if has_errors && self.headers.contains_key(header::CACHE_CONTROL) {
            let never = CacheControl::NO_STORE.to_value();
            self.headers.insert(header::CACHE_CONTROL, never);
        }
        self.headers
    }
}

//! Which of a client's headers go on to subgraphs, and which of theirs to the client; what is added or taken away.
//!
//! The rules are Apollo Router's: those of `all` come first, then the subgraph's own, each in order; what one rule has
//! propagated to a header, a later one does not replace.

mod cache_control;
mod dead;
mod read;
mod returned;

pub(super) use dead::dead_rules;
pub(super) use read::Read;

use returned::ResponseRule;
pub(super) use returned::{Gathered, ResponseRules};

use super::{
    authentication::Caller,
    claims::{is_claim, is_identity, plainly},
    header_types::{Name, Pattern, Value},
};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use serde::Deserialize;
use smallvec::SmallVec;
use std::collections::BTreeMap;

/// The `headers` section.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    pub all: Location,
    pub subgraphs: BTreeMap<String, Location>,
}

/// `headers.all` and `headers.subgraphs.NAME`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Location {
    pub request: Vec<Rule>,
    pub response: Vec<ResponseRule>,
}

/// One step from the client's headers to those a subgraph gets.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rule {
    Propagate(Propagate),
    Insert(Insert),
    Remove(Remove),
}

/// Passes a client's header on.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "WrittenPropagate")]
pub enum Propagate {
    /// One header, perhaps under another name, perhaps with a value for when the client sends none.
    Named {
        named: Name,
        rename: Option<Name>,
        default: Option<Value>,
    },
    /// Every header whose name the pattern is found in.
    Matching(Pattern),
}

/// Sets a header, whatever it was.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "WrittenInsert")]
pub enum Insert {
    /// To a value.
    Value { name: Name, value: Value },
    /// To what the caller's token says. If it says nothing of it, what rules before this one have inserted stays;
    /// what the client sends under this name never gets there.
    Claim { name: Name, claim: String },
}

/// Takes away what rules before this one have set.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "WrittenRemove")]
pub enum Remove {
    Named(Name),
    Matching(Pattern),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenPropagate {
    named: Option<Name>,
    matching: Option<Pattern>,
    rename: Option<Name>,
    default: Option<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenInsert {
    name: Name,
    value: Option<Value>,
    claim: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenRemove {
    named: Option<Name>,
    matching: Option<Pattern>,
}

const EITHER: &str = "give either `named` or `matching`";

impl TryFrom<WrittenPropagate> for Propagate {
    type Error = &'static str;

    fn try_from(written: WrittenPropagate) -> Result<Self, Self::Error> {
        match written {
            WrittenPropagate {
                named: Some(named),
                matching: None,
                rename,
                default,
            } => Ok(Self::Named {
                named,
                rename,
                default,
            }),
            WrittenPropagate {
                named: None,
                matching: Some(pattern),
                rename: None,
                default: None,
            } => Ok(Self::Matching(pattern)),
            WrittenPropagate {
                named: None,
                matching: Some(_),
                ..
            } => Err("`rename` and `default` go with `named`, not with `matching`"),
            _ => Err(EITHER),
        }
    }
}

impl TryFrom<WrittenInsert> for Insert {
    type Error = &'static str;

    fn try_from(written: WrittenInsert) -> Result<Self, Self::Error> {
        let name = written.name;
        match (written.value, written.claim) {
            (Some(value), None) => Ok(Self::Value { name, value }),
            (None, Some(claim)) => Ok(Self::Claim { name, claim }),
            _ => Err("give either `value` or `claim`"),
        }
    }
}

impl Insert {
    fn name(&self) -> &Name {
        match self {
            Self::Value { name, .. } | Self::Claim { name, .. } => name,
        }
    }
}

impl TryFrom<WrittenRemove> for Remove {
    type Error = &'static str;

    fn try_from(written: WrittenRemove) -> Result<Self, Self::Error> {
        match written {
            WrittenRemove {
                named: Some(named),
                matching: None,
            } => Ok(Self::Named(named)),
            WrittenRemove {
                named: None,
                matching: Some(pattern),
            } => Ok(Self::Matching(pattern)),
            _ => Err(EITHER),
        }
    }
}

/// Headers that belong to one connection or to the body, or tell of it: never taken from the client, whatever the rules say.
/// Hop-by-hop ones are those of RFC 9110 section 7.6.1.
const OURS: [HeaderName; 20] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    HeaderName::from_static("http2-settings"),
    header::HOST,
    header::EXPECT,
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::CONTENT_ENCODING,
    header::CONTENT_RANGE,
    header::ACCEPT,
    header::ACCEPT_ENCODING,
    header::RANGE,
    // Only who has seen a certificate may tell of it.
    HeaderName::from_static("x-forwarded-client-cert"),
];

/// Whether a header belongs to one connection or to the body.
pub(super) fn is_ours(name: &HeaderName) -> bool {
    OURS.contains(name)
}

/// The compiled rules of one subgraph.
#[derive(Clone, Debug, Default)]
pub(super) struct Rules {
    rules: Vec<Rule>,
    /// Headers that say who the caller is. A client cannot send them.
    claimed: Vec<HeaderName>,
}

impl Rules {
    /// Those of a subgraph. Rules that could only touch headers of our own have no effect; they are warned about.
    pub(super) fn new(config: &Config, subgraph: &str) -> Self {
        let own = config
            .subgraphs
            .get(subgraph)
            .map_or(&[][..], |location| &location.request);
        let rules = config.all.request.iter().chain(own);
        let rules: Vec<Rule> = rules
            .filter(|rule| is_effective(rule, subgraph))
            .cloned()
            .collect();
        let claimed = rules.iter().filter_map(|rule| match rule {
            Rule::Insert(Insert::Claim { name, .. }) => Some(name.0.clone()),
            _ => None,
        });
        Self {
            claimed: claimed.collect(),
            rules,
        }
    }

    /// Whether a header is one that tells who the caller is, or could be taken for one: some servers read `_` as `-`.
    fn is_claimed(&self, name: &HeaderName) -> bool {
        if name.as_str().starts_with('x') && is_identity(&plainly(name.as_str())) {
            return true;
        }
        let plain = |byte: u8| if byte == b'_' { b'-' } else { byte };
        let is_same = |claimed: &HeaderName| {
            let claimed = claimed.as_str().bytes().map(plain);
            claimed.eq(name.as_str().bytes().map(plain))
        };
        self.claimed.iter().any(is_same)
    }

    /// Adds to `outgoing` what the rules make of the client's headers and of what is proven of the caller.
    pub(super) fn apply(&self, client: &HeaderMap, caller: &Caller, outgoing: &mut HeaderMap) {
        caller.introduce(outgoing);
        let mut propagated: SmallVec<[HeaderName; 8]> = SmallVec::new();
        for rule in &self.rules {
            match rule {
                Rule::Propagate(Propagate::Named {
                    named,
                    rename,
                    default,
                }) => {
                    let target = &rename.as_ref().unwrap_or(named).0;
                    if propagated.contains(target)
                        || self.is_claimed(target)
                        || is_nominated(client, &named.0)
                    {
                        continue;
                    }
                    if propagate((client, caller), &named.0, target, outgoing) {
                        propagated.push(target.clone());
                    } else if let Some(value) = default {
                        outgoing.insert(target, value.0.clone());
                        propagated.push(target.clone());
                    }
                }
                Rule::Propagate(Propagate::Matching(pattern)) => {
                    for name in client
                        .keys()
                        .filter(|name| pattern.0.is_match(name.as_str()))
                    {
                        if !OURS.contains(name)
                            && !is_claim(name.as_str())
                            && !propagated.contains(name)
                            && !self.is_claimed(name)
                            && !is_nominated(client, name)
                        {
                            propagate((client, caller), name, name, outgoing);
                            propagated.push(name.clone());
                        }
                    }
                }
                Rule::Insert(Insert::Value { name, value }) => {
                    outgoing.insert(&name.0, value.0.clone());
                }
                Rule::Insert(Insert::Claim { name, claim }) => {
                    if let Some(value) = caller.claim(claim).and_then(shown) {
                        outgoing.insert(&name.0, value);
                    }
                }
                Rule::Remove(Remove::Named(name)) => {
                    outgoing.remove(&name.0);
                }
                Rule::Remove(Remove::Matching(pattern)) => {
                    let matches = |name: &&HeaderName| {
                        !OURS.contains(name) && pattern.0.is_match(name.as_str())
                    };
                    let matching: Vec<HeaderName> =
                        outgoing.keys().filter(matches).cloned().collect();
                    for name in matching {
                        outgoing.remove(name);
                    }
                }
            }
        }
    }
}

/// Passes all values of a header on, in place of what is there. False if the client sent none.
fn propagate(
    (client, caller): (&HeaderMap, &Caller),
    from: &HeaderName,
    to: &HeaderName,
    outgoing: &mut HeaderMap,
) -> bool {
    let values = client.get_all(from).iter();
    let mut values = values.filter_map(|value| caller.shown(from, value));
    let Some(first) = values.next() else {
        return false;
    };
    outgoing.insert(to, first);
    for value in values {
        outgoing.append(to, value);
    }
    true
}

/// A claim as the value of a header: text as it is, anything else as JSON. None for what cannot stand in a header.
fn shown(claim: &serde_json::Value) -> Option<HeaderValue> {
    let value = match claim {
        serde_json::Value::Null => return None,
        serde_json::Value::String(text) => HeaderValue::from_bytes(text.as_bytes()),
        other => HeaderValue::try_from(other.to_string()),
    };
    let mut value = value.ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// Whether the client's `Connection` header says that this one is for its own connection only.
fn is_nominated(client: &HeaderMap, name: &HeaderName) -> bool {
    let nominations = client
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok());
    nominations
        .flat_map(|list| list.split(','))
        .any(|token| token.trim().eq_ignore_ascii_case(name.as_str()))
}

impl Rule {
    /// The header of our own that it names, if it does; then it has no effect.
    fn touches_ours(&self) -> Option<&HeaderName> {
        let touched = match self {
            Self::Propagate(Propagate::Named { named, rename, .. }) => {
                [Some(named), rename.as_ref()]
            }
            Self::Insert(insert) => [Some(insert.name()), None],
            Self::Remove(Remove::Named(name)) => [Some(name), None],
            Self::Propagate(Propagate::Matching(_)) | Self::Remove(Remove::Matching(_)) => {
                [None, None]
            }
        };
        let mut names = touched.into_iter().flatten().map(|name| &name.0);
        names.find(|name| OURS.contains(name))
    }
}

fn is_effective(rule: &Rule, subgraph: &str) -> bool {
    let ours = rule.touches_ours();
    if let Some(name) = ours {
        tracing::warn!(subgraph, header = %name, "a header rule has no effect: the router sets this header itself");
    }
    ours.is_none()
}

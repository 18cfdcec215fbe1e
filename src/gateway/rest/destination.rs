//! Where a route's requests go: to one upstream, or to several that share them.

use crate::gateway::misfit::Misfit;
use serde::{
    Deserialize, Deserializer,
    de::{SeqAccess, Visitor},
};
use std::fmt;

/// The name of an upstream, or a list of them with weights.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    One(String),
    Weighted(Vec<Share>),
}

/// One of several upstreams.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Share {
    pub upstream: String,
    pub weight: u32,
}

impl<'de> Deserialize<'de> for Destination {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Not `untagged`, which would lose the places of errors.
        deserializer.deserialize_any(DestinationVisitor)
    }
}

struct DestinationVisitor;

impl<'de> Visitor<'de> for DestinationVisitor {
    type Value = Destination;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of an upstream, or a list of `{ upstream, weight }`")
    }

    fn visit_str<E>(self, name: &str) -> Result<Destination, E> {
        Ok(Destination::One(name.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Destination, A::Error> {
        let mut shares = Vec::new();
        while let Some(share) = items.next_element()? {
            shares.push(share);
        }
        Ok(Destination::Weighted(shares))
    }
}

/// The sum of a route's weights: its turns are written out.
const WEIGHTS_MAX: u64 = 10_000;

impl Destination {
    /// Its upstreams with their weights.
    pub(super) fn shares(&self) -> Vec<(&str, u32)> {
        match self {
            Self::One(name) => vec![(name, 1)],
            Self::Weighted(shares) => {
                let shares = shares.iter();
                shares
                    .map(|share| (share.upstream.as_str(), share.weight))
                    .collect()
            }
        }
    }

    /// Checks that there are its upstreams, and that some of them get something.
    pub(super) fn check(&self, upstreams: &[&str]) -> Result<(), Misfit> {
        let Self::Weighted(shares) = self else {
            let name = self.shares()[0].0;
            return check_upstream(name, upstreams).map_err(|message| Misfit::new(&[], message));
        };
        for (index, share) in shares.iter().enumerate() {
            let wrong = |message| Misfit::new(&[&index.to_string(), "upstream"], message);
            check_upstream(&share.upstream, upstreams).map_err(wrong)?;
            if shares[..index]
                .iter()
                .any(|earlier| earlier.upstream == share.upstream)
            {
                return Err(wrong(format!("`{}` has a share already", share.upstream)));
            }
        }
        let sum: u64 = shares.iter().map(|share| u64::from(share.weight)).sum();
        let message = match sum {
            0 => "no upstream has a weight, so none would be asked".to_owned(),
            1..=WEIGHTS_MAX => return Ok(()),
            _ => format!("the weights add up to {sum}; at most {WEIGHTS_MAX}"),
        };
        Err(Misfit::new(&[], message))
    }
}

/// Complains of an upstream that is not among these.
pub(super) fn check_upstream(name: &str, upstreams: &[&str]) -> Result<(), String> {
    if upstreams.contains(&name) {
        return Ok(());
    }
    let there = match upstreams {
        [] => "there are none".to_owned(),
        names => format!("there are: {}", names.join(", ")),
    };
    Err(format!("unknown upstream `{name}`; {there}"))
}

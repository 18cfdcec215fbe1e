//! Which headers of a client can change what subgraphs are sent.

use super::{Config, Propagate, Rule};
use crate::gateway::{header_types::Pattern, origin::Origin};
use http::{HeaderName, header};

/// The headers that the rules of any subgraph look at.
#[derive(Debug)]
pub(in crate::gateway) struct Read {
    names: Vec<HeaderName>,
    patterns: Vec<Pattern>,
}

impl Read {
    /// Those of these rules.
    pub(in crate::gateway) fn new(config: &Config) -> Self {
        let mut read = Self {
            // It can say that another header is not to be passed on.
            names: vec![header::CONNECTION],
            patterns: Vec::new(),
        };
        let locations = config.subgraphs.values().chain([&config.all]);
        for rule in locations.flat_map(|location| &location.request) {
            match rule {
                Rule::Propagate(Propagate::Named { named, rename, .. }) => {
                    let same = rename.as_ref().is_none_or(|to| to == named);
                    // Under its own name it is ours.
                    if !(same && Origin::is_told_in(&named.0)) {
                        read.names.push(named.0.clone());
                    }
                }
                Rule::Propagate(Propagate::Matching(pattern)) => {
                    read.patterns.push(pattern.clone());
                }
                Rule::Insert(_) | Rule::Remove(_) => {}
            }
        }
        read
    }

    /// Whether this header is one of them.
    pub(in crate::gateway) fn contains(&self, name: &HeaderName) -> bool {
        let matches = |pattern: &Pattern| pattern.0.is_match(name.as_str());
        self.names.contains(name)
            || (!Origin::is_told_in(name) && self.patterns.iter().any(matches))
    }
}

//! What a route is for: hosts, paths, methods, and what requests carry.

use super::{
    condition::Condition,
    pairs::Pairs,
    path_pattern::{Captures, PathPattern},
    pattern::{HostPattern, Method},
};
use crate::gateway::{
    gate::Target,
    header_types::Name,
    parameters::{in_cookies, in_query},
};
use http::request::Parts;
use serde::Deserialize;

/// `match` of a route. A missing key matches everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Match {
    pub host: Option<HostPattern>,
    pub path: Option<PathPattern>,
    pub methods: Option<Vec<Method>>,
    pub headers: Pairs<Name, Condition>,
    pub query: Pairs<String, Condition>,
    pub cookies: Pairs<String, Condition>,
}

impl Match {
    /// The host and the path as they are written, for metrics and traces.
    pub(super) fn label(&self) -> String {
        let host = self.host.as_ref().map(ToString::to_string);
        let path = self.path.as_ref().map(ToString::to_string);
        host.unwrap_or_default() + &path.unwrap_or("/**".to_owned())
    }

    /// The names of what its path captures.
    pub(super) fn names(&self) -> Vec<&str> {
        let path = self.path.as_ref();
        path.map(PathPattern::names).unwrap_or_default()
    }

    /// What its path captures of a path.
    pub(super) fn captures<'a>(&'a self, path: &'a str) -> Captures<'a> {
        let pattern = self.path.as_ref();
        let captures = pattern.map(|pattern| pattern.captures(path));
        captures.unwrap_or_default()
    }

    /// Whether it matches a request, methods aside. The index has seen to its host.
    pub(super) fn is_for(&self, head: &Parts, target: &Target<'_>) -> bool {
        let path = self.path.as_ref();
        let mut headers = self.headers.0.iter();
        let mut query = self.query.0.iter();
        let mut cookies = self.cookies.0.iter();
        path.is_none_or(|pattern| pattern.matches(target.path.as_str()))
            && headers.all(|(name, condition)| condition.holds_in(&head.headers, &name.0))
            && query.all(|(name, condition)| {
                let values = in_query(head.uri.query(), name);
                condition.holds(values.map(String::from))
            })
            && cookies.all(|(name, condition)| condition.holds(in_cookies(&head.headers, name)))
    }

    /// Whether it matches whatever the other one does. False where that cannot be told.
    pub(super) fn covers(&self, other: &Self) -> bool {
        let host = match (&self.host, &other.host) {
            (None, _) => true,
            (Some(own), Some(other)) => own.covers(other),
            (Some(_), None) => false,
        };
        let path = match (&self.path, &other.path) {
            (None, _) => true,
            (Some(own), Some(other)) => own.covers(other),
            (Some(_), None) => false,
        };
        let methods = match (&self.methods, &other.methods) {
            (None, _) => true,
            (Some(own), Some(other)) => other.iter().all(|method| own.contains(method)),
            (Some(_), None) => false,
        };
        // Each of its conditions must be one of the other's.
        host && path
            && methods
            && among(&self.headers, &other.headers)
            && among(&self.query, &other.query)
            && among(&self.cookies, &other.cookies)
    }
}

fn among<K: PartialEq, V: PartialEq>(own: &Pairs<K, V>, others: &Pairs<K, V>) -> bool {
    own.0.iter().all(|pair| others.0.contains(pair))
}

//! Which routes can be for a request, by its host and path: found in a tree, so that it does not matter how many others
//! there are.

use super::{
    path_pattern::{PathPattern, Step, cut},
    pattern::{HostPattern, plain_host},
};
use smallvec::SmallVec;
use std::collections::HashMap;

/// Routes by their hosts, and by the segments of their paths.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// By the names of hosts. Those for all hosts below one begin with a dot.
    hosts: HashMap<String, Node>,
    /// For any host.
    anywhere: Node,
}

/// What can follow some segments.
#[derive(Debug, Default)]
struct Node {
    literals: HashMap<String, Node>,
    capture: Option<Box<Node>>,
    /// Routes whose path ends here, and those that go on with anything; both in order.
    ends: Vec<usize>,
    goes_on: Vec<usize>,
}

impl Index {
    /// Adds the next route.
    pub(super) fn add(
        &mut self,
        route: usize,
        host: Option<&HostPattern>,
        path: Option<&PathPattern>,
    ) {
        let mut node = match host {
            None => &mut self.anywhere,
            Some(host) => self.hosts.entry(host.name().to_owned()).or_default(),
        };
        let (steps, goes_on) = path.map_or((&[][..], true), PathPattern::steps);
        for step in steps {
            node = match step {
                Step::Literal(segment) => node.literals.entry(segment.clone()).or_default(),
                Step::Capture(_) => node.capture.get_or_insert_default(),
            };
        }
        match goes_on {
            true => node.goes_on.push(route),
            false => node.ends.push(route),
        }
    }

    /// The routes that can be for a request, in order. Regular expressions have not been asked yet.
    pub(super) fn candidates(&self, host: Option<&str>, path: &str) -> Candidates<'_> {
        let mut candidates = Candidates::default();
        let rest = path.strip_prefix('/');
        self.anywhere.collect(rest, &mut candidates);
        if let Some(host) = host.filter(|_| !self.hosts.is_empty()) {
            let host = plain_host(host);
            let above = host.match_indices('.').filter(|(dot, _)| *dot > 0);
            let names = above.map(|(dot, _)| &host[dot..]);
            for name in std::iter::once(&*host).chain(names) {
                if let Some(node) = self.hosts.get(name) {
                    node.collect(rest, &mut candidates);
                }
            }
        }
        candidates
    }
}

impl Node {
    fn collect<'a>(&'a self, rest: Option<&str>, into: &mut Candidates<'a>) {
        into.add(&self.goes_on);
        let Some((segment, after)) = rest.map(cut) else {
            into.add(&self.ends);
            return;
        };
        if let Some(next) = self.literals.get(segment) {
            next.collect(after, into);
        }
        if let Some(next) = self.capture.as_ref().filter(|_| !segment.is_empty()) {
            next.collect(after, into);
        }
    }
}

/// Routes from several places of the tree, in order. Each stands at one place only.
#[derive(Debug, Default)]
pub(super) struct Candidates<'a>(SmallVec<[&'a [usize]; 8]>);

impl<'a> Candidates<'a> {
    fn add(&mut self, routes: &'a [usize]) {
        if !routes.is_empty() {
            self.0.push(routes);
        }
    }
}

impl Iterator for Candidates<'_> {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        let next = self
            .0
            .iter_mut()
            .min_by_key(|routes| routes.first().copied().unwrap_or(usize::MAX))?;
        let (first, rest) = next.split_first()?;
        *next = rest;
        Some(*first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn path(written: &str) -> PathPattern {
        PathPattern::try_from(written.to_owned()).unwrap()
    }

    fn index(routes: &[(Option<HostPattern>, PathPattern)]) -> Index {
        let mut index = Index::default();
        for (number, (host, path)) in routes.iter().enumerate() {
            index.add(number, host.as_ref(), Some(path));
        }
        index
    }

    #[test]
    fn a_thousand_routes_are_compared_with_no_more_than_ten() {
        let looked_at = |count: usize| {
            let mut routes: Vec<_> = (0..count - 1)
                .map(|number| match number % 4 {
                    0 => path(&format!("/service-{number}/**")),
                    1 => path(&format!("/api/v1/things-{number}")),
                    2 => path(&format!("/users/{{id}}/part-{number}")),
                    _ => path(&format!("~^/old/v{number}/.*")),
                })
                .map(|path| (None, path))
                .collect();
            routes.push((None, path("/**")));
            let index = index(&routes);
            let of = |path: &str| index.candidates(Some("shop.example"), path).count();
            [
                "/service-4/x",
                "/api/v1/things-5",
                "/users/7/part-6",
                "/old/v7/x",
                "/none",
            ]
            .map(of)
        };
        assert_eq!(looked_at(1000), looked_at(10));
        assert_eq!(looked_at(1000), [2, 2, 2, 2, 1]);
    }

    fn host() -> impl Strategy<Value = Option<HostPattern>> {
        let written = prop::sample::select(vec!["a.b", "*.b", "*.a.b", "b"]);
        let pattern =
            written.prop_map(|written| HostPattern::try_from(written.to_owned()).unwrap());
        prop::option::of(pattern)
    }

    fn segments(alphabet: &'static [&'static str]) -> impl Strategy<Value = String> {
        let segment = prop::sample::select(alphabet);
        prop::collection::vec(segment, 1..4).prop_map(|parts| format!("/{}", parts.join("/")))
    }

    fn pattern() -> impl Strategy<Value = PathPattern> {
        let end = prop::sample::select(vec!["", "/", "/**"]);
        (segments(&["a", "b", "{1}"]), end).prop_map(|(base, end)| {
            // Each capture needs a name of its own.
            let parts = base.split("{1}").enumerate();
            let named = parts.map(|(index, part)| match index {
                0 => part.to_owned(),
                _ => format!("{{x{index}}}{part}"),
            });
            path(&(named.collect::<String>() + end))
        })
    }

    proptest! {
        #[test]
        fn it_finds_what_going_through_all_of_them_finds(
            routes in prop::collection::vec((host(), pattern()), 0..20),
            host in prop::sample::select(vec!["a.b", "x.b", "x.a.b", "b", "A.B."]),
            asked in segments(&["a", "b", "c"]),
            slash in prop::sample::select(vec!["", "/"]),
        ) {
            let asked = asked + slash;
            let plain = plain_host(host);
            let exact = HostPattern::try_from(plain.into_owned()).unwrap();
            let all = routes.iter().enumerate().filter(|(_, (host, path))| {
                host.as_ref().is_none_or(|host| host.covers(&exact)) && path.matches(&asked)
            });
            let all: Vec<usize> = all.map(|(number, _)| number).collect();
            let found: Vec<usize> = index(&routes).candidates(Some(host), &asked).collect();
            prop_assert_eq!(found, all);
        }
    }
}

//! The `routes` section.

use super::{
    cache::RouteCache,
    dead,
    destination::Destination,
    fixed::Fixed,
    key::Source,
    maintenance,
    matching::Match,
    mirror, operation,
    path_pattern::PathPattern,
    pattern::{Host, Method, Prefix, check_path},
    redirect::Redirect,
    sticky::Sticky,
    template::Template,
    transform::{OfRequest, OfResponse},
    versions,
};
use crate::{
    gateway::{
        UrlPath,
        misfit::Misfit,
        upstreams::{self, Upstreams},
    },
    upstream::{self, ByteSize, Retry},
};
use serde::Deserialize;
use std::{io, path::Path, time::Duration};

/// The `routes` section, in order: the first that matches is taken.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Routes(pub Vec<Route>);

/// One of `routes`. It has one of `to`, `versions`, `redirect`, `respond` and `graphql`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Route {
    /// What metrics and traces call it, instead of its host and path.
    pub name: Option<String>,
    #[serde(rename = "match")]
    pub matches: Match,
    pub to: Option<Destination>,
    pub versions: Option<versions::Config>,
    pub redirect: Option<Redirect>,
    pub respond: Option<Fixed>,
    /// The operation that answers it.
    pub graphql: Option<operation::Config>,
    pub maintenance: Option<maintenance::Config>,
    /// What stands before it.
    pub policies: Vec<String>,
    /// Segments that upstreams do not get.
    pub strip_prefix: Option<Prefix>,
    /// The path that upstreams get.
    pub rewrite: Option<Template>,
    /// The `Host` that upstreams get instead of their own.
    pub host: Option<Host>,
    /// Whether the upstream sees the client's `Host` instead of its own.
    pub preserve_host: bool,
    /// Which clients stay with the upstream they were given.
    pub sticky: Option<Sticky>,
    pub mirror: Option<mirror::Config>,
    pub request: OfRequest,
    pub response: OfResponse,
    /// Whether answers that stream are compressed for clients that accept it.
    pub compress: bool,
    /// Larger ones are refused, or break off.
    pub max_request_bytes: Option<ByteSize>,
    pub max_response_bytes: Option<ByteSize>,
    /// Instead of the upstream's.
    pub timeout: Option<Duration>,
    /// Instead of the upstream's.
    pub retry: Option<Retry>,
    /// What requests that go to the same endpoint have in common, where the upstream balances by `consistent_hash`.
    pub(super) hash_on: Option<Source>,
    /// None: nothing is stored.
    pub cache: Option<RouteCache>,
}

impl Routes {
    /// Reads the documents that are in files, and says by which methods operations are asked for where nobody did.
    pub fn complete(&mut self, read: &dyn Fn(&Path) -> io::Result<String>) -> Result<(), Misfit> {
        for (index, route) in self.0.iter_mut().enumerate() {
            if let Some(graphql) = &mut route.graphql {
                let read = graphql.read_document(read);
                let index = index.to_string();
                read.map_err(|misfit| misfit.below(&["routes", &index, "graphql"]))?;
                let methods = route
                    .matches
                    .methods
                    .get_or_insert_with(|| vec![Method(http::Method::GET)]);
                answer_head(methods);
            }
        }
        Ok(())
    }

    /// Checks that they and the upstreams fit together.
    pub fn check(&self, upstreams: &Upstreams) -> Result<(), Misfit> {
        let upstreams: Vec<&str> = upstreams.keys().map(String::as_str).collect();
        for (index, route) in self.0.iter().enumerate() {
            let checked = route.check(&upstreams);
            checked.map_err(|misfit| misfit.below(&["routes", &index.to_string()]))?;
        }
        check_names(&self.0)?;
        let matches: Vec<&Match> = self.0.iter().map(|route| &route.matches).collect();
        dead::check(&matches)
    }
}

impl Routes {
    /// Checks that none is for the path of the graph, which comes before them all.
    pub fn check_beside(&self, graphql: &UrlPath) -> Result<(), Misfit> {
        let Ok(graph) = PathPattern::try_from(graphql.as_str().to_owned()) else {
            return Ok(());
        };
        let paths = self.0.iter().map(|route| route.matches.path.as_ref());
        let mut paths = paths.enumerate();
        match paths.find(|(_, path)| path.is_some_and(|path| graph.covers(path))) {
            None => Ok(()),
            Some((index, _)) => {
                let at = ["routes", &index.to_string(), "match", "path"];
                Err(Misfit::new(
                    &at,
                    format!("`{graph}` is the graph's own path (`supergraph.path`)"),
                ))
            }
        }
    }
}

/// What can be read by `GET` can be asked about by `HEAD`.
fn answer_head(methods: &mut Vec<Method>) {
    let has = |method| methods.iter().any(|known| known.0 == method);
    if has(http::Method::GET) && !has(http::Method::HEAD) {
        methods.push(Method(http::Method::HEAD));
    }
}

/// What is counted under a name is one route.
fn check_names(routes: &[Route]) -> Result<(), Misfit> {
    for (index, route) in routes.iter().enumerate() {
        let Some(name) = &route.name else { continue };
        let wrong = match name.as_str() {
            "" => "a name has letters".to_owned(),
            _ if routes[..index]
                .iter()
                .any(|earlier| earlier.name.as_ref() == Some(name)) =>
            {
                format!("there is a route `{name}` already")
            }
            _ => continue,
        };
        return Err(Misfit::new(&["routes", &index.to_string(), "name"], wrong));
    }
    Ok(())
}

impl Route {
    fn check(&self, upstreams: &[&str]) -> Result<(), Misfit> {
        let captures = self.matches.names();
        match self.actions().as_slice() {
            [_] => {}
            [] => return Err(Misfit::new(&[], format!("a route has one of {ACTIONS}"))),
            [first, second, ..] => {
                let message = format!("a route has one of {ACTIONS}, and this one has `{first}`");
                return Err(Misfit::new(&[second], message));
            }
        }
        let is_forwarded = self.to.is_some() || self.versions.is_some();
        let foreign = self.of_forwarding().into_iter();
        let mut foreign = foreign.filter(|key| self.graphql.is_none() || *key != "timeout");
        if let Some(key) = foreign.next().filter(|_| !is_forwarded) {
            let message = match (key, &self.graphql) {
                ("cache", Some(_)) => {
                    "what an operation answers is not stored: it may depend on the caller in every field"
                }
                _ => "this is about upstreams, and the route has none",
            };
            return Err(Misfit::new(&[key], message));
        }
        self.check_parts(&captures, upstreams)?;
        self.check_path(&captures)?;
        if let Some(retry) = &self.retry {
            let settings = upstream::Config {
                timeout: self.timeout.unwrap_or(LONGEST),
                retry: retry.clone(),
                ..upstream::Config::default()
            };
            upstreams::fits(&[], &settings)?;
        }
        if self.preserve_host && self.host.is_some() {
            let message = "`preserve_host` says another one";
            return Err(Misfit::new(&["host"], message));
        }
        Ok(())
    }

    /// Checks each section by itself.
    fn check_parts(&self, captures: &[&str], upstreams: &[&str]) -> Result<(), Misfit> {
        let Self {
            to,
            versions,
            redirect,
            respond,
            sticky,
            mirror,
            ..
        } = self;
        let parts = [
            ("to", to.as_ref().map(|to| to.check(upstreams))),
            (
                "versions",
                versions
                    .as_ref()
                    .map(|versions| versions.check(captures, upstreams)),
            ),
            (
                "redirect",
                redirect.as_ref().map(|redirect| redirect.check(captures)),
            ),
            (
                "respond",
                respond.as_ref().map(|respond| respond.check(captures)),
            ),
            (
                "sticky",
                sticky.as_ref().map(|sticky| sticky.check(captures)),
            ),
            (
                "mirror",
                mirror.as_ref().map(|mirror| mirror.check(upstreams)),
            ),
            (
                "hash_on",
                self.hash_on.as_ref().map(|source| {
                    let checked = source.check(captures);
                    checked.map_err(|message| Misfit::new(&[], message))
                }),
            ),
            ("request", Some(self.request.check(captures))),
            ("response", Some(self.response.check(captures))),
        ];
        for (key, checked) in parts {
            checked
                .unwrap_or(Ok(()))
                .map_err(|misfit| misfit.below(&[key]))?;
        }
        Ok(())
    }

    /// The keys that say what becomes of a request.
    fn actions(&self) -> Vec<&'static str> {
        let actions = [
            ("to", self.to.is_some()),
            ("versions", self.versions.is_some()),
            ("redirect", self.redirect.is_some()),
            ("respond", self.respond.is_some()),
            ("graphql", self.graphql.is_some()),
        ];
        written(&actions)
    }

    /// The keys that say how a request is passed on.
    fn of_forwarding(&self) -> Vec<&'static str> {
        written(&[
            ("strip_prefix", self.strip_prefix.is_some()),
            ("rewrite", self.rewrite.is_some()),
            ("host", self.host.is_some()),
            ("preserve_host", self.preserve_host),
            ("sticky", self.sticky.is_some()),
            ("mirror", self.mirror.is_some()),
            ("request", self.request != OfRequest::default()),
            ("response", self.response != OfResponse::default()),
            ("compress", self.compress),
            ("max_request_bytes", self.max_request_bytes.is_some()),
            ("max_response_bytes", self.max_response_bytes.is_some()),
            ("timeout", self.timeout.is_some()),
            ("retry", self.retry.is_some()),
            ("hash_on", self.hash_on.is_some()),
            ("cache", self.cache.is_some()),
        ])
    }

    fn check_path(&self, captures: &[&str]) -> Result<(), Misfit> {
        if let Some(prefix) = self.strip_prefix.as_ref().map(Prefix::as_str) {
            let path = self.matches.path.as_ref();
            if !path.is_some_and(|path| path.is_below(prefix)) {
                let message =
                    format!("`match.path` lets through paths that do not begin with `{prefix}`");
                return Err(Misfit::new(&["strip_prefix"], message));
            }
        }
        let Some(rewrite) = &self.rewrite else {
            return Ok(());
        };
        let wrong = |message: String| Err(Misfit::new(&["rewrite"], message));
        if self.strip_prefix.is_some() {
            return wrong("`strip_prefix` makes another path".to_owned());
        }
        if !rewrite.beginning().starts_with('/') {
            return wrong("a path begins with `/`".to_owned());
        }
        check_path(&rewrite.sample()).or_else(wrong)?;
        rewrite.check(captures).or_else(wrong)
    }
}

/// Where a route has no timeout of its own.
const LONGEST: Duration = Duration::MAX;
const ACTIONS: &str = "`to`, `versions`, `redirect`, `respond` and `graphql`";

fn written(keys: &[(&'static str, bool)]) -> Vec<&'static str> {
    let written = keys.iter().filter(|(_, is_written)| *is_written);
    written.map(|(key, _)| *key).collect()
}

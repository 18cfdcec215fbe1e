//! The routes, compiled: which one a request takes, and what becomes of it there.

use super::{
    config::{self, Destination, Match, Misfit},
    openapi::{self, Described},
    operation::{Operation, Site},
    pattern::{self, PathPattern, Prefix},
    split::Split,
};
use crate::{
    gateway::{
        Code, Refusal, documents::Documents, gate::Target, limits::Limits, metrics::RouteMetrics,
    },
    schema::Supergraph,
    upstream::{self, Http2, Registry, Upstream},
};
use http::{HeaderValue, Method, request::Parts};
use std::{collections::BTreeMap, sync::Arc, time::Duration};

/// All routes, in order.
#[derive(Debug, Default)]
pub(in crate::gateway) struct Table(Vec<Route>);

/// A route.
#[derive(Debug)]
pub(in crate::gateway) struct Route {
    matches: Match,
    pub(super) action: Action,
    strip_prefix: Option<Prefix>,
    pub(super) preserve_host: bool,
    pub(super) timeout: Option<Duration>,
    metrics: RouteMetrics,
}

/// What becomes of a request.
#[derive(Debug)]
pub(super) enum Action {
    Forward(Split),
    Operation(Box<Operation>),
}

/// The graph, for routes that are answered out of it.
pub(in crate::gateway) struct Graph<'a> {
    pub(in crate::gateway) documents: &'a Documents,
    pub(in crate::gateway) limits: &'a Limits,
}

impl Table {
    /// Compiles the configuration.
    pub(in crate::gateway) fn new(
        routes: &config::Routes,
        upstreams: &config::Upstreams,
        registry: &Registry,
        graph: &Graph<'_>,
    ) -> Result<Self, Misfit> {
        routes.check(upstreams)?;
        let upstreams = upstreams.iter().map(|(name, group)| {
            let settings = upstream::Config {
                timeout: group.timeout,
                // A route may keep the client's host, which HTTP/2 would have to say in the target.
                http2: Http2::Disable,
                ..upstream::Config::default()
            };
            let upstream = registry.upstream(name, group.endpoints.clone(), settings);
            (name.as_str(), upstream)
        });
        let upstreams = upstreams.collect();
        let compiled = routes.0.iter().enumerate().map(|(index, route)| {
            Route::new(route, &upstreams, graph).map_err(|mut misfit| {
                misfit
                    .at
                    .splice(0..0, ["routes".to_owned(), index.to_string()]);
                misfit
            })
        });
        Ok(Self(compiled.collect::<Result<_, _>>()?))
    }

    /// The OpenAPI document of the routes that operations answer. None: it is not wanted.
    pub(in crate::gateway) fn openapi(
        &self,
        config: &openapi::Config,
        supergraph: &Supergraph,
    ) -> Option<openapi::Page> {
        let described: Vec<Described<'_>> = self.0.iter().filter_map(Route::described).collect();
        openapi::Page::new(config, &described, supergraph)
    }

    /// The first route that matches. If one would but for the method, that is what the client is told.
    pub(in crate::gateway) fn find(
        &self,
        head: &Parts,
        target: &Target<'_>,
    ) -> Result<&Route, Refusal> {
        let mut allowed: Vec<&str> = Vec::new();
        for route in self.0.iter().filter(|route| route.is_for(target)) {
            let Some(methods) = &route.matches.methods else {
                return Ok(route);
            };
            if methods.iter().any(|method| method.0 == head.method) {
                return Ok(route);
            }
            for method in methods.iter().map(|method| method.0.as_str()) {
                if !allowed.contains(&method) {
                    allowed.push(method);
                }
            }
        }
        if allowed.is_empty() {
            return Err(Refusal::new(
                Code::NotFound,
                "There is nothing at this path",
            ));
        }
        Err(Refusal {
            allow: HeaderValue::from_str(&allowed.join(", ")).ok(),
            ..Refusal::new(
                Code::MethodNotAllowed,
                format!("{} is not answered here", shown(&head.method)),
            )
        })
    }
}

fn methods(matches: &Match) -> Option<Vec<&Method>> {
    let methods = matches.methods.as_ref()?;
    Some(methods.iter().map(|method| &method.0).collect())
}

fn captures(matches: &Match) -> Vec<&str> {
    let path = matches.path.as_ref();
    path.map(PathPattern::names).unwrap_or_default()
}

/// Queries are read by `GET` unless the route says otherwise, and what is read by `GET` can be asked about by `HEAD`.
fn answer_reads(matches: &mut Match) {
    let get = pattern::Method(Method::GET);
    let methods = matches.methods.get_or_insert_with(|| vec![get.clone()]);
    let head = pattern::Method(Method::HEAD);
    if methods.contains(&get) && !methods.contains(&head) {
        methods.push(head);
    }
}

fn split(to: &Destination, upstreams: &BTreeMap<&str, Arc<Upstream>>) -> Option<Split> {
    let upstream = |name: &str| upstreams.get(name).map(Arc::clone);
    let weighted = match to {
        Destination::One(name) => vec![(upstream(name)?, 1)],
        Destination::Weighted(shares) => shares
            .iter()
            .map(|share| Some((upstream(&share.upstream)?, share.weight)))
            .collect::<Option<_>>()?,
    };
    Split::new(weighted)
}

/// A method for a message; its name may be anything a client thought of.
fn shown(method: &Method) -> &str {
    match method.as_str() {
        name if name.len() <= 16 => name,
        _ => "This method",
    }
}

impl Route {
    fn new(
        route: &config::Route,
        upstreams: &BTreeMap<&str, Arc<Upstream>>,
        graph: &Graph<'_>,
    ) -> Result<Self, Misfit> {
        let mut matches = route.matches.clone();
        let action = match &route.graphql {
            Some(graphql) => {
                let site = Site {
                    methods: methods(&matches),
                    captures: captures(&matches),
                };
                let operation = Operation::new(graphql, &site, graph.documents, graph.limits);
                let operation = operation.map_err(|fault| Misfit {
                    at: fault.at,
                    message: fault.message,
                })?;
                answer_reads(&mut matches);
                Action::Operation(Box::new(operation))
            }
            None => {
                let split = route.to.as_ref().and_then(|to| split(to, upstreams));
                Action::Forward(split.ok_or_else(|| Misfit {
                    at: vec!["to".to_owned()],
                    message: "these upstreams cannot share requests".to_owned(),
                })?)
            }
        };
        Ok(Self {
            matches,
            action,
            strip_prefix: route.strip_prefix.clone(),
            preserve_host: route.preserve_host,
            timeout: route.timeout,
            metrics: RouteMetrics::new(&route.matches.label()),
        })
    }

    /// The operation that answers it, if one does.
    pub(in crate::gateway) fn operation(&self) -> Option<&Operation> {
        match &self.action {
            Action::Operation(operation) => Some(operation),
            Action::Forward(_) => None,
        }
    }

    /// What its path's pattern captures of a path.
    pub(in crate::gateway) fn captures<'a>(&'a self, _path: &'a str) -> Vec<(&'a str, &'a str)> {
        Vec::new()
    }

    /// How long its requests may take, if it says so.
    pub(in crate::gateway) fn timeout(&self) -> Option<Duration> {
        self.timeout
    }

    /// What OpenAPI tells of it.
    fn described(&self) -> Option<Described<'_>> {
        let pattern = self.matches.path.as_ref()?;
        Some(Described {
            path: pattern.template().to_owned(),
            captures: captures(&self.matches),
            methods: methods(&self.matches)?,
            operation: self.operation()?,
        })
    }

    /// Where its requests are counted.
    pub(in crate::gateway) fn metrics(&self) -> &RouteMetrics {
        &self.metrics
    }

    /// Whether it matches, methods aside.
    fn is_for(&self, target: &Target<'_>) -> bool {
        let Match { host, path, .. } = &self.matches;
        let fits_host = host.as_ref().is_none_or(|pattern| {
            let authority = target.authority.as_ref();
            authority.is_some_and(|authority| pattern.matches(authority.host()))
        });
        fits_host
            && path
                .as_ref()
                .is_none_or(|pattern| pattern.matches(target.path.as_str()))
    }

    /// The path that the upstream gets, and what was taken off its front.
    pub(super) fn strip<'a>(&'a self, path: &'a str) -> (&'a str, Option<&'a str>) {
        let stripped = self.strip_prefix.as_ref().and_then(|prefix| {
            let prefix = prefix.as_str();
            path.strip_prefix(prefix).map(|rest| (rest, prefix))
        });
        match stripped {
            Some(("", prefix)) => ("/", Some(prefix)),
            Some((rest, prefix)) => (rest, Some(prefix)),
            None => (path, None),
        }
    }
}

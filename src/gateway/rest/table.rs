//! The routes, compiled: which one a request takes, and what becomes of it there.

use super::{
    cache::{Cache, Caching, Config as CacheConfig},
    config,
    fixed::Fixed,
    forward::Forwarding,
    index::Index,
    maintenance,
    matching::Match,
    openapi::{self, Described},
    operation::{Operation, Site},
    path_pattern::{Captures, PathPattern},
    redirect::Redirect,
};
use crate::{
    gateway::{
        Code, Refusal,
        documents::Documents,
        gate::Target,
        limits::Limits,
        metrics::RouteMetrics,
        misfit::Misfit,
        policies::{Admission, Policies},
        upstreams::{self, Upstreams},
    },
    schema::Supergraph,
    upstream::{Outbound, Upstream},
};
use http::{HeaderValue, Method, request::Parts};
use std::{collections::BTreeMap, net::IpAddr, sync::Arc, time::Duration};

/// All routes, in order.
#[derive(Debug, Default)]
pub(in crate::gateway) struct Table {
    routes: Vec<Route>,
    index: Index,
}

/// A route.
#[derive(Debug)]
pub(in crate::gateway) struct Route {
    matches: Match,
    maintenance: maintenance::Config,
    admission: Admission,
    answered_by: By,
    /// What an operation may take, if the route says so.
    timeout: Option<Duration>,
    metrics: RouteMetrics,
}

/// What answers a route.
#[derive(Debug)]
pub(in crate::gateway) enum By {
    Rest(Action),
    Graph(Box<Operation>),
}

/// What stands before routes, and the graph, for those that it answers.
pub(in crate::gateway) struct Surroundings<'a> {
    pub(in crate::gateway) policies: &'a Policies<'a>,
    pub(in crate::gateway) documents: &'a Documents,
    pub(in crate::gateway) limits: &'a Limits,
}

/// What becomes of a request.
#[derive(Debug)]
pub(in crate::gateway) enum Action {
    Forward(Box<Forwarding>),
    Redirect(Box<Redirect>),
    Respond(Box<Fixed>),
}

impl Table {
    /// Compiles the configuration.
    pub(in crate::gateway) fn new(
        routes: &config::Routes,
        upstreams: &Upstreams,
        outbound: Outbound<'_>,
        cache: (&Arc<Cache>, &CacheConfig),
        around: &Surroundings<'_>,
    ) -> Result<Self, Misfit> {
        routes.check(upstreams)?;
        let upstreams = upstreams::open(upstreams, outbound)?;
        let mut table = Self::default();
        for (number, route) in routes.0.iter().enumerate() {
            let compiled = Route::new(route, &upstreams, cache, around);
            let at = ["routes", &number.to_string()];
            table
                .routes
                .push(compiled.map_err(|misfit| misfit.below(&at))?);
            let Match { host, path, .. } = &route.matches;
            table.index.add(number, host.as_ref(), path.as_ref());
        }
        Ok(table)
    }

    /// The OpenAPI document of the routes that the graph answers. None: it is not wanted.
    pub(in crate::gateway) fn openapi(
        &self,
        config: &openapi::Config,
        supergraph: &Supergraph,
    ) -> Option<openapi::Page> {
        let routes = self.routes.iter();
        let described: Vec<Described<'_>> = routes.filter_map(Route::described).collect();
        openapi::Page::new(config, &described, supergraph)
    }

    /// The first route that matches. If one would but for the method, that is what the client is told.
    pub(in crate::gateway) fn find(
        &self,
        head: &Parts,
        target: &Target<'_>,
    ) -> Result<&Route, Refusal> {
        let mut allowed: Vec<&str> = Vec::new();
        let host = target.authority.as_ref().map(|authority| authority.host());
        let candidates = self.index.candidates(host, target.path.as_str());
        let routes = candidates.map(|number| &self.routes[number]);
        for route in routes.filter(|route| route.matches.is_for(head, target)) {
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

/// A method for a message; its name may be anything a client thought of.
fn shown(method: &Method) -> &str {
    match method.as_str() {
        name if name.len() <= 16 => name,
        _ => "This method",
    }
}

fn methods(matches: &Match) -> Vec<&Method> {
    let methods = matches.methods.iter().flatten();
    methods.map(|method| &method.0).collect()
}

impl Action {
    fn new(
        route: &config::Route,
        label: &str,
        upstreams: &BTreeMap<&str, Arc<Upstream>>,
        cache: (&Arc<Cache>, &CacheConfig),
    ) -> Option<Self> {
        Some(match (&route.redirect, &route.respond) {
            (Some(redirect), _) => Self::Redirect(Box::new(redirect.clone())),
            (_, Some(respond)) => Self::Respond(Box::new(respond.clone())),
            _ => {
                let caching = Caching::new(route, label, route.cache.as_ref(), cache);
                Self::Forward(Box::new(Forwarding::new(route, upstreams, caching)?))
            }
        })
    }
}

impl Route {
    fn new(
        route: &config::Route,
        upstreams: &BTreeMap<&str, Arc<Upstream>>,
        cache: (&Arc<Cache>, &CacheConfig),
        around: &Surroundings<'_>,
    ) -> Result<Self, Misfit> {
        let matches = &route.matches;
        let label = route.name.clone();
        let label = label.unwrap_or_else(|| matches.label());
        let answered_by = match &route.graphql {
            Some(graphql) => {
                let site = Site {
                    methods: methods(matches),
                    captures: matches.names(),
                };
                let operation = Operation::new(graphql, &site, around.documents, around.limits)?;
                By::Graph(Box::new(operation))
            }
            None => By::Rest(
                Action::new(route, &label, upstreams, cache)
                    .ok_or_else(|| Misfit::new(&["to"], "these upstreams cannot share requests"))?,
            ),
        };
        let admission = around.policies.admission(&route.policies);
        Ok(Self {
            admission: admission.map_err(|misfit| misfit.below(&["policies"]))?,
            matches: matches.clone(),
            maintenance: route.maintenance.clone().unwrap_or_default(),
            answered_by,
            timeout: route.timeout,
            metrics: RouteMetrics::new(&label),
        })
    }

    /// What answers its requests.
    pub(in crate::gateway) fn answered_by(&self) -> &By {
        &self.answered_by
    }

    /// What stands before it.
    pub(in crate::gateway) fn admission(&self) -> &Admission {
        &self.admission
    }

    /// How long an operation may take here, if the route says so.
    pub(in crate::gateway) fn timeout(&self) -> Option<Duration> {
        self.timeout
    }

    /// Refuses requests while it is being worked on.
    pub(in crate::gateway) fn check_open(
        &self,
        client: IpAddr,
        target: &Target<'_>,
    ) -> Result<(), Refusal> {
        self.maintenance.check(client, target)
    }

    /// What OpenAPI tells of it, if it can.
    fn described(&self) -> Option<Described<'_>> {
        let By::Graph(operation) = &self.answered_by else {
            return None;
        };
        Some(Described {
            path: self.matches.path.as_ref().and_then(PathPattern::template)?,
            captures: self.matches.names(),
            methods: methods(&self.matches),
            operation,
        })
    }

    /// Where its requests are counted.
    pub(in crate::gateway) fn metrics(&self) -> &RouteMetrics {
        &self.metrics
    }

    /// What its path captures of a path.
    pub(in crate::gateway) fn captures<'a>(&'a self, path: &'a str) -> Captures<'a> {
        self.matches.captures(path)
    }
}

//! The routes, compiled: which one a request takes, and what becomes of it there.

use super::{
    cache::{Cache, Caching, Config as CacheConfig},
    config,
    fixed::Fixed,
    forward::Forwarding,
    index::Index,
    maintenance,
    matching::Match,
    path_pattern::Captures,
    redirect::Redirect,
};
use crate::{
    gateway::{
        Code, Refusal,
        gate::Target,
        metrics::RouteMetrics,
        misfit::Misfit,
        upstreams::{self, Upstreams},
    },
    upstream::{Registry, Upstream},
};
use http::{HeaderValue, Method, request::Parts};
use std::{collections::BTreeMap, sync::Arc};

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
    pub(super) maintenance: maintenance::Config,
    pub(super) action: Action,
    metrics: RouteMetrics,
}

/// What becomes of a request.
#[derive(Debug)]
pub(super) enum Action {
    Forward(Box<Forwarding>),
    Redirect(Box<Redirect>),
    Respond(Box<Fixed>),
}

impl Table {
    /// Compiles the configuration.
    pub(in crate::gateway) fn new(
        routes: &config::Routes,
        upstreams: &Upstreams,
        registry: &Registry,
        cache: (&Arc<Cache>, &CacheConfig),
    ) -> Result<Self, Misfit> {
        routes.check(upstreams)?;
        let upstreams = upstreams::open(upstreams, registry)?;
        let mut table = Self::default();
        for (number, route) in routes.0.iter().enumerate() {
            let compiled = Route::new(route, &upstreams, cache).ok_or_else(|| {
                let at = ["routes", &number.to_string(), "to"];
                Misfit::new(&at, "these upstreams cannot share requests")
            })?;
            table.routes.push(compiled);
            let Match { host, path, .. } = &route.matches;
            table.index.add(number, host.as_ref(), path.as_ref());
        }
        Ok(table)
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

impl Route {
    fn new(
        route: &config::Route,
        upstreams: &BTreeMap<&str, Arc<Upstream>>,
        cache: (&Arc<Cache>, &CacheConfig),
    ) -> Option<Self> {
        let label = route.name.clone();
        let label = label.unwrap_or_else(|| route.matches.label());
        let action = match (&route.redirect, &route.respond) {
            (Some(redirect), _) => Action::Redirect(Box::new(redirect.clone())),
            (_, Some(respond)) => Action::Respond(Box::new(respond.clone())),
            _ => {
                let caching = Caching::new(route, &label, route.cache.as_ref(), cache);
                Action::Forward(Box::new(Forwarding::new(route, upstreams, caching)?))
            }
        };
        Some(Self {
            matches: route.matches.clone(),
            maintenance: route.maintenance.clone().unwrap_or_default(),
            action,
            metrics: RouteMetrics::new(&label),
        })
    }

    /// Where its requests are counted.
    pub(in crate::gateway) fn metrics(&self) -> &RouteMetrics {
        &self.metrics
    }

    /// What its path captures of a path.
    pub(super) fn captures<'a>(&'a self, path: &'a str) -> Captures<'a> {
        self.matches.captures(path)
    }
}

//! The routes, compiled: which one a request takes, and what becomes of it there.

use super::{
    cache::{Cache, Caching, Config as CacheConfig},
    config::{self, Destination, Match, Misfit},
    pattern::Prefix,
    split::Split,
};
use crate::{
    gateway::{Code, Refusal, gate::Target, metrics::RouteMetrics},
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
    pub(super) to: Split,
    strip_prefix: Option<Prefix>,
    pub(super) preserve_host: bool,
    pub(super) timeout: Option<Duration>,
    pub(super) caching: Caching,
    metrics: RouteMetrics,
}

impl Table {
    /// Compiles the configuration.
    pub(in crate::gateway) fn new(
        routes: &config::Routes,
        upstreams: &config::Upstreams,
        registry: &Registry,
        cache: (&Arc<Cache>, &CacheConfig),
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
            let caching = Caching::new(route, &route.matches.label(), route.cache.as_ref(), cache);
            Route::new(route, &upstreams, caching).ok_or_else(|| Misfit {
                at: vec!["routes".to_owned(), index.to_string(), "to".to_owned()],
                message: "these upstreams cannot share requests".to_owned(),
            })
        });
        Ok(Self(compiled.collect::<Result<_, _>>()?))
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
        caching: Caching,
    ) -> Option<Self> {
        let upstream = |name: &str| upstreams.get(name).map(Arc::clone);
        let weighted = match &route.to {
            Destination::One(name) => vec![(upstream(name)?, 1)],
            Destination::Weighted(shares) => shares
                .iter()
                .map(|share| Some((upstream(&share.upstream)?, share.weight)))
                .collect::<Option<_>>()?,
        };
        Some(Self {
            matches: route.matches.clone(),
            to: Split::new(weighted)?,
            strip_prefix: route.strip_prefix.clone(),
            preserve_host: route.preserve_host,
            timeout: route.timeout,
            caching,
            metrics: RouteMetrics::new(&route.matches.label()),
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

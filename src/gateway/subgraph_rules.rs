//! How each subgraph is called and shown, compiled from the configuration.

use super::{
    Config, authentication,
    headers::{Gathered, ResponseRules, Rules},
    metrics::SubgraphMetrics,
    misfit::Misfit,
};
use crate::{
    schema::{Subgraph, SubgraphId},
    upstream::{self, Endpoint, EndpointError, Outbound, Upstream, UpstreamError},
};
use http::HeaderMap;
use std::{io, sync::Arc};

/// The rules of every subgraph.
pub(super) struct SubgraphTable {
    rules: Vec<SubgraphRules>,
    /// Whether headers of some go on to clients.
    returns: bool,
}

/// The rules of one subgraph.
pub(super) struct SubgraphRules {
    pub(super) name: String,
    pub(super) upstream: Arc<Upstream>,
    pub(super) headers: Rules,
    /// Which of its headers clients get.
    returned: ResponseRules,
    /// Whether clients see what it says went wrong.
    pub(super) includes_errors: bool,
    pub(super) metrics: Arc<SubgraphMetrics>,
    /// Whether identical queries that are under way together are sent once.
    pub(super) deduplicates: bool,
}

/// What answers to one operation said beside their data.
pub(super) struct Returned<'a> {
    pub(super) answers: &'a [(SubgraphId, HeaderMap)],
    pub(super) has_errors: bool,
}

/// Why a configuration and a supergraph do not make a snapshot.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    #[error(
        "the URL of subgraph `{subgraph}` in the supergraph cannot be used: {error} (override_subgraph_url.{subgraph} \
         can give another)"
    )]
    Endpoint {
        subgraph: String,
        error: EndpointError,
    },
    #[error("subgraph `{subgraph}` cannot be called as traffic_shaping says: {error}")]
    Upstream {
        subgraph: String,
        error: UpstreamError,
    },
    #[error(transparent)]
    Authentication(#[from] authentication::Error),
    #[error("the service of authorization.external cannot be called: {0}")]
    External(UpstreamError),
    #[error("cannot start a thread for Redis: {0}")]
    Thread(io::Error),
    #[error(transparent)]
    Misfit(#[from] Misfit),
}

impl SnapshotError {
    /// What is written in the configuration and cannot be meant so, if that is why.
    pub fn misfit(&self) -> Option<&Misfit> {
        match self {
            Self::Misfit(misfit) => Some(misfit),
            _ => None,
        }
    }
}

impl SubgraphTable {
    /// Compiles the configuration for these subgraphs.
    pub(super) fn new(
        config: &Config,
        subgraphs: &[Subgraph],
        outbound: Outbound<'_>,
    ) -> Result<Self, SnapshotError> {
        let rules = subgraphs
            .iter()
            .map(|subgraph| SubgraphRules::new(config, subgraph, outbound));
        let rules: Vec<SubgraphRules> = rules.collect::<Result<_, _>>()?;
        Ok(Self {
            returns: rules.iter().any(|rules| !rules.returned.is_empty()),
            rules,
        })
    }

    /// The rules of one of them.
    pub(super) fn get(&self, id: SubgraphId) -> &SubgraphRules {
        &self.rules[id.index()]
    }

    /// Whether cookies of some go on to clients.
    pub(super) fn pass_cookies(&self) -> bool {
        self.rules.iter().any(|rules| rules.returned.pass_cookies())
    }

    /// Adds to a response what goes on to clients of the headers of answers, in the order of the plan.
    pub(super) fn add_returned(&self, reply: &Returned<'_>, response: &mut HeaderMap) {
        if !self.returns {
            return;
        }
        let mut gathered = Gathered::default();
        for (subgraph, answer) in reply.answers {
            self.get(*subgraph).returned.apply(answer, &mut gathered);
        }
        for (subgraph, _) in reply.answers {
            self.get(*subgraph).returned.complete(&mut gathered);
        }
        response.extend(gathered.finish(reply.has_errors));
    }
}

impl SubgraphRules {
    fn new(
        config: &Config,
        subgraph: &Subgraph,
        outbound: Outbound<'_>,
    ) -> Result<Self, SnapshotError> {
        let name = &subgraph.name;
        let endpoints = match config.override_subgraph_url.0.get(name) {
            Some(endpoints) => endpoints.0.clone(),
            None => {
                let endpoint = Endpoint::parse(&subgraph.url);
                let endpoint = endpoint.map_err(|error| SnapshotError::Endpoint {
                    subgraph: name.clone(),
                    error,
                })?;
                vec![endpoint.into()]
            }
        };
        let settings = upstream::Config {
            response_max_bytes: config.limits.subgraph_response_max_bytes,
            ..config.traffic_shaping.upstream(name)
        };
        let upstream = outbound.upstream(name, endpoints, settings);
        let upstream = upstream.map_err(|error| SnapshotError::Upstream {
            subgraph: name.clone(),
            error,
        })?;
        let returned = ResponseRules::new(&config.headers, name);
        Ok(Self {
            // A cookie in an answer is for one client.
            deduplicates: config.traffic_shaping.deduplicates(name) && !returned.pass_cookies(),
            returned,
            name: name.clone(),
            upstream,
            headers: Rules::new(&config.headers, name),
            includes_errors: config.include_subgraph_errors.includes(name),
            metrics: Arc::new(SubgraphMetrics::new(name)),
        })
    }
}

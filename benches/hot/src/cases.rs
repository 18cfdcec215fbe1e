//! What is measured: requests as they are once everything that is cached is there.

use crate::subgraphs::{HEAVY, ONE_FIELD, SUPERGRAPH, Shop};
use anyhow::{Context, Result, bail, ensure};
use bytes::Bytes;
use futures_util::FutureExt;
use graphway::config::{self, Environment};
use graphway::executor::{self, Reply, Request};
use graphway::gateway::{Body, Gateway, Local, handle};
use graphway::operation::{self, ParserLimits};
use graphway::planner::{self, Plan};
use graphway::schema::Supergraph;
use http_body_util::BodyExt;
use serde_json::Map;
use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

/// A case, and the functions whose share is told, too.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) parts: &'static [(&'static str, &'static str)],
    /// Runs it once; it calls [`measured`] for what counts.
    prepare: fn() -> Result<Box<dyn FnMut() -> Result<()>>>,
}

/// How often each case is run, after runs that fill caches.
pub(crate) const RUNS: usize = 20;
const WARMING: usize = 5;

const PARTS: &[(&str, &str)] = &[
    ("reading", "graphway::executor::read::read"),
    ("representations", "graphway::executor::call::entities"),
    ("writing", "graphway::executor::write::write"),
];

/// The function inside of which instructions are counted.
pub(crate) const MEASURED: &str = "hot::cases::measured";

pub(crate) const CASES: [Case; 5] = [
    Case {
        name: "heavy",
        parts: PARTS,
        prepare: || executed(HEAVY),
    },
    Case {
        name: "one field",
        parts: PARTS,
        prepare: || executed(ONE_FIELD),
    },
    Case {
        name: "cache hit",
        parts: &[],
        prepare: || cache_hit("", None),
    },
    Case {
        name: "cache hit, rate limit",
        parts: &[],
        prepare: || {
            cache_hit(
                "policies: { few: { rate_limit: { by: ip, capacity: 1000000, interval: 1h } } }
graphql: { policies: [few] }",
                None,
            )
        },
    },
    Case {
        name: "cache hit, token",
        parts: &[],
        prepare: || {
            let keys = std::env::temp_dir().join("graphway-hot-keys.json");
            std::fs::write(&keys, KEYS)?;
            let config = format!(
                "authentication: {{ router: {{ jwt: {{ jwks: [{{ url: \"file://{}\" }}] }} }} }}",
                keys.display()
            );
            cache_hit(&config, Some(TOKEN))
        },
    },
];

/// A key, and what it has signed: a token that is valid until 2100.
const KEYS: &str = r#"{"keys":[{"kty":"oct","alg":"HS256","kid":"k","k":"b2YgdGhlIGJlbmNoIGFsb25lLCAzMiBieXRlcyBsb24"}]}"#;
const TOKEN: &str = "Bearer eyJhbGciOiJIUzI1NiIsImtpZCI6ImsifQ.eyJpc3MiOiJiZW5jaCIsInN1YiI6InUxIiwiZXhwIjo0MTAyNDQ0ODAwfQ._r-yFVU0ngL3Xlkis1kHzzJv-KPLKnZV_nzqP3mlzpg";

/// Runs a case; under callgrind, that is what is counted.
pub(crate) fn run(name: &str) -> Result<()> {
    let mut cases = CASES.iter();
    let case = cases
        .find(|case| case.name == name)
        .context("no such case")?;
    let mut once = (case.prepare)()?;
    for _ in 0..WARMING + RUNS {
        once()?;
    }
    Ok(())
}

/// Only what runs in here is counted, and not the first times.
#[inline(never)]
fn measured<T>(work: impl FnOnce() -> T) -> T {
    black_box(work())
}

/// Counts the runs, and measures those that count.
fn counted<T>(runs: &mut usize, work: impl FnOnce() -> T) -> T {
    *runs += 1;
    match *runs > WARMING {
        true => measured(work),
        false => work(),
    }
}

/// `executor::run` of an operation of the shop, subgraphs replaying their answers.
fn executed(text: &str) -> Result<Box<dyn FnMut() -> Result<()>>> {
    let supergraph = Arc::new(Supergraph::parse(SUPERGRAPH)?);
    let program = executor::compile(&supergraph, plan(&supergraph, text)?);
    let (shop, variables) = (Shop::new(), Map::new());
    let mut runs = 0;
    Ok(Box::new(move || {
        let request = Request {
            variables: &variables,
            introspection: None,
            subgraphs: &shop,
        };
        let reply = counted(&mut runs, || {
            executor::run(&program, request).now_or_never()
        });
        let Reply::One(response) = reply.context("the shop answers at once")?;
        ensure!(response.errors.is_empty(), "{:?}", response.errors);
        Ok(())
    }))
}

fn plan(supergraph: &Supergraph, text: &str) -> Result<Plan> {
    let document = operation::prepare(supergraph, text, None, &ParserLimits::default())?;
    let variables = document.coerce(supergraph, Map::new())?;
    let operation = document.fold(supergraph, &document.conditions(&variables))?;
    Ok(planner::plan(supergraph, &operation)?)
}

/// `gateway::handle` of a request that is known and needs no subgraph, by this configuration: all stages, and all that is
/// found in caches.
fn cache_hit(config: &str, token: Option<&'static str>) -> Result<Box<dyn FnMut() -> Result<()>>> {
    let config = config::parse("router.yaml", config, &Environment::process())?.config;
    let gateway = Gateway::start(&config.gateway(), Supergraph::parse(SUPERGRAPH)?)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()?;
    let local = {
        let _inside = runtime.enter();
        Arc::new(Local::default())
    };
    let body = Bytes::from_static(br#"{"query":"{ __typename }"}"#);
    let mut runs = 0;
    Ok(Box::new(move || {
        let snapshot = gateway.snapshot();
        let mut request = http::Request::post("/graphql");
        if let Some(token) = token {
            request = request.header("authorization", token);
        }
        let request = request
            .header("host", "localhost:4000")
            .header("accept", "application/json")
            .header("content-type", "application/json")
            .header("content-length", body.len())
            .body(Body::full(body.clone()))?;
        // An address before there were peers.
        let client = IpAddr::V4(Ipv4Addr::LOCALHOST).into();
        let handled = counted(&mut runs, || {
            runtime.block_on(handle(&snapshot, &local, client, request))
        });
        let status = handled.status();
        let answer = runtime.block_on(handled.into_body().collect());
        let Ok(answer) = answer else {
            bail!("no answer");
        };
        let answer = answer.to_bytes();
        ensure!(
            &*answer == br#"{"data":{"__typename":"Query"}}"#,
            "{status} {answer:?}"
        );
        Ok(())
    }))
}

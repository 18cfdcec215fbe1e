//! Rate limits and plans over sockets. The rules themselves are tested with clocks that stand still.

mod limits;
mod plans;
mod redis;

use crate::{
    kit::{Client, Message, Router},
    telemetry::shop,
};
use graphway::{
    config::{self, Environment},
    schema::Supergraph,
};
use serde_json::Value;

/// Two consumers, and those who have no key.
const CONSUMERS: &str = "
authentication: { api_key: {} }
consumers:
  - { name: app, plan: standard, api_keys: [{ sha256: ea15307d5014284174761b842f9352a857a93a3b2df3f23b69ac21d8b24ee805 }] }
  - { name: partner, api_keys: [{ sha256: a068c3c4727a4763b305e860ffc31322834f66c002ee2764787d0cd9b7f87318 }] }
  - { name: guest }
";
const APP: &str = "x-api-key: key-of-app";
const PARTNER: &str = "x-api-key: key-of-partner";

fn router(config: &str) -> Router {
    Router::start(config, &shop(&[]))
}

fn reload(router: &Router, config: &str) {
    let config = config::parse("router.yaml", config, &Environment::process());
    let config = config.unwrap_or_else(|error| panic!("{error}")).config;
    let supergraph = Supergraph::parse(&shop(&[])).unwrap();
    router
        .gateway
        .reload(&config.gateway(), supergraph)
        .unwrap();
}

/// What the writer of this is told.
fn refused(config: &str) -> String {
    let parsed = config::parse("router.yaml", config, &Environment::process());
    parsed.unwrap_err().to_string()
}

fn status(answer: &Message) -> u16 {
    answer.start.split(' ').nth(1).unwrap().parse().unwrap()
}

/// The statuses of so many of these requests, one after the other.
fn statuses(router: &Router, request: &str, times: usize) -> Vec<u16> {
    let mut client = Client::connect(router.address);
    let answers = (0..times).map(|_| status(&client.request(request)));
    answers.collect()
}

/// The code of a refusal, from either end.
fn code(answer: &Message) -> String {
    let body: Value = serde_json::from_slice(&answer.body).unwrap();
    let code = match &body["code"] {
        Value::Null => &body["errors"][0]["extensions"]["code"],
        code => code,
    };
    code.as_str().unwrap().to_owned()
}

/// Without the numbers behind `;t=`, which go by the clock.
fn standing(answer: &Message) -> String {
    let written = answer.header("ratelimit").unwrap_or_default();
    let items = written
        .split(", ")
        .map(|item| match item.split_once(";t=") {
            Some((standing, _)) => standing,
            None => item,
        });
    items.collect::<Vec<_>>().join(", ")
}

/// The largest number behind `;t=`.
fn reset(answer: &Message) -> u32 {
    let written = answer.header("ratelimit").unwrap();
    let resets = written.split(";t=").skip(1);
    let resets = resets.map(|rest| rest.split(',').next().unwrap().parse().unwrap());
    resets.max().unwrap()
}

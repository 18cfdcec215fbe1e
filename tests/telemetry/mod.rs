//! What a router tells about itself: metrics, traces, the log.

mod collector;
mod exports;
mod failures;
mod logs;
mod metrics;
mod protobuf;
mod pushed;
mod request_ids;
mod scrape;
mod traces;

pub use scrape::Scrape;

use crate::kit::{Answer, Exchange, Fake};
use std::{fs, path::Path};

/// The shop, with these subgraphs at these fakes.
pub fn shop(subgraphs: &[(&str, &Fake)]) -> String {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/supergraphs");
    let mut sdl = fs::read_to_string(directory.join("shop.graphql")).unwrap();
    for (name, fake) in subgraphs {
        sdl = sdl.replace(&format!("{name}.test"), &fake.address.to_string());
    }
    sdl
}

/// Any request gets this JSON.
pub fn json(body: &str) -> Exchange {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length:";
    Exchange {
        expected: None,
        answer: Answer::Bytes(format!("{head} {}\r\n\r\n{body}", body.len()).into_bytes()),
    }
}

/// Any request ends with its connection.
fn broken() -> Exchange {
    Exchange {
        expected: None,
        answer: Answer::Break,
    }
}

/// A request that both subgraphs are asked for, one after the other.
const FEDERATED: &str = "POST /graphql\ncontent-type: application/json\n\n{\"query\":\"query Favourites { me { name favourites { id } } }\"}";

/// What the subgraphs answer to it.
fn expect_federated(users: &Fake, products: &Fake) {
    users.expect(vec![json(
        "{\"data\":{\"me\":{\"__typename\":\"User\",\"id\":\"1\",\"name\":\"Ada\"}}}",
    )]);
    products.expect(vec![json(
        "{\"data\":{\"_entities\":[{\"__typename\":\"User\",\"favourites\":[{\"id\":\"7\"}]}]}}",
    )]);
}

//! What has broken gateways elsewhere, tried on this one. `docs/security.md` says which test stands for what; what other
//! tests hold already is not here.

mod documents;
mod egress;
mod forged;
mod headers;
mod interleavings;
mod paths;
mod plans;
mod reload;
mod strangers;
mod told;
mod volume;

use crate::kit::{Answer, Exchange, Fake};

/// An operation as a client sends it.
fn post(query: &str) -> String {
    let body = serde_json::json!({ "query": query });
    format!(
        "POST /graphql\ncontent-type: application/json\naccept: application/graphql-response+json\n\n{body}"
    )
}

/// The status of an answer.
fn status(start: &str) -> u16 {
    let status = start.split(' ').nth(1);
    status.and_then(|status| status.parse().ok()).unwrap_or(0)
}

/// Has a fake answer so many requests, whatever they are, with this JSON.
fn answer_all(fake: &Fake, count: usize, body: &str) {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length:";
    let bytes = format!("{head} {}\r\n\r\n{body}", body.len()).into_bytes();
    let exchange = Exchange {
        expected: None,
        answer: Answer::Bytes(bytes),
    };
    fake.expect(vec![exchange; count]);
}

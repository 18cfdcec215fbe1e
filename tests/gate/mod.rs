//! The gate: what is refused before anybody looks at it, and clients that would only take up room.

mod corpus;
mod floods;
mod frames;
mod grpc;
mod limits;
mod streams;
mod websockets;

use crate::kit::Router;
use corpus::{Case, Counting};
use std::{
    fs,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    time::Duration,
};

/// Nothing takes this long unless it hangs.
const PATIENCE: Duration = Duration::from_secs(20);

/// A router that passes everything on to an upstream, with more settings.
fn router(upstream: SocketAddr, more: &str) -> Router {
    let supergraph =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/supergraphs/shop.graphql");
    let config = format!(
        "upstreams: {{ shop: {{ endpoints: ['http://{upstream}'], timeout: 10s }} }}\nroutes: [{{ match: {{ path: /** }}, to: shop }}]\n{more}"
    );
    Router::start(&config, &fs::read_to_string(supergraph).unwrap())
}

fn counting() -> Counting {
    Counting::start((Ipv4Addr::LOCALHOST, 0).into())
}

fn cases() -> Vec<Case> {
    corpus::read(include_str!("corpus.txt"))
}

#[test]
fn the_corpus_is_read_as_it_says() {
    let upstream = counting();
    let router = router(upstream.address, "");
    let cases = cases();
    assert!(cases.len() > 90, "{}", cases.len());
    let mut wrong = String::new();
    for case in cases {
        let outcome = corpus::play(&case, router.address, &upstream, PATIENCE);
        if outcome != case.expected {
            wrong.push_str(&format!("{}: {outcome:?}\n", case.name));
        }
    }
    assert_eq!(wrong, "");
}

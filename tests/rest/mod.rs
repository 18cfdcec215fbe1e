//! REST routes: what they match, what crosses them, and what happens when one side fails.

mod cache;
mod coding;
mod config;
mod examples;
mod failures;
mod headers;
mod paths;
mod resilience;
mod routing;
mod sharing;
mod sizes;
mod smuggling;
mod streaming;
mod upstream;
mod upstream_connections;
mod upstream_settings;

use crate::kit::Router;
use std::{
    fs,
    io::{ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream},
    path::Path,
    time::Duration,
};
use upstream::Upstream;

/// Nothing takes this long unless it hangs.
const PATIENCE: Duration = Duration::from_secs(20);

/// A router with these routes, beside a graph that is not asked here.
fn router(config: &str) -> Router {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/supergraphs");
    Router::start(
        config,
        &fs::read_to_string(directory.join("shop.graphql")).unwrap(),
    )
}

/// A router with one upstream that gets everything.
fn router_to(upstream: SocketAddr) -> Router {
    router(&to(upstream))
}

fn to(upstream: SocketAddr) -> String {
    format!(
        "upstreams: {{ shop: {{ endpoints: ['http://{upstream}'], timeout: 10s }} }}\nroutes: [{{ match: {{ path: /** }}, to: shop }}]\n"
    )
}

fn connect(router: &Router) -> TcpStream {
    let stream = TcpStream::connect(router.address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

/// All that comes until the connection ends.
fn drain(stream: &mut TcpStream) -> String {
    let mut all = Vec::new();
    match stream.read_to_end(&mut all) {
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
        Err(error) => panic!("{error}; so far: {}", String::from_utf8_lossy(&all)),
    }
    String::from_utf8_lossy(&all).into_owned()
}

/// Sends bytes over a connection of their own, and reads until it ends.
fn exchange(router: &Router, bytes: &[u8]) -> String {
    let mut stream = connect(router);
    stream.write_all(bytes).unwrap();
    drain(&mut stream)
}

/// The lines of a head, the first left out, in alphabetical order.
fn header_lines(message: &str) -> Vec<String> {
    let (head, _) = message.split_once("\r\n\r\n").unwrap();
    // Every message has a request id, and each another one.
    let lines = head.lines().skip(1);
    let lines = lines.filter(|line| !line.starts_with("x-request-id: "));
    let mut lines: Vec<String> = lines.map(str::to_owned).collect();
    lines.sort();
    lines
}

/// The status of an answer.
fn status(answer: &str) -> u16 {
    let status = answer.split(' ').nth(1);
    let status = status.unwrap_or_else(|| panic!("no answer: {answer:?}"));
    status.parse().unwrap()
}

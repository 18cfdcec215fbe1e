//! The server over real sockets on the loopback, and how faults are spread.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;

use super::*;

fn first_faults(rate: f64, count: usize) -> Vec<Option<Fault>> {
    let faults = Faults::new(rate);
    (0..count).map(|_| faults.next()).collect()
}

#[test]
fn failures_are_spread_evenly_and_alternate() {
    use Fault::{Error, Status};
    assert_eq!(first_faults(0.0, 50), vec![None; 50]);
    assert_eq!(first_faults(f64::NAN, 50), vec![None; 50]);
    let every_second = [None, Some(Status), None, Some(Error), None, Some(Status)];
    assert_eq!(first_faults(0.5, 6), every_second);
    assert_eq!(first_faults(7.0, 2), [Some(Status), Some(Error)]);
    let tenth = first_faults(0.1, 1000);
    assert_eq!(tenth.iter().flatten().count(), 100);
}

/// A whole exchange on a connection of its own.
async fn exchange(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

fn post(query: &str) -> String {
    let body = format!(r#"{{"query":"{query}"}}"#);
    format!(
        "POST /graphql HTTP/1.1\r\nhost: shop\r\nconnection: close\r\nx-user-id: u7\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// The default flavour is a current-thread runtime, which is all that a subgraph may need.
#[tokio::test]
async fn a_bound_subgraph_serves_until_it_is_told_to_stop() {
    let bound = bind(Subgraph::Users, Settings::default(), 0).await.unwrap();
    let address = bound.address;
    assert!(address.ip().is_loopback() && address.port() != 0);
    let (stop, stopped) = oneshot::channel::<()>();
    let server = tokio::spawn(bound.serve(async {
        let _ = stopped.await;
    }));

    let answer = exchange(address, &post("{me{id}}")).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(
        answer.ends_with(r#"{"data":{"me":{"id":"u7"}}}"#),
        "{answer}"
    );
    let health = "GET /health HTTP/1.1\r\nhost: shop\r\nconnection: close\r\n\r\n";
    let answer = exchange(address, health).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");

    stop.send(()).unwrap();
    server.await.unwrap().unwrap();
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn failures_are_told_by_status_and_by_error_in_turn() {
    let settings = Settings {
        fail_rate: 1.0,
        ..Settings::default()
    };
    let bound = bind(Subgraph::Products, settings, 0).await.unwrap();
    let address = bound.address;
    let server = tokio::spawn(bound.serve(std::future::pending()));
    let first = exchange(address, &post("{__typename}")).await;
    assert!(first.starts_with("HTTP/1.1 500"), "{first}");
    let second = exchange(address, &post("{__typename}")).await;
    assert!(second.starts_with("HTTP/1.1 200"), "{second}");
    assert!(
        second.contains(r#""errors":[{"message":"failed as --fail-rate asks""#),
        "{second}"
    );
    server.abort();
}

#[tokio::test]
async fn a_delay_is_waited_before_the_answer() {
    let settings = Settings {
        delay: Duration::from_millis(30),
        ..Settings::default()
    };
    let bound = bind(Subgraph::Orders, settings, 0).await.unwrap();
    let address = bound.address;
    let server = tokio::spawn(bound.serve(std::future::pending()));
    let asked = std::time::Instant::now();
    let answer = exchange(address, &post("{__typename}")).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(asked.elapsed() >= Duration::from_millis(30));
    server.abort();
}

//! gRPC: HTTP/2 on both sides, trailers kept, and refusals that its clients understand.

use super::{counting, router};
use crate::kit::Router;
use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, Full, combinators::BoxBody};
use hyper::{body::Incoming, client::conn::http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::{
    convert::Infallible,
    net::{Ipv4Addr, SocketAddr, TcpListener},
};

type Sender = http2::SendRequest<BoxBody<Bytes, Infallible>>;

async fn connect(address: SocketAddr) -> Sender {
    let stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let handshake = http2::handshake(TokioExecutor::new(), TokioIo::new(stream));
    let (sender, connection) = handshake.await.unwrap();
    tokio::spawn(connection);
    sender
}

fn call(
    headers: &[(&str, &str)],
    body: BoxBody<Bytes, Infallible>,
) -> Request<BoxBody<Bytes, Infallible>> {
    let mut request = Request::post("http://a/shop.Products/Get")
        .header("content-type", "application/grpc")
        .header("te", "trailers");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(body).unwrap()
}

/// What a call that fails at once gets: the head alone.
async fn refused(router: &Router, headers: &[(&str, &str)]) -> HeaderMap {
    let mut sender = connect(router.address).await;
    let message = Full::new(Bytes::from_static(b"\0\0\0\0\0")).boxed();
    let response: Response<Incoming> = sender.send_request(call(headers, message)).await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "application/grpc");
    let (head, body) = response.into_parts();
    assert!(
        hyper::body::Body::is_end_stream(&body),
        "it has more than a head"
    );
    head.headers
}

fn status(headers: &HeaderMap) -> (&str, &str) {
    let text = |name: &str| {
        headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    };
    (text("grpc-status"), text("grpc-message"))
}

#[tokio::test]
async fn refusals_are_trailers() {
    let gone = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .unwrap()
        .local_addr()
        .unwrap();
    let unreachable = refused(&router(gone, ""), &[]).await;
    assert_eq!(status(&unreachable), ("14", "UPSTREAM_UNREACHABLE"));

    let upstream = counting();
    let limited = "limits: { http1_max_request_headers: 8 }\n";
    let router = router(upstream.address, limited);
    let crumbs = refused(&router, &[("x", "y"); 20]).await;
    assert_eq!(status(&crumbs), ("8", "REQUEST_HEAD_TOO_LARGE"));
    assert_eq!(upstream.count(), 0);
}

#[tokio::test]
async fn a_call_ends_when_its_client_stops_waiting() {
    // It accepts, and says nothing.
    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let router = router(silent.local_addr().unwrap(), "");
    let late = refused(&router, &[("grpc-timeout", "50m")]).await;
    assert_eq!(status(&late), ("4", "GATEWAY_TIMEOUT"));
}

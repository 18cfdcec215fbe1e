//! gRPC: HTTP/2 on both sides, trailers kept, and refusals that its clients understand.

use super::{counting, router};
use crate::kit::Router;
use bytes::Bytes;
use futures_util::StreamExt;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, Full, combinators::BoxBody};
use hyper::{body::Incoming, client::conn::http2, server::conn::http2 as http2_server};
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

/// Answers each message with the same one, and ends with a status in trailers. `Forever` is not answered.
async fn echo(
    request: Request<Incoming>,
) -> Result<Response<BoxBody<Bytes, hyper::Error>>, Infallible> {
    assert_eq!(request.version(), http::Version::HTTP_2);
    assert_eq!(request.headers()["te"], "trailers");
    let waits = request.uri().path() == "/shop.Products/Forever";
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", "0".parse().unwrap());
    trailers.insert(
        "x-told",
        request
            .headers()
            .get("x-tell")
            .map_or("", |tell| tell.to_str().unwrap())
            .parse()
            .unwrap(),
    );
    let messages = http_body_util::BodyStream::new(request.into_body());
    let ended =
        futures_util::stream::once(async move { Ok(hyper::body::Frame::trailers(trailers)) });
    let silence = futures_util::stream::pending();
    let rest = match waits {
        true => futures_util::future::Either::Left(silence),
        false => futures_util::future::Either::Right(ended),
    };
    let body = BodyExt::boxed(http_body_util::StreamBody::new(messages.chain(rest)));
    Ok(Response::builder()
        .header("content-type", "application/grpc")
        .body(body)
        .unwrap())
}

/// An upstream that speaks HTTP/2 alone.
async fn upstream() -> SocketAddr {
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .await
        .unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let service = hyper::service::service_fn(echo);
            let connection = http2_server::Builder::new(TokioExecutor::new())
                .serve_connection(TokioIo::new(stream), service);
            tokio::spawn(connection);
        }
    });
    address
}

/// A router in front of an upstream that speaks HTTP/2 alone.
fn router_over_http2(upstream: SocketAddr) -> Router {
    let supergraph = include_str!("../cases/supergraphs/shop.graphql");
    let config = format!(
        "upstreams: {{ shop: {{ endpoints: ['http://{upstream}'], http2: http2only }} }}\nroutes: [{{ match: {{ path: /** }}, to: shop }}]\n"
    );
    Router::start(&config, supergraph)
}

/// The next frame of an answer.
async fn next(body: &mut Incoming) -> hyper::body::Frame<Bytes> {
    body.frame().await.expect("a frame").unwrap()
}

#[tokio::test]
async fn a_call_of_one_message_keeps_its_trailers() {
    let router = router_over_http2(upstream().await);
    let mut sender = connect(router.address).await;
    let message = Bytes::from_static(b"\0\0\0\0\x02hi");
    let request = call(&[("x-tell", "all")], Full::new(message.clone()).boxed());
    let mut answer = sender.send_request(request).await.unwrap();
    assert_eq!(answer.headers()["content-type"], "application/grpc");
    assert_eq!(next(answer.body_mut()).await.into_data().unwrap(), message);
    let trailers = next(answer.body_mut()).await.into_trailers().unwrap();
    assert_eq!(
        (&trailers["grpc-status"], &trailers["x-told"]),
        (&"0".parse().unwrap(), &"all".parse().unwrap())
    );
}

#[tokio::test]
async fn messages_of_a_stream_cross_one_by_one() {
    let router = router_over_http2(upstream().await);
    let mut sender = connect(router.address).await;
    let (say, said) = tokio::sync::mpsc::unbounded_channel();
    let said =
        futures_util::stream::unfold(said, |mut said| async { Some((said.recv().await?, said)) });
    let body = BodyExt::boxed(http_body_util::StreamBody::new(Box::pin(
        said.map(Ok::<_, Infallible>),
    )));
    let asking = tokio::spawn(sender.send_request(call(&[], body)));
    let mut answer = None;
    let mut asking = Some(asking);
    for word in ["one", "two", "three"] {
        let message = Bytes::from_static(word.as_bytes());
        say.send(hyper::body::Frame::data(message.clone())).unwrap();
        // Each comes back before the next is sent.
        if let Some(asking) = asking.take() {
            answer = Some(asking.await.unwrap().unwrap().into_body());
        }
        let body = answer.as_mut().unwrap();
        assert_eq!(next(body).await.into_data().unwrap(), message);
    }
    drop(say);
    let trailers = next(answer.as_mut().unwrap())
        .await
        .into_trailers()
        .unwrap();
    assert_eq!(trailers["grpc-status"], "0");
}

#[tokio::test]
async fn a_stream_ends_when_its_client_stops_waiting() {
    let router = router_over_http2(upstream().await);
    let mut sender = connect(router.address).await;
    let message = Bytes::from_static(b"\0\0\0\0\x02hi");
    let mut request = call(
        &[("grpc-timeout", "400m")],
        Full::new(message.clone()).boxed(),
    );
    *request.uri_mut() = "http://a/shop.Products/Forever".parse().unwrap();
    let mut answer = sender.send_request(request).await.unwrap();
    assert_eq!(next(answer.body_mut()).await.into_data().unwrap(), message);
    let trailers = next(answer.body_mut()).await.into_trailers().unwrap();
    assert_eq!(status(&trailers), ("4", "GATEWAY_TIMEOUT"));
}

/// What an upstream got: the length that was told, and the names of trailers.
async fn told(
    request: Request<Incoming>,
) -> Result<Response<BoxBody<Bytes, hyper::Error>>, Infallible> {
    let length = request.headers().get("content-length").cloned();
    let body = request.into_body().collect().await.unwrap();
    let names: Vec<&str> = body
        .trailers()
        .map(|trailers| trailers.keys().map(|name| name.as_str()).collect())
        .unwrap_or_default();
    let mut response = Response::builder().header("x-trailers", names.join(" "));
    if let Some(length) = length {
        response = response.header("x-length", length);
    }
    let nothing = http_body_util::Empty::new().map_err(|never| match never {});
    Ok(response.body(nothing.boxed()).unwrap())
}

#[tokio::test]
async fn a_length_is_no_way_for_trailers_to_say_who_asks() {
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
    let listener = listener.unwrap();
    let router = router_over_http2(listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let service = hyper::service::service_fn(told);
            let connection = http2_server::Builder::new(TokioExecutor::new())
                .serve_connection(TokioIo::new(stream), service);
            tokio::spawn(connection);
        }
    });
    let mut sender = connect(router.address).await;
    for length in [None, Some("3")] {
        let mut trailers = HeaderMap::new();
        for name in [
            "x-check",
            "x-consumer-username",
            "authorization",
            "x-forwarded-client-cert",
        ] {
            trailers.insert(name, "admin".parse().unwrap());
        }
        let frames = [
            hyper::body::Frame::data(Bytes::from_static(b"abc")),
            hyper::body::Frame::trailers(trailers),
        ];
        let frames = futures_util::stream::iter(frames.map(Ok::<_, Infallible>));
        let mut request = call(&[], BodyExt::boxed(http_body_util::StreamBody::new(frames)));
        if let Some(length) = length {
            let length = length.parse().unwrap();
            request.headers_mut().insert("content-length", length);
        }
        let answer = sender.send_request(request).await.unwrap();
        assert_eq!(answer.headers()["x-trailers"], "x-check", "{length:?}");
        let told = answer.headers().get("x-length");
        assert_eq!(told.map(|told| told.to_str().unwrap()), length);
    }
}

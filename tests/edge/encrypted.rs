//! What HTTP can do, it can do under TLS: HTTP/2, gRPC, WebSockets.

use super::SHOP;
use crate::kit::{Authority, Encrypted, Folder, Router, Speech};
use bytes::Bytes;
use futures_util::StreamExt;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, BodyStream, Full, StreamBody, combinators::BoxBody};
use hyper::{
    body::{Frame, Incoming},
    client::conn::http2,
    service::service_fn,
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::{
    convert::Infallible,
    io::{BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, SocketAddr},
    thread,
};
use tokio_rustls::TlsConnector;

/// A router with a certificate for `a.test`, which passes everything on.
fn router(authority: &Authority, upstream: &str) -> Router {
    let folder = Folder::new();
    let entry = folder.entry("a", &authority.server(&["a.test"]));
    let config = format!(
        "tls: {{ certificates: [{{ {entry} }}] }}
upstreams: {{ up: {{ {upstream} }} }}
routes: [{{ match: {{ path: /** }}, to: up }}]
"
    );
    Router::start(&config, SHOP)
}

async fn connect(
    router: &Router,
    authority: &Authority,
) -> http2::SendRequest<BoxBody<Bytes, Infallible>> {
    let pem = authority.pem();
    let speech = Speech {
        protocols: &["h2", "http/1.1"],
        ..Speech::new(&pem)
    };
    let stream = tokio::net::TcpStream::connect(router.address)
        .await
        .unwrap();
    let connector = TlsConnector::from(speech.config());
    let stream = connector
        .connect("a.test".try_into().unwrap(), stream)
        .await
        .unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let handshake = http2::handshake(TokioExecutor::new(), TokioIo::new(stream));
    let (sender, connection) = handshake.await.unwrap();
    tokio::spawn(connection);
    sender
}

/// Says each message back, and ends with a status in trailers.
async fn echo(
    request: Request<Incoming>,
) -> Result<Response<BoxBody<Bytes, hyper::Error>>, Infallible> {
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", "0".parse().unwrap());
    let proto = request.headers()["x-forwarded-proto"].clone();
    trailers.insert("x-proto", proto);
    let end = futures_util::stream::once(async move { Ok(Frame::trailers(trailers)) });
    let body = BodyStream::new(request.into_body()).chain(end);
    let response = Response::builder().header("content-type", "application/grpc");
    Ok(response
        .body(BodyExt::boxed(StreamBody::new(body)))
        .unwrap())
}

async fn grpc() -> SocketAddr {
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .await
        .unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let server = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
            tokio::spawn(server.serve_connection(TokioIo::new(stream), service_fn(echo)));
        }
    });
    address
}

#[tokio::test]
async fn grpc_keeps_its_trailers() {
    let authority = Authority::new("ours");
    let upstream = grpc().await;
    let router = router(
        &authority,
        &format!("endpoints: ['http://{upstream}'], http2: http2only"),
    );
    let mut sender = connect(&router, &authority).await;
    let message = Bytes::from_static(b"\0\0\0\0\x02hi");
    let request = Request::post("https://a.test/shop.Products/Get")
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .body(Full::new(message.clone()).boxed());
    let answer = sender.send_request(request.unwrap()).await.unwrap();
    assert_eq!(answer.status(), 200);
    let collected = answer.into_body().collect().await.unwrap();
    let trailers = collected.trailers().unwrap().clone();
    assert_eq!(
        (&trailers["grpc-status"], &trailers["x-proto"]),
        (&"0".parse().unwrap(), &"https".parse().unwrap())
    );
    assert_eq!(collected.to_bytes(), message);
}

#[tokio::test]
async fn the_graph_is_answered_in_http2() {
    let authority = Authority::new("ours");
    let router = router(&authority, "endpoints: ['http://127.0.0.1:1']");
    let mut sender = connect(&router, &authority).await;
    let request = Request::post("https://a.test/graphql")
        .header("content-type", "application/json")
        .body(Full::new(Bytes::from_static(b"{\"query\":\"{ __typename }\"}")).boxed());
    let answer = sender.send_request(request.unwrap()).await.unwrap();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(body, "{\"data\":{\"__typename\":\"Query\"}}");
}

/// Agrees to each WebSocket, and says back what it hears.
fn sockets() -> SocketAddr {
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = BufReader::new(stream.unwrap());
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") && stream.read_line(&mut head).unwrap() > 0 {}
            let agreed = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
            stream.get_mut().write_all(agreed).unwrap();
            let mut piece = [0; 1000];
            while let Ok(length @ 1..) = stream.read(&mut piece) {
                stream.get_mut().write_all(&piece[..length]).unwrap();
            }
        }
    });
    address
}

#[test]
fn websockets_are_passed_on() {
    let authority = Authority::new("ours");
    let router = router(&authority, &format!("endpoints: ['http://{}']", sockets()));
    let config = Speech::new(&authority.pem()).config();
    let mut client = Encrypted::connect(router.address, "a.test", &config).unwrap();
    let offer = "GET /chat\nhost: a.test\nupgrade: websocket\nconnection: upgrade\n\
        sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\nsec-websocket-version: 13\n\n";
    let answer = client.request(offer).unwrap();
    assert!(
        answer.start.starts_with("HTTP/1.1 101 "),
        "{}",
        answer.start
    );
    for word in ["one", "two", "three"] {
        client
            .stream()
            .get_mut()
            .write_all(word.as_bytes())
            .unwrap();
        let mut heard = vec![0; word.len()];
        client.stream().read_exact(&mut heard).unwrap();
        assert_eq!(heard, word.as_bytes());
    }
}

//! How endpoints are connected to: sockets, TLS, how many connections.

use super::{PATIENCE, Upstream, exchange, resilience::shown, router, status};
use crate::kit::{Client, Router};
use std::{
    io::{BufRead, BufReader, Write},
    net::SocketAddr,
    os::unix::net::UnixListener,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        RootCertStore, ServerConfig,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
        server::WebPkiClientVerifier,
    },
};

const GET: &[u8] = b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";

/// A router with one upstream, of these settings.
fn router_with(settings: &str) -> Router {
    router(&format!(
        "upstreams: {{ shop: {{ {settings} }} }}\nroutes: [{{ to: shop }}]\nadmin: {{ enabled: true, hosts: [router.test] }}\n"
    ))
}

#[test]
fn endpoints_may_be_sockets() {
    let socket = std::env::temp_dir().join(format!("graphway-{}.sock", std::process::id()));
    let _ = std::fs::remove_file(&socket);
    let listener = UnixListener::bind(&socket).unwrap();
    thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let mut stream = BufReader::new(stream);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            stream.read_line(&mut head).unwrap();
        }
        let answer = format!(
            "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{head}",
            head.len()
        );
        stream.get_mut().write_all(answer.as_bytes()).unwrap();
    });
    let endpoints = format!("endpoints: ['unix:{}:/base']", socket.display());
    let got = exchange(&router_with(&endpoints), GET);
    std::fs::remove_file(&socket).unwrap();
    assert_eq!(status(&got), 200);
    assert!(got.contains("\r\n\r\nGET /base/ HTTP/1.1\r\n"), "{got}");
    assert!(got.contains("\r\nhost: localhost\r\n"), "{got}");
}

/// A server that answers once it is told to, and how many connections it has had.
fn gated() -> (Upstream, Arc<AtomicUsize>, mpsc::Sender<()>) {
    let (open, gate) = mpsc::channel();
    let (gate, connections) = (Mutex::new(gate), Arc::new(AtomicUsize::new(0)));
    let count = Arc::clone(&connections);
    let upstream = Upstream::start(move |mut connection| {
        count.fetch_add(1, Ordering::Relaxed);
        while connection.head().is_some() {
            gate.lock().unwrap().recv_timeout(PATIENCE).unwrap();
            connection.send(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
        }
    });
    (upstream, connections, open)
}

#[test]
fn who_needs_a_connection_waits_until_one_is_free() {
    let (upstream, connections, open) = gated();
    let settings = format!(
        "endpoints: ['http://{}'], limits: {{ max_connections: 1 }}",
        upstream.address
    );
    let router = router_with(&settings);
    let mut clients: Vec<Client> = (0..5).map(|_| Client::connect(router.address)).collect();
    for client in &mut clients {
        client.send(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n");
        open.send(()).unwrap();
    }
    for client in &mut clients {
        assert_eq!(client.response().unwrap().body, b"ok");
    }
    assert_eq!(connections.load(Ordering::Relaxed), 1);
}

#[test]
fn an_idle_connection_gives_its_place_to_one_that_is_needed() {
    let (one, two) = (Upstream::saying("one"), Upstream::saying("two"));
    let settings = format!(
        "endpoints: ['http://{}', 'http://{}'], limits: {{ max_connections: 1 }}, load_balancing: {{ policy: round_robin }}",
        one.address, two.address
    );
    let router = router_with(&settings);
    let mut client = Client::connect(router.address);
    let mut answers: Vec<_> = (0..4).map(|_| client.request("GET /").body).collect();
    answers.sort();
    assert_eq!(answers, [b"one", b"one", b"two", b"two"]);
}

#[test]
fn beyond_the_limits_the_answer_is_503_at_once() {
    let (upstream, _, open) = gated();
    let endpoints = format!("endpoints: ['http://{}']", upstream.address);
    let asked = |router: &Router| {
        let mut client = Client::connect(router.address);
        client.send(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n");
        client
    };
    for limits in [
        "max_requests: 1",
        "max_connections: 1, max_pending_requests: 1",
    ] {
        let before = upstream.heads().len();
        let router = router_with(&format!("{endpoints}, limits: {{ {limits} }}"));
        let mut served = vec![asked(&router)];
        while upstream.heads().len() == before {
            thread::yield_now();
        }
        if limits.contains("pending") {
            served.push(asked(&router));
            while shown(&router)["pending"] != 1 {
                thread::yield_now();
            }
        }
        let refused = Client::connect(router.address).request("GET /");
        assert!(refused.start.contains("503"), "{limits}: {}", refused.start);
        assert_eq!(refused.header("retry-after"), Some("1"));
        for client in &mut served {
            open.send(()).unwrap();
            assert!(client.response().unwrap().start.contains("200"));
        }
    }
}

fn tls_file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/kit/tls")
        .join(name)
}

/// A server that answers those who show our certificate.
fn asking_who_calls() -> SocketAddr {
    let certificate = CertificateDer::from_pem_file(tls_file("localhost.crt.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(tls_file("localhost.key.pem")).unwrap();
    let mut trusted = RootCertStore::empty();
    trusted.add(certificate.clone()).unwrap();
    let verifier = WebPkiClientVerifier::builder(Arc::new(trusted))
        .build()
        .unwrap();
    let config = ServerConfig::builder()
        .with_client_cert_verifier(verifier)
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    listener.set_nonblocking(true).unwrap();
    thread::spawn(move || {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        runtime.unwrap().block_on(async move {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            while let Ok((stream, _)) = listener.accept().await {
                let Ok(mut stream) = acceptor.accept(stream).await else {
                    continue;
                };
                let mut head = [0; 4096];
                if stream.read(&mut head).await.is_ok_and(|length| length > 0) {
                    let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
                    let _ = stream.write_all(answer).await;
                    let _ = stream.flush().await;
                }
            }
        });
    });
    address
}

#[test]
fn who_we_are_and_whom_we_trust_can_be_set() {
    let port = asking_who_calls().port();
    let shown = |name| tls_file(name).display().to_string();
    let (ca, key) = (shown("localhost.crt.pem"), shown("localhost.key.pem"));
    let got = |tls: &str| {
        let settings = format!("endpoints: ['https://localhost:{port}'], tls: {{ {tls} }}");
        status(&exchange(&router_with(&settings), GET))
    };
    assert_eq!(
        got(&format!("ca: {ca}, certificate: {ca}, key: {key}")),
        200
    );
    // TLS 1.3 tells a client that its certificate is missing only after the handshake.
    assert_eq!(got(&format!("ca: {ca}")), 502);
    let other = format!("ca: {ca}, certificate: {ca}, key: {key}, server_name: other.test");
    assert_eq!(got(&other), 502);
    assert_eq!(
        got(&format!("certificate: {ca}, key: {key}")),
        502,
        "it is not the system's"
    );
}

/// A server that speaks HTTP/2 alone and answers with a word; and the connections that have ended.
async fn over_http2(word: &'static str) -> (SocketAddr, tokio::sync::mpsc::UnboundedReceiver<()>) {
    use hyper_util::rt::{TokioExecutor, TokioIo};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (ended, ends) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let service = hyper::service::service_fn(move |_| async move {
                Ok::<_, std::convert::Infallible>(http::Response::new(word.to_owned()))
            });
            let connection = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
                .serve_connection(TokioIo::new(stream), service);
            let ended = ended.clone();
            tokio::spawn(async move {
                let _ = connection.await;
                let _ = ended.send(());
            });
        }
    });
    (address, ends)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_of_http_2_gives_its_place_to_one_that_is_needed() {
    let ((one, _), (two, _)) = (over_http2("one").await, over_http2("two").await);
    let settings = format!(
        "endpoints: ['http://{one}', 'http://{two}'], http2: http2only, timeout: 5s, limits: {{ max_connections: 1 }}, \
         load_balancing: {{ policy: round_robin }}"
    );
    let answers = tokio::task::spawn_blocking(move || {
        let router = router_with(&settings);
        let mut client = Client::connect(router.address);
        let mut answers: Vec<_> = (0..4).map(|_| client.request("GET /").body).collect();
        answers.sort();
        answers
    });
    assert_eq!(answers.await.unwrap(), [b"one", b"one", b"two", b"two"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_of_http_2_that_nobody_uses_is_closed() {
    let (address, mut ends) = over_http2("x").await;
    let settings =
        format!("endpoints: ['http://{address}'], http2: http2only, idle_timeout: 100ms");
    let router = tokio::task::spawn_blocking(move || {
        let router = router_with(&settings);
        assert_eq!(Client::connect(router.address).request("GET /").body, b"x");
        router
    });
    let _router = router.await.unwrap();
    tokio::time::timeout(PATIENCE, ends.recv()).await.unwrap();
}

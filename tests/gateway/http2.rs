//! Subgraphs that are spoken to in HTTP/2.

use crate::kit::{Client, Process, Router};
use bytes::Bytes;
use http::{Request, Response, Version, header};
use http_body_util::{BodyExt, Full};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
};
use std::{
    fs,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};
use tokio::{net::TcpListener, runtime};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    },
};

/// How a subgraph treats a request.
#[derive(Clone, Copy)]
enum Behaviour {
    /// Answers with a name of this length.
    Answer(usize),
    /// Answers, and says that it will take no more on this connection.
    AnswerAndLeave,
    /// Refuses the first one without looking at it, answers others.
    RefuseFirst,
}

/// What it saw of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Seen {
    version: Version,
    /// Of the target, as HTTP/2 has it.
    authority: Option<String>,
    host: Option<String>,
}

/// The users of the shop, by a server that speaks both versions.
struct Subgraph {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Subgraph {
    fn start(behaviour: Behaviour, tls: Option<TlsAcceptor>) -> Self {
        let connections = Arc::default();
        let seen = Arc::default();
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let subgraph = Self {
            address,
            connections: Arc::clone(&connections),
            seen: Arc::clone(&seen),
        };
        // It ends with the test process.
        thread::spawn(move || {
            let runtime = runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(async move {
                let listener = TcpListener::from_std(listener).unwrap();
                loop {
                    let (stream, _) = listener.accept().await.unwrap();
                    connections.fetch_add(1, Ordering::Relaxed);
                    let seen = Arc::clone(&seen);
                    match &tls {
                        Some(tls) => {
                            let stream = tls.accept(stream).await.unwrap();
                            tokio::spawn(serve(TokioIo::new(stream), behaviour, seen));
                        }
                        None => {
                            tokio::spawn(serve(TokioIo::new(stream), behaviour, seen));
                        }
                    }
                }
            });
        });
        subgraph
    }

    /// The shop's supergraph with its users here.
    fn supergraph(&self, url: &str) -> String {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/supergraphs");
        let sdl = fs::read_to_string(directory.join("shop.graphql")).unwrap();
        let url = format!("{url}:{}", self.address.port());
        sdl.replace("http://users.test", &url)
    }

    fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

async fn serve<S>(stream: S, behaviour: Behaviour, seen: Arc<Mutex<Vec<Seen>>>)
where
    S: hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static,
{
    let leaving = Arc::new(tokio::sync::Notify::new());
    let leave = Arc::clone(&leaving);
    let service = service_fn(move |request: Request<Incoming>| {
        let (seen, leave) = (Arc::clone(&seen), Arc::clone(&leave));
        async move {
            let count = {
                let mut seen = seen.lock().unwrap();
                seen.push(Seen {
                    version: request.version(),
                    authority: request.uri().authority().map(ToString::to_string),
                    host: request
                        .headers()
                        .get(header::HOST)
                        .map(|host| host.to_str().unwrap().to_owned()),
                });
                seen.len()
            };
            let body = request.into_body().collect().await.unwrap().to_bytes();
            let renames = body.windows(6).any(|word| word == b"rename");
            let field = if renames { "rename" } else { "me" };
            let length = match behaviour {
                Behaviour::RefuseFirst if count == 1 => {
                    return Err(h2::Error::from(h2::Reason::REFUSED_STREAM));
                }
                Behaviour::RefuseFirst => 4,
                Behaviour::AnswerAndLeave => {
                    leave.notify_one();
                    4
                }
                Behaviour::Answer(length) => length,
            };
            let name = "n".repeat(length);
            let body = format!("{{\"data\":{{\"{field}\":{{\"name\":\"{name}\"}}}}}}");
            Ok(Response::new(Full::<Bytes>::from(body)))
        }
    });
    let builder = Builder::new(TokioExecutor::new());
    let mut connection = std::pin::pin!(builder.serve_connection(stream, service));
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = leaving.notified() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    // Whoever tests looks at what came, not at how it ended.
    drop(ended);
}

const ME: &str = "POST /graphql\ncontent-type: application/json\n\n{\"query\":\"{ me { name } }\"}";
const RENAME: &str = "POST /graphql\ncontent-type: application/json\n\n{\"query\":\"mutation { rename(name: \\\"x\\\") { name } }\"}";
const ONLY: &str = "traffic_shaping: { all: { experimental_http2: http2only } }\n";

#[test]
fn prior_knowledge_takes_one_connection_for_all() {
    const CLIENTS: usize = 8;
    // More than fits into the windows.
    const LENGTH: usize = 3 << 20;
    let users = Subgraph::start(Behaviour::Answer(LENGTH), None);
    let config = format!(
        "{ONLY}headers: {{ all: {{ request: [{{ propagate: {{ named: x-client }} }}] }} }}\n"
    );
    let router = Router::start(&config, &users.supergraph("http://localhost"));
    let mut clients: Vec<Client> = (0..CLIENTS)
        .map(|_| Client::connect(router.address))
        .collect();
    for (index, client) in clients.iter_mut().enumerate() {
        let request = ME.replace("\n\n", &format!("\nx-client: {index}\n\n"));
        client.send(&crate::kit::wire(&request));
    }
    for client in &mut clients {
        let response = client.response().unwrap();
        assert_eq!(response.start, "HTTP/1.1 200 OK");
        assert_eq!(
            response.body.len(),
            "{\"data\":{\"me\":{\"name\":\"\"}}}".len() + LENGTH
        );
    }
    let expected = Seen {
        version: Version::HTTP_2,
        authority: Some(format!("localhost:{}", users.address.port())),
        host: None,
    };
    assert_eq!(users.seen(), vec![expected; CLIENTS]);
    assert_eq!(users.connections.load(Ordering::Relaxed), 1);
}

#[test]
fn without_tls_http_1_is_spoken_unless_it_is_said_otherwise() {
    for config in [
        "",
        "traffic_shaping: { all: { experimental_http2: disable } }\n",
    ] {
        let users = Subgraph::start(Behaviour::Answer(4), None);
        let router = Router::start(config, &users.supergraph("http://localhost"));
        let response = Client::connect(router.address).request(ME);
        assert_eq!(response.body, b"{\"data\":{\"me\":{\"name\":\"nnnn\"}}}");
        assert_eq!(users.seen()[0].version, Version::HTTP_11);
    }
}

#[test]
fn a_connection_that_is_given_up_is_followed_by_another() {
    let users = Subgraph::start(Behaviour::AnswerAndLeave, None);
    let router = Router::start(ONLY, &users.supergraph("http://localhost"));
    let mut client = Client::connect(router.address);
    for _ in 0..10 {
        let response = client.request(ME);
        assert_eq!(response.body, b"{\"data\":{\"me\":{\"name\":\"nnnn\"}}}");
    }
}

#[test]
fn a_query_that_is_refused_unseen_is_sent_again_and_a_mutation_is_not() {
    let users = Subgraph::start(Behaviour::RefuseFirst, None);
    let router = Router::start(ONLY, &users.supergraph("http://localhost"));
    let response = Client::connect(router.address).request(ME);
    assert_eq!(response.body, b"{\"data\":{\"me\":{\"name\":\"nnnn\"}}}");
    assert_eq!(users.seen().len(), 2);

    let users = Subgraph::start(Behaviour::RefuseFirst, None);
    let router = Router::start(ONLY, &users.supergraph("http://localhost"));
    let response = Client::connect(router.address).request(RENAME);
    assert!(response.body.starts_with(b"{\"data\":{\"rename\":null}"));
    assert_eq!(users.seen().len(), 1);
}

/// What TLS settles on between us and a server that offers these protocols.
fn over_tls(http2: &str, offered: &[&str]) -> Option<Seen> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kit/tls");
    let certificate = directory.join("localhost.crt.pem");
    let key = PrivateKeyDer::from_pem_file(directory.join("localhost.key.pem")).unwrap();
    let chain = vec![CertificateDer::from_pem_file(&certificate).unwrap()];
    let mut tls = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    tls.alpn_protocols = offered
        .iter()
        .map(|name| Vec::from(name.as_bytes()))
        .collect();
    let users = Subgraph::start(Behaviour::Answer(4), Some(Arc::new(tls).into()));
    let config = format!("traffic_shaping: {{ all: {{ experimental_http2: {http2} }} }}\n");
    let supergraph = users.supergraph("https://localhost");
    let router = Process::trusting(&certificate, &config, &supergraph);
    let response = Client::connect(router.address).request(ME);
    assert_eq!(response.body, b"{\"data\":{\"me\":{\"name\":\"nnnn\"}}}");
    users.seen().pop()
}

#[test]
fn tls_settles_on_a_version() {
    let both = ["h2", "http/1.1"];
    for (http2, offered, expected) in [
        ("enable", &both[..], Version::HTTP_2),
        ("enable", &both[1..], Version::HTTP_11),
        ("disable", &both[..], Version::HTTP_11),
        ("http2only", &both[..], Version::HTTP_2),
    ] {
        let seen = over_tls(http2, offered).unwrap();
        assert_eq!(seen.version, expected, "{http2} {offered:?}");
        // The host is said once, wherever the version has it.
        assert_eq!(seen.host.is_some(), expected == Version::HTTP_11);
    }
}

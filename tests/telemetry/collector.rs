//! A small OTLP collector, over gRPC or HTTP.

use super::{exports::Export, protobuf::Fields};
use bytes::Bytes;
use futures_util::{
    StreamExt,
    stream::{self, BoxStream},
};
use http_body_util::{BodyExt, StreamBody};
use hyper::{
    Request, Response,
    body::{Frame, Incoming},
    service::service_fn,
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
};
use std::{
    collections::BTreeMap,
    convert::Infallible,
    net::{SocketAddr, TcpListener},
    sync::{Arc, Condvar, Mutex, MutexGuard},
    thread,
};

const TRACES: [&str; 2] = [
    "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
    "/v1/traces",
];
const METRICS: [&str; 2] = [
    "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
    "/v1/metrics",
];

/// A span as it came.
#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    pub trace_id: Vec<u8>,
    pub span_id: Vec<u8>,
    pub parent: Vec<u8>,
    pub name: String,
    /// 1 internal, 2 server, 3 client.
    pub kind: u64,
    pub state: String,
    pub began: u64,
    pub ended: u64,
    /// Texts as they are, numbers in decimals.
    pub attributes: BTreeMap<String, String>,
    /// 2: error.
    pub status: u64,
    pub service: String,
}

/// What the collector says to a request to export.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Saying {
    #[default]
    Taken,
    /// It is out of order.
    Refused,
    /// Three of them are no good.
    Rejected,
    /// More than anybody wants to hear.
    Endless,
}

#[derive(Default)]
struct State {
    spans: Vec<Span>,
    exports: Vec<Export>,
    /// What was refused.
    refused: usize,
    saying: Saying,
}

#[derive(Default)]
struct Received(Mutex<State>, Condvar);

/// A running collector.
pub struct Collector {
    pub address: SocketAddr,
    received: Arc<Received>,
}

impl Collector {
    /// Starts one on a free port.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let received: Arc<Received> = Arc::default();
        let shared = Arc::clone(&received);
        // It ends with the test process.
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            runtime.unwrap().block_on(serve(listener, shared));
        });
        Self { address, received }
    }

    /// An address where none is.
    pub fn at(address: SocketAddr) -> Self {
        Self {
            address,
            received: Arc::default(),
        }
    }

    /// What it says from now on.
    pub fn say(&self, saying: Saying) {
        self.received.0.lock().unwrap().saying = saying;
    }

    /// All spans, once there are so many.
    pub fn wait_for_spans(&self, count: usize) -> Vec<Span> {
        self.wait(|state| state.spans.len() >= count).spans.clone()
    }

    /// All metrics it has taken, once they are like this.
    pub fn wait_for_metrics(&self, is_it: impl Fn(&[Export]) -> bool) -> Vec<Export> {
        self.wait(|state| is_it(&state.exports)).exports.clone()
    }

    /// Waits until it has refused something once more.
    pub fn wait_for_refusal(&self) {
        let before = self.received.0.lock().unwrap().refused;
        drop(self.wait(|state| state.refused > before));
    }

    fn wait(&self, is_it: impl Fn(&State) -> bool) -> MutexGuard<'_, State> {
        let Received(state, changed) = &*self.received;
        changed
            .wait_while(state.lock().unwrap(), |state| !is_it(state))
            .unwrap()
    }
}

async fn serve(listener: TcpListener, received: Arc<Received>) {
    listener.set_nonblocking(true).unwrap();
    let listener = tokio::net::TcpListener::from_std(listener).unwrap();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let received = Arc::clone(&received);
        tokio::spawn(async move {
            let service = service_fn(move |request| {
                let received = Arc::clone(&received);
                async move { Ok::<_, Infallible>(take(request, &received).await) }
            });
            // A router that is killed breaks its connection.
            let _ = Builder::new(TokioExecutor::new())
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

type Frames = StreamBody<BoxStream<'static, Result<Frame<Bytes>, Infallible>>>;

async fn take(request: Request<Incoming>, Received(state, changed): &Received) -> Response<Frames> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let is_grpc = head.version == http::Version::HTTP_2;
    let (message, content_type) = if is_grpc {
        assert_eq!(head.headers["te"], "trailers");
        let length = u32::from_be_bytes(body[1..5].try_into().unwrap()) as usize;
        assert_eq!((body[0], length), (0, body.len() - 5));
        (body.slice(5..), "application/grpc")
    } else {
        (body, "application/x-protobuf")
    };
    assert_eq!(head.headers["content-type"], content_type);
    let path = head.uri.path();
    let mut state = state.lock().unwrap();
    let saying = state.saying;
    if saying == Saying::Refused {
        state.refused += 1;
    } else if path == TRACES[usize::from(!is_grpc)] {
        state.spans.extend(read(&message));
    } else {
        assert_eq!(path, METRICS[usize::from(!is_grpc)]);
        state.exports.push(Export::read(&message));
    }
    drop(state);
    changed.notify_all();
    let status = match saying {
        Saying::Refused if !is_grpc => 503,
        _ => 200,
    };
    Response::builder()
        .status(status)
        .header("content-type", content_type)
        .body(StreamBody::new(said(saying, is_grpc)))
        .unwrap()
}

/// `partial_success` of three rejected, for a reason that would like to be a line of its own.
const REJECTED: &[u8] = b"\x0a\x0d\x08\x03\x12\x09too\nold \x1b";

fn said(saying: Saying, is_grpc: bool) -> BoxStream<'static, Result<Frame<Bytes>, Infallible>> {
    if saying == Saying::Endless {
        let piece = Bytes::from_static(&[b'x'; 16 * 1024]);
        return stream::repeat_with(move || Ok(Frame::data(piece.clone()))).boxed();
    }
    let message: &[u8] = match saying {
        Saying::Rejected => REJECTED,
        _ => b"",
    };
    let mut body = Vec::new();
    let mut frames = Vec::new();
    if is_grpc {
        body.extend([0, 0, 0, 0, message.len() as u8]);
    }
    body.extend(message);
    frames.push(Ok(Frame::data(body.into())));
    if is_grpc {
        let code = match saying {
            Saying::Refused => "14",
            _ => "0",
        };
        let trailers = [("grpc-status", code)]
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        frames.push(Ok(Frame::trailers(trailers.into_iter().collect())));
    }
    stream::iter(frames).boxed()
}

/// The spans in an `ExportTraceServiceRequest`.
fn read(message: &[u8]) -> Vec<Span> {
    let mut spans = Vec::new();
    for of_resource in Fields::read(message).messages(1) {
        let resource = attributes(&of_resource.messages(1)[0], 1);
        for of_scope in of_resource.messages(2) {
            assert_eq!(of_scope.messages(1)[0].text(1), "graphway");
            let read = |span: Fields| Span {
                trace_id: span.bytes(1).to_vec(),
                span_id: span.bytes(2).to_vec(),
                state: span.text(3).to_owned(),
                parent: span.bytes(4).to_vec(),
                name: span.text(5).to_owned(),
                kind: span.number(6),
                began: span.number(7),
                ended: span.number(8),
                attributes: attributes(&span, 9),
                status: span
                    .messages(15)
                    .last()
                    .map_or(0, |status| status.number(3)),
                service: resource["service.name"].clone(),
            };
            spans.extend(of_scope.messages(2).into_iter().map(read));
        }
    }
    spans
}

pub fn attributes(message: &Fields, field: u64) -> BTreeMap<String, String> {
    let pairs = message.messages(field).into_iter().map(|pair| {
        let value = &pair.messages(2)[0];
        let shown = if value.has(1) {
            value.text(1).to_owned()
        } else {
            value.number(3).to_string()
        };
        (pair.text(1).to_owned(), shown)
    });
    pairs.collect()
}

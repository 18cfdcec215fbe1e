//! A small OTLP collector, over gRPC or HTTP.

use super::protobuf::Fields;
use bytes::Bytes;
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
    sync::{Arc, Condvar, Mutex},
    thread,
};

const GRPC_PATH: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

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

#[derive(Default)]
struct Received(Mutex<Vec<Span>>, Condvar);

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

    /// All spans, once there are so many.
    pub fn wait_for_spans(&self, count: usize) -> Vec<Span> {
        let Received(spans, changed) = &*self.received;
        let spans = changed.wait_while(spans.lock().unwrap(), |spans| spans.len() < count);
        spans.unwrap().clone()
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

type Frames =
    StreamBody<futures_util::stream::Iter<std::vec::IntoIter<Result<Frame<Bytes>, Infallible>>>>;

async fn take(request: Request<Incoming>, Received(spans, changed): &Received) -> Response<Frames> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let content_type = head.headers["content-type"].to_str().unwrap();
    let is_grpc = head.version == http::Version::HTTP_2;
    let message = if is_grpc {
        assert_eq!(
            (head.uri.path(), content_type),
            (GRPC_PATH, "application/grpc")
        );
        assert_eq!(head.headers["te"], "trailers");
        let length = u32::from_be_bytes(body[1..5].try_into().unwrap()) as usize;
        assert_eq!((body[0], length), (0, body.len() - 5));
        body.slice(5..)
    } else {
        assert_eq!(
            (head.uri.path(), content_type),
            ("/v1/traces", "application/x-protobuf")
        );
        body
    };
    spans.lock().unwrap().extend(read(&message));
    changed.notify_all();
    let mut frames = Vec::new();
    if is_grpc {
        frames.push(Ok(Frame::data(Bytes::from_static(&[0; 5]))));
        let trailers = [("grpc-status", "0")]
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        frames.push(Ok(Frame::trailers(trailers.into_iter().collect())));
    }
    Response::builder()
        .header("content-type", content_type)
        .body(StreamBody::new(futures_util::stream::iter(frames)))
        .unwrap()
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

fn attributes(message: &Fields, field: u64) -> BTreeMap<String, String> {
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

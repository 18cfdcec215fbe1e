//! The subgraphs behind the routers, all in one process: `POST /NAME` is a subgraph, `GET /counts` what they have seen.
//!
//! They must cost the machine little, for what is measured stands before them. So each request is resolved once; the same
//! bytes again get the same answer again.

mod fixture;
mod resolve;
mod scale;
mod shop;

use anyhow::{Context, Result};
use bytes::Bytes;
use fixture::Fixture;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode, header};
use hyper_util::rt::TokioIo;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;
use tokio::net::TcpListener;

/// Answers are kept until they take so many bytes, requests included.
const KEPT: usize = 512 * 1024 * 1024;

/// How late answers are.
#[derive(clap::Args, Clone, Copy)]
pub(crate) struct Lateness {
    /// Milliseconds that subgraphs take.
    #[arg(long, default_value_t = 0)]
    pub(crate) delay: u64,
    /// So many milliseconds more or fewer, at random.
    #[arg(long, default_value_t = 0)]
    pub(crate) jitter: u64,
}

impl Lateness {
    fn draw(self) -> Duration {
        let least = self.delay.saturating_sub(self.jitter);
        Duration::from_millis(fastrand::u64(least..=self.delay + self.jitter))
    }
}

struct Subgraphs {
    fixture: Fixture,
    answers: RefCell<HashMap<Bytes, Bytes>>,
    kept: Cell<usize>,
    lateness: Lateness,
    fetches: Cell<u64>,
    resolved: Cell<u64>,
}

/// Serves until the process ends.
pub(crate) async fn serve(port: u16, lateness: Lateness) -> Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", port)).await;
    let listener = listener.with_context(|| format!("port {port}"))?;
    let mut fixture = Fixture::default();
    shop::add(&mut fixture);
    scale::add(&mut fixture);
    let subgraphs = Rc::new(Subgraphs {
        fixture,
        answers: RefCell::default(),
        kept: Cell::default(),
        lateness,
        fetches: Cell::default(),
        resolved: Cell::default(),
    });
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let subgraphs = Rc::clone(&subgraphs);
        tokio::task::spawn_local(async move {
            let service = service_fn(|request| subgraphs.answer(request));
            // A router that goes away is no error here.
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

impl Subgraphs {
    async fn answer(&self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>> {
        if request.method() == Method::GET {
            let counts = format!(
                r#"{{"fetches":{},"resolved":{}}}"#,
                self.fetches.get(),
                self.resolved.get()
            );
            return Ok(response(StatusCode::OK, counts.into()));
        }
        self.fetches.set(self.fetches.get() + 1);
        let body = request.into_body().collect().await?.to_bytes();
        if self.lateness.delay + self.lateness.jitter > 0 {
            tokio::time::sleep(self.lateness.draw()).await;
        }
        if let Some(answer) = self.answers.borrow().get(&body) {
            return Ok(response(StatusCode::OK, answer.clone()));
        }
        self.resolved.set(self.resolved.get() + 1);
        match resolve::respond(&self.fixture, &body) {
            Ok(answer) => {
                let answer = Bytes::from(answer);
                self.keep(body, answer.clone());
                Ok(response(StatusCode::OK, answer))
            }
            Err(error) => {
                let says = serde_json::json!({"errors": [{"message": format!("{error:#}")}]});
                Ok(response(StatusCode::BAD_REQUEST, says.to_string().into()))
            }
        }
    }

    fn keep(&self, body: Bytes, answer: Bytes) {
        let size = body.len() + answer.len();
        if self.kept.get() + size <= KEPT {
            self.kept.set(self.kept.get() + size);
            // A copy of its own: what was read with it may be much larger.
            self.answers
                .borrow_mut()
                .insert(Bytes::copy_from_slice(&body), answer);
        }
    }
}

fn response(status: StatusCode, body: Bytes) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    let json = header::HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

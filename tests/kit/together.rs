//! Requests that come together, answered by a gateway in this thread.
//!
//! Each is polled once before anything else can go on, so all have met before the first of them has an answer.

use super::Message;
use futures_util::future::join_all;
use graphway::gateway::{self, Body, Gateway, Local, Peer, Snapshot};
use http_body_util::BodyExt;
use std::{future::ready, net::Ipv4Addr, pin::Pin, sync::Arc, task::Poll};
use tokio::runtime;

/// A request that is under way.
pub type Asking = Pin<Box<dyn Future<Output = Message>>>;

/// One worker of a gateway, in the thread of the test.
pub struct Worker {
    gateway: Arc<Gateway>,
    local: Arc<Local>,
}

impl Worker {
    /// A worker with nothing under way.
    pub fn of(gateway: &Arc<Gateway>) -> Self {
        Self {
            gateway: Arc::clone(gateway),
            local: Arc::new(Local::default()),
        }
    }

    /// Begins to answer a request that is written as in a page.
    pub fn ask(&self, written: &str) -> Asking {
        let snapshot = self.gateway.snapshot();
        Box::pin(answer(snapshot, Arc::clone(&self.local), read(written)))
    }

    /// Has the operation of a request planned, which happens on other threads.
    pub async fn plan(&self, written: &str) {
        let (line, rest) = written.split_once('\n').unwrap();
        // Of two such headers the first counts.
        self.ask(&format!(
            "{line}\ngraphway-expose-query-plan: dry-run\n{rest}"
        ))
        .await;
    }

    /// Begins to answer all of these in turn.
    pub async fn ask_together(&self, written: &[&str]) -> Vec<Asking> {
        for written in written {
            self.plan(written).await;
        }
        let mut asking = Vec::new();
        for written in written {
            let mut asked = self.ask(written);
            asking.push(match futures_util::poll!(&mut asked) {
                Poll::Ready(refused) => Box::pin(ready(refused)),
                Poll::Pending => asked,
            });
        }
        asking
    }
}

/// Answers requests that come together, in this order; those marked leave before there is an answer. What the others
/// get.
pub fn answer_together(gateway: &Arc<Gateway>, written: &[(&str, bool)]) -> Vec<Message> {
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    runtime.unwrap().block_on(async {
        let worker = Worker::of(gateway);
        let texts: Vec<&str> = written.iter().map(|(text, _)| *text).collect();
        let asking = worker.ask_together(&texts).await;
        let asking = asking.into_iter().zip(written);
        // Those who leave do so here.
        let staying = asking.filter(|(_, (_, leaves))| !leaves);
        let staying: Vec<Asking> = staying.map(|(asked, _)| asked).collect();
        join_all(staying).await
    })
}

fn read(written: &str) -> http::Request<Body> {
    let (head, body) = written.split_once("\n\n").unwrap();
    let mut lines = head.lines();
    let (method, target) = lines.next().unwrap().split_once(' ').unwrap();
    let mut request = http::Request::builder().method(method).uri(target);
    for line in lines.chain(["host: router.test"]) {
        let (name, value) = line.split_once(':').unwrap();
        request = request.header(name, value.trim());
    }
    request
        .body(Body::full(body.trim_end().to_owned()))
        .unwrap()
}

async fn answer(
    snapshot: Arc<Snapshot>,
    local: Arc<Local>,
    request: http::Request<Body>,
) -> Message {
    let client = Peer::at(Ipv4Addr::LOCALHOST.into());
    let response = gateway::handle(&snapshot, &local, client, request).await;
    let (head, body) = response.into_parts();
    let headers = head.headers.iter().map(|(name, value)| {
        let value = value.to_str().unwrap();
        (name.as_str().to_owned(), value.to_owned())
    });
    Message {
        start: format!("{:?} {}", head.version, head.status),
        headers: headers.collect(),
        body: body.collect().await.unwrap().to_bytes().to_vec(),
    }
}

//! One keep-alive HTTP/1.1 connection to a router.

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Method, Request, Response, StatusCode, header};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use std::net::{Ipv4Addr, SocketAddr};
use tokio::net::TcpStream;

/// A server on this machine and the path of its GraphQL.
#[derive(Clone)]
pub(crate) struct Target {
    pub(crate) address: SocketAddr,
    pub(crate) path: String,
}

impl Target {
    pub(crate) fn local(port: u16, path: &str) -> Self {
        Self {
            address: (Ipv4Addr::LOCALHOST, port).into(),
            path: path.to_owned(),
        }
    }
}

/// A connection that is opened when it is needed, and again after a failure.
pub(crate) struct Connection {
    target: Target,
    sender: Option<SendRequest<Full<Bytes>>>,
}

impl Connection {
    pub(crate) fn new(target: &Target) -> Self {
        Self {
            target: target.clone(),
            sender: None,
        }
    }

    /// Sends the body of a GraphQL request and reads the whole answer.
    pub(crate) async fn post(&mut self, body: &Bytes) -> Result<Bytes> {
        let response = self.send(Method::POST, body.clone()).await?;
        Ok(response.into_body().collect().await?.to_bytes())
    }

    pub(crate) async fn get(&mut self) -> Result<Bytes> {
        let response = self.send(Method::GET, Bytes::new()).await?;
        Ok(response.into_body().collect().await?.to_bytes())
    }

    /// Sends it and compares the answer, as it comes in, with the one expected.
    pub(crate) async fn check(&mut self, body: &Bytes, expected: &[u8]) -> Result<()> {
        let mut answer = self.send(Method::POST, body.clone()).await?.into_body();
        let (mut rest, mut other) = (expected, Vec::new());
        while let Some(frame) = answer.frame().await {
            let Ok(data) = frame?.into_data() else {
                continue;
            };
            match rest.strip_prefix(&data[..]).filter(|_| other.is_empty()) {
                Some(after) => rest = after,
                None => {
                    if other.is_empty() {
                        other.extend_from_slice(&expected[..expected.len() - rest.len()]);
                    }
                    other.extend_from_slice(&data);
                }
            }
        }
        ensure!(
            rest.is_empty() || !other.is_empty(),
            "the answer was cut short"
        );
        if !other.is_empty() {
            // Other bytes may say the same: errors come in any order.
            let (other, expected) = (parse(&other)?, parse(expected)?);
            ensure!(
                other["data"] == expected["data"],
                "another answer than at first"
            );
        }
        Ok(())
    }

    /// The response, if its status is 200.
    async fn send(&mut self, method: Method, body: Bytes) -> Result<Response<Incoming>> {
        if self.sender.as_ref().is_none_or(SendRequest::is_closed) {
            self.sender = Some(open(self.target.address).await?);
        }
        let request = Request::builder()
            .method(method)
            .uri(&self.target.path)
            .header(header::HOST, "127.0.0.1")
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ACCEPT, "application/json")
            .body(Full::new(body))?;
        let sender = self.sender.as_mut().context("just opened")?;
        sender.ready().await?;
        let response = sender.send_request(request).await?;
        let status = response.status();
        ensure!(status == StatusCode::OK, "status {status}");
        Ok(response)
    }
}

fn parse(answer: &[u8]) -> Result<Value> {
    serde_json::from_slice(answer).context("the answer is not JSON")
}

async fn open(address: SocketAddr) -> Result<SendRequest<Full<Bytes>>> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (sender, connection) = handshake(TokioIo::new(stream)).await?;
    tokio::task::spawn_local(async move {
        // Its end is told to whoever waits for a response.
        let _ = connection.await;
    });
    Ok(sender)
}

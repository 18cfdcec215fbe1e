//! Opening a connection: the socket, TLS on it, and the version of HTTP that is spoken then.

use super::{
    Body, Denied, Egress, Http2,
    causes::chain,
    member::Place,
    stalling::Stalling,
    tls::{Tls, TlsError},
};
use futures_util::{StreamExt, stream::FuturesUnordered};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use std::{io, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, UnixStream, lookup_host},
    sync::OwnedSemaphorePermit,
    time::{sleep, timeout},
};

/// How much is read at once, and how long the head of an answer may be: buffers of hyper's 400 kB stay with their
/// connections, and reading is no faster with them.
const READ_BUFFER_BYTES_MAX: usize = 64 * 1024;
/// How many bytes of one answer over HTTP/2 may be under way, and of all answers of a connection: what is asked for is
/// read at once, so a window only has to cover what comes within a round trip.
const STREAM_WINDOW: u32 = 1024 * 1024;
const CONNECTION_WINDOW: u32 = 8 * 1024 * 1024;
/// How long an HTTP/2 connection may be silent while an answer is waited for, before the other side is asked whether
/// it is still there; and how long it may then take to say so.
const PING_INTERVAL: Duration = Duration::from_secs(10);
/// How long one of a name's addresses may take before the next is tried beside it (RFC 8305 section 8).
const NEXT_ADDRESS_AFTER: Duration = Duration::from_millis(250);

/// How connections of one upstream are opened.
#[derive(Debug)]
pub(super) struct Dialer {
    pub(super) http2: Http2,
    pub(super) tls: Tls,
    /// How long it may take until requests can be sent.
    pub(super) connect_timeout: Duration,
    /// How long the other side may take nothing of what is sent to it.
    pub(super) write_timeout: Duration,
    /// Where connections may go.
    pub(super) egress: Arc<Egress>,
}

/// What requests are sent over.
pub(super) enum Sender {
    Http1(http1::SendRequest<Body>),
    Http2(http2::SendRequest<Body>),
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(super) enum DialError {
    #[error(transparent)]
    Socket(#[from] io::Error),
    #[error(transparent)]
    Denied(#[from] Denied),
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error("{}", chain(.0))]
    Http(#[from] hyper::Error),
    #[error("it took longer than {} ms", .0.as_millis())]
    Slow(Duration),
    #[error("HTTP/2 was not agreed on")]
    NoHttp2,
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

impl Dialer {
    /// Opens a connection on which these versions may be spoken. `permit` is given back when its socket is closed.
    pub(super) async fn dial(
        &self,
        place: &Place,
        http2: Http2,
        permit: Option<OwnedSemaphorePermit>,
    ) -> Result<Sender, DialError> {
        timeout(self.connect_timeout, self.open(place, http2, permit))
            .await
            .unwrap_or(Err(DialError::Slow(self.connect_timeout)))
    }

    async fn open(
        &self,
        place: &Place,
        http2: Http2,
        permit: Option<OwnedSemaphorePermit>,
    ) -> Result<Sender, DialError> {
        let endpoint = &place.endpoint;
        tracing::trace!("connecting to {endpoint}");
        let (stream, is_http2): (Box<dyn Stream>, bool) =
            match (endpoint.unix_socket(), place.address) {
                (Some(socket), _) => {
                    let stream = UnixStream::connect(socket).await?;
                    (Box::new(stream), http2 == Http2::Only)
                }
                (None, address) => {
                    let stream = match address {
                        Some(address) => {
                            self.egress.check(address.ip())?;
                            TcpStream::connect(address).await?
                        }
                        None => {
                            let name = (endpoint.host_name(), endpoint.port());
                            let addresses = lookup_host(name).await?;
                            connect(self.egress.permitted(addresses)?).await?
                        }
                    };
                    stream.set_nodelay(true)?;
                    if endpoint.is_https() {
                        let name = self.tls.server_name(endpoint.host_name())?;
                        let stream = self.tls.connector(http2)?.connect(name, stream).await?;
                        let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
                        (Box::new(stream), is_http2)
                    } else {
                        (Box::new(stream), http2 == Http2::Only)
                    }
                }
            };
        if http2 == Http2::Only && !is_http2 {
            return Err(DialError::NoHttp2);
        }
        let stream = TokioIo::new(Stalling::new(stream, self.write_timeout, permit));
        if is_http2 {
            http2_over(stream).await
        } else {
            http1_over(stream).await
        }
    }
}

/// Whether HTTP/2 may turn out to be what is spoken there.
pub(super) fn may_speak_http2(http2: Http2, place: &Place) -> bool {
    match http2 {
        Http2::Only => true,
        Http2::Enable => place.endpoint.is_https(),
        Http2::Disable => false,
    }
}

async fn http1_over<S>(stream: S) -> Result<Sender, DialError>
where
    S: hyper::rt::Read + hyper::rt::Write + Send + Unpin + 'static,
{
    let (sender, connection) = http1::Builder::new()
        .max_buf_size(READ_BUFFER_BYTES_MAX)
        .handshake(stream)
        .await?;
    tokio::spawn(async move { end(connection.with_upgrades().await) });
    Ok(Sender::Http1(sender))
}

async fn http2_over<S>(stream: S) -> Result<Sender, DialError>
where
    S: hyper::rt::Read + hyper::rt::Write + Send + Unpin + 'static,
{
    let (sender, connection) = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .keep_alive_interval(PING_INTERVAL)
        .keep_alive_timeout(PING_INTERVAL)
        .handshake(stream)
        .await?;
    tokio::spawn(async move { end(connection.await) });
    Ok(Sender::Http2(sender))
}

/// Whoever waits for an answer learns why there is none.
fn end(outcome: hyper::Result<()>) {
    if let Err(error) = outcome {
        tracing::debug!(error = chain(&error), "a connection to an upstream broke");
    }
}

/// Connects to the first of a name's addresses that takes it.
async fn connect(mut addresses: Vec<SocketAddr>) -> io::Result<TcpStream> {
    addresses.reverse();
    let mut trying = FuturesUnordered::new();
    let mut failure = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    loop {
        match addresses.pop() {
            Some(address) => trying.push(TcpStream::connect(address)),
            None if trying.is_empty() => return Err(failure),
            None => {}
        }
        let next = async {
            if addresses.is_empty() {
                std::future::pending::<()>().await;
            }
            sleep(NEXT_ADDRESS_AFTER).await;
        };
        tokio::select! {
            connected = trying.next() => match connected {
                Some(Ok(stream)) => return Ok(stream),
                Some(Err(error)) => failure = error,
                None => {}
            },
            () = next => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::upstream::{Call, CallError, Config, Connections, Endpoint, Response, Upstream};
    use bytes::Bytes;
    use http::{HeaderMap, Method};
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    async fn call(upstream: &Upstream, connections: &Connections) -> Result<Response, CallError> {
        let call = Call {
            method: Method::GET,
            headers: HeaderMap::new(),
            body: Bytes::new(),
            deadline: None,
            hash: None,
        };
        upstream.call(connections, call).await
    }

    #[tokio::test]
    async fn a_name_that_is_bound_anew_leads_nowhere_else() {
        let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let here = server.local_addr().unwrap();
        tokio::spawn(async move {
            let (mut stream, _) = server.accept().await.unwrap();
            let _ = stream.read(&mut [0; 1024]).await;
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
            stream.write_all(answer).await.unwrap();
        });
        let endpoint = Endpoint::parse("http://shop.test").unwrap();
        let endpoints = vec![endpoint.clone().into()];
        let upstream = Upstream::new("shop", endpoints, Config::default()).unwrap();
        let connections = Connections::new();
        let bind = |address: SocketAddr| {
            upstream.set_addresses(&[(endpoint.clone(), Some(address), 1)]);
        };
        bind(here);
        assert!(call(&upstream, &connections).await.is_ok());
        for there in ["169.254.169.254:80", "[::ffff:169.254.169.254]:80"] {
            bind(there.parse().unwrap());
            let error = call(&upstream, &connections).await.unwrap_err();
            let told = error.to_string();
            assert!(told.contains("169.254.0.0/16"), "{told}");
            assert!(told.contains("egress.allow"), "{told}");
        }
    }
}

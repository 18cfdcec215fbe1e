//! The open connections of one worker.
//!
//! Each worker thread has pools of its own: a connection's task and the requests on it then share a thread, with no
//! wake-up across threads on the way. The price is more idle connections, which a limit per endpoint bounds.

use super::{
    Body,
    call_error::{CallError, Unavailable},
    causes::chain,
    dial::Sender,
    member::{Member, Place},
    pool::{Lease, Lent, NoConnection, Pool, Pools, Wanted},
};
use http::{HeaderValue, Request, Uri, header, uri::Authority};
use hyper::body::{Body as _, Incoming};
use std::{
    collections::BTreeMap,
    error::Error as _,
    io,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::Semaphore;

const UNATTENDED_MAX: u32 = 1 << 20;

/// Sends requests over connections that are kept open. Use it on the runtime it is made on.
pub struct Connections {
    /// By the ids of places.
    pools: Mutex<BTreeMap<u64, Arc<Pool>>>,
    /// A permit is out for each call that goes on although whoever began it may be gone.
    unattended: Arc<Semaphore>,
}

/// Which connections a request may be sent over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Over {
    Any,
    /// One that is opened for it: others have proven stale.
    New,
}

/// The head of an answer, and what its connection comes back by.
#[derive(Debug)]
pub(super) struct Answered {
    pub(super) response: http::Response<Incoming>,
    /// To be ended when the body has been read.
    pub(super) lease: Lease,
}

/// Why a request got no response head.
#[derive(Debug)]
pub(super) enum SendError {
    /// It was not sent.
    NoConnection {
        cause: NoConnection,
        request: Box<Request<Body>>,
    },
    /// The connection broke, or what came over it was no answer.
    Broken {
        error: hyper::Error,
        /// Whether the connection was there before.
        is_kept: bool,
        /// The request, if none of it was sent.
        unsent: Option<Box<Request<Body>>>,
    },
}

impl SendError {
    /// Whether a connection that was there broke, or was given up by the other side, and not what came over it.
    pub(super) fn is_stale(&self) -> bool {
        let Self::Broken { error, is_kept, .. } = self else {
            return false;
        };
        self.is_refused()
            || *is_kept
                && (error.is_incomplete_message()
                    || error.is_canceled()
                    || error.is_closed()
                    || error.source().is_some_and(|cause| cause.is::<io::Error>()))
    }

    /// Whether the other side has not looked at it: it closes the connection, or refuses the stream (RFC 9113 section
    /// 8.7).
    pub(super) fn is_refused(&self) -> bool {
        let Self::Broken { error, unsent, .. } = self else {
            return false;
        };
        let cause = error.source().and_then(|cause| cause.downcast_ref());
        unsent.is_some()
            || cause.is_some_and(|cause: &h2::Error| {
                cause.is_go_away() || cause.reason() == Some(h2::Reason::REFUSED_STREAM)
            })
    }

    /// The request, if none of it was sent.
    pub(super) fn into_unsent(self) -> Option<Box<Request<Body>>> {
        match self {
            Self::NoConnection { request, .. } => Some(request),
            Self::Broken { unsent, .. } => unsent,
        }
    }
}

impl Connections {
    /// No connections yet.
    pub fn new() -> Self {
        Self {
            pools: Mutex::default(),
            unattended: Arc::new(Semaphore::new(UNATTENDED_MAX as usize)),
        }
    }

    /// Says that something is going on here until the value is dropped, though nobody may wait for it any more.
    pub fn hold(&self) -> impl Send + use<> {
        // With a million of them out, one more is not waited for.
        Arc::clone(&self.unattended).try_acquire_owned().ok()
    }

    /// Resolves when nothing of that kind is going on.
    pub async fn released(&self) {
        // The semaphore is never closed.
        let _ = self.unattended.acquire_many(UNATTENDED_MAX).await;
    }

    /// Sends a request and awaits the head of the response. Its target is a path, its `Host` is what it is for.
    pub(super) async fn send(
        &self,
        pools: &Arc<Pools>,
        member: &Arc<Member>,
        mut request: Request<Body>,
        over: Over,
    ) -> Result<Answered, SendError> {
        let pool = self.pool(pools, member);
        let mut wanted = Wanted {
            only_new: over == Over::New,
            // Only a connection of HTTP/1 can be switched to another protocol.
            only_http1: request.headers().contains_key(header::UPGRADE),
        };
        loop {
            let Lent {
                mut sender,
                is_kept,
                stream,
            } = match pool.connection(wanted).await {
                Ok(lent) => lent,
                Err(cause) => {
                    let request = Box::new(request);
                    return Err(SendError::NoConnection { cause, request });
                }
            };
            let sent = match &mut sender {
                Sender::Http1(sender) => sender.try_send_request(request).await,
                Sender::Http2(sender) => {
                    let request = into_http2(request, &member.place);
                    sender.try_send_request(request).await
                }
            };
            let mut error = match sent {
                Ok(response) => {
                    let mut lease = Lease::new(pool, sender, stream);
                    if response.body().is_end_stream() {
                        lease.end();
                    }
                    return Ok(Answered { response, lease });
                }
                Err(error) => error,
            };
            let unsent = error.take_message().map(|request| match sender {
                Sender::Http1(_) => request,
                Sender::Http2(_) => out_of_http2(request),
            });
            match unsent {
                // Closed by the other side while it was idle.
                Some(unsent) if is_kept => {
                    request = unsent;
                    wanted.only_new = true;
                }
                unsent => {
                    return Err(SendError::Broken {
                        error: error.into_error(),
                        is_kept,
                        unsent: unsent.map(Box::new),
                    });
                }
            }
        }
    }

    fn pool(&self, shared: &Arc<Pools>, member: &Arc<Member>) -> Arc<Pool> {
        let mut pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pool) = pools.get(&member.place.id) {
            return Arc::clone(pool);
        }
        // Those of upstreams that are gone.
        pools.retain(|_, pool| !pool.is_orphan());
        let pool = shared.pool(member);
        pools.insert(member.place.id, Arc::clone(&pool));
        pool
    }
}

impl Default for Connections {
    fn default() -> Self {
        Self::new()
    }
}

/// HTTP/2 says the host in the target.
fn into_http2(mut request: Request<Body>, place: &Place) -> Request<Body> {
    let host = request.headers_mut().remove(header::HOST);
    // Nor does it have headers of a connection; hyper would take those named here for such.
    request.headers_mut().remove(header::CONNECTION);
    let endpoint = place.endpoint.uri();
    let mut parts = std::mem::take(request.uri_mut()).into_parts();
    let host = host.and_then(|host| Authority::try_from(host.as_bytes()).ok());
    parts.authority = host.or_else(|| endpoint.authority().cloned());
    parts.scheme = endpoint.scheme().cloned();
    // All three parts are there.
    *request.uri_mut() = Uri::from_parts(parts).unwrap_or_default();
    request
}

/// The request as it was.
fn out_of_http2(mut request: Request<Body>) -> Request<Body> {
    let parts = std::mem::take(request.uri_mut()).into_parts();
    let host = parts.authority.as_ref();
    if let Some(host) = host.and_then(|host| HeaderValue::try_from(host.as_str()).ok()) {
        request.headers_mut().insert(header::HOST, host);
    }
    *request.uri_mut() = parts.path_and_query.map(Uri::from).unwrap_or_default();
    request
}

impl From<&SendError> for CallError {
    fn from(error: &SendError) -> Self {
        match error {
            SendError::NoConnection {
                cause: NoConnection::TooManyPending,
                ..
            } => Self::Unavailable(Unavailable::TooManyPending),
            SendError::NoConnection { cause, .. } => Self::Connect(cause.to_string()),
            SendError::Broken { error, .. } => Self::Broken(chain(error)),
        }
    }
}

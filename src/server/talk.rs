//! What the two ends of one connection tell each other past hyper: the wire, which sees bytes, and the service, which
//! sees requests.

use super::scan::Fault;
use http::{Method, Request, Version, header};
use std::sync::{
    OnceLock,
    atomic::{AtomicBool, Ordering},
};

/// Shared by both ends.
#[derive(Debug, Default)]
pub(super) struct Talk {
    has_begun: AtomicBool,
    fault: OnceLock<Fault>,
    has_switched: AtomicBool,
}

impl Talk {
    /// A request has come.
    pub(super) fn begin(&self) {
        self.has_begun.store(true, Ordering::Relaxed);
    }

    /// Whether one has.
    pub(super) fn has_begun(&self) -> bool {
        self.has_begun.load(Ordering::Relaxed)
    }

    /// The head that comes next is unsound.
    pub(super) fn refuse(&self, fault: Fault) {
        // There is one at most: nothing is read after it.
        let _ = self.fault.set(fault);
    }

    /// What was wrong, if this is the request that stands for an unsound one.
    pub(super) fn refused<B>(&self, request: &Request<B>) -> Option<Fault> {
        let stands_for_it = || request.method() == Method::GET && request.uri() == "*";
        self.fault.get().copied().filter(|_| stands_for_it())
    }

    /// From now on both sides speak another protocol.
    pub(super) fn switch(&self) {
        self.has_switched.store(true, Ordering::Release);
    }

    /// Whether they do.
    pub(super) fn has_switched(&self) -> bool {
        self.has_switched.load(Ordering::Acquire)
    }
}

/// Whether a request may be one after which the wire waits for the answer. If that is not to change the protocol, the
/// connection must end: what the client may have sent on cannot be understood.
pub(super) fn offers_protocol<B>(request: &Request<B>) -> bool {
    request.version() == Version::HTTP_11 && request.headers().contains_key(header::UPGRADE) && {
        let mut offers = request.headers().get_all(header::UPGRADE).iter();
        offers.any(|offer| offer.as_bytes().eq_ignore_ascii_case(b"websocket"))
    }
}

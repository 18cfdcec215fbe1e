//! Whom a request calls, and the calls that failed, for the trace that is made of it when it is over.

use std::{
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Instant,
};

/// More are not kept: what fails often fails alike.
const KEPT_MAX: usize = 32;

/// Whom a call is for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Callee<'a> {
    Subgraph(&'a str),
    /// An upstream of a REST route, called by this method.
    Upstream(&'a str, &'a str),
}

/// The calls of one request that failed, with room made for them when the first one fails.
#[derive(Default)]
pub(super) struct FailedCalls(OnceLock<Arc<Mutex<Vec<FailedCall>>>>);

/// A call that failed.
pub(super) struct FailedCall {
    name: Box<str>,
    /// None: it is a subgraph.
    method: Option<Box<str>>,
    pub(super) began: Instant,
    pub(super) ended: Instant,
    /// The status of the answer, or the kind of reason why there is none.
    pub(super) seen: Result<u16, &'static str>,
}

impl FailedCalls {
    /// Notes a call that has just ended.
    pub(super) fn add(&self, callee: Callee<'_>, began: Instant, seen: Result<u16, &'static str>) {
        let (name, method) = match callee {
            Callee::Subgraph(name) => (name, None),
            Callee::Upstream(name, method) => (name, Some(method)),
        };
        let calls = self.0.get_or_init(Arc::default);
        let mut calls = calls.lock().unwrap_or_else(PoisonError::into_inner);
        if calls.len() < KEPT_MAX {
            calls.push(FailedCall {
                name: name.into(),
                method: method.map(Into::into),
                began,
                ended: Instant::now(),
                seen,
            });
        }
    }

    /// Takes what was noted.
    pub(super) fn take(&self) -> Vec<FailedCall> {
        let calls = self.0.get().map(|calls| {
            let mut calls = calls.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *calls)
        });
        calls.unwrap_or_default()
    }
}

/// Whoever goes on with a request notes its calls in the same place.
impl Clone for FailedCalls {
    fn clone(&self) -> Self {
        let calls = self.0.get_or_init(Arc::default);
        Self(OnceLock::from(Arc::clone(calls)))
    }
}

impl FailedCall {
    /// Whom it was for.
    pub(super) fn callee(&self) -> Callee<'_> {
        match &self.method {
            None => Callee::Subgraph(&self.name),
            Some(method) => Callee::Upstream(&self.name, method),
        }
    }
}

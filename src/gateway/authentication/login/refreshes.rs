//! Sessions that are being renewed, or were a short time ago: providers take each refresh token once, and browsers send
//! many requests with the same one.

use super::session::Session;
use ring::digest::{Context, SHA256};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{sync::watch, time::Instant};

/// How long requests that still show the old session get the new one.
const KEPT: Duration = Duration::from_secs(120);
/// How long a provider is not asked again for a session that it has not answered for.
const UNANSWERED_KEPT: Duration = Duration::from_secs(5);
/// Each of some kilobytes.
const MAX: usize = 10_000;

/// What comes of renewing a session.
#[derive(Clone)]
pub(super) enum Renewal {
    Renewed(Arc<Session>),
    /// It is over: the provider says so.
    Refused,
    Unavailable,
}

/// Those under way, and those that have just ended, by digests of what they were asked with.
#[derive(Default)]
pub(super) struct Refreshes(Mutex<HashMap<[u8; 32], Flight>>);

struct Flight {
    began: Instant,
    renewal: watch::Receiver<Option<Renewal>>,
}

impl Flight {
    fn is_kept(&self, now: Instant) -> bool {
        let kept = match &*self.renewal.borrow() {
            Some(Renewal::Unavailable) => UNANSWERED_KEPT,
            // Its task has come to grief.
            None if self.renewal.has_changed().is_err() => Duration::ZERO,
            _ => KEPT,
        };
        now.duration_since(self.began) < kept
    }
}

impl Refreshes {
    /// The renewal of this session: the one that is known, or the one that `begin` begins. None: there are too many.
    pub(super) fn join(
        &self,
        session: &Session,
        begin: impl FnOnce(watch::Sender<Option<Renewal>>),
    ) -> Option<watch::Receiver<Option<Renewal>>> {
        let (key, now) = (key(session), Instant::now());
        let mut flights = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = flights.get(&key).filter(|flight| flight.is_kept(now)) {
            return Some(known.renewal.clone());
        }
        if flights.len() >= MAX {
            flights.retain(|_, flight| flight.is_kept(now));
            if flights.len() >= MAX {
                return None;
            }
        }
        let (tell, renewal) = watch::channel(None);
        let flight = Flight {
            began: now,
            renewal: renewal.clone(),
        };
        flights.insert(key, flight);
        drop(flights);
        begin(tell);
        Some(renewal)
    }
}

/// Some providers give the same refresh token again; then it is the time that tells one renewal from the next.
fn key(session: &Session) -> [u8; 32] {
    let mut digest = Context::new(&SHA256);
    digest.update(&session.due().to_be_bytes());
    let token = session.refresh_token.as_deref().unwrap_or_default();
    digest.update(token.as_bytes());
    let mut key = [0; 32];
    key.copy_from_slice(digest.finish().as_ref());
    key
}

//! The open connections of one worker to one endpoint, and what the pools of an upstream have in common.
//!
//! Connections of HTTP/1.1 are lent to one request at a time and come back when its answer has been read; one of HTTP/2
//! carries all. A pool belongs to one worker, so its locks are free but for the rare moment when another worker needs
//! the place of an idle connection.

use super::{
    Body, Http2,
    dial::{DialError, Dialer, Sender, may_speak_http2},
    member::{Member, Place},
};
use hyper::client::conn::{http1, http2};
use std::{
    future::poll_fn,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::{self, Notify, OwnedSemaphorePermit, Semaphore},
    time::{Instant, sleep},
};

const IDLE_CONNECTIONS_PER_PLACE_MAX: usize = 256;

/// What the pools of one upstream have in common, on whichever worker they are.
#[derive(Debug)]
pub(super) struct Pools {
    pub(super) dialer: Arc<Dialer>,
    /// How long a connection is kept that nobody uses.
    idle_timeout: Duration,
    /// A permit for each connection that may be open. None: any number.
    places: Option<Arc<Semaphore>>,
    /// How many requests may wait for a connection.
    pending_max: usize,
    pending: AtomicUsize,
    /// Those that may have idle connections to give up.
    pools: Mutex<Vec<Weak<Pool>>>,
}

/// The connections of one worker to one endpoint.
#[derive(Debug)]
pub(super) struct Pool {
    place: Place,
    /// Whose connections these are.
    member: Weak<Member>,
    pools: Arc<Pools>,
    idle: Mutex<Vec<Idle>>,
    shared: Mutex<Option<http2::SendRequest<Body>>>,
    /// Whether the endpoint was asked for HTTP/2 and does not speak it.
    lacks_http2: AtomicBool,
    /// One connection of HTTP/2 is enough: who finds none waits for the one that is being opened.
    dialing: sync::Mutex<()>,
    /// A connection has become idle.
    returned: Notify,
    /// How many wait for one that is returned.
    waiting: AtomicUsize,
    is_reaped: AtomicBool,
}

#[derive(Debug)]
struct Idle {
    sender: http1::SendRequest<Body>,
    since: Instant,
}

/// What a connection is wanted for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    /// What is there has proven stale.
    pub(super) only_new: bool,
    /// It may be switched to another protocol.
    pub(super) only_http1: bool,
}

/// A connection for a request.
pub(super) struct Lent {
    pub(super) sender: Sender,
    /// Whether it was there before, so that the other side may have closed it in the meantime.
    pub(super) is_kept: bool,
}

/// Why there is none.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoConnection {
    #[error(transparent)]
    Dial(#[from] DialError),
    #[error("too many requests wait for a connection")]
    TooManyPending,
}

/// A connection of HTTP/1.1 whose answer has not been read to its end. If it is dropped, so is the connection.
#[derive(Debug)]
pub(super) struct Lease(Option<(Arc<Pool>, http1::SendRequest<Body>)>);

/// What connections an upstream may have.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Ceilings {
    pub(super) connections: Option<usize>,
    pub(super) pending: Option<usize>,
    pub(super) idle_timeout: Duration,
}

impl Pools {
    pub(super) fn new(dialer: Arc<Dialer>, ceilings: Ceilings) -> Self {
        let places = |most: usize| Arc::new(Semaphore::new(most.min(Semaphore::MAX_PERMITS)));
        Self {
            dialer,
            idle_timeout: ceilings.idle_timeout,
            places: ceilings.connections.map(places),
            pending_max: ceilings.pending.unwrap_or(usize::MAX),
            pending: AtomicUsize::new(0),
            pools: Mutex::default(),
        }
    }

    /// A new pool for the connections to a member.
    pub(super) fn pool(self: &Arc<Self>, member: &Arc<Member>) -> Arc<Pool> {
        let pool = Arc::new(Pool {
            place: member.place.clone(),
            member: Arc::downgrade(member),
            pools: Arc::clone(self),
            idle: Mutex::default(),
            shared: Mutex::default(),
            lacks_http2: AtomicBool::new(false),
            dialing: sync::Mutex::default(),
            returned: Notify::new(),
            waiting: AtomicUsize::new(0),
            is_reaped: AtomicBool::new(false),
        });
        if self.places.is_some() {
            let mut pools = lock(&self.pools);
            pools.retain(|pool| pool.strong_count() > 0);
            pools.push(Arc::downgrade(&pool));
        }
        pool
    }

    /// How many requests wait for a connection.
    pub(super) fn pending(&self) -> usize {
        self.pending.load(Ordering::Relaxed)
    }

    /// Closes a connection that nobody uses, wherever it is, so that its place is free.
    fn close_an_idle_one(&self) {
        let pools: Vec<_> = lock(&self.pools).iter().filter_map(Weak::upgrade).collect();
        let idle = pools.iter().find_map(|pool| lock(&pool.idle).pop());
        drop(idle);
    }

    /// Whether somebody waits for a connection that is not waiting in this pool.
    fn is_wanted_elsewhere(&self, here: &Pool) -> bool {
        self.places.is_some() && here.waiting.load(Ordering::Relaxed) == 0 && {
            let pools: Vec<_> = lock(&self.pools).iter().filter_map(Weak::upgrade).collect();
            pools
                .iter()
                .any(|pool| pool.waiting.load(Ordering::Relaxed) > 0)
        }
    }
}

impl Pool {
    /// Whether nobody will ask for its connections any more.
    pub(super) fn is_orphan(&self) -> bool {
        self.member.strong_count() == 0
    }

    /// A connection that is there and free, else a new one.
    pub(super) async fn connection(self: &Arc<Self>, wanted: Wanted) -> Result<Lent, NoConnection> {
        if let Some(sender) = self.kept(wanted) {
            return Ok(Lent {
                sender,
                is_kept: true,
            });
        }
        let _pending = Counted::up_to(&self.pools.pending, self.pools.pending_max)
            .ok_or(NoConnection::TooManyPending)?;
        let http2 = match wanted.only_http1 {
            true => Http2::Disable,
            false => self.pools.dialer.http2,
        };
        let may_speak_http2 =
            may_speak_http2(http2, &self.place) && !self.lacks_http2.load(Ordering::Relaxed);
        let _turn = match may_speak_http2 {
            true => Some(self.dialing.lock().await),
            false => None,
        };
        if may_speak_http2 && let Some(sender) = self.kept(wanted) {
            return Ok(Lent {
                sender,
                is_kept: true,
            });
        }
        let permit = match self.permit(wanted).await {
            Ok(permit) => permit,
            Err(sender) => {
                return Ok(Lent {
                    sender,
                    is_kept: true,
                });
            }
        };
        let sender = self.pools.dialer.dial(&self.place, http2, permit).await?;
        match &sender {
            Sender::Http2(shared) => *lock(&self.shared) = Some(shared.clone()),
            Sender::Http1(_) if may_speak_http2 => self.lacks_http2.store(true, Ordering::Relaxed),
            Sender::Http1(_) => {}
        }
        Ok(Lent {
            sender,
            is_kept: false,
        })
    }

    fn kept(&self, wanted: Wanted) -> Option<Sender> {
        if wanted.only_new {
            return None;
        }
        if !wanted.only_http1 && may_speak_http2(self.pools.dialer.http2, &self.place) {
            let mut shared = lock(&self.shared);
            match &*shared {
                Some(sender) if !sender.is_closed() => return Some(Sender::Http2(sender.clone())),
                _ => *shared = None,
            }
        }
        let mut idle = lock(&self.idle);
        while let Some(Idle { sender, since }) = idle.pop() {
            if sender.is_ready() && since.elapsed() < self.pools.idle_timeout {
                return Some(Sender::Http1(sender));
            }
        }
        None
    }

    /// Leave to open one more connection, or one that has become free in the meantime.
    async fn permit(&self, wanted: Wanted) -> Result<Option<OwnedSemaphorePermit>, Sender> {
        let Some(places) = &self.pools.places else {
            return Ok(None);
        };
        if let Ok(permit) = Arc::clone(places).try_acquire_owned() {
            return Ok(Some(permit));
        }
        let _waiting = Counted::up_to(&self.waiting, usize::MAX);
        self.pools.close_an_idle_one();
        loop {
            tokio::select! {
                // The semaphore is never closed.
                permit = Arc::clone(places).acquire_owned() => return Ok(permit.ok()),
                () = self.returned.notified() => match self.kept(wanted) {
                    Some(sender) => return Err(sender),
                    // What is of no use makes room.
                    None => self.pools.close_an_idle_one(),
                },
            }
        }
    }

    /// Takes back a connection whose answer has been read.
    fn give_back(self: Arc<Self>, mut sender: http1::SendRequest<Body>) {
        if sender.is_ready() {
            self.keep(sender);
        } else if !sender.is_closed() {
            // The rest of a request is still on its way, or the connection has not been looked at since.
            tokio::spawn(async move {
                if poll_fn(|context| sender.poll_ready(context)).await.is_ok() {
                    self.keep(sender);
                }
            });
        }
    }

    fn keep(self: Arc<Self>, sender: http1::SendRequest<Body>) {
        if self.pools.is_wanted_elsewhere(&self) {
            return;
        }
        {
            let mut idle = lock(&self.idle);
            if idle.len() >= IDLE_CONNECTIONS_PER_PLACE_MAX {
                idle.remove(0);
            }
            let since = Instant::now();
            idle.push(Idle { sender, since });
        }
        self.returned.notify_one();
        if !self.is_reaped.swap(true, Ordering::Relaxed) {
            tokio::spawn(reap(Arc::downgrade(&self)));
        }
    }
}

/// Closes what has been idle for too long, until there is nothing left.
async fn reap(pool: Weak<Pool>) {
    loop {
        let Some(rest) = pool.upgrade().map(|pool| pool.pools.idle_timeout) else {
            return;
        };
        sleep(rest).await;
        let Some(pool) = pool.upgrade() else { return };
        let mut idle = lock(&pool.idle);
        idle.retain(|idle| idle.since.elapsed() < rest && !idle.sender.is_closed());
        if idle.is_empty() {
            pool.is_reaped.store(false, Ordering::Relaxed);
            return;
        }
    }
}

impl Lease {
    pub(super) fn new(pool: Arc<Pool>, sender: Sender) -> Self {
        Self(match sender {
            Sender::Http1(sender) => Some((pool, sender)),
            Sender::Http2(_) => None,
        })
    }

    /// The answer has been read.
    pub(super) fn end(&mut self) {
        if let Some((pool, sender)) = self.0.take() {
            pool.give_back(sender);
        }
    }
}

/// One that is counted until it is dropped.
struct Counted<'a>(&'a AtomicUsize);

impl<'a> Counted<'a> {
    fn up_to(count: &'a AtomicUsize, most: usize) -> Option<Self> {
        let before = count.fetch_add(1, Ordering::Relaxed);
        let counted = Self(count);
        (before < most).then_some(counted)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

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
    time::{Instant, sleep, timeout},
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
    shared: Mutex<Option<Shared>>,
    /// Requests on connections of HTTP/2.
    streams: AtomicUsize,
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

/// A connection of HTTP/2.
#[derive(Debug)]
struct Shared {
    sender: http2::SendRequest<Body>,
    /// Since when nobody uses it, if nobody does.
    since: Instant,
}

/// A request on a connection of HTTP/2, until this is dropped.
#[derive(Debug)]
pub(super) struct Stream(Arc<Pool>);

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
    /// Counts the request, if the connection is one of HTTP/2.
    pub(super) stream: Option<Stream>,
}

/// Why there is none.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoConnection {
    #[error(transparent)]
    Dial(#[from] DialError),
    #[error("too many requests wait for a connection")]
    TooManyPending,
}

/// A connection whose answer has not been read to its end. If it is dropped, so is a connection of HTTP/1.1.
#[derive(Debug)]
pub(super) struct Lease(Option<Leased>);

#[derive(Debug)]
enum Leased {
    Http1(Arc<Pool>, http1::SendRequest<Body>),
    Http2 { _stream: Option<Stream> },
}

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
            streams: AtomicUsize::new(0),
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
        let _ = pools.iter().any(|pool| pool.close_an_idle_one());
    }

    /// Whether somebody waits for leave to open a connection.
    fn is_wanted(&self) -> bool {
        self.places.is_some() && {
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
        if let Some(kept) = self.kept(wanted) {
            return Ok(kept);
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
            true => Some(self.turn().await?),
            false => None,
        };
        if may_speak_http2 && let Some(kept) = self.kept(wanted) {
            return Ok(kept);
        }
        let permit = match self.permit(wanted).await {
            Ok(permit) => permit,
            Err(kept) => return Ok(kept),
        };
        let sender = self.pools.dialer.dial(&self.place, http2, permit).await?;
        let stream = match &sender {
            Sender::Http2(sender) => Some(self.share(sender)),
            Sender::Http1(_) => {
                if may_speak_http2 {
                    self.lacks_http2.store(true, Ordering::Relaxed);
                }
                None
            }
        };
        Ok(Lent {
            sender,
            is_kept: false,
            stream,
        })
    }

    /// Keeps a connection of HTTP/2 for others beside the one that it was opened for.
    fn share(self: &Arc<Self>, sender: &http2::SendRequest<Body>) -> Stream {
        let mut shared = lock(&self.shared);
        *shared = Some(Shared {
            sender: sender.clone(),
            since: Instant::now(),
        });
        let stream = Stream::begin(self);
        drop(shared);
        self.have_reaped();
        stream
    }

    /// Waits for one that is being opened. Whoever cannot be reached is so for all who wait.
    async fn turn(&self) -> Result<sync::MutexGuard<'_, ()>, DialError> {
        let patience = self.pools.dialer.connect_timeout;
        let turn = timeout(patience, self.dialing.lock()).await;
        turn.map_err(|_| DialError::Slow(patience))
    }

    fn kept(self: &Arc<Self>, wanted: Wanted) -> Option<Lent> {
        if wanted.only_new {
            return None;
        }
        if !wanted.only_http1 && may_speak_http2(self.pools.dialer.http2, &self.place) {
            let mut shared = lock(&self.shared);
            match &*shared {
                // It might never be idle: whoever waits gets its place when the requests on it have ended.
                Some(Shared { sender, .. }) if !sender.is_closed() && !self.pools.is_wanted() => {
                    return Some(Lent {
                        sender: Sender::Http2(sender.clone()),
                        is_kept: true,
                        stream: Some(Stream::begin(self)),
                    });
                }
                _ => *shared = None,
            }
        }
        let mut idle = lock(&self.idle);
        while let Some(Idle { sender, since }) = idle.pop() {
            if sender.is_ready() && since.elapsed() < self.pools.idle_timeout {
                return Some(Lent {
                    sender: Sender::Http1(sender),
                    is_kept: true,
                    stream: None,
                });
            }
        }
        None
    }

    /// Closes a connection that nobody uses, if there is one.
    fn close_an_idle_one(&self) -> bool {
        let idle = lock(&self.idle).pop();
        idle.is_some() || self.close_shared(Duration::ZERO)
    }

    /// Closes the connection of HTTP/2 if nobody has used it for so long.
    fn close_shared(&self, unused_for: Duration) -> bool {
        let mut shared = lock(&self.shared);
        let unused = shared.take_if(|shared| {
            self.streams.load(Ordering::Relaxed) == 0 && shared.since.elapsed() >= unused_for
        });
        unused.is_some()
    }

    /// Leave to open one more connection, or one that has become free in the meantime.
    async fn permit(
        self: &Arc<Self>,
        wanted: Wanted,
    ) -> Result<Option<OwnedSemaphorePermit>, Lent> {
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
                    Some(kept) => return Err(kept),
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
        if self.waiting.load(Ordering::Relaxed) == 0 && self.pools.is_wanted() {
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
        self.have_reaped();
    }

    /// Has connections closed that nobody uses for too long.
    fn have_reaped(self: &Arc<Self>) {
        if !self.is_reaped.swap(true, Ordering::Relaxed) {
            tokio::spawn(reap(Arc::downgrade(self)));
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
        pool.close_shared(rest);
        let mut idle = lock(&pool.idle);
        idle.retain(|idle| idle.since.elapsed() < rest && !idle.sender.is_closed());
        if idle.is_empty() && lock(&pool.shared).is_none() {
            pool.is_reaped.store(false, Ordering::Relaxed);
            return;
        }
    }
}

impl Stream {
    fn begin(pool: &Arc<Pool>) -> Self {
        pool.streams.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(pool))
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        let pool = &self.0;
        if pool.streams.fetch_sub(1, Ordering::Relaxed) > 1 {
            return;
        }
        if let Some(shared) = &mut *lock(&pool.shared) {
            shared.since = Instant::now();
        }
        if pool.pools.is_wanted() {
            pool.close_shared(Duration::ZERO);
        }
    }
}

impl Lease {
    pub(super) fn new(pool: Arc<Pool>, sender: Sender, stream: Option<Stream>) -> Self {
        Self(Some(match sender {
            Sender::Http1(sender) => Leased::Http1(pool, sender),
            Sender::Http2(_) => Leased::Http2 { _stream: stream },
        }))
    }

    /// The answer has been read.
    pub(super) fn end(&mut self) {
        match self.0.take() {
            Some(Leased::Http1(pool, sender)) => pool.give_back(sender),
            Some(Leased::Http2 { .. }) | None => {}
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

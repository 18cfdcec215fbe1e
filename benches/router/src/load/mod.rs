//! Load: as many requests as a number of connections get through, or so many a second.

mod connection;
mod tally;
mod traffic;

pub(crate) use connection::{Connection, Target};
pub(crate) use tally::Tally;
pub(crate) use traffic::{Misses, Traffic, body};

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::thread;
use std::time::{Duration, Instant};
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinSet;

/// How requests are sent.
#[derive(Clone, Copy)]
pub(crate) struct Pace {
    pub(crate) connections: usize,
    /// Requests a second. Without: each connection sends the next when it has the answer to the last.
    pub(crate) rate: Option<f64>,
    pub(crate) duration: Duration,
}

/// What came of it.
pub(crate) struct Measured {
    /// The request that is always the same.
    pub(crate) hot: Tally,
    pub(crate) misses: Tally,
    pub(crate) elapsed: Duration,
}

/// How long the last answers may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Sends traffic and waits for all answers; those that take longer than `PATIENCE` have failed.
pub(crate) async fn run(target: &Target, traffic: &Rc<Traffic>, pace: Pace) -> Measured {
    let run = Rc::new(Run {
        traffic: Rc::clone(traffic),
        number: Cell::new(0),
        hot: RefCell::default(),
        misses: RefCell::default(),
    });
    let slots = pace
        .rate
        .map(|rate| Rc::new(Mutex::new(slots(rate, pace.duration))));
    let start = Instant::now();
    let mut connections = JoinSet::new();
    for _ in 0..pace.connections {
        let (run, connection) = (Rc::clone(&run), Connection::new(target));
        match slots.clone() {
            Some(slots) => {
                connections.spawn_local(async move { run.open(connection, &slots).await })
            }
            None => {
                let end = start + pace.duration;
                connections.spawn_local(async move { run.closed(connection, end).await })
            }
        };
    }
    let all = async { while connections.join_next().await.is_some() {} };
    let in_time = tokio::time::timeout(pace.duration + PATIENCE, all)
        .await
        .is_ok();
    let elapsed = start.elapsed();
    let (mut hot, mut misses) = (run.hot.take(), run.misses.take());
    if !in_time {
        let begun = run.number.get();
        let planned = pace
            .rate
            .map_or(begun, |rate| (rate * pace.duration.as_secs_f64()) as u64);
        hot.lose(planned.saturating_sub(hot.asked() + misses.asked()));
    }
    hot.sort();
    misses.sort();
    Measured {
        hot,
        misses,
        elapsed,
    }
}

/// The planned times of an open loop, each told when it has come. The runtime's own timers are too coarse: they tick once
/// a millisecond.
fn slots(rate: f64, duration: Duration) -> mpsc::UnboundedReceiver<Instant> {
    let (sender, receiver) = mpsc::unbounded_channel();
    thread::spawn(move || {
        let start = Instant::now();
        let planned = |index: u64| Duration::from_secs_f64(index as f64 / rate);
        for index in (0u64..).take_while(|index| planned(*index) < duration) {
            let time = start + planned(index);
            while let Some(early) = time
                .checked_duration_since(Instant::now())
                .filter(|d| !d.is_zero())
            {
                thread::park_timeout(early);
            }
            if sender.send(time).is_err() {
                return;
            }
        }
    });
    receiver
}

struct Run {
    traffic: Rc<Traffic>,
    number: Cell<u64>,
    hot: RefCell<Tally>,
    misses: RefCell<Tally>,
}

impl Run {
    async fn closed(&self, mut connection: Connection, end: Instant) {
        loop {
            let now = Instant::now();
            if now >= end {
                return;
            }
            self.request(&mut connection, now).await;
        }
    }

    /// Latency counts from when a request should have been sent: if all connections wait for a slow router, those that
    /// come after wait as well.
    async fn open(
        &self,
        mut connection: Connection,
        slots: &Mutex<mpsc::UnboundedReceiver<Instant>>,
    ) {
        loop {
            let slot = slots.lock().await.recv().await;
            let Some(planned) = slot else { return };
            self.request(&mut connection, planned).await;
        }
    }

    async fn request(&self, connection: &mut Connection, since: Instant) {
        let number = self.number.get();
        self.number.set(number + 1);
        let outcome = self.traffic.send(connection, number).await;
        let failed = outcome.is_err();
        let tally = if self.traffic.misses(number) {
            &self.misses
        } else {
            &self.hot
        };
        tally.borrow_mut().note(since.elapsed(), outcome);
        if failed {
            // One that refuses at once would be asked a million times.
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

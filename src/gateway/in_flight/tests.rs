//! Those who wait are polled only when they were woken, so that a wake-up that is forgotten is a test that fails.

use super::*;
use futures_util::FutureExt;
use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    task::Wake,
};
use tokio::sync::oneshot;

/// What comes out of work, and whether it was shared.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Value {
    text: String,
    shared: bool,
}

impl Share for Value {
    fn share(&mut self) {
        assert!(!self.shared, "shared twice");
        self.shared = true;
    }
}

fn value(text: &str, shared: bool) -> Value {
    let text = text.to_owned();
    Value { text, shared }
}

/// One who waits.
struct Client {
    shared: Shared<Value>,
    flag: Arc<Flag>,
}

struct Flag {
    woken: AtomicBool,
    polls: AtomicUsize,
}

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.woken.store(true, Ordering::Relaxed);
    }
}

impl Client {
    fn of(shared: Shared<Value>) -> Self {
        let flag = Flag {
            woken: AtomicBool::new(true),
            polls: AtomicUsize::new(0),
        };
        let flag = Arc::new(flag);
        Self { shared, flag }
    }

    /// What it gets, if it was woken and there is something.
    fn get(&mut self) -> Option<Value> {
        if !self.flag.woken.swap(false, Ordering::Relaxed) {
            return None;
        }
        self.flag.polls.fetch_add(1, Ordering::Relaxed);
        let waker = Waker::from(Arc::clone(&self.flag));
        match self.shared.poll_unpin(&mut Context::from_waker(&waker)) {
            Poll::Ready(value) => Some(value),
            Poll::Pending => None,
        }
    }

    fn polls(&self) -> usize {
        self.flag.polls.load(Ordering::Relaxed)
    }
}

/// Work that the test brings to its end.
#[derive(Default)]
struct Bench {
    in_flight: InFlight<&'static str, Value>,
    /// Work that was begun, in order. The receiver is gone when the work was dropped.
    begun: Vec<oneshot::Sender<&'static str>>,
}

impl Bench {
    fn join(&mut self, key: &'static str) -> Client {
        let begun = &mut self.begun;
        Client::of(self.in_flight.join(key, || {
            let (end, ended) = oneshot::channel();
            begun.push(end);
            async move {
                let text = ended.await.unwrap().to_owned();
                let shared = false;
                Value { text, shared }
            }
        }))
    }

    fn end(&mut self, index: usize, text: &'static str) {
        let end = self.begun.remove(index);
        end.send(text).unwrap();
    }

    fn is_empty(&self) -> bool {
        locked(&self.in_flight.0).is_empty()
    }
}

#[test]
fn it_is_done_once_and_all_get_it() {
    let mut bench = Bench::default();
    let mut clients: Vec<Client> = (0..3).map(|_| bench.join("a")).collect();
    assert!(clients[0].shared.is_mine() && !clients[1].shared.is_mine());
    assert_eq!(bench.begun.len(), 1);
    clients
        .iter_mut()
        .for_each(|client| assert_eq!(client.get(), None));
    bench.end(0, "done");
    // The others are woken by the first, and by nothing else.
    assert_eq!(clients[1].get(), None);
    for client in &mut clients {
        assert_eq!(client.get(), Some(value("done", true)));
        assert_eq!(client.polls(), 2);
    }
    assert!(bench.is_empty());
}

#[test]
fn what_nobody_shares_is_left_as_it_is() {
    let mut bench = Bench::default();
    let mut only = bench.join("a");
    let left = bench.join("a");
    assert_eq!(only.get(), None);
    drop(left);
    bench.end(0, "done");
    assert_eq!(only.get(), Some(value("done", false)));
}

#[test]
fn what_differs_is_done_by_itself() {
    let mut bench = Bench::default();
    let (mut a, mut b) = (bench.join("a"), bench.join("b"));
    assert_eq!((a.get(), b.get()), (None, None));
    bench.end(1, "of b");
    bench.end(0, "of a");
    assert_eq!(
        (a.get(), b.get()),
        (Some(value("of a", false)), Some(value("of b", false)))
    );
}

#[test]
fn what_is_done_is_not_kept() {
    let mut bench = Bench::default();
    let (mut first, mut late) = (bench.join("a"), bench.join("a"));
    assert_eq!(first.get(), None);
    bench.end(0, "old");
    assert_eq!(first.get(), Some(value("old", true)));
    // Somebody still holds the old one.
    let mut next = bench.join("a");
    assert_eq!(next.get(), None);
    bench.end(0, "new");
    assert_eq!(next.get(), Some(value("new", false)));
    assert_eq!(late.get(), Some(value("old", true)));
}

#[test]
fn whoever_leaves_hands_it_over_where_it_stands() {
    let mut bench = Bench::default();
    let mut clients: Vec<Client> = (0..4).map(|_| bench.join("a")).collect();
    clients
        .iter_mut()
        .for_each(|client| assert_eq!(client.get(), None));
    // The one who drives it; one of those it is handed to before it takes it; and the one who has taken it.
    drop(clients.remove(0));
    drop(clients.remove(0));
    assert_eq!(clients[0].get(), None);
    assert!(clients[0].shared.is_mine());
    drop(clients.remove(0));
    let mut last = clients.remove(0);
    assert_eq!(last.get(), None);
    assert_eq!(bench.begun.len(), 1);
    bench.end(0, "done");
    assert_eq!(last.get(), Some(value("done", false)));
}

#[test]
fn it_ends_when_all_have_left() {
    let mut bench = Bench::default();
    let (mut first, mut second) = (bench.join("a"), bench.join("a"));
    assert_eq!((first.get(), second.get()), (None, None));
    drop(first);
    assert!(!bench.begun[0].is_closed());
    drop(second);
    assert!(bench.begun[0].is_closed());
    assert!(bench.is_empty());
    let next = bench.join("a");
    assert!(next.shared.is_mine());
}

#[test]
fn a_panic_is_everybodys() {
    let in_flight: InFlight<&str, Value> = InFlight::default();
    let begin = || async { panic!("on purpose") };
    let mut clients = [in_flight.join("a", begin), in_flight.join("a", begin)].map(Client::of);
    assert_eq!(clients[1].get(), None);
    for mut client in clients {
        // Dropped by the panic, as a request is.
        let polled = catch_unwind(AssertUnwindSafe(move || client.get()));
        assert!(polled.is_err());
    }
    assert!(locked(&in_flight.0).is_empty());
}

/// Clients that come, are polled and leave.
#[derive(Default)]
struct Crowd {
    in_flight: InFlight<&'static str, Value>,
    begun: usize,
    /// By the number of the work, from 1: how to end it, and what came out of it.
    ends: BTreeMap<usize, oneshot::Sender<&'static str>>,
    outcomes: BTreeMap<usize, &'static str>,
    /// The work begun last under a key.
    last: BTreeMap<&'static str, usize>,
    /// Each with the number of the work that it waits for.
    clients: Vec<(usize, Client)>,
}

impl Crowd {
    fn come(&mut self, key: &'static str) {
        let (last, ends, begun) = (&mut self.last, &mut self.ends, &mut self.begun);
        let client = Client::of(self.in_flight.join(key, || {
            let (end, ended) = oneshot::channel();
            *begun += 1;
            last.insert(key, *begun);
            ends.insert(*begun, end);
            async move {
                let text = ended.await.unwrap().to_owned();
                let shared = false;
                Value { text, shared }
            }
        }));
        self.clients.push((self.last[key], client));
    }

    /// A client looks whether there is something. Whoever gets it is gone.
    fn look(&mut self, index: usize) {
        let (work, client) = &mut self.clients[index];
        if let Some(got) = client.get() {
            assert_eq!(got.text, self.outcomes[work]);
            self.clients.swap_remove(index);
        }
    }

    /// The oldest work ends. It was dropped if and only if nobody waits for it.
    fn end(&mut self, text: &'static str) {
        if let Some((work, end)) = self.ends.pop_first() {
            let is_awaited = self.clients.iter().any(|(awaited, _)| *awaited == work);
            assert_eq!(end.send(text).is_ok(), is_awaited);
            self.outcomes.insert(work, text);
        }
    }

    /// Ends everything, and polls whoever was woken until nobody is.
    fn end_all(&mut self) {
        while !self.ends.is_empty() {
            self.end("end");
        }
        let is_woken = |client: &Client| client.flag.woken.load(Ordering::Relaxed);
        while let Some(woken) = self.clients.iter().position(|(_, client)| is_woken(client)) {
            self.look(woken);
        }
    }
}

#[test]
fn whatever_the_order_nobody_waits_in_vain() {
    for seed in 0..2000 {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut crowd = Crowd::default();
        for _ in 0..60 {
            let several = crowd.clients.len();
            match random.u8(..10) {
                0..=3 => crowd.come(["a", "b", "c"][random.usize(..3)]),
                4..=6 if several > 0 => crowd.look(random.usize(..several)),
                7 if several > 0 => drop(crowd.clients.swap_remove(random.usize(..several))),
                8 => crowd.end(["1", "2", "3"][random.usize(..3)]),
                _ => {}
            }
        }
        crowd.end_all();
        assert_eq!(crowd.clients.len(), 0, "seed {seed}");
        assert!(locked(&crowd.in_flight.0).is_empty(), "seed {seed}");
    }
}

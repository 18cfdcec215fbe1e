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

fn value(text: &str, shared: bool) -> Option<Value> {
    let text = text.to_owned();
    Some(Value { text, shared })
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
        assert_eq!(client.get(), value("done", true));
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
    assert_eq!(only.get(), value("done", false));
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
        (value("of a", false), value("of b", false))
    );
}

#[test]
fn what_is_done_is_not_kept() {
    let mut bench = Bench::default();
    let (mut first, mut late) = (bench.join("a"), bench.join("a"));
    assert_eq!(first.get(), None);
    bench.end(0, "old");
    assert_eq!(first.get(), value("old", true));
    // Somebody still holds the old one.
    let mut next = bench.join("a");
    assert_eq!(next.get(), None);
    bench.end(0, "new");
    assert_eq!(next.get(), value("new", false));
    assert_eq!(late.get(), value("old", true));
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
    assert_eq!(last.get(), value("done", false));
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

/// Clients that come, are polled and leave in any order get what they wait for.
#[test]
fn whatever_the_order_nobody_waits_in_vain() {
    const KEYS: [&str; 3] = ["a", "b", "c"];
    const ENDS: [&str; 3] = ["1", "2", "3"];
    for seed in 0..2000 {
        let mut random = fastrand::Rng::with_seed(seed);
        let in_flight: InFlight<&str, Value> = InFlight::default();
        let mut ends: BTreeMap<usize, oneshot::Sender<&str>> = BTreeMap::new();
        let mut begun = 0;
        // Each with the number of the work that it waits for.
        let mut clients: Vec<(usize, Client)> = Vec::new();
        let mut under_way: BTreeMap<&str, usize> = BTreeMap::new();
        let mut outcomes: BTreeMap<usize, &str> = BTreeMap::new();
        for _ in 0..60 {
            match random.u8(..10) {
                0..=3 => {
                    let key = KEYS[random.usize(..KEYS.len())];
                    let client = Client::of(in_flight.join(key, || {
                        let (end, ended) = oneshot::channel();
                        begun += 1;
                        under_way.insert(key, begun);
                        ends.insert(begun, end);
                        async move {
                            let text = ended.await.unwrap().to_owned();
                            let shared = false;
                            Value { text, shared }
                        }
                    }));
                    clients.push((under_way[key], client));
                }
                4..=6 if !clients.is_empty() => {
                    let index = random.usize(..clients.len());
                    if let Some(got) = clients[index].1.get() {
                        let (work, _) = clients.swap_remove(index);
                        assert_eq!(got.text, outcomes[&work], "seed {seed}");
                    }
                }
                7 if !clients.is_empty() => {
                    clients.swap_remove(random.usize(..clients.len()));
                }
                8 => {
                    if let Some((work, end)) = ends.pop_first() {
                        let text = ENDS[random.usize(..ENDS.len())];
                        let is_awaited = clients.iter().any(|(awaited, _)| *awaited == work);
                        assert_eq!(end.send(text).is_ok(), is_awaited, "seed {seed}");
                        outcomes.insert(work, text);
                    }
                }
                _ => {}
            }
        }
        for (work, end) in ends {
            let _ = end.send("end");
            outcomes.insert(work, "end");
        }
        // Whoever was woken is polled, until nobody is.
        while clients
            .iter()
            .any(|(_, client)| client.flag.woken.load(Ordering::Relaxed))
        {
            clients.retain_mut(|(work, client)| match client.get() {
                Some(got) => {
                    assert_eq!(got.text, outcomes[work], "seed {seed}");
                    false
                }
                None => true,
            });
        }
        assert!(
            clients.is_empty(),
            "seed {seed}: {} wait in vain",
            clients.len()
        );
        assert!(locked(&in_flight.0).is_empty(), "seed {seed}");
    }
}

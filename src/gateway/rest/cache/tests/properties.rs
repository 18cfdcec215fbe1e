//! Whatever is asked in whatever order, an answer is what the upstream said for that key and that caller, no older than it
//! may be, and no older than the last write.

use super::{Got, RouteCache, Shop, name, pass, read, read_answer};
use crate::{gateway::Body, upstream::Forward};
use http::Response;
use proptest::prelude::*;
use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    future::ready,
    time::Duration,
};

#[derive(Clone, Debug)]
enum Step {
    Pass(u64),
    Read(Read),
    Write(usize),
    PurgeUrl(usize),
    PurgeTag(usize),
    /// From now on the upstream fails, or not.
    Fail(bool),
}

#[derive(Clone, Debug)]
struct Read {
    page: usize,
    language: &'static str,
    caller: Option<&'static str>,
    cookie: Option<&'static str>,
    wish: &'static str,
}

/// What the pages of the upstream say of themselves, and for how long they may be served by that.
const PAGES: [(&str, u64); 8] = [
    ("cache-control: max-age=20", 20),
    ("cache-control: public, max-age=20", 20),
    ("cache-control: max-age=20\nvary: accept-language", 20),
    ("cache-control: max-age=20, stale-while-revalidate=10", 30),
    ("cache-control: no-cache\netag: \"VERSION\"", 0),
    (
        "cache-control: max-age=10, must-revalidate\netag: \"VERSION\"",
        10,
    ),
    ("cache-control: private, max-age=20", 20),
    ("cache-control: no-store", 0),
];
/// The page that is for everybody, and the one that depends on the language.
const PUBLIC: usize = 1;
const VARIED: usize = 2;
/// How long what says nothing of it may stand in for a failing upstream.
const ON_ERROR: u64 = 5;

fn step() -> impl Strategy<Value = Step> {
    let page = 0..PAGES.len();
    let wishes = vec![
        "",
        "",
        "",
        "no-cache",
        "max-age=5",
        "no-store",
        "max-stale=3",
    ];
    let read = (
        page.clone(),
        prop::sample::select(vec!["en", "fr"]),
        prop::sample::select(vec![None, None, Some("ann"), Some("bob")]),
        prop::sample::select(vec![None, None, None, Some("s=1"), Some("s=2")]),
        prop::sample::select(wishes),
    );
    let read = read.prop_map(|(page, language, caller, cookie, wish)| {
        Step::Read(Read {
            page,
            language,
            caller,
            cookie,
            wish,
        })
    });
    prop_oneof![
        6 => read,
        2 => (0_u64..15).prop_map(Step::Pass),
        1 => page.clone().prop_map(Step::Write),
        1 => page.clone().prop_map(Step::PurgeUrl),
        1 => page.prop_map(Step::PurgeTag),
        1 => any::<bool>().prop_map(Step::Fail),
    ]
}

/// The upstream: what it says depends on everything.
#[derive(Default)]
struct World {
    second: Cell<u64>,
    fails: Cell<bool>,
    /// When each page was last changed, as far as the cache was told. From then on it is another version.
    changed: RefCell<BTreeMap<usize, u64>>,
    /// When a page of this version was last said to be still so.
    confirmed: RefCell<BTreeMap<(usize, u64), u64>>,
}

impl World {
    fn change(&self, page: usize) {
        self.changed.borrow_mut().insert(page, self.second.get());
    }

    fn changed(&self, page: usize) -> u64 {
        self.changed
            .borrow()
            .get(&page)
            .copied()
            .unwrap_or_default()
    }

    fn answer(&self, asked: &Read, forward: &Forward) -> Response<Body> {
        let (page, now) = (asked.page, self.second.get());
        let version = self.changed(page);
        let condition = forward.headers.get("if-none-match");
        let is_same = condition.is_some_and(|tag| tag == &format!("\"{version}\""));
        let says = PAGES[page].0.replace("VERSION", &version.to_string());
        let text = match (self.fails.get(), is_same) {
            (true, _) => "503\n\nfailed".to_owned(),
            (false, true) => {
                self.confirmed.borrow_mut().insert((page, version), now);
                format!("304\n{says}")
            }
            (false, false) => {
                let (caller, cookie) = asked.names();
                let language = asked.language;
                format!(
                    "200\n{says}\nx-tags: page{page} all\n\n{page}|{language}|{caller}|{cookie}|{now}"
                )
            }
        };
        read_answer(&text)
    }

    /// Whether an answer is one that may be given to this.
    fn check(&self, asked: &Read, got: &Got, per_consumer: bool) {
        assert!(!got.headers.contains_key("x-tags"));
        let parts: Vec<&str> = got.body.split('|').collect();
        let [page, language, caller, cookie, second] = parts.as_slice() else {
            panic!("{got:?}");
        };
        assert_eq!(page.parse(), Ok(asked.page));
        if asked.page == VARIED {
            assert_eq!(*language, asked.language);
        }
        // What is not for everybody is what was said to this one.
        if asked.page != PUBLIC {
            let (own, crumb) = asked.names();
            assert_eq!(*caller, own, "{asked:?} {got:?}");
            let is_keyed = per_consumer && asked.caller.is_some();
            assert!(is_keyed || *cookie == crumb, "{asked:?} {got:?}");
        }
        self.check_age(asked, got, second.parse().unwrap());
    }

    fn check_age(&self, asked: &Read, got: &Got, second: u64) {
        let changed = self.changed(asked.page);
        assert!(
            second >= changed,
            "older than the last write: {asked:?} {got:?}"
        );
        let confirmed = self.confirmed.borrow();
        let confirmed = confirmed.get(&(asked.page, changed)).copied();
        let age = self.second.get() - confirmed.unwrap_or_default().max(second);
        let stale = if asked.wish == "max-stale=3" { 3 } else { 0 };
        let on_error = if self.fails.get() { ON_ERROR } else { 0 };
        let most = match asked.wish {
            "no-cache" if !self.fails.get() => 0,
            "max-age=5" if !self.fails.get() => 5,
            _ => PAGES[asked.page].1 + stale.max(on_error),
        };
        assert!(age <= most, "{age} s old: {asked:?} {got:?}");
    }
}

impl Read {
    /// Who asks, and with which cookie.
    fn names(&self) -> (&'static str, &'static str) {
        (
            self.caller.unwrap_or("nobody"),
            self.cookie.unwrap_or("none"),
        )
    }

    fn request(&self) -> String {
        let mut request = format!("GET /{}\naccept-language: {}", self.page, self.language);
        if let Some(cookie) = self.cookie {
            request.push_str(&format!("\ncookie: {cookie}"));
        }
        if !self.wish.is_empty() {
            request.push_str(&format!("\ncache-control: {}", self.wish));
        }
        request
    }
}

async fn take(shop: &Shop, world: &World, step: Step, per_consumer: bool) {
    match step {
        Step::Pass(seconds) => {
            pass(seconds).await;
            world.second.set(world.second.get() + seconds);
        }
        Step::Fail(fails) => world.fails.set(fails),
        Step::Write(page) => {
            world.change(page);
            shop.ask(&format!("POST /{page}"), "200").await;
        }
        Step::PurgeUrl(page) => {
            world.change(page);
            shop.cache.purge_url(&format!("http://shop.example/{page}"));
        }
        Step::PurgeTag(page) => {
            world.change(page);
            shop.cache.purge_tag(&format!("page{page}"));
        }
        Step::Read(asked) => {
            let caller = asked.caller.map(|caller| shop.of(caller));
            let shop = caller.as_ref().unwrap_or(shop);
            let request = asked.request();
            let answer = shop.send(&request, |forward| {
                ready(Ok(world.answer(&asked, &forward)))
            });
            let got = read(answer.await).await;
            // What goes on behind the answer ends before the next step.
            for _ in 0..8 {
                tokio::task::yield_now().await;
            }
            if got.status != 503 {
                world.check(&asked, &got, per_consumer);
            }
        }
    }
}

async fn run(steps: Vec<Step>, per_consumer: bool) {
    let shop = Shop::new(RouteCache {
        per_consumer,
        stale_if_error: Duration::from_secs(ON_ERROR),
        tags_header: Some(name("x-tags")),
        ..RouteCache::default()
    });
    let world = World::default();
    for step in steps {
        take(&shop, &world, step, per_consumer).await;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_answer_is_one_that_the_upstream_gave_for_this(
        steps in prop::collection::vec(step(), 1..60),
        per_consumer in any::<bool>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(run(steps, per_consumer));
    }
}

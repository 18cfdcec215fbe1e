//! Whatever is asked in whatever order, an answer is what the upstream said for that key and that caller, no older than it
//! may be, and no older than the last write.

use super::{Got, RouteCache, Shop, pass, read, read_answer};
use crate::gateway::header_types::Name;
use proptest::prelude::*;
use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    future::ready,
    time::Duration,
};

#[derive(Clone, Debug)]
enum Step {
    Pass(u64),
    Read {
        page: usize,
        language: &'static str,
        caller: Option<&'static str>,
        cookie: Option<&'static str>,
        wish: &'static str,
    },
    Write(usize),
    PurgeUrl(usize),
    PurgeTag(usize),
    Fail(bool),
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

/// Whether a page says that it is for everybody, and whether it depends on the language.
const PUBLIC: usize = 1;
const VARIED: usize = 2;
/// Whether a caller must not get what was said to another one.
fn is_personal(page: usize) -> bool {
    page != PUBLIC
}

fn step() -> impl Strategy<Value = Step> {
    let page = 0..PAGES.len();
    let read = (
        page.clone(),
        prop::sample::select(vec!["en", "fr"]),
        prop::sample::select(vec![None, None, Some("ann"), Some("bob")]),
        prop::sample::select(vec![None, None, None, Some("s=1"), Some("s=2")]),
        prop::sample::select(vec![
            "",
            "",
            "",
            "no-cache",
            "max-age=5",
            "no-store",
            "max-stale=3",
        ]),
    );
    let read = read.prop_map(|(page, language, caller, cookie, wish)| Step::Read {
        page,
        language,
        caller,
        cookie,
        wish,
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

/// What an answer says of itself.
#[derive(Debug)]
struct Said<'a> {
    page: usize,
    language: &'a str,
    caller: &'a str,
    cookie: &'a str,
    second: u64,
}

impl<'a> Said<'a> {
    fn read(got: &'a Got) -> Self {
        let parts: Vec<&str> = got.body.split('|').collect();
        let [page, language, caller, cookie, second] = parts.as_slice() else {
            panic!("{got:?}");
        };
        Self {
            page: page.parse().unwrap(),
            language,
            caller,
            cookie,
            second: second.parse().unwrap(),
        }
    }
}

/// The upstream: what it says depends on everything.
#[derive(Default)]
struct World {
    second: Cell<u64>,
    fails: Cell<bool>,
    /// The second of the last change of a page that the cache knows of, from which on its version counts.
    changed: RefCell<HashMap<usize, u64>>,
    /// The last second at which a page was said to be still so, by its version.
    confirmed: RefCell<HashMap<(usize, u64), u64>>,
}

impl World {
    fn changed(&self, page: usize) -> u64 {
        self.changed
            .borrow()
            .get(&page)
            .copied()
            .unwrap_or_default()
    }
}

async fn run(steps: Vec<Step>, per_consumer: bool) {
    const ON_ERROR: u64 = 5;
    let shop = Shop::new(RouteCache {
        per_consumer,
        stale_if_error: Duration::from_secs(ON_ERROR),
        tags_header: Some(Name::try_from("x-tags".to_owned()).unwrap()),
        ..RouteCache::default()
    });
    let world = World::default();
    for step in steps {
        let now = world.second.get();
        match step {
            Step::Pass(seconds) => {
                pass(seconds).await;
                world.second.set(now + seconds);
            }
            Step::Fail(fails) => world.fails.set(fails),
            Step::Write(page) => {
                world.changed.borrow_mut().insert(page, now);
                shop.ask(&format!("POST /{page}"), "200").await;
            }
            Step::PurgeUrl(page) => {
                world.changed.borrow_mut().insert(page, now);
                shop.cache.purge_url(&format!("http://shop.example/{page}"));
            }
            Step::PurgeTag(page) => {
                world.changed.borrow_mut().insert(page, now);
                shop.cache.purge_tag(&format!("page{page}"));
            }
            Step::Read {
                page,
                language,
                caller,
                cookie,
                wish,
            } => {
                let mut request = format!("GET /{page}\naccept-language: {language}");
                if let Some(cookie) = cookie {
                    request.push_str(&format!("\ncookie: {cookie}"));
                }
                if !wish.is_empty() {
                    request.push_str(&format!("\ncache-control: {wish}"));
                }
                let as_caller = caller.map(|caller| shop.of(caller));
                let asking = as_caller.as_ref().unwrap_or(&shop);
                let (name, crumb) = (caller.unwrap_or("nobody"), cookie.unwrap_or("none"));
                let answer = asking.send(&request, |forward| {
                    let version = world.changed(page);
                    let tag = format!("\"{version}\"");
                    let asked = forward.headers.get("if-none-match");
                    let is_same = asked.is_some_and(|asked| asked.to_str().unwrap() == tag);
                    let says = PAGES[page].0.replace("VERSION", &version.to_string());
                    let text = match (world.fails.get(), is_same) {
                        (true, _) => "503\n\nfailed".to_owned(),
                        (false, true) => {
                            world.confirmed.borrow_mut().insert((page, version), now);
                            format!("304\n{says}")
                        }
                        (false, false) => format!(
                            "200\n{says}\nx-tags: page{page} all\n\n{page}|{language}|{name}|{crumb}|{now}"
                        ),
                    };
                    ready(Ok(read_answer(&text)))
                });
                let got = read(answer.await).await;
                // What goes on behind the answer ends before the next step.
                for _ in 0..8 {
                    tokio::task::yield_now().await;
                }
                if got.status != 503 {
                    check(
                        &world,
                        &got,
                        &step_of(page, language, caller, cookie, wish),
                        per_consumer,
                    );
                }
            }
        }
    }

    fn step_of(
        page: usize,
        language: &'static str,
        caller: Option<&'static str>,
        cookie: Option<&'static str>,
        wish: &'static str,
    ) -> Step {
        Step::Read {
            page,
            language,
            caller,
            cookie,
            wish,
        }
    }

    fn check(world: &World, got: &Got, step: &Step, per_consumer: bool) {
        let Step::Read {
            page,
            language,
            caller,
            cookie,
            wish,
        } = step
        else {
            return;
        };
        let (page, now, said) = (*page, world.second.get(), Said::read(got));
        assert!(!got.headers.contains_key("x-tags"));
        assert_eq!(said.page, page);
        if page == VARIED {
            assert_eq!(said.language, *language);
        }
        // A caller gets what was said to the same one, or to nobody in particular where that is for everybody.
        if is_personal(page) {
            assert_eq!(said.caller, caller.unwrap_or("nobody"), "{step:?} {got:?}");
            let is_keyed = per_consumer && caller.is_some();
            if !is_keyed {
                assert_eq!(said.cookie, cookie.unwrap_or("none"), "{step:?} {got:?}");
            }
        }
        let changed = world.changed(page);
        assert!(
            said.second >= changed,
            "older than the last write: {step:?} {got:?}"
        );
        let confirmed = world.confirmed.borrow().get(&(page, changed)).copied();
        let age = now - confirmed.unwrap_or_default().max(said.second);
        let stale = match *wish {
            "max-stale=3" => 3,
            _ => 0,
        };
        let on_error = u64::from(world.fails.get()) * ON_ERROR;
        let most = PAGES[page].1 + stale.max(on_error);
        assert!(age <= most, "{age} s old: {step:?} {got:?}");
        match *wish {
            "no-cache" if !world.fails.get() => assert_eq!(age, 0, "{step:?} {got:?}"),
            "max-age=5" if !world.fails.get() => assert!(age <= 5, "{step:?} {got:?}"),
            _ => {}
        }
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

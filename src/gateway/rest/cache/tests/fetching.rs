//! Requests that come together, clients that leave, and bodies that do not end well.

use super::{Answer, Got, RouteCache, Shop, fresh_for, pass, read, read_answer, unreachable};
use crate::{
    gateway::{Body, rest::cache::Config},
    upstream::{ByteSize, EndsByClosing},
};
use bytes::Bytes;
use futures_util::{FutureExt, future::join_all, poll};
use http::{HeaderMap, Response};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use std::{
    io,
    pin::Pin,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};
use tokio::sync::{mpsc, oneshot};

type Asking<'a> = Pin<Box<dyn Future<Output = Answer> + 'a>>;

/// Requests to an upstream that answers when it is told to.
#[derive(Default)]
struct Slow {
    asked: AtomicUsize,
}

impl Slow {
    /// Sends a request, polled until it waits; and what answers it, if it is passed on.
    async fn ask<'a>(
        &'a self,
        shop: &'a Shop,
        request: &'a str,
    ) -> (Asking<'a>, oneshot::Sender<Answer>) {
        let (sender, answer) = oneshot::channel();
        let mut asking: Asking<'a> = Box::pin(shop.send(request, move |_| {
            self.asked.fetch_add(1, Ordering::SeqCst);
            async move { answer.await.unwrap_or_else(|_| Err(unreachable())) }
        }));
        assert!(poll!(&mut asking).is_pending());
        // The fetch is a task, which has to come to where it waits.
        tokio::task::yield_now().await;
        (asking, sender)
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

/// An answer with a body that is sent piece by piece.
fn piecemeal(head: &str) -> (Answer, mpsc::UnboundedSender<io::Result<Frame<Bytes>>>) {
    let (sender, mut pieces) = mpsc::unbounded_channel();
    let stream = futures_util::stream::poll_fn(move |context| pieces.poll_recv(context));
    let (head, _) = read_answer(head).into_parts();
    let body = Body::streamed(StreamBody::new(stream));
    (Ok(Response::from_parts(head, body)), sender)
}

fn data(text: &'static str) -> Frame<Bytes> {
    Frame::data(Bytes::from_static(text.as_bytes()))
}

async fn settle() {
    for _ in 0..8 {
        tokio::task::yield_now().await;
    }
}

async fn read_all(asking: Vec<Asking<'_>>) -> Vec<Got> {
    let answers = join_all(asking).await;
    join_all(answers.into_iter().map(read)).await
}

fn bodies(got: &[Got]) -> Vec<&str> {
    got.iter().map(|got| got.body.as_str()).collect()
}

#[tokio::test(start_paused = true)]
async fn those_who_come_together_cost_one_request() {
    let (shop, slow) = (Shop::new(fresh_for(60)), Slow::default());
    let (leader, answer) = slow.ask(&shop, "GET /a").await;
    let mut asking = vec![leader];
    for _ in 0..10 {
        asking.push(slow.ask(&shop, "GET /a").await.0);
    }
    answer.send(Ok(read_answer("200\n\nfirst"))).unwrap();
    let got = read_all(asking).await;
    assert_eq!(slow.asked(), 1);
    assert_eq!(got[0].did(), "fwd=uri-miss; stored");
    for got in &got[1..] {
        assert_eq!(
            (got.body.as_str(), got.did().as_str()),
            ("first", "fwd=uri-miss; collapsed")
        );
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_gets_an_answer_that_is_somebody_elses() {
    for answer in [
        "200\ncache-control: private\n\nhis",
        "200\ncache-control: no-store\n\nhis",
        "200\nset-cookie: s=1\n\nhis",
        "200\nvary: *\n\nhis",
        "200\ncache-control: no-cache\netag: \"a\"\n\nhis",
        "403\n\nhis",
    ] {
        let (shop, slow) = (Shop::new(fresh_for(60)), Slow::default());
        let (leader, his) = slow.ask(&shop, "GET /a").await;
        let (follower, mine) = slow.ask(&shop, "GET /a").await;
        his.send(Ok(read_answer(answer))).unwrap();
        assert_eq!(read(leader.await).await.body, "his");
        mine.send(Ok(read_answer("200\n\nmine"))).unwrap();
        let got = read(follower.await).await;
        assert_eq!((got.body.as_str(), slow.asked()), ("mine", 2), "{answer}");
    }
}

#[tokio::test(start_paused = true)]
async fn answers_that_are_not_shared_are_not_waited_for() {
    let (shop, slow) = (Shop::new(fresh_for(60)), Slow::default());
    shop.ask("GET /a", "200\ncache-control: no-store").await;
    let (_first, _) = slow.ask(&shop, "GET /a").await;
    let (_second, _) = slow.ask(&shop, "GET /a").await;
    assert_eq!(slow.asked(), 2);
    pass(10).await;
    let (_third, _) = slow.ask(&shop, "GET /a").await;
    let (_fourth, _) = slow.ask(&shop, "GET /a").await;
    assert_eq!(slow.asked(), 3);
}

#[tokio::test(start_paused = true)]
async fn requests_that_say_who_sends_them_wait_for_nobody() {
    let (shop, slow) = (Shop::new(fresh_for(60)), Slow::default());
    let (_first, _) = slow.ask(&shop, "GET /a").await;
    for request in [
        "GET /a\ncookie: s=1",
        "GET /a\nauthorization: Basic x",
        "GET /a\ncache-control: no-cache",
    ] {
        let before = slow.asked();
        let (_other, _) = slow.ask(&shop, request).await;
        assert_eq!(slow.asked(), before + 1, "{request}");
    }
}

#[tokio::test(start_paused = true)]
async fn those_who_wait_for_another_variant_go_their_own_way() {
    let (shop, slow) = (Shop::new(fresh_for(60)), Slow::default());
    let (english, answer) = slow.ask(&shop, "GET /a\naccept-language: en").await;
    let (other, _) = slow.ask(&shop, "GET /a\naccept-language: en").await;
    let (french, french_answer) = slow.ask(&shop, "GET /a\naccept-language: fr").await;
    let (too, _) = slow.ask(&shop, "GET /a\naccept-language: fr").await;
    answer
        .send(Ok(read_answer("200\nvary: accept-language\n\nyes")))
        .unwrap();
    let got = read_all(vec![english, other]).await;
    assert_eq!(bodies(&got), ["yes", "yes"]);
    french_answer
        .send(Ok(read_answer("200\nvary: accept-language\n\noui")))
        .unwrap();
    let got = read_all(vec![french, too]).await;
    assert_eq!(bodies(&got), ["oui", "oui"]);
    assert_eq!(slow.asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_leaves_leaves_its_fetch_to_the_others() {
    let (shop, slow) = (Shop::new(fresh_for(60)), Slow::default());
    let (leader, answer) = slow.ask(&shop, "GET /a").await;
    let (follower, _) = slow.ask(&shop, "GET /a").await;
    drop(leader);
    settle().await;
    answer.send(Ok(read_answer("200\n\nfirst"))).unwrap();
    assert_eq!(read(follower.await).await.body, "first");
    assert_eq!(slow.asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_fetch_that_nobody_waits_for_is_dropped_until_its_answer_comes() {
    let (shop, slow) = (Shop::new(fresh_for(60)), Slow::default());
    let (leader, answer) = slow.ask(&shop, "GET /a").await;
    drop(leader);
    settle().await;
    assert!(answer.is_closed());
    // From then on it is worth its while.
    let (leader, answer) = slow.ask(&shop, "GET /a").await;
    let (arriving, pieces) = piecemeal("200");
    answer.send(arriving).unwrap();
    let response = leader.await.unwrap();
    pieces.send(Ok(data("fir"))).unwrap();
    drop(response);
    settle().await;
    pieces.send(Ok(data("st"))).unwrap();
    drop(pieces);
    settle().await;
    assert_eq!(shop.hit("GET /a").await.body, "first");
}

#[tokio::test(start_paused = true)]
async fn an_unattended_body_has_only_so_long() {
    let (shop, slow) = (Shop::new(fresh_for(60)), Slow::default());
    let (leader, answer) = slow.ask(&shop, "GET /a").await;
    let (arriving, pieces) = piecemeal("200");
    answer.send(arriving).unwrap();
    drop(leader.await.unwrap());
    settle().await;
    pass(29).await;
    settle().await;
    assert!(!pieces.is_closed());
    pass(2).await;
    settle().await;
    assert!(pieces.is_closed());
    shop.miss("GET /a", "200").await;
}

#[tokio::test(start_paused = true)]
async fn who_does_not_read_keeps_only_so_much() {
    let config = Config {
        max_bytes: ByteSize(100_000),
        max_entry_bytes: ByteSize(30_000),
    };
    let shop = Shop::with(fresh_for(60), &config);
    let answer = format!("200\n\n{}", "x".repeat(30_000));
    let send = async |path: &str| {
        let answer = read_answer(&answer);
        shop.send(path, |_| std::future::ready(Ok(answer)))
            .await
            .unwrap()
    };
    let mut unread = Vec::new();
    for path in ["GET /a", "GET /b", "GET /c"] {
        unread.push(send(path).await);
        settle().await;
    }
    let did = |response: &Response<Body>| response.headers()["cache-status"].clone();
    assert!(
        unread
            .iter()
            .all(|answer| did(answer) == "graphway; fwd=uri-miss; stored")
    );
    // A fourth one is passed on as it is read.
    let fourth = send("GET /d").await;
    assert_eq!(did(&fourth), "graphway; fwd=uri-miss");
    assert_eq!(read(Ok(fourth)).await.body.len(), 30_000);
    // Who has read gives back the room.
    assert_eq!(read(Ok(unread.remove(0))).await.body.len(), 30_000);
    assert_eq!(did(&send("GET /e").await), "graphway; fwd=uri-miss; stored");
}

#[tokio::test(start_paused = true)]
async fn a_body_is_streamed_while_it_is_stored() {
    let (shop, slow) = (Shop::new(fresh_for(60)), Slow::default());
    let (leader, answer) = slow.ask(&shop, "GET /a").await;
    let (arriving, pieces) = piecemeal("200");
    answer.send(arriving).unwrap();
    let mut body = leader.await.unwrap().into_body();
    pieces.send(Ok(data("fir"))).unwrap();
    let frame = body.frame().await.unwrap().unwrap();
    assert_eq!(frame.into_data().unwrap(), "fir");
    assert!(body.frame().now_or_never().is_none());
    // Others wait until there is all of it.
    let (mut follower, _) = slow.ask(&shop, "GET /a").await;
    settle().await;
    assert!(poll!(&mut follower).is_pending());
    pieces.send(Ok(data("st"))).unwrap();
    drop(pieces);
    assert_eq!(body.collect().await.unwrap().to_bytes(), "st");
    assert_eq!(read(follower.await).await.body, "first");
    assert_eq!(slow.asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_takes_too_long_is_not_waited_for() {
    let (shop, slow) = (Shop::new(fresh_for(60)), Slow::default());
    let (leader, answer) = slow.ask(&shop, "GET /a").await;
    let (arriving, _pieces) = piecemeal("200");
    answer.send(arriving).unwrap();
    let _response = leader.await.unwrap();
    let (mut follower, mine) = slow.ask(&shop, "GET /a").await;
    pass(6).await;
    assert!(poll!(&mut follower).is_pending());
    assert_eq!(slow.asked(), 2);
    mine.send(Ok(read_answer("200\n\nmine"))).unwrap();
    assert_eq!(read(follower.await).await.body, "mine");
}

#[tokio::test(start_paused = true)]
async fn a_body_that_breaks_off_is_seen_to_and_not_stored() {
    let (shop, slow) = (Shop::new(fresh_for(60)), Slow::default());
    let (leader, answer) = slow.ask(&shop, "GET /a").await;
    let (follower, mine) = slow.ask(&shop, "GET /a").await;
    let (arriving, pieces) = piecemeal("200");
    answer.send(arriving).unwrap();
    pieces.send(Ok(data("fir"))).unwrap();
    pieces
        .send(Err(io::ErrorKind::ConnectionReset.into()))
        .unwrap();
    let body = leader.await.unwrap().into_body();
    assert!(body.collect().await.is_err());
    mine.send(Ok(read_answer("200\ncache-control: no-store\n\nmine")))
        .unwrap();
    assert_eq!(read(follower.await).await.body, "mine");
    shop.miss("GET /a", "200").await;
}

#[tokio::test(start_paused = true)]
async fn a_body_that_turns_out_too_large_is_passed_on() {
    let config = Config {
        max_entry_bytes: ByteSize(4),
        ..Config::default()
    };
    let (shop, slow) = (Shop::with(fresh_for(60), &config), Slow::default());
    let (leader, answer) = slow.ask(&shop, "GET /a").await;
    let (follower, mine) = slow.ask(&shop, "GET /a").await;
    let (arriving, pieces) = piecemeal("200");
    answer.send(arriving).unwrap();
    let body = leader.await.unwrap().into_body();
    for piece in ["abc", "de", "fg"] {
        pieces.send(Ok(data(piece))).unwrap();
    }
    let mut trailers = HeaderMap::new();
    trailers.insert("x-sum", "7".parse().unwrap());
    pieces.send(Ok(Frame::trailers(trailers))).unwrap();
    drop(pieces);
    let collected = body.collect().await.unwrap();
    assert_eq!(collected.trailers().unwrap()["x-sum"], "7");
    assert_eq!(collected.to_bytes(), "abcdefg");
    mine.send(Ok(read_answer("200\n\nx"))).unwrap();
    assert_eq!(read(follower.await).await.body, "x");
}

#[tokio::test(start_paused = true)]
async fn a_body_with_trailers_or_without_an_end_is_not_stored() {
    let (shop, slow) = (Shop::new(fresh_for(60)), Slow::default());
    let (leader, answer) = slow.ask(&shop, "GET /a").await;
    let (arriving, pieces) = piecemeal("200");
    answer.send(arriving).unwrap();
    pieces.send(Ok(data("abc"))).unwrap();
    let mut trailers = HeaderMap::new();
    trailers.insert("x-sum", "3".parse().unwrap());
    pieces.send(Ok(Frame::trailers(trailers))).unwrap();
    drop(pieces);
    let collected = leader.await.unwrap().into_body().collect().await.unwrap();
    assert_eq!(collected.trailers().unwrap()["x-sum"], "3");
    assert_eq!(collected.to_bytes(), "abc");
    shop.miss("GET /a", "500").await;

    let mut until_closed = read_answer("200\n\nabc");
    until_closed.extensions_mut().insert(EndsByClosing);
    let got = shop.send("GET /b", |_| async { Ok(until_closed) }).await;
    assert_eq!(read(got).await.body, "abc");
    shop.miss("GET /b", "500").await;
}

#[tokio::test(start_paused = true)]
async fn failures_are_shared_and_not_stored() {
    let (shop, slow) = (Shop::new(fresh_for(60)), Slow::default());
    let (leader, answer) = slow.ask(&shop, "GET /a").await;
    let (follower, _) = slow.ask(&shop, "GET /a").await;
    answer.send(Err(unreachable())).unwrap();
    let got = read_all(vec![leader, follower]).await;
    assert_eq!(
        bodies(&got),
        ["UPSTREAM_UNREACHABLE", "UPSTREAM_UNREACHABLE"]
    );
    assert_eq!(slow.asked(), 1);
    shop.miss("GET /a", "200\n\nback").await;
    assert_eq!(shop.hit("GET /a").await.body, "back");
}

#[tokio::test(start_paused = true)]
async fn a_stale_answer_is_served_while_one_newer_is_fetched() {
    let (shop, slow) = (
        Shop::new(RouteCache {
            stale_while_revalidate: Duration::from_secs(30),
            ..fresh_for(60)
        }),
        Slow::default(),
    );
    shop.ask("GET /a", "200\netag: \"a\"\n\nfirst").await;
    pass(75).await;
    let (sender, answer) = oneshot::channel::<Answer>();
    let got = shop.send("GET /a", |forward| {
        assert_eq!(forward.headers["if-none-match"], "\"a\"");
        async { answer.await.unwrap() }
    });
    let got = read(got.await).await;
    assert_eq!(
        (got.body.as_str(), got.header("cache-status")),
        ("first", "graphway; hit; ttl=-15")
    );
    settle().await;
    // One is enough.
    assert_eq!(shop.hit("GET /a").await.body, "first");
    // Those who may not have the stale one wait for it.
    pass(20).await;
    let (waiting, _) = slow.ask(&shop, "GET /a").await;
    sender
        .send(Ok(read_answer("200\n\nsecond")))
        .map_err(drop)
        .unwrap();
    assert_eq!(read(waiting.await).await.body, "second");
    assert_eq!(slow.asked(), 0);
    assert_eq!(shop.hit("GET /a").await.body, "second");
}

#[tokio::test(start_paused = true)]
async fn what_is_purged_while_it_is_fetched_is_not_stored() {
    let purges: [fn(&Shop); 3] = [
        |shop| assert_eq!(shop.cache.purge_url("http://shop.example/a"), Some(true)),
        |shop| assert_eq!(shop.cache.purge_tag("any"), 0),
        |shop| assert_eq!(shop.cache.purge_all(), 0),
    ];
    for purge in purges {
        let (shop, slow) = (Shop::new(fresh_for(60)), Slow::default());
        let (leader, answer) = slow.ask(&shop, "GET /a").await;
        purge(&shop);
        // Whoever comes after the purge does not get what was asked for before it.
        answer.send(Ok(read_answer("200\n\nold"))).unwrap();
        assert_eq!(read(leader.await).await.body, "old");
        shop.miss("GET /a", "200\n\nnew").await;
        assert_eq!(shop.hit("GET /a").await.body, "new");
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_has_written_does_not_join_those_who_asked_before() {
    let (shop, slow) = (Shop::new(fresh_for(60)), Slow::default());
    let (_leader, _) = slow.ask(&shop, "GET /a").await;
    shop.miss("POST /a", "200").await;
    let (_reader, _) = slow.ask(&shop, "GET /a").await;
    assert_eq!(slow.asked(), 2);
}

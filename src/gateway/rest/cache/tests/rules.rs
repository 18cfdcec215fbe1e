//! What a route's settings change, validation and conditions.

use super::{RouteCache, Shop, fresh_for, name, pass, read, unreachable};
use std::{future::ready, time::Duration};

const FRESH: &str = "200\ncache-control: max-age=60\n\nfirst";
const TAGGED: &str = "200\ncache-control: max-age=60\netag: \"a\"\nx-a: 1\n\nfirst";

#[tokio::test(start_paused = true)]
async fn an_answer_that_says_nothing_is_fresh_for_the_ttl() {
    let shop = Shop::new(fresh_for(300));
    shop.ask("GET /a", "200\n\nfirst").await;
    pass(299).await;
    let got = shop.hit("GET /a").await;
    assert_eq!(got.header("age"), "299");
    assert_eq!(got.header("cache-status"), "graphway; hit; ttl=1");
    assert_eq!(got.body, "first");
    pass(1).await;
    shop.miss("GET /a", "200\n\nsecond").await;
    assert_eq!(shop.hit("GET /a").await.body, "second");
    // What says something is as it says.
    shop.ask("GET /b", "200\ncache-control: no-store").await;
    shop.miss("GET /b", "200\ncache-control: max-age=1").await;
    pass(1).await;
    shop.miss("GET /b", "200").await;
}

#[tokio::test(start_paused = true)]
async fn keys_hold_method_host_path_and_query() {
    let shop = Shop::new(fresh_for(60));
    shop.ask("GET /a", "200\n\nfirst").await;
    shop.miss("GET /b", "200").await;
    shop.miss("GET /a?", "200").await;
    shop.miss("GET /a?x=1", "200").await;
    shop.miss("GET /a?x=2", "200").await;
    shop.miss("GET /a\nhost: other.example", "200").await;
    shop.miss("GET /a\nhost: shop.example:81", "200").await;
    shop.miss("OPTIONS /a", "200\n\noptions").await;
    shop.hit("GET /a\nhost: SHOP.example:80").await;
    assert_eq!(shop.hit("GET /a").await.body, "first");
    // HEAD is answered out of what GET has brought, and brings nothing itself.
    let head = shop.hit("HEAD /a").await;
    assert_eq!(
        (head.body.as_str(), head.header("content-length")),
        ("", "5")
    );
    let (_, head) = shop.miss("HEAD /c", "200\ncontent-length: 5").await;
    assert_eq!(head.did(), "fwd=uri-miss");
    shop.miss("GET /c", "200").await;
}

#[tokio::test(start_paused = true)]
async fn a_route_may_name_headers_that_make_a_difference() {
    let shop = Shop::new(RouteCache {
        vary: vec![name("x-tenant"), name("authorization")],
        ..fresh_for(60)
    });
    shop.ask("GET /a\nx-tenant: 1", "200\n\none").await;
    shop.ask("GET /a\nx-tenant: 2", "200\n\ntwo").await;
    assert_eq!(shop.hit("GET /a\nx-tenant: 1").await.body, "one");
    assert_eq!(shop.hit("GET /a\nx-tenant: 2").await.body, "two");
    // A credential in the key is no secret that others could get.
    shop.ask("GET /a\nauthorization: Basic x", "200\n\nx").await;
    assert_eq!(shop.hit("GET /a\nauthorization: Basic x").await.body, "x");
    shop.miss("GET /a\nauthorization: Basic y", "200").await;
    shop.miss("GET /a\nauthorization: Basic x\ncookie: s=1", "200")
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_caller_is_not_told_apart_by_what_else_it_sends() {
    let shop = Shop::new(RouteCache {
        vary: vec![name("authorization"), name("cookie")],
        ..fresh_for(60)
    });
    // They were proven by something that may be anywhere, and replaced since.
    for request in ["GET /a\ncookie: l=en", "GET /a\nauthorization: Basic x"] {
        shop.of("ann").ask(request, "200\n\nann's").await;
        shop.of("bob").miss(request, "200\n\nbob's").await;
        shop.miss(request, "200\n\nanybody's").await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_certificate_that_upstreams_are_told_of_says_who_asks() {
    let shop = Shop::new(fresh_for(60));
    let request = "GET /a\nx-forwarded-client-cert: Hash=a";
    shop.ask(request, "200\n\na's").await;
    shop.miss(request, "200\ncache-control: s-maxage=60\n\neverybody's")
        .await;
    assert_eq!(shop.hit(request).await.body, "everybody's");
}

#[tokio::test(start_paused = true)]
async fn consumers_have_answers_of_their_own_where_the_route_says_so() {
    let shared = Shop::new(fresh_for(60));
    shared.of("ann").ask("GET /a", "200\n\nann's").await;
    shared.of("bob").miss("GET /a", "200\n\nbob's").await;
    shared.miss("GET /a", "200\n\neverybody's").await;
    shared.of("ann").miss("GET /a", "200").await;

    let own = Shop::new(RouteCache {
        per_consumer: true,
        ..fresh_for(60)
    });
    let private = "200\ncache-control: private, max-age=60";
    own.of("ann")
        .ask("GET /a", &format!("{private}\n\nann's"))
        .await;
    // Another token of hers.
    assert_eq!(own.of("ann").hit("GET /a\ncookie: s=1").await.body, "ann's");
    own.of("bob").miss("GET /a", "200\n\nbob's").await;
    own.miss("GET /a", &format!("{private}\n\nnobody's")).await;
    own.miss("GET /a", "200\n\neverybody's").await;
    assert_eq!(own.hit("GET /a").await.body, "everybody's");
    assert_eq!(own.of("bob").hit("GET /a").await.body, "bob's");
}

#[tokio::test(start_paused = true)]
async fn only_listed_statuses_and_types_are_stored() {
    let json = "application/json".to_owned();
    let shop = Shop::new(RouteCache {
        statuses: vec![404.try_into().unwrap()],
        content_types: Some(vec![
            json.try_into().unwrap(),
            "image/*".to_owned().try_into().unwrap(),
        ]),
        ..fresh_for(60)
    });
    let stored = [
        "404\ncontent-type: application/json",
        "404\ncontent-type: Application/JSON; charset=utf-8",
        "404\ncontent-type: image/png",
    ];
    let others = [
        "200\ncontent-type: application/json",
        "404\ncontent-type: text/html",
        "404\ncontent-type: application/json-seq",
        "404",
    ];
    for (index, answer) in stored.into_iter().enumerate() {
        let request = format!("GET /stored/{index}");
        shop.ask(&request, answer).await;
        shop.hit(&request).await;
    }
    for (index, answer) in others.into_iter().enumerate() {
        let request = format!("GET /others/{index}");
        shop.ask(&request, answer).await;
        shop.miss(&request, "200").await;
    }
}

#[tokio::test(start_paused = true)]
async fn clients_may_be_denied_control() {
    let shop = Shop::new(RouteCache {
        client_control: false,
        ..fresh_for(60)
    });
    shop.ask("GET /a", "200\n\nfirst").await;
    for wish in ["no-cache", "max-age=0", "min-fresh=100", "no-store"] {
        shop.hit(&format!("GET /a\ncache-control: {wish}")).await;
    }
    pass(60).await;
    shop.miss("GET /a\ncache-control: max-stale", "500").await;
    let got = shop.hit("GET /a\ncache-control: only-if-cached").await;
    assert_eq!((got.status, got.body.as_str()), (504, "NOT_CACHED"));
    shop.ask("GET /b\ncache-control: no-store", "200").await;
    shop.miss("GET /b", "200").await;
}

#[tokio::test(start_paused = true)]
async fn cookies_are_set_once_where_they_are_ignored() {
    let shop = Shop::new(RouteCache {
        ignore_set_cookie: true,
        ..fresh_for(60)
    });
    let (_, first) = shop.miss("GET /a", "200\nset-cookie: s=1\n\nfirst").await;
    assert_eq!(first.header("set-cookie"), "s=1");
    let second = shop.hit("GET /a").await;
    assert_eq!(
        (second.header("set-cookie"), second.body.as_str()),
        ("", "first")
    );
}

#[tokio::test(start_paused = true)]
async fn a_stale_answer_is_asked_about() {
    let shop = Shop::new(RouteCache::default());
    let first =
        "200\ncache-control: max-age=60\netag: \"a\"\nlast-modified: @-60\nx-a: 1\nx-b: 1\n\nfirst";
    shop.ask("GET /a", first).await;
    pass(60).await;
    let news = "304\ncache-control: max-age=10\netag: \"a\"\nx-a: 2\nx-c: 2\ncontent-length: 7";
    let (asked, got) = shop.miss("GET /a\nif-none-match: \"mine\"", news).await;
    assert_eq!(asked.get_all("if-none-match").iter().count(), 1);
    assert_eq!(asked["if-none-match"], "\"a\"");
    assert!(asked.contains_key("if-modified-since"));
    assert_eq!((got.status, got.body.as_str()), (200, "first"));
    assert_eq!(got.did(), "fwd=stale; fwd-status=304");
    let values = ["x-a", "x-b", "x-c", "content-length", "age"];
    assert_eq!(
        values.map(|name| got.header(name)),
        ["2", "1", "2", "5", "0"]
    );
    pass(9).await;
    assert_eq!(shop.hit("GET /a").await.header("x-c"), "2");
    pass(1).await;
    // Another answer takes its place.
    shop.miss("GET /a", "200\ncache-control: max-age=60\n\nsecond")
        .await;
    assert_eq!(shop.hit("GET /a").await.body, "second");
}

#[tokio::test(start_paused = true)]
async fn a_304_that_speaks_of_another_answer_changes_nothing() {
    let shop = Shop::new(RouteCache::default());
    shop.ask("GET /a", TAGGED).await;
    pass(60).await;
    for _ in 0..2 {
        let (_, got) = shop
            .miss(
                "GET /a",
                "304\ncache-control: max-age=60\netag: \"b\"\nx-a: 2",
            )
            .await;
        assert_eq!((got.body.as_str(), got.header("x-a")), ("first", "1"));
    }
}

#[tokio::test(start_paused = true)]
async fn what_must_not_be_stored_any_more_is_forgotten() {
    let shop = Shop::new(RouteCache {
        stale_if_error: Duration::from_secs(600),
        ..RouteCache::default()
    });
    for answer in [
        "304\ncache-control: no-store\netag: \"a\"",
        "200\ncache-control: private\n\nmine",
        "403\n\nno",
    ] {
        shop.ask("GET /a", TAGGED).await;
        pass(60).await;
        let (_, got) = shop.miss("GET /a", answer).await;
        assert_ne!(got.status, 304);
        let (_, got) = shop.miss("GET /a", "503").await;
        assert_eq!(got.status, 503, "{answer}");
    }
}

#[tokio::test(start_paused = true)]
async fn conditions_of_clients_are_answered_here() {
    let shop = Shop::new(RouteCache::default());
    let request = "GET /a\nif-none-match: \"a\"";
    // The upstream is asked for all of it, so that it can be stored.
    let (asked, got) = shop.miss(request, TAGGED).await;
    assert!(!asked.contains_key("if-none-match"));
    assert_eq!(
        (got.status, got.body.as_str(), got.header("etag")),
        (304, "", "\"a\"")
    );
    pass(0).await;
    tokio::task::yield_now().await;
    let got = shop.hit(request).await;
    assert_eq!(
        (got.status, got.header("x-a"), got.header("age")),
        (304, "", "0")
    );
    assert_eq!(got.did(), "hit");
    let got = shop.hit("GET /a\nif-none-match: \"b\"").await;
    assert_eq!((got.status, got.body.as_str()), (200, "first"));
    let head = shop.hit("HEAD /a\nif-none-match: \"a\"").await;
    assert_eq!(head.status, 304);
    // An answer that is the client's alone is the upstream's to judge.
    let (asked, got) = shop
        .miss(
            "GET /b\ncookie: s=1\nif-none-match: \"b\"",
            "304\netag: \"b\"",
        )
        .await;
    assert!(asked.contains_key("if-none-match"));
    assert_eq!(got.status, 304);
}

#[tokio::test(start_paused = true)]
async fn a_failing_upstream_is_stood_in_for() {
    let settings = RouteCache {
        stale_if_error: Duration::from_secs(100),
        ..RouteCache::default()
    };
    let shop = Shop::new(settings);
    shop.ask("GET /a", FRESH).await;
    pass(60).await;
    let (_, got) = shop.miss("GET /a", "503\n\nno").await;
    assert_eq!((got.status, got.body.as_str()), (200, "first"));
    assert_eq!(
        got.did(),
        "fwd=stale; fwd-status=503; detail=stale-if-error"
    );
    let refused = shop.send("GET /a", |_| ready(Err(unreachable()))).await;
    let got = read(refused).await;
    assert_eq!((got.body.as_str(), got.header("age")), ("first", "60"));
    assert_eq!(got.did(), "fwd=stale; detail=stale-if-error");
    // Other errors are answers.
    assert_eq!(shop.miss("GET /a", "429").await.1.status, 429);
    shop.ask("GET /a", FRESH).await;
    pass(160).await;
    assert_eq!(shop.miss("GET /a", "503").await.1.status, 503);
    // Whoever forbids it is obeyed.
    shop.ask("GET /b", "200\ncache-control: max-age=60, must-revalidate")
        .await;
    pass(61).await;
    assert_eq!(shop.miss("GET /b", "503").await.1.status, 503);
}

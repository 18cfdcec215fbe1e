//! What is forgotten: after writes, by purges, when settings change, and to make room.

use super::{Caching, Config, RouteCache, Shop, caching, fresh_for, name, pass, unreachable};
use crate::upstream::ByteSize;
use std::{future::ready, sync::Arc};

#[tokio::test(start_paused = true)]
async fn writing_forgets_what_was_read() {
    let shop = Shop::new(fresh_for(60));
    for (request, answer, is_kept) in [
        ("POST /a", "201", false),
        ("PUT /a", "302", false),
        ("DELETE /a", "204", false),
        ("PATCH /a", "500", false),
        ("BREW /a", "200", false),
        ("POST /a", "409", true),
        ("POST /a?x=1", "200", true),
        ("POST /b", "200", true),
        ("OPTIONS /a", "200", true),
    ] {
        shop.ask("GET /a", "200\n\nfirst").await;
        shop.hit("GET /a").await;
        shop.miss(request, answer).await;
        match is_kept {
            true => drop(shop.hit("GET /a").await),
            false => drop(shop.miss("GET /a", "200").await),
        }
    }
    // However it ends.
    let lost = shop.send("POST /a", |_| ready(Err(unreachable()))).await;
    assert!(lost.is_err());
    shop.miss("GET /a", "200").await;
    shop.hit("GET /a").await;
    let mut leaving = Box::pin(shop.send("POST /a", |_| std::future::pending()));
    assert!(futures_util::poll!(&mut leaving).is_pending());
    drop(leaving);
    shop.miss("GET /a", "200").await;
}

#[tokio::test(start_paused = true)]
async fn a_route_without_cache_forgets_all_the_same() {
    let shop = Shop::new(fresh_for(60));
    let plain = Shop {
        caching: Caching {
            cache: Arc::clone(&shop.cache),
            rules: None,
        },
        cache: Arc::clone(&shop.cache),
        caller: shop.caller.clone(),
    };
    shop.ask("GET /a", "200").await;
    let (_, got) = plain.miss("POST /a", "200").await;
    assert!(!got.headers.contains_key("cache-status"));
    plain.miss("GET /a", "200").await;
    plain.miss("GET /a", "200").await;
    shop.miss("GET /a", "200").await;
}

#[tokio::test(start_paused = true)]
async fn answers_are_purged_by_url_and_by_tag() {
    let shop = Shop::new(RouteCache {
        tags_header: Some(name("surrogate-key")),
        ..fresh_for(60)
    });
    let (_, got) = shop
        .miss("GET /a", "200\nsurrogate-key: shoes red,new\n\na")
        .await;
    assert!(!got.headers.contains_key("surrogate-key"));
    assert!(
        !shop
            .hit("GET /a")
            .await
            .headers
            .contains_key("surrogate-key")
    );
    shop.ask("GET /b", "200\nsurrogate-key: shoes").await;
    shop.ask("GET /c", "200\nsurrogate-key: hats").await;
    assert_eq!(shop.cache.purge_tag("shoe"), 0);
    assert_eq!(shop.cache.purge_tag("shoes"), 2);
    shop.miss("GET /a", "200\nsurrogate-key: red").await;
    shop.miss("GET /b", "200").await;
    shop.hit("GET /c").await;

    assert_eq!(
        shop.cache.purge_url("http://shop.example/none"),
        Some(false)
    );
    assert_eq!(
        shop.cache.purge_url("http://SHOP.example:80/%61"),
        Some(true)
    );
    assert_eq!(shop.cache.purge_url("/a"), None);
    shop.miss("GET /a", "200").await;
    shop.hit("GET /b").await;
    assert!(shop.cache.purge_all() > 0);
    shop.miss("GET /b", "200").await;
}

#[tokio::test(start_paused = true)]
async fn tags_stay_when_an_answer_is_found_to_be_still_so() {
    let shop = Shop::new(RouteCache {
        tags_header: Some(name("surrogate-key")),
        ..RouteCache::default()
    });
    shop.ask(
        "GET /a",
        "200\ncache-control: max-age=60\netag: \"a\"\nsurrogate-key: red\n\nfirst",
    )
    .await;
    pass(60).await;
    shop.miss("GET /a", "304\ncache-control: max-age=60").await;
    shop.hit("GET /a").await;
    assert_eq!(shop.cache.purge_tag("red"), 1);
    shop.miss("GET /a", "200").await;
}

#[tokio::test(start_paused = true)]
async fn a_reload_that_leaves_a_route_alone_leaves_its_answers() {
    let config = Config::default();
    let mut shop = Shop::new(fresh_for(60));
    shop.ask("GET /a", "200\n\nfirst").await;
    shop.caching = caching(&fresh_for(60), &shop.cache, &config);
    assert_eq!(shop.hit("GET /a").await.body, "first");
    shop.caching = caching(&fresh_for(61), &shop.cache, &config);
    shop.miss("GET /a", "200").await;
}

#[tokio::test(start_paused = true)]
async fn the_cache_stays_within_its_bytes() {
    let config = Config {
        max_bytes: ByteSize(100_000),
        max_entry_bytes: ByteSize(10_000),
    };
    let shop = Shop::with(fresh_for(60), &config);
    let body = "x".repeat(10_000);
    shop.ask("GET /often", "200\n\noften").await;
    for index in 0..100 {
        let answer = format!("200\n\n{body}");
        shop.miss(&format!("GET /{index}"), &answer).await;
        assert!(shop.cache.weight() <= 100_000);
        shop.hit("GET /often").await;
    }
    assert!(shop.cache.weight() > 50_000);
    // One that is too large passes, and is not there afterwards.
    let (_, got) = shop.miss("GET /large", &format!("200\n\n{body}!")).await;
    assert_eq!(got.body.len(), 10_001);
    shop.miss("GET /large", "200").await;
    // A smaller limit holds at once.
    shop.cache.resize(&Config {
        max_bytes: ByteSize(20_000),
        ..config
    });
    assert!(shop.cache.weight() <= 20_000);
}

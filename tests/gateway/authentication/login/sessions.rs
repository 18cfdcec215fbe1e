//! Cookies that were stolen from elsewhere, bent or made up; and sessions that are renewed.

use super::{ATTEMPT, Browser, Mood, Provider, SESSION, Shop, code, config, status};
use crate::kit::{Client, Fake, Router};
use serde_json::json;
use std::{sync::Barrier, thread};

#[test]
fn a_session_is_what_we_have_sealed() {
    let shop = Shop::open();
    let mut browser = shop.signed_in();
    let sealed = browser.cookies[SESSION].clone();
    assert_eq!(shop.asks(&mut browser), "200 OK");
    // Every letter counts, and so does the end.
    let mut bent: Vec<String> = (0..sealed.len())
        .step_by(7)
        .map(|at| {
            let letter = if &sealed[at..=at] == "A" { "B" } else { "A" };
            format!("{}{letter}{}", &sealed[..at], &sealed[at + 1..])
        })
        .collect();
    bent.extend(
        (0..sealed.len())
            .step_by(13)
            .map(|end| sealed[..end].to_owned()),
    );
    bent.extend([
        format!("{sealed}A"),
        "1".to_owned(),
        "9".to_owned(),
        "1%".to_owned(),
    ]);
    // What was sealed for something else.
    shop.begins(&mut browser, "/oauth2/sign_in");
    let attempt = browser.cookies[&browser.names(ATTEMPT)[0]].clone();
    bent.extend([attempt.clone(), format!("1{attempt}")]);
    let mut browser = Browser::default();
    for bent in bent {
        browser.cookies.insert(SESSION.to_owned(), bent.clone());
        assert_eq!(shop.asks(&mut browser), "401 Unauthorized", "{bent}");
        browser.cookies.clear();
    }
    assert_eq!(shop.provider.take_asked().len(), 0);
}

#[test]
fn of_two_sessions_none_is_taken() {
    let shop = Shop::open();
    let (mut one, other) = (shop.signed_in(), shop.signed_in());
    let both = format!(
        "GET /private\nsec-fetch-mode: navigate\ncookie: {SESSION}={}\n",
        other.cookies[SESSION]
    );
    let response = one.sends(shop.address(), &both);
    assert_eq!(status(&response), "401 Unauthorized");
    assert_eq!(code(&response), "AUTH_ERROR");
    // The same one twice is the same.
    let twice = format!(
        "GET /private\nsec-fetch-mode: navigate\ncookie: {SESSION}={}\n",
        one.cookies[SESSION]
    );
    shop.let_through(1);
    assert_eq!(status(&one.sends(shop.address(), &twice)), "200 OK");
}

#[test]
fn secrets_are_changed_one_after_the_other() {
    let (provider, behind) = (Provider::start(), Fake::start());
    let (old, new) = ("o".repeat(32), "n".repeat(32));
    let shop = |secrets: String| Shop {
        router: Router::start(
            &config(&provider, &behind, &format!("secrets: [{secrets}]")),
            &super::supergraph(&behind),
        ),
        provider: provider.clone(),
        behind: Fake::start(),
    };
    let before = shop(old.clone()).signed_in();
    let goes = |shop: &Shop, browser: &Browser| {
        let answer = Client::connect(shop.address()).request(&browser.dressed("GET /private\n"));
        status(&answer) != "401 Unauthorized"
    };
    let (both, after) = (shop(format!("{new}, {old}")), shop(new));
    assert!(goes(&both, &before));
    assert!(goes(&after, &both.signed_in()));
    assert!(!goes(&after, &before));
}

#[test]
fn a_large_session_comes_in_parts() {
    let shop = Shop::open();
    let groups =
        |count: usize| -> Vec<String> { (0..count).map(|n| format!("group-{n}")).collect() };
    shop.provider.script().claims = json!({ "sub": "u1", "groups": groups(400) });
    let mut browser = shop.signed_in();
    assert_eq!(browser.names(SESSION), [SESSION, "__Host-graphway-1"]);
    assert_eq!(shop.asks(&mut browser), "200 OK");
    let whole = browser.clone();
    browser.cookies.remove("__Host-graphway-1");
    assert_eq!(shop.asks(&mut browser), "401 Unauthorized");
    // A smaller one needs no more parts.
    shop.provider.script().claims = json!({ "sub": "u1" });
    let mut browser = whole;
    let asked = shop.begins(&mut browser, "/oauth2/sign_in");
    shop.comes_back(&mut browser, &asked);
    assert_eq!(browser.names(SESSION), [SESSION]);
    assert_eq!(shop.asks(&mut browser), "200 OK");
    // One that is too large is none.
    shop.provider.script().claims = json!({ "sub": "u1", "groups": groups(4000) });
    let mut browser = Browser::default();
    let asked = shop.begins(&mut browser, "/private");
    let response = shop.comes_back(&mut browser, &asked);
    assert_eq!(code(&response), "INTERNAL_SERVER_ERROR");
    assert!(browser.cookies.is_empty());
}

/// Whose provider has each refresh token taken once.
#[test]
fn a_session_is_renewed_once_for_all_who_show_it() {
    let shop = Shop::open();
    shop.provider.script().more = json!({ "expires_in": 0 });
    let browser = shop.signed_in();
    shop.provider.script().more = json!({ "expires_in": 3600 });
    shop.provider.mood(Mood::Slow);
    shop.let_through(16);
    let barrier = Barrier::new(16);
    let answers: Vec<_> = thread::scope(|scope| {
        let asking: Vec<_> = (0..16)
            .map(|_| {
                scope.spawn(|| {
                    let mut browser = browser.clone();
                    let mut client = Client::connect(shop.address());
                    barrier.wait();
                    let response = client.request(&browser.dressed("GET /private\n"));
                    browser.keeps(&response);
                    (status(&response).to_owned(), browser)
                })
            })
            .collect();
        shop.provider.wait_for_asked(1);
        shop.provider.open();
        asking
            .into_iter()
            .map(|asked| asked.join().unwrap())
            .collect()
    });
    assert_eq!(shop.provider.take_asked().len(), 1);
    for (status, renewed) in answers {
        assert_eq!(status, "200 OK");
        assert_ne!(renewed.cookies[SESSION], browser.cookies[SESSION]);
        shop.let_through(1);
        let mut renewed = renewed;
        renewed.goes(shop.address(), "/private");
    }
    // And for one that comes late.
    let mut late = browser.clone();
    shop.let_through(1);
    assert_eq!(status(&late.goes(shop.address(), "/private")), "200 OK");
    assert_eq!(shop.provider.take_asked().len(), 0);
}

#[test]
fn what_the_provider_ends_is_over() {
    let shop = Shop::open();
    shop.provider.script().more = json!({ "expires_in": 0 });
    let mut browser = shop.signed_in();
    shop.provider.mood(Mood::Refusing);
    assert_eq!(shop.asks(&mut browser), "401 Unauthorized");
    assert!(browser.cookies.is_empty());
}

#[test]
fn a_session_goes_on_for_a_while_when_the_provider_is_down() {
    let shop = Shop::open();
    shop.provider.script().more = json!({ "expires_in": 0 });
    let mut browser = shop.signed_in();
    shop.provider.mood(Mood::Failing);
    for _ in 0..5 {
        assert_eq!(shop.asks(&mut browser), "200 OK");
    }
    // It is left alone meanwhile.
    assert_eq!(shop.provider.take_asked().len(), 1);
    assert!(!browser.cookies.is_empty());
}

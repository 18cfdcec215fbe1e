//! Signing in and out as it is meant to be.

use super::{
    ATTEMPT, Browser, Provider, SESSION, Shop,
    browser::{NAVIGATES, set_cookies},
    code, status,
};
use crate::kit::Client;
use serde_json::json;

#[test]
fn a_browser_is_sent_to_the_provider_and_comes_back_to_where_it_was() {
    let shop = Shop::with(Provider::start(), "authorization_parameters: { hint: a&b }");
    let mut browser = Browser::default();
    let asked = shop.begins(&mut browser, "/private/orders?page=2");
    for (name, value) in [
        ("tenant", "1"),
        ("hint", "a&b"),
        ("response_type", "code"),
        ("client_id", "the gate"),
        ("redirect_uri", "https://shop.example/oauth2/callback"),
        ("scope", "openid profile email"),
        ("code_challenge_method", "S256"),
    ] {
        assert_eq!(asked[name], value);
    }
    for name in ["state", "nonce", "code_challenge"] {
        assert!(asked[name].len() >= 43, "{name}");
    }
    assert_eq!(browser.names(ATTEMPT).len(), 1);
    let response = shop.comes_back(&mut browser, &asked);
    assert_eq!(status(&response), "303 See Other");
    assert_eq!(response.header("location"), Some("/private/orders?page=2"));
    assert_eq!(response.header("referrer-policy"), Some("no-referrer"));
    assert_eq!(browser.names(SESSION), [SESSION]);
    let asked = shop.provider.take_asked();
    assert_eq!(asked.len(), 1);
    assert_eq!(
        asked[0]["redirect_uri"],
        "https://shop.example/oauth2/callback"
    );
    assert_eq!(shop.asks(&mut browser), "200 OK");
}

#[test]
fn those_behind_learn_who_it_is_and_see_no_session() {
    let shop = Shop::open();
    let mut browser = shop.signed_in();
    shop.let_through(1);
    browser.goes(shop.address(), "/private");
    let seen = shop.behind.take_seen().remove(0);
    assert!(seen.contains("x-consumer-username: ada\n"), "{seen}");
    assert!(seen.contains("cookie: other=1\n"), "{seen}");
    assert!(!seen.contains("authorization"), "{seen}");
    shop.let_through(1);
    let query = "POST /graphql\ncontent-type: application/json\n\n{\"query\":\"{ me { id } }\"}";
    browser.sends(shop.address(), query);
    let seen = shop.behind.take_seen().remove(0);
    assert!(seen.contains("x-name: Ada\n"), "{seen}");
    assert!(seen.contains("cookie: other=1\n"), "{seen}");
    // Nor where nobody is asked, or somebody else.
    for (path, count) in [("/public", 1), ("/asked", 2)] {
        shop.let_through(count);
        browser.goes(shop.address(), path);
        let seen = shop.behind.take_seen();
        assert_eq!(seen.len(), count);
        for seen in seen {
            assert!(seen.contains("cookie: other=1\n"), "{seen}");
            assert!(!seen.contains(SESSION), "{seen}");
        }
    }
}

#[test]
fn programs_are_told_and_not_sent_away() {
    let shop = Shop::open();
    let cases = [
        ("GET /private", "sec-fetch-mode: navigate", true),
        ("HEAD /private", "sec-fetch-mode: navigate", true),
        ("POST /private", "sec-fetch-mode: navigate", false),
        (
            "GET /private",
            "sec-fetch-mode: cors\naccept: text/html",
            false,
        ),
        ("GET /private", "sec-fetch-mode: no-cors", false),
        ("GET /private", "accept: */*", false),
        ("GET /private", "accept: application/json, text/html", false),
        (
            "GET /private",
            "accept: application/json;q=0.9, text/html",
            true,
        ),
        ("GET /private", "accept: text/html;q=0", false),
        (
            "GET /private",
            "accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8",
            true,
        ),
        (
            "GET /graphql?query=%7Bme%7Bid%7D%7D",
            "apollo-require-preflight: 1",
            false,
        ),
    ];
    for (start, headers, is_sent) in cases {
        let mut client = Client::connect(shop.address());
        client.send(&crate::kit::wire(&format!(
            "{start}\nhost: shop.example\nconnection: close\n{headers}"
        )));
        let response = match start.starts_with("HEAD") {
            // It has a length and no body.
            true => client.try_response(),
            false => client.response(),
        };
        let Some(response) = response else { continue };
        let expected = if is_sent {
            "302 Found"
        } else {
            "401 Unauthorized"
        };
        assert_eq!(status(&response), expected, "{start} {headers}");
        assert_eq!(set_cookies(&response).count(), usize::from(is_sent));
        if !is_sent {
            let challenge = response.header("www-authenticate");
            assert_eq!(challenge, Some("Session realm=\"graphway\""));
            assert!(String::from_utf8_lossy(&response.body).contains("AUTH_ERROR"));
        }
    }
    assert_eq!(shop.provider.take_asked().len(), 0);
}

#[test]
fn a_page_can_have_somebody_sign_in() {
    let shop = Shop::open();
    let mut browser = Browser::default();
    let asked = shop.begins(
        &mut browser,
        "/oauth2/sign_in?return_to=%2Fprivate%2Fa%3Fb%3Dc",
    );
    let response = shop.comes_back(&mut browser, &asked);
    assert_eq!(response.header("location"), Some("/private/a?b=c"));
    // An image cannot.
    let response = browser.fetches(shop.address(), "/oauth2/sign_in");
    assert_eq!(code(&response), "LOGIN_FAILED");
}

#[test]
fn somebody_signs_out() {
    let shop = Shop::open();
    let mut browser = shop.signed_in();
    let response = browser.sends(
        shop.address(),
        "POST /oauth2/sign_out\nsec-fetch-site: same-origin\nsec-fetch-mode: navigate\n",
    );
    assert_eq!(status(&response), "303 See Other");
    assert_eq!(
        response.header("location").unwrap(),
        format!(
            "{}/end?client_id=the%20gate&post_logout_redirect_uri=https%3A%2F%2Fshop.example%2F",
            shop.provider.issuer()
        )
    );
    assert!(browser.cookies.is_empty());
    let revoked = shop.provider.wait_for_revoked();
    assert!(revoked["token"].starts_with("refresh-"));
    assert_eq!(revoked["token_type_hint"], "refresh_token");
    assert_eq!(shop.asks(&mut browser), "401 Unauthorized");
}

#[test]
fn without_a_place_to_sign_out_at_one_goes_home() {
    let metadata = json!({ "end_session_endpoint": null, "revocation_endpoint": null });
    let shop = Shop::with(Provider::saying(metadata), "");
    let mut browser = shop.signed_in();
    let response = browser.sends(
        shop.address(),
        "POST /oauth2/sign_out\norigin: https://shop.example\n",
    );
    assert_eq!(response.header("location"), Some("/"));
    assert!(browser.cookies.is_empty());
}

#[test]
fn tabs_sign_in_side_by_side() {
    let shop = Shop::open();
    let mut browser = Browser::default();
    let first = shop.begins(&mut browser, "/private/1");
    let second = shop.begins(&mut browser, "/private/2");
    for (asked, place) in [(&second, "/private/2"), (&first, "/private/1")] {
        let response = shop.comes_back(&mut browser, asked);
        assert_eq!(response.header("location"), Some(place));
    }
    // Only so many at a time: the oldest ones are given up.
    for _ in 0..20 {
        shop.begins(&mut browser, "/oauth2/sign_in");
    }
    assert_eq!(browser.names(ATTEMPT).len(), 5);
}

#[test]
fn what_was_granted_counts_as_scope() {
    let shop = Shop::open();
    // Unsaid, it is what was asked for; what an ID token says of it is nothing.
    for (granted, scope) in [
        (json!(null), "openid profile email"),
        (json!("openid read:orders"), "openid read:orders"),
    ] {
        shop.provider.script().lie = |claims, _| claims["scope"] = json!("admin");
        shop.provider.script().more = json!({ "expires_in": 3600, "scope": granted });
        let mut browser = shop.signed_in();
        shop.let_through(1);
        let query =
            "POST /graphql\ncontent-type: application/json\n\n{\"query\":\"{ me { id } }\"}";
        browser.sends(shop.address(), query);
        let seen = shop.behind.take_seen().remove(0);
        assert!(seen.contains(&format!("x-scope: {scope}\n")), "{seen}");
        // Only some claims are kept.
        assert!(!seen.contains("x-secret"), "{seen}");
    }
}

#[test]
fn an_access_token_is_forwarded_where_it_is_wanted() {
    let shop = Shop::with(Provider::start(), "forward_access_token: true");
    let mut browser = shop.signed_in();
    for written in [
        format!("GET /private\n{NAVIGATES}authorization: Bearer mine\n"),
        "POST /graphql\ncontent-type: application/json\nauthorization: Bearer mine\n\n{\"query\":\"{ me { id } }\"}".to_owned(),
    ] {
        shop.let_through(1);
        browser.sends(shop.address(), &written);
        let seen = shop.behind.take_seen().remove(0);
        assert!(seen.contains("authorization: Bearer access-"), "{seen}");
        assert!(!seen.contains("mine"), "{seen}");
    }
}

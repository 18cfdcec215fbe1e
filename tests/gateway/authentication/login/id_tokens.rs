//! ID tokens that a provider, or somebody in its place, should not have made.

use super::{
    super::{in_seconds, issuer::Key},
    Browser, CLIENT_SECRET, Provider, Shop, code,
    provider::Lie,
    status,
};
use serde_json::json;

#[track_caller]
fn refuses(shop: &Shop, what: &str) {
    let mut browser = Browser::default();
    let asked = shop.begins(&mut browser, "/private");
    let response = shop.comes_back(&mut browser, &asked);
    assert_eq!(code(&response), "LOGIN_FAILED", "{what}");
    assert!(browser.cookies.is_empty(), "{what}");
}

#[test]
fn what_an_id_token_says_must_fit() {
    let shop = Shop::open();
    let lies: [(&str, Lie); 19] = [
        ("no nonce", |claims, _| claims["nonce"] = json!(null)),
        ("another nonce", |claims, _| claims["nonce"] = json!("n")),
        ("another issuer", |claims, _| {
            claims["iss"] = json!("https://evil.example")
        }),
        ("no issuer", |claims, _| {
            claims.as_object_mut().unwrap().remove("iss");
        }),
        ("another audience", |claims, _| {
            claims["aud"] = json!("other")
        }),
        ("no audience", |claims, _| {
            claims.as_object_mut().unwrap().remove("aud");
        }),
        ("several audiences", |claims, _| {
            claims["aud"] = json!(["the gate", "other"])
        }),
        ("another party", |claims, _| claims["azp"] = json!("other")),
        ("another party of several", |claims, _| {
            claims["aud"] = json!(["the gate", "other"]);
            claims["azp"] = json!("other");
        }),
        ("no subject", |claims, _| {
            claims.as_object_mut().unwrap().remove("sub");
        }),
        ("an empty subject", |claims, _| claims["sub"] = json!("")),
        ("a subject of 256 letters", |claims, _| {
            claims["sub"] = json!("s".repeat(256))
        }),
        ("expired", |claims, _| {
            claims["exp"] = json!(in_seconds(-61))
        }),
        ("no end", |claims, _| {
            claims.as_object_mut().unwrap().remove("exp");
        }),
        ("not yet valid", |claims, _| {
            claims["nbf"] = json!(in_seconds(120))
        }),
        ("of long ago", |claims, _| {
            claims["iat"] = json!(in_seconds(-700))
        }),
        ("of no time", |claims, _| claims["iat"] = json!("now")),
        ("of another access token", |claims, _| {
            claims["at_hash"] = json!("AAAA")
        }),
        ("unsigned", |_, header| header["alg"] = json!("none")),
    ];
    for (what, lie) in lies {
        shop.provider.script().lie = lie;
        refuses(&shop, what);
    }
    let truths: [Lie; 3] = [
        |claims, _| {
            claims["aud"] = json!(["the gate", "other"]);
            claims["azp"] = json!("the gate");
        },
        |claims, _| {
            claims.as_object_mut().unwrap().remove("at_hash");
        },
        |claims, _| claims["exp"] = json!(in_seconds(-30)),
    ];
    for truth in truths {
        shop.provider.script().lie = truth;
        shop.signed_in();
    }
}

#[test]
fn an_id_token_is_signed_by_the_provider() {
    let shop = Shop::open();
    shop.provider.is_forged_by(Key::p256("k"));
    refuses(&shop, "another key of the same name");
    shop.provider
        .is_forged_by(Key::secret("k", CLIENT_SECRET.as_bytes()));
    shop.provider.script().lie = |_, header| header["alg"] = json!("HS256");
    refuses(&shop, "the client's secret");
}

#[test]
fn without_an_id_token_nobody_is_signed_in() {
    let shop = Shop::open();
    for (what, more) in [
        ("no ID token", json!({ "id_token": null })),
        ("no access token", json!({ "access_token": null })),
        ("an empty one", json!({ "access_token": "" })),
        ("no bearer token", json!({ "token_type": "mac" })),
    ] {
        shop.provider.script().more = more;
        let mut browser = Browser::default();
        let asked = shop.begins(&mut browser, "/private");
        let response = shop.comes_back(&mut browser, &asked);
        assert!(
            ["400 Bad Request", "503 Service Unavailable"].contains(&status(&response)),
            "{what}"
        );
        assert!(browser.cookies.is_empty(), "{what}");
    }
}

#[test]
fn a_renewed_session_is_of_the_same_person() {
    let shop = Shop::with(Provider::start(), "session: { max_age: 1h, idle: 1h }");
    shop.provider.script().more = json!({ "expires_in": 0 });
    let mut browser = shop.signed_in();
    shop.provider.script().claims = json!({ "sub": "u2" });
    // It goes on for a while as if the provider had not answered, and does not become somebody else's.
    shop.let_through(1);
    browser.goes(shop.address(), "/private");
    let seen = shop.behind.take_seen().remove(0);
    assert!(seen.contains("x-consumer-username: ada\n"), "{seen}");
}

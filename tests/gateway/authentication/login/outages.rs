//! Providers that are not there, slow, or full of themselves.

use super::{Browser, Mood, Provider, Shop, code, status};
use serde_json::json;

#[test]
fn a_provider_that_cannot_be_gone_by_keeps_only_browsers_out() {
    for metadata in [
        json!({ "issuer": "https://evil.example" }),
        json!({ "token_endpoint": "http://far.example/token" }),
        json!({ "authorization_endpoint": "https://far.example/a#b" }),
        json!({ "jwks_uri": null }),
        json!({ "code_challenge_methods_supported": ["plain"] }),
        json!({ "token_endpoint_auth_methods_supported": ["private_key_jwt"] }),
    ] {
        let shop = Shop::with(Provider::saying(metadata.clone()), "");
        let mut browser = Browser::default();
        let response = browser.goes(shop.address(), "/private");
        assert_eq!(status(&response), "503 Service Unavailable", "{metadata}");
        assert_eq!(code(&response), "AUTH_KEYS_UNAVAILABLE");
        assert_eq!(response.header("retry-after"), Some("5"));
        assert_eq!(shop.asks(&mut browser), "401 Unauthorized");
        shop.let_through(1);
        let response = browser.goes(shop.address(), "/public");
        assert_eq!(status(&response), "200 OK");
    }
}

#[test]
fn a_provider_that_gives_no_tokens_signs_nobody_in() {
    let shop = Shop::open();
    for (mood, expected) in [
        (Mood::Failing, "503 Service Unavailable"),
        (Mood::Endless, "503 Service Unavailable"),
        (Mood::Refusing, "400 Bad Request"),
        (Mood::Slow, "503 Service Unavailable"),
    ] {
        shop.provider.mood(mood);
        let mut browser = Browser::default();
        let asked = shop.begins(&mut browser, "/private");
        let response = shop.comes_back(&mut browser, &asked);
        assert_eq!(status(&response), expected);
        assert!(browser.cookies.is_empty());
        assert_eq!(shop.provider.take_asked().len(), 1);
    }
    shop.provider.open();
}

#[test]
fn the_secret_is_shown_where_the_provider_wants_it() {
    let metadata = json!({ "token_endpoint_auth_methods_supported": ["client_secret_post"] });
    let shop = Shop::with(Provider::saying(metadata), "");
    let mut browser = Browser::default();
    let asked = shop.begins(&mut browser, "/private");
    shop.comes_back(&mut browser, &asked);
    let asked = shop.provider.take_asked().remove(0);
    assert_eq!(asked["client_id"], "the gate");
    assert_eq!(asked["client_secret"], "it's +a secret");
}

//! Answers that were not asked for, codes that are somebody else's, and places that nobody should be sent to.

use super::{ATTEMPT, Browser, Mood, Provider, Shop, browser::set_cookies, code, status};
use serde_json::json;

/// What does not come of an attempt of this browser has no request sent to the provider.
#[test]
fn an_answer_counts_in_the_browser_that_has_asked_for_it() {
    let shop = Shop::open();
    let (mut victim, mut attacker) = (Browser::default(), Browser::default());
    let asked = shop.begins(&mut attacker, "/private");
    shop.begins(&mut victim, "/private");
    let code_of_attacker = shop.provider.code_for(&asked);
    let (state, issuer) = (&asked["state"], shop.provider.issuer());
    for query in [
        // Login CSRF: the attacker's own answer.
        format!("code={code_of_attacker}&state={state}&iss={issuer}"),
        format!("code={code_of_attacker}&iss={issuer}"),
        format!("code={code_of_attacker}&state=&iss={issuer}"),
        format!("code={code_of_attacker}&state=x&iss={issuer}"),
        format!(
            "code={code_of_attacker}&state={}.x&iss={issuer}",
            "0".repeat(16)
        ),
        format!("code={code_of_attacker}&state={state}&state={state}&iss={issuer}"),
    ] {
        for browser in [&mut victim, &mut Browser::default()] {
            let response = browser.goes(shop.address(), &format!("/oauth2/callback?{query}"));
            assert_eq!(code(&response), "LOGIN_FAILED", "{query}");
            assert_eq!(set_cookies(&response).count(), 0);
        }
    }
    // Nor with the cookie of another attempt under the name of this one.
    let (name, other) = (attacker.names(ATTEMPT), victim.names(ATTEMPT));
    let other = victim.cookies[&other[0]].clone();
    victim.cookies.insert(name[0].clone(), other);
    let response = shop.comes_back(&mut victim, &asked);
    assert_eq!(code(&response), "LOGIN_FAILED");
    assert_eq!(shop.provider.take_asked().len(), 0);
    assert_eq!(
        status(&shop.comes_back(&mut attacker, &asked)),
        "303 See Other"
    );
}

#[test]
fn an_answer_comes_in_once() {
    let shop = Shop::open();
    let mut browser = Browser::default();
    let asked = shop.begins(&mut browser, "/private");
    let before = browser.clone();
    assert_eq!(
        status(&shop.comes_back(&mut browser, &asked)),
        "303 See Other"
    );
    assert!(browser.names(ATTEMPT).is_empty());
    shop.provider.take_asked();
    // Even if the browser still has the attempt.
    for mut browser in [before, browser] {
        let response = shop.comes_back(&mut browser, &asked);
        assert_eq!(code(&response), "LOGIN_FAILED");
    }
    assert_eq!(shop.provider.take_asked().len(), 0);
}

#[test]
fn an_answer_is_of_the_provider_that_was_asked() {
    let shop = Shop::open();
    let issuer = shop.provider.issuer();
    for of in [
        "&iss=https://evil.example".to_owned(),
        String::new(),
        format!("&iss={issuer}/"),
        format!("&iss={issuer}&iss=https://evil.example"),
    ] {
        let mut browser = Browser::default();
        let asked = shop.begins(&mut browser, "/private");
        let given = shop.provider.code_for(&asked);
        let target = format!("/oauth2/callback?code={given}&state={}{of}", asked["state"]);
        let response = browser.goes(shop.address(), &target);
        assert_eq!(code(&response), "LOGIN_FAILED", "{of}");
        assert!(browser.cookies.is_empty());
    }
    assert_eq!(shop.provider.take_asked().len(), 0);
}

/// Those that do not know RFC 9207 say nothing.
#[test]
fn a_provider_need_not_say_who_it_is() {
    let metadata = json!({ "authorization_response_iss_parameter_supported": null });
    let shop = Shop::with(Provider::saying(metadata), "");
    let mut browser = Browser::default();
    let asked = shop.begins(&mut browser, "/private");
    let given = shop.provider.code_for(&asked);
    let target = format!("/oauth2/callback?code={given}&state={}", asked["state"]);
    let response = browser.goes(shop.address(), &target);
    assert_eq!(status(&response), "303 See Other");
}

/// Somebody has another one's code, and puts it into an answer to themselves.
#[test]
fn a_stolen_code_is_bound_to_its_attempt() {
    let shop = Shop::open();
    // By the verifier; and by the nonce, if the provider does not look at the verifier.
    for mood in [Mood::Good, Mood::Credulous] {
        shop.provider.mood(mood);
        let (mut victim, mut attacker) = (Browser::default(), Browser::default());
        let of_victim = shop.begins(&mut victim, "/private");
        let stolen = shop.provider.code_for(&of_victim);
        let of_attacker = shop.begins(&mut attacker, "/private");
        let answer = format!("code={stolen}");
        let response = shop.comes_back_with(&mut attacker, &of_attacker, &answer);
        assert_eq!(code(&response), "LOGIN_FAILED");
        assert!(attacker.cookies.is_empty());
    }
}

#[test]
fn what_the_provider_says_no_to_ends_there() {
    let shop = Shop::open();
    for answer in [
        "error=access_denied&error_description=%3Cscript%3E",
        "error=%0aforged",
        "error=access_denied&code=1",
        "",
        &format!("code={}", "x".repeat(5000)),
    ] {
        let mut browser = Browser::default();
        let asked = shop.begins(&mut browser, "/private");
        let response = shop.comes_back_with(&mut browser, &asked, answer);
        assert_eq!(code(&response), "LOGIN_FAILED", "{answer}");
        let body = String::from_utf8_lossy(&response.body).into_owned();
        assert!(
            !body.contains("script") && !body.contains("forged"),
            "{body}"
        );
        assert!(browser.cookies.is_empty());
    }
    assert_eq!(shop.provider.take_asked().len(), 0);
}

#[test]
fn nobody_is_sent_elsewhere() {
    let shop = Shop::open();
    for (to, place) in [
        ("/private/a?b=//c", "/private/a?b=//c"),
        ("//evil.example", "/"),
        ("///evil.example", "/"),
        ("/\\evil.example", "/"),
        ("\\\\evil.example", "/"),
        ("/\t/evil.example", "/"),
        ("/a\r\nset-cookie: a=b", "/"),
        ("https://evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("evil.example", "/"),
        ("", "/"),
        ("/ü", "/"),
        ("/oauth2/callback?code=1", "/"),
        ("/oauth2/sign_in", "/"),
        ("/oauth2/sign_out#", "/"),
    ] {
        let mut browser = Browser::default();
        let escaped: String = to.bytes().map(|byte| format!("%{byte:02x}")).collect();
        let asked = shop.begins(
            &mut browser,
            &format!("/oauth2/sign_in?return_to={escaped}"),
        );
        let response = shop.comes_back(&mut browser, &asked);
        assert_eq!(response.header("location"), Some(place), "{to:?}");
    }
    let long = format!("/oauth2/sign_in?return_to=/{}", "a".repeat(4000));
    let mut browser = Browser::default();
    let asked = shop.begins(&mut browser, &long);
    let response = shop.comes_back(&mut browser, &asked);
    assert_eq!(response.header("location"), Some("/"));
}

#[test]
fn another_site_signs_nobody_out() {
    let shop = Shop::open();
    let mut browser = shop.signed_in();
    for (written, refused) in [
        (
            "POST /oauth2/sign_out\nsec-fetch-site: cross-site\n",
            "400 Bad Request",
        ),
        (
            "POST /oauth2/sign_out\nsec-fetch-site: same-site\n",
            "400 Bad Request",
        ),
        (
            "POST /oauth2/sign_out\nsec-fetch-site: cross-site\norigin: https://shop.example\n",
            "400 Bad Request",
        ),
        (
            "POST /oauth2/sign_out\norigin: https://evil.example\n",
            "400 Bad Request",
        ),
        ("POST /oauth2/sign_out\norigin: null\n", "400 Bad Request"),
        ("POST /oauth2/sign_out\n", "400 Bad Request"),
        (
            "GET /oauth2/sign_out\nsec-fetch-site: same-origin\n",
            "405 Method Not Allowed",
        ),
    ] {
        let response = browser.sends(shop.address(), written);
        assert_eq!(status(&response), refused, "{written}");
        assert_eq!(set_cookies(&response).count(), 0);
    }
    assert_eq!(shop.asks(&mut browser), "200 OK");
    let response = browser.sends(shop.address(), "POST /oauth2/callback?state=1\n");
    assert_eq!(status(&response), "405 Method Not Allowed");
}

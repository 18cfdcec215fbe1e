//! Tokens, good and bad.

use super::{
    Shop, claims, in_seconds,
    issuer::{Key, base64},
    key_file, key_set, request,
};
use crate::kit::{Answer, Exchange, answer_together};
use serde_json::{Value, json};

const SECRET: &[u8; 64] = b"a secret of 64 bytes, as long as the longest hash of the three!!";

/// One key of each kind.
fn keys() -> [Key; 5] {
    [
        Key::rsa("rsa"),
        Key::p256("p256"),
        Key::p384("p384"),
        Key::ed25519("ed"),
        Key::secret("secret", SECRET),
    ]
}

fn trusting(test: &str, keys: &[&Key], more: &str) -> Shop {
    let path = key_file(test, &key_set(keys));
    Shop::trusting(&format!("        - url: file://{}\n{more}", path.display()))
}

#[test]
fn every_algorithm_is_verified() {
    let [rsa, p256, p384, ed, secret] = keys();
    let shop = trusting("every", &[&rsa, &p256, &p384, &ed, &secret], "");
    let signed = [
        (&rsa, "RS256 RS384 RS512 PS256 PS384 PS512"),
        (&p256, "ES256"),
        (&p384, "ES384"),
        (&ed, "EdDSA"),
        (&secret, "HS256 HS384 HS512"),
    ];
    for (key, algorithms) in signed {
        for algorithm in algorithms.split(' ') {
            let token = key.token(algorithm, &claims());
            assert_eq!(shop.status(&token), "200 OK", "{algorithm}");
            // The same again, from the cache.
            assert_eq!(shop.status(&token), "200 OK", "{algorithm}");
            let mut forged = token.into_bytes();
            let last = forged.len() - 10;
            forged[last] = if forged[last] == b'A' { b'B' } else { b'A' };
            let forged = String::from_utf8(forged).unwrap();
            assert_eq!(shop.status(&forged), "401 Unauthorized", "{algorithm}");
        }
    }
}

#[test]
fn a_token_without_key_id_is_tried_with_the_keys_that_fit() {
    let (one, two) = (Key::p256("one"), Key::p256("two"));
    let shop = trusting("no_id", &[&one, &two], "");
    let header = json!({ "alg": "ES256" });
    shop.accepts(&two.sign(&header, &claims().to_string()));
    shop.refuses(&Key::p256("three").sign(&header, &claims().to_string()));
}

#[test]
fn a_key_without_id_may_be_anybodys() {
    let key = Key::p256("one");
    let mut jwk = key.jwk();
    jwk.as_object_mut().unwrap().remove("kid");
    let path = key_file("anonymous_key", &json!({ "keys": [jwk] }).to_string());
    let shop = Shop::trusting(&format!("        - url: file://{}\n", path.display()));
    shop.accepts(&key.token("ES256", &claims()));
    shop.refuses(&Key::p256("one").token("ES256", &claims()));
}

#[test]
fn clocks_may_differ_by_a_minute() {
    let key = Key::p256("one");
    let shop = trusting("leeway", &[&key], "");
    let token = |claims: Value| key.token("ES256", &claims);
    shop.accepts(&token(json!({ "exp": in_seconds(-30) })));
    shop.refuses(&token(json!({ "exp": in_seconds(-90) })));
    shop.accepts(&token(
        json!({ "exp": in_seconds(60), "nbf": in_seconds(30) }),
    ));
    shop.refuses(&token(
        json!({ "exp": in_seconds(600), "nbf": in_seconds(300) }),
    ));
}

#[test]
fn times_that_are_no_numbers_are_not_ignored() {
    let key = Key::p256("one");
    let shop = trusting("times", &[&key], "");
    let header = json!({ "alg": "ES256", "kid": "one" });
    let later = in_seconds(600);
    shop.accepts(&key.sign(&header, &format!("{{\"exp\":{later}.5,\"iat\":1}}")));
    let wrong = [
        "\"9999999999\"",
        "null",
        "[9999999999]",
        "{}",
        "true",
        "1e400",
        "-5",
    ];
    for value in wrong {
        let claims = format!("{{\"exp\":{value}}}");
        assert_eq!(
            shop.status(&key.sign(&header, &claims)),
            "401 Unauthorized",
            "{claims}"
        );
    }
    for (name, value) in [
        ("nbf", "\"1\""),
        ("nbf", "null"),
        ("iat", "\"1\""),
        ("iat", "[]"),
    ] {
        let claims = format!("{{\"exp\":{later},\"{name}\":{value}}}");
        assert_eq!(
            shop.status(&key.sign(&header, &claims)),
            "401 Unauthorized",
            "{claims}"
        );
    }
    let twice = format!("{{\"exp\":1,\"exp\":{later}}}");
    shop.refuses(&key.sign(&header, &twice));
    shop.refuses(&key.sign(&header, "[]"));
    shop.refuses(&key.sign(&header, "{"));
}

#[test]
fn a_token_without_end_is_let_in_where_that_is_allowed() {
    let key = Key::p256("one");
    let token = key.token("ES256", &json!({ "sub": "u1" }));
    trusting("endless", &[&key], "").refuses(&token);
    trusting(
        "endless_allowed",
        &[&key],
        "          allow_missing_exp: true\n",
    )
    .accepts(&token);
}

#[test]
fn issuer_and_audience_are_demanded() {
    let key = Key::p256("one");
    let demands = "          issuer: https://a.example\n          audiences: [us, them]\n";
    let shop = trusting("demands", &[&key], demands);
    let token = |issuer: Value, audience: Value| {
        let claims = json!({ "exp": in_seconds(600), "iss": issuer, "aud": audience });
        key.token("ES256", &claims)
    };
    shop.accepts(&token(json!("https://a.example"), json!("us")));
    shop.accepts(&token(
        json!("https://a.example"),
        json!(["others", "them"]),
    ));
    let wrong = [
        (json!("https://a.example/"), json!("us")),
        (json!("https://a.example"), json!("others")),
        (json!("https://a.example"), json!([])),
        (json!("https://a.example"), json!(null)),
        (json!("https://a.example"), json!(5)),
        (json!(null), json!("us")),
        (json!(5), json!("us")),
        (json!({ "https://a.example": 1 }), json!("us")),
    ];
    for (issuer, audience) in wrong {
        let token = token(issuer.clone(), audience.clone());
        assert_eq!(
            shop.status(&token),
            "401 Unauthorized",
            "{issuer} {audience}"
        );
    }
    shop.refuses(&key.token("ES256", &claims()));
}

#[test]
fn no_issuer_speaks_for_another() {
    let (ours, theirs) = (Key::p256("same"), Key::p256("same"));
    let files = [("ours", &ours), ("theirs", &theirs)].map(|(name, key)| {
        let path = key_file(name, &key_set(&[key]));
        format!(
            "        - url: file://{}\n          issuer: {name}\n",
            path.display()
        )
    });
    let shop = Shop::trusting(&files.concat());
    let token = |key: &Key, issuer: &str| {
        key.token("ES256", &json!({ "exp": in_seconds(600), "iss": issuer }))
    };
    shop.accepts(&token(&ours, "ours"));
    shop.accepts(&token(&theirs, "theirs"));
    shop.refuses(&token(&ours, "theirs"));
    shop.refuses(&token(&theirs, "ours"));
}

#[test]
fn algorithms_are_limited_to_those_that_are_named() {
    let [rsa, p256, _, _, secret] = keys();
    let shop = trusting(
        "algorithms",
        &[&rsa, &p256, &secret],
        "          algorithms: [RS256]\n",
    );
    shop.accepts(&rsa.token("RS256", &claims()));
    shop.refuses(&rsa.token("RS512", &claims()));
    shop.refuses(&p256.token("ES256", &claims()));
    shop.refuses(&secret.token("HS256", &claims()));
}

#[test]
fn a_public_key_is_no_secret() {
    let [rsa, p256, _, ed, _] = keys();
    let shop = trusting("confusion", &[&rsa, &p256, &ed], "");
    for key in [&rsa, &p256, &ed] {
        let shown = [
            key.public(),
            key.jwk().to_string().into_bytes(),
            base64(&key.public()).into_bytes(),
            Vec::new(),
        ];
        for secret in shown {
            for algorithm in ["HS256", "HS384", "HS512"] {
                shop.refuses(&Key::secret(key.id, &secret).token(algorithm, &claims()));
            }
        }
    }
    // Nor does a key of one kind verify for another one.
    shop.refuses(&p256.sign(
        &json!({ "alg": "RS256", "kid": "rsa" }),
        &claims().to_string(),
    ));
    shop.refuses(&rsa.sign(
        &json!({ "alg": "RS256", "kid": "p256" }),
        &claims().to_string(),
    ));
    shop.refuses(&ed.sign(
        &json!({ "alg": "ES256", "kid": "ed" }),
        &claims().to_string(),
    ));
}

/// What everybody can read is no secret, whatever a set says.
#[test]
fn a_secret_with_the_id_of_a_public_key_is_not_used() {
    let [rsa, p256, ..] = keys();
    let shown = Key::secret("rsa", &base64(&rsa.public()).into_bytes());
    let other = Key::secret("other", SECRET);
    let shop = trusting("same_id", &[&rsa, &shown, &other, &p256], "");
    for algorithm in ["HS256", "HS384", "HS512"] {
        shop.refuses(&shown.token(algorithm, &claims()));
        shop.accepts(&other.token(algorithm, &claims()));
    }
    shop.accepts(&rsa.token("RS256", &claims()));
}

#[test]
fn headers_that_ask_for_trust_get_none() {
    let (known, own) = (Key::p256("known"), Key::p256("own"));
    let shop = trusting("headers", &[&known], "");
    let claims = claims().to_string();
    let with = |name: &str, value: Value| {
        let mut header = json!({ "alg": "ES256", "kid": "known" });
        header[name] = value;
        header
    };
    let asking = [
        with("jwk", own.jwk()),
        with("jku", json!("http://127.0.0.1:1/keys")),
        with("x5u", json!("http://127.0.0.1:1/certificate")),
        with("x5c", json!([base64(&own.public())])),
        with("kid", json!("own")),
        with("kid", json!("../../../etc/passwd")),
        with("kid", json!("' or 1 = 1; --")),
        with("kid", json!(["known"])),
        with("kid", json!(null)),
    ];
    for header in asking {
        let token = own.sign(&header, &claims);
        assert_eq!(shop.status(&token), "401 Unauthorized", "{header}");
    }
    // A good signature does not help if the header changes what it means.
    let changing = [
        with("crit", json!(["exp"])),
        with("crit", json!([])),
        with("zip", json!("DEF")),
        with("enc", json!("A128GCM")),
    ];
    for header in changing {
        let token = known.sign(&header, &claims);
        assert_eq!(shop.status(&token), "401 Unauthorized", "{header}");
    }
    shop.accepts(&known.sign(&with("jwk", own.jwk()), &claims));
}

#[test]
fn what_is_not_signed_is_refused() {
    let key = Key::p256("one");
    let shop = trusting("unsigned", &[&key], "");
    let good = key.token("ES256", &claims());
    let payload = base64(claims().to_string().as_bytes());
    for algorithm in ["none", "None", "NONE", "nOnE", "", "ES256K", "es256"] {
        let header = json!({ "alg": algorithm, "kid": "one" }).to_string();
        for signature in ["", "AA", &base64(&[0; 64])] {
            let token = format!("{}.{payload}.{signature}", base64(header.as_bytes()));
            assert_eq!(shop.status(&token), "401 Unauthorized", "{algorithm}");
        }
    }
    let (message, signature) = good.rsplit_once('.').unwrap();
    let zeros = base64(&[0; 64]);
    let long = "x".repeat(9000);
    let shapes = [
        String::new(),
        ".".to_owned(),
        "..".to_owned(),
        "a.b.c".to_owned(),
        message.to_owned(),
        format!("{message}."),
        format!("{message}.{zeros}"),
        format!("{message}.{}", &signature[..40]),
        format!("{good}="),
        format!("{good}."),
        format!("{good}.{signature}"),
        format!(".{good}"),
        format!("{good} x"),
        format!("{good}, {good}"),
        format!("\"{good}\""),
        format!("{{\"token\":\"{good}\"}}"),
        good.replace('.', " "),
        long.clone(),
    ];
    for token in shapes {
        assert_eq!(shop.status(&token), "401 Unauthorized", "{token}");
    }
    let heavy = json!({ "exp": in_seconds(600), "more": long });
    shop.refuses(&key.token("ES256", &heavy));
    shop.accepts(&good);
}

#[test]
fn weak_keys_and_keys_for_other_uses_verify_nothing() {
    let key = Key::p256("one");
    let short = Key::secret("short", &SECRET[..16]);
    let mut jwk = key.jwk();
    let accepted = |jwk: &Value, token: &str| {
        // A key that is of use keeps the set alive.
        let text = json!({ "keys": [jwk, Key::ed25519("alive").jwk(), { "kty": "new" }, 5] });
        let path = key_file("uses", &text.to_string());
        let shop = Shop::trusting(&format!("        - url: file://{}\n", path.display()));
        shop.status(token) == "200 OK"
    };
    let token = key.token("ES256", &claims());
    assert!(accepted(&jwk, &token));
    jwk["use"] = json!("sig");
    jwk["key_ops"] = json!(["verify"]);
    jwk["alg"] = json!("ES256");
    assert!(accepted(&jwk, &token));
    for (name, value) in [
        ("use", json!("enc")),
        ("key_ops", json!(["encrypt"])),
        ("alg", json!("ES384")),
    ] {
        let mut other = jwk.clone();
        other[name] = value;
        assert!(!accepted(&other, &token), "{name}");
    }
    assert!(!accepted(&short.jwk(), &short.token("HS256", &claims())));
    let hashed = Key::secret("hashed", &SECRET[..32]);
    assert!(accepted(&hashed.jwk(), &hashed.token("HS256", &claims())));
    assert!(!accepted(&hashed.jwk(), &hashed.token("HS512", &claims())));
}

/// Two who ask for the same at the same time are two still, unless nothing tells them apart.
#[test]
fn callers_share_nothing_with_others() {
    let key = Key::secret("secret", SECRET);
    let path = key_file("callers", &key_set(&[&key]));
    let users = "headers: { all: { request: [{ insert: { name: x-user, claim: sub } }] } }";
    let both = "traffic_shaping: { router: { dedupe: { enabled: true, headers: none } } }";
    let plans = "plugins: { experimental.expose_query_plan: true }";
    let url = path.display();
    let jwks = format!("        - url: file://{url}\n{users}\n{both}\n{plans}\n");
    let shop = Shop::trusting(&jwks);
    let token = |sub: &str| {
        let claims = json!({ "sub": sub, "exp": in_seconds(600) });
        request(&key.token("HS256", &claims))
    };
    let exchange = |sub: &str| {
        Exchange {
        expected: Some(format!(
            "POST /graphql HTTP/1.1\nx-user: {sub}\n\n{{\n  \"query\": \"{{ me {{ id }} }}\"\n}}\n"
        )),
        answer: Answer::Bytes(
            format!("HTTP/1.1 200 OK\r\ncontent-length: 27\r\n\r\n{{\"data\":{{\"me\":{{\"id\":\"{sub}\"}}}}}}")
                .into_bytes(),
        ),
    }
    };
    shop.users.expect(vec![exchange("u1"), exchange("u2")]);
    let (one, two) = (token("u1"), token("u2"));
    let asked = [
        (one.as_str(), false),
        (two.as_str(), false),
        (one.as_str(), false),
    ];
    let answers = answer_together(&shop.router.gateway, &asked);
    let bodies = answers
        .iter()
        .map(|answer| String::from_utf8_lossy(&answer.body));
    let bodies: Vec<_> = bodies.collect();
    assert!(bodies[0].contains("u1") && bodies[1].contains("u2"));
    assert_eq!(bodies[0], bodies[2]);
    assert_eq!(shop.users.complaints(), Vec::<String>::new());
}

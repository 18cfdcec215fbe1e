//! Requests that are signed (RFC 9421): what is signed counts, and all of it.

use super::Shop;
use ring::{
    digest::{SHA256, digest},
    hmac,
};
use std::time::{SystemTime, UNIX_EPOCH};

const SECRET: &str = "a secret of at least 32 bytes, for tests";

const CONFIG: &str = "\
authentication: { hmac: {} }
consumers:
  - { name: app, hmac: [{ key_id: app, secret: 'a secret of at least 32 bytes, for tests' }] }
policies: { p: { auth: [hmac] } }
";

fn now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.unwrap().as_secs()
}

/// Base64 with padding.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let mut group = [0; 4];
        group[1..=chunk.len()].copy_from_slice(chunk);
        let bits = u32::from_be_bytes(group);
        for index in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * index) & 63) as usize];
            text.push(if index <= chunk.len() {
                char::from(letter)
            } else {
                '='
            });
        }
    }
    text
}

/// The two headers for what is covered: lines of the signature base.
fn signed(covered: &[(&str, &str)], parameters: &str) -> String {
    let names: Vec<String> = covered
        .iter()
        .map(|(name, _)| format!("\"{name}\""))
        .collect();
    let input = format!("({}){parameters}", names.join(" "));
    let lines = covered
        .iter()
        .map(|(name, value)| format!("\"{name}\": {value}\n"));
    let base = format!(
        "{}\"@signature-params\": {input}",
        lines.collect::<String>()
    );
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    let tag = hmac::sign(&key, base.as_bytes());
    format!(
        "signature-input: sig1={input}\nsignature: sig1=:{}:",
        base64(tag.as_ref())
    )
}

fn parameters() -> String {
    format!(";created={};keyid=\"app\";alg=\"hmac-sha256\"", now())
}

const TARGET: [(&str, &str); 2] = [
    ("@method", "GET"),
    ("@target-uri", "http://router.test/a?b=%41"),
];

#[test]
fn what_is_signed_comes_in() {
    let shop = Shop::with(CONFIG);
    let request = |headers: &str| format!("GET /a?b=%41\n{headers}");
    for covered in [
        &TARGET[..],
        &[
            ("@method", "GET"),
            ("@authority", "router.test"),
            ("@path", "/a"),
            ("@query", "?b=%41"),
        ],
        &[
            ("@method", "GET"),
            ("@authority", "router.test"),
            ("@request-target", "/a?b=%41"),
            ("@scheme", "http"),
        ],
    ] {
        assert_eq!(
            shop.told(&request(&signed(covered, &parameters()))),
            "200",
            "{covered:?}"
        );
    }
    // Several lines of a field are one, and the host has neither case nor a port that goes without saying.
    let covered = [&TARGET[..], &[("x-a", "1, 2"), ("date", "today")]].concat();
    let headers = signed(&covered, &parameters());
    let fields = "x-a: 1\nX-A:  2 \ndate: today\nhost: ROUTER.test:80";
    assert_eq!(shop.told(&request(&format!("{fields}\n{headers}"))), "200");
}

#[test]
fn what_differs_from_what_is_signed_stays_out() {
    let shop = Shop::with(CONFIG);
    let headers = signed(&[&TARGET[..], &[("x-a", "1")]].concat(), &parameters());
    let good = format!("GET /a?b=%41\nx-a: 1\n{headers}");
    assert_eq!(shop.told(&good), "200");
    for (from, to) in [
        ("GET /a", "DELETE /a"),
        ("/a?b", "/c?b"),
        ("%41", "A"),
        ("?b=%41", ""),
        ("x-a: 1", "x-a: 2"),
        ("x-a: 1", "x-a: 1\nx-a: 1"),
        ("x-a: 1\n", ""),
        ("x-a: 1", "x-a: 1\nhost: other.test"),
        ("keyid=\"app\"", "keyid=\"other\""),
        ("signature: sig1=:", "signature: sig1=:AAAA"),
    ] {
        let request = good.replacen(from, to, 1);
        assert_ne!(request, good);
        assert_eq!(
            shop.told(&request),
            "401 The signature is not valid",
            "{to}"
        );
    }
    let answer = shop.ask(&good.replace("x-a: 1", "x-a: 2"));
    let challenge = answer.header("www-authenticate");
    assert_eq!(challenge, Some("Signature realm=\"graphway\""));
}

#[test]
fn a_signature_is_of_now() {
    let shop = Shop::with(CONFIG);
    let told = |parameters: String| {
        let headers = signed(&TARGET, &parameters);
        shop.told(&format!("GET /a?b=%41\n{headers}"))
    };
    let now = now();
    let at = |created: u64| told(format!(";created={created};keyid=\"app\""));
    assert_eq!(at(now - 280), "200");
    assert_eq!(at(now + 280), "200");
    let old = "401 The signature is not of now";
    assert_eq!(at(now - 310), old);
    assert_eq!(at(now + 320), old);
    assert_eq!(told(";keyid=\"app\"".to_owned()), old);
    let until = |expires: u64| told(format!(";created={now};expires={expires};keyid=\"app\""));
    assert_eq!(until(now + 60), "200");
    assert_eq!(until(now - 1), old);
}

#[test]
fn a_request_with_a_nonce_comes_in_once() {
    let shop = Shop::with(CONFIG);
    let strict = Shop::with(&CONFIG.replace("hmac: {}", "hmac: { require_nonce: true }"));
    let request = |nonce: &str| {
        let headers = signed(&TARGET, &format!("{}{nonce}", parameters()));
        format!("GET /a?b=%41\n{headers}")
    };
    // Each test has nonces of its own, for they are the process's.
    let once = request(&format!(";nonce=\"once-{}\"", std::process::id()));
    assert_eq!(shop.told(&once), "200");
    let again = "401 The request has come in before";
    assert_eq!(shop.told(&once), again);
    assert_eq!(strict.told(&once), again);
    // A forged one does not use it up.
    let other = request(&format!(";nonce=\"other-{}\"", std::process::id()));
    let forged = other.replacen("GET", "DELETE", 1);
    assert_eq!(shop.told(&forged), "401 The signature is not valid");
    assert_eq!(shop.told(&other), "200");
    assert_eq!(shop.told(&request("")), "200");
    assert_eq!(strict.told(&request("")), "401 The signature has no nonce");
}

#[test]
fn what_matters_must_be_covered() {
    let shop = Shop::with(&CONFIG.replace("hmac: {}", "hmac: { required: [x-tenant, '@scheme'] }"));
    let told = |request: &str, covered: &[(&str, &str)]| {
        let headers = signed(covered, &parameters());
        let (line, body) = request.split_once("\n\n").unwrap_or((request, ""));
        shop.told(&format!("{line}\nx-tenant: t\n{headers}\n\n{body}"))
    };
    let more = [("x-tenant", "t"), ("@scheme", "http")];
    let uri = ("@target-uri", "http://router.test/a?b");
    let get = ("@method", "GET");
    let host = ("@authority", "router.test");
    let (path, query) = (("@path", "/a"), ("@query", "?b"));
    let with = |covered: &[(&'static str, &'static str)]| [covered, &more].concat();
    assert_eq!(told("GET /a?b", &with(&[get, uri])), "200");
    let uncovered = "401 The signature does not cover method, target and body";
    for covered in [
        with(&[]),
        with(&[get]),
        with(&[uri]),
        with(&[get, path, query]),
        with(&[get, host, query]),
        with(&[get, host, path]),
        with(&[get, ("@request-target", "/a?b")]),
        vec![get, uri, more[0]],
        vec![get, uri, more[1]],
    ] {
        assert_eq!(told("GET /a?b", &covered), uncovered, "{covered:?}");
    }
    let put = [("@method", "PUT"), uri];
    assert_eq!(told("PUT /a?b\n\nbody", &with(&put)), uncovered);
    // What a body means is as good as what it is.
    let digest = digest_of("body");
    let whole = [&with(&put)[..], &[("content-digest", &*digest)]].concat();
    for meaning in ["content-type: text/plain", "content-encoding: identity"] {
        let request = format!("PUT /a?b\ncontent-digest: {digest}\n{meaning}\n\nbody");
        assert_eq!(told(&request, &whole), uncovered);
        let said = meaning.split_once(": ").unwrap();
        assert_eq!(told(&request, &[&whole[..], &[said]].concat()), "200");
    }
}

#[test]
fn what_cannot_be_read_in_one_way_stays_out() {
    let shop = Shop::with(CONFIG);
    let headers = signed(&TARGET, &parameters());
    let (input, signature) = headers.split_once('\n').unwrap();
    let malformed = "401 The signature is malformed, or not the only one";
    for headers in [
        input.to_owned(),
        signature.to_owned(),
        format!("{headers}\n{input}"),
        format!("{headers}\n{signature}"),
        format!(
            "{input}, {}\n{signature}",
            &input["signature-input: ".len()..]
        ),
        format!("{input}\n{}", signature.replace("sig1", "sig2")),
        format!("{input}\n{}", signature.replace("=:", "=")),
        headers.replace("hmac-sha256", "rsa-pss-sha512"),
        headers.replace(") ;", ");").replace(");", ") ;"),
    ] {
        assert_eq!(
            shop.told(&format!("GET /a?b=%41\n{headers}")),
            malformed,
            "{headers}"
        );
    }
    let nothing = "401 The request does not show who sends it";
    assert_eq!(shop.told("GET /a?b=%41"), nothing);
}

fn digest_of(body: &str) -> String {
    format!(
        "sha-256=:{}:",
        base64(digest(&SHA256, body.as_bytes()).as_ref())
    )
}

#[test]
fn the_body_is_the_one_that_was_signed() {
    let shop = Shop::with(CONFIG);
    let request = |body: &str, digest: &str| {
        let covered = [
            ("@method", "PUT"),
            ("@target-uri", "http://router.test/a"),
            ("content-digest", digest),
        ];
        let headers = signed(&covered, &parameters());
        format!("PUT /a\ncontent-digest: {digest}\n{headers}\n\n{body}")
    };
    let body = "x".repeat(100_000);
    assert_eq!(shop.told(&request(&body, &digest_of(&body))), "200");
    assert_eq!(shop.told(&request("", &digest_of(""))), "200");
    let other = "400 The body is not the one whose digest was signed";
    assert_eq!(shop.told(&request("", &digest_of("b"))), other);
    let malformed = "401 The signature is malformed, or not the only one";
    assert_eq!(shop.told(&request("b", "md5=:AAAA:")), malformed);
    assert_eq!(shop.told(&request("b", "sha-256=:AAAA:")), malformed);
}

/// The upstream never has a whole body that is not the signed one: its last piece is held back.
#[test]
fn another_body_breaks_off() {
    let shop = Shop::with(CONFIG);
    for body in ["other".to_owned(), "y".repeat(100_000)] {
        let digest = digest_of("body");
        let covered = [
            ("@method", "PUT"),
            ("@target-uri", "http://router.test/a"),
            ("content-digest", digest.as_str()),
        ];
        let headers = signed(&covered, &parameters());
        let request = format!("PUT /a\ncontent-digest: {digest}\n{headers}\n\n{body}");
        assert_eq!(
            shop.told(&request),
            "400 The body is not the one whose digest was signed"
        );
    }
}

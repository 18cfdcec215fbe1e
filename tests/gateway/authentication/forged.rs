//! A table of tokens that nobody may come in with, each with what is wrong with it.
//!
//! A router with a key of each kind refuses them all: 401 with a challenge, nobody asked, nothing of them in the log.

use super::{
    Shop, claims, in_seconds,
    issuer::{Key, base64},
    key_file, key_set,
};
use crate::kit::Fake;
use serde_json::{Value, json};

/// The keys of the issuer; another issuer has one more.
pub(super) struct Keys {
    rsa: Key,
    p256: Key,
    p384: Key,
    ed: Key,
    secret: Key,
    others: Key,
}

const SECRET: &[u8; 64] = b"a secret of 64 bytes, as long as the longest hash of the three!!";
const ISSUER: &str = "https://issuer.example";
const AUDIENCE: &str = "shop";

impl Keys {
    pub(super) fn new() -> Self {
        Self {
            rsa: Key::rsa("rsa"),
            p256: Key::p256("p256"),
            p384: Key::p384("p384"),
            ed: Key::ed25519("ed"),
            secret: Key::secret("secret", SECRET),
            others: Key::p256("others"),
        }
    }

    fn own(&self) -> [(&Key, &'static str); 5] {
        [
            (&self.rsa, "RS256"),
            (&self.p256, "ES256"),
            (&self.p384, "ES384"),
            (&self.ed, "EdDSA"),
            (&self.secret, "HS256"),
        ]
    }

    /// What a router says that trusts them.
    pub(super) fn jwks(&self, test: &str) -> String {
        let own: Vec<&Key> = self.own().iter().map(|(key, _)| *key).collect();
        let own = key_file(test, &key_set(&own));
        let others = key_file(&format!("{test}_others"), &key_set(&[&self.others]));
        format!(
            "        - {{ url: 'file://{}', issuers: ['{ISSUER}'], audiences: [{AUDIENCE}] }}\n        - {{ url: 'file://{}', issuers: ['https://others.example'] }}\n",
            own.display(),
            others.display()
        )
    }
}

/// What a good token says.
fn good() -> Value {
    let mut good = claims();
    good["iss"] = ISSUER.into();
    good["aud"] = AUDIENCE.into();
    good
}

type Forged = Vec<(String, String)>;

/// All of them. `trap`: where somebody waits to be asked.
pub(super) fn all(keys: &Keys, trap: &str) -> Forged {
    let mut all = Vec::new();
    all.extend(unsigned(keys));
    all.extend(confused(keys));
    all.extend(signatures(keys));
    all.extend(headers(keys, trap));
    all.extend(parties(keys));
    all.extend(times(keys));
    all.extend(payloads(keys));
    all.extend(shapes(keys));
    all
}

/// `none`, in all its clothes.
fn unsigned(keys: &Keys) -> Forged {
    let payload = base64(good().to_string().as_bytes());
    let signature = keys.p256.token("ES256", &good());
    let signature = signature.rsplit('.').next().unwrap();
    let mut forged = Vec::new();
    for algorithm in [
        "none",
        "None",
        "NONE",
        "nOnE",
        "none ",
        "\u{0}none",
        "",
        "null",
    ] {
        let header = json!({ "alg": algorithm, "kid": "p256" }).to_string();
        for (with, signature) in [
            ("", ""),
            ("zeros", &base64(&[0; 64])),
            ("another's", signature),
        ] {
            forged.push((
                format!("alg {algorithm:?}, signature: {with}"),
                format!("{}.{payload}.{signature}", base64(header.as_bytes())),
            ));
        }
    }
    forged
}

/// Keys that are taken for keys of another kind.
fn confused(keys: &Keys) -> Forged {
    let mut forged = Vec::new();
    for (key, _) in keys.own().iter().take(4) {
        let shown = [
            ("DER", key.public()),
            ("JWK", key.jwk().to_string().into_bytes()),
            ("base64", base64(&key.public()).into_bytes()),
            ("nothing", Vec::new()),
        ];
        for (form, secret) in shown {
            for algorithm in ["HS256", "HS384", "HS512"] {
                let token = Key::secret(key.id, &secret).token(algorithm, &good());
                forged.push((format!("{algorithm} with the {form} of {}", key.id), token));
            }
        }
    }
    let others = [
        (&keys.p256, "RS256", "rsa"),
        (&keys.rsa, "RS256", "p256"),
        (&keys.ed, "ES256", "ed"),
        (&keys.p256, "ES384", "p256"),
        (&keys.p384, "ES256", "p384"),
        (&keys.secret, "HS256", "rsa"),
        (&keys.p256, "EdDSA", "p256"),
    ];
    for (key, algorithm, id) in others {
        let header = json!({ "alg": algorithm, "kid": id });
        let token = key.sign(&header, &good().to_string());
        forged.push((format!("{algorithm} by {} as {id}", key.id), token));
    }
    forged
}

/// Signatures that are none, or of something else.
fn signatures(keys: &Keys) -> Forged {
    let mut forged = Vec::new();
    let elsewhere = [
        (Key::p256("p256"), "ES256"),
        (Key::p384("p384"), "ES384"),
        (Key::ed25519("ed"), "EdDSA"),
        (
            Key::secret(
                "secret",
                b"another secret of 64 bytes, as long as the longest hash of them!",
            ),
            "HS256",
        ),
    ];
    for (key, algorithm) in elsewhere {
        forged.push((
            format!("{algorithm} by a key of the same id"),
            key.token(algorithm, &good()),
        ));
    }
    for (key, algorithm) in keys.own() {
        let token = key.token(algorithm, &good());
        let (message, signature) = token.rsplit_once('.').unwrap();
        let (header, payload) = message.split_once('.').unwrap();
        let other = base64(json!({ "sub": "admin" }).to_string().as_bytes());
        let mut flipped = signature.to_owned().into_bytes();
        flipped[5] = if flipped[5] == b'A' { b'B' } else { b'A' };
        let flipped = String::from_utf8(flipped).unwrap();
        let forms = [
            ("blank", format!("{message}.")),
            (
                "cut",
                format!("{message}.{}", &signature[..signature.len() - 4]),
            ),
            ("longer", format!("{token}AAAA")),
            ("flipped", format!("{message}.{flipped}")),
            (
                "of another payload",
                format!("{header}.{other}.{signature}"),
            ),
            (
                "of half the payload",
                format!("{header}.{}.{signature}", &payload[..payload.len() / 2]),
            ),
        ];
        forged.extend(forms.map(|(form, token)| (format!("{algorithm}, signature {form}"), token)));
    }
    let message = |algorithm: &str, id: &str| {
        let header = json!({ "alg": algorithm, "kid": id }).to_string();
        format!(
            "{}.{}",
            base64(header.as_bytes()),
            base64(good().to_string().as_bytes())
        )
    };
    // CVE-2022-21449: r and s of nothing; and the order of the curve, which is nothing, too.
    let order = [
        0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc,
        0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
    ];
    let mut one = [0; 64];
    one[31] = 1;
    for (what, signature) in [
        ("r=s=0", vec![0; 64]),
        ("r=1, s=0", one.to_vec()),
        ("r=s=n", [order, order].concat()),
        ("r=s=0 in DER", vec![0x30, 6, 2, 1, 0, 2, 1, 0]),
        ("all ones", vec![0xff; 64]),
    ] {
        forged.push((
            format!("ES256 {what}"),
            format!("{}.{}", message("ES256", "p256"), base64(&signature)),
        ));
    }
    forged.push((
        "ES384 r=s=0".to_owned(),
        format!("{}.{}", message("ES384", "p384"), base64(&[0; 96])),
    ));
    forged.push((
        "EdDSA zeros".to_owned(),
        format!("{}.{}", message("EdDSA", "ed"), base64(&[0; 64])),
    ));
    forged.push((
        "RS256 zeros".to_owned(),
        format!("{}.{}", message("RS256", "rsa"), base64(&[0; 256])),
    ));
    forged
}

/// Headers that ask for trust, or change what the rest means.
fn headers(keys: &Keys, trap: &str) -> Forged {
    let own = Key::p256("own");
    let claims = good().to_string();
    let mut forged = Vec::new();
    let asking = [
        ("jwk", own.jwk()),
        ("jku", json!(format!("{trap}/keys"))),
        ("x5u", json!(format!("{trap}/certificate"))),
        ("x5c", json!([base64(&own.public())])),
        ("x5t", json!("AAAA")),
        ("kid", json!("own")),
        ("kid", json!("others")),
        ("kid", json!("../../../../dev/null")),
        ("kid", json!("/etc/passwd")),
        ("kid", json!("file:///etc/passwd")),
        ("kid", json!(format!("{trap}/keys"))),
        ("kid", json!("' OR '1'='1' --")),
        ("kid", json!("p256' UNION SELECT 'x")),
        ("kid", json!("p256\u{0}")),
        ("kid", json!("| sleep 10")),
        ("kid", json!("P256")),
        ("kid", json!("")),
        ("kid", json!(["p256"])),
        ("kid", json!({ "id": "p256" })),
        ("kid", json!(256)),
        ("kid", json!("k".repeat(3000))),
    ];
    for (name, value) in asking {
        let mut header = json!({ "alg": "ES256", "kid": "p256" });
        header[name] = value;
        forged.push((format!("header {name}"), own.sign(&header, &claims)));
    }
    let empty =
        Key::secret("empty", b"").sign(&json!({ "alg": "HS256", "kid": "/dev/null" }), &claims);
    forged.push(("kid of an empty file".to_owned(), empty));
    // A good signature does not help where the header changes what it means.
    let key = &keys.p256;
    let changing = [
        ("crit", json!(["exp"])),
        ("crit", json!(["b64"])),
        ("crit", json!([])),
        ("crit", json!("b64")),
        ("zip", json!("DEF")),
        ("enc", json!("A128GCM")),
        ("kid", json!(["p256"])),
    ];
    for (name, value) in changing {
        let mut header = json!({ "alg": "ES256", "kid": "p256", "b64": false });
        header[name] = value;
        forged.push((
            format!("header {header}, signed"),
            key.sign(&header, &claims),
        ));
    }
    for header in [
        r#"{"alg":"none","alg":"ES256","kid":"p256"}"#,
        r#"{"alg":"ES256","alg":"none","kid":"p256"}"#,
        r#"{"alg":"ES256","kid":"own","kid":"p256"}"#,
        r#"{"alg":["ES256"],"kid":"p256"}"#,
        r#"{"alg":256,"kid":"p256"}"#,
        r#"{"alg":null,"kid":"p256"}"#,
        r#"{"kid":"p256"}"#,
        r#"{"alg":"es256","kid":"p256"}"#,
        r#"{"alg":"ES256 ","kid":"p256"}"#,
        r#"{"alg":"ES256K","kid":"p256"}"#,
        r#"{"alg":"ES512","kid":"p256"}"#,
        r#"{"alg":"dir","enc":"A128GCM","kid":"p256"}"#,
        r#"["ES256"]"#,
        r#""ES256""#,
        "{\"alg\":\"ES256\",\"kid\":\"p256\"",
        "",
    ] {
        forged.push((
            format!("header {header}"),
            key.sign_text("ES256", header, &claims),
        ));
    }
    forged
}

/// From others, or for others.
fn parties(keys: &Keys) -> Forged {
    let mut forged = Vec::new();
    let wrong = [
        ("iss", json!("https://others.example")),
        ("iss", json!("https://issuer.example/")),
        ("iss", json!("https://issuer.example.evil.test")),
        ("iss", json!("HTTPS://ISSUER.EXAMPLE")),
        ("iss", json!([])),
        ("iss", json!(["https://evil.test"])),
        ("iss", json!({ "is": ISSUER })),
        ("iss", json!(1)),
        ("iss", Value::Null),
        ("aud", json!("other")),
        ("aud", json!("shop ")),
        ("aud", json!("shopping")),
        ("aud", json!("SHOP")),
        ("aud", json!([])),
        ("aud", json!(["other", "shops"])),
        ("aud", json!({ "shop": true })),
        ("aud", json!(true)),
        ("aud", Value::Null),
    ];
    for (name, value) in wrong {
        let mut claims = good();
        claims[name] = value.clone();
        forged.push((format!("{name} {value}"), keys.p256.token("ES256", &claims)));
    }
    for name in ["iss", "aud", "exp"] {
        let mut claims = good();
        claims.as_object_mut().unwrap().remove(name);
        forged.push((format!("no {name}"), keys.p256.token("ES256", &claims)));
    }
    forged.push((
        "another issuer's key".to_owned(),
        keys.others.token("ES256", &good()),
    ));
    let mut others = good();
    others["iss"] = "https://others.example".into();
    forged.push((
        "another issuer's claims".to_owned(),
        keys.p256.token("ES256", &others),
    ));
    forged
}

/// Not now, or nobody knows when.
fn times(keys: &Keys) -> Forged {
    let mut forged = Vec::new();
    let later = in_seconds(600);
    let values = [
        format!("\"{later}\""),
        "\"\"".to_owned(),
        "null".to_owned(),
        "true".to_owned(),
        format!("[{later}]"),
        format!("{{\"at\":{later}}}"),
        "1e400".to_owned(),
        "-1e400".to_owned(),
        "NaN".to_owned(),
        "Infinity".to_owned(),
        format!("0{later}"),
        format!("+{later}"),
    ];
    for name in ["exp", "nbf", "iat"] {
        for value in &values {
            let mut claims = good();
            claims.as_object_mut().unwrap().remove(name);
            let claims = claims.to_string();
            let claims = format!("{},\"{name}\":{value}}}", claims.strip_suffix('}').unwrap());
            forged.push((
                format!("{name} {value}"),
                keys.p256.sign_text("ES256", HEADER, &claims),
            ));
        }
    }
    for (name, value) in [
        ("exp", -1),
        ("exp", 0),
        ("exp", in_seconds(-61)),
        ("nbf", in_seconds(70)),
        ("nbf", i64::MAX),
    ] {
        let mut claims = good();
        claims[name] = value.into();
        forged.push((format!("{name} {value}"), keys.p256.token("ES256", &claims)));
    }
    for twice in [
        "\"exp\":1",
        "\"sub\":\"admin\"",
        "\"iss\":\"https://others.example\"",
        "\"e\\u0078p\":1",
    ] {
        let claims = good().to_string();
        let claims = format!("{{{twice},{}", claims.strip_prefix('{').unwrap());
        forged.push((
            format!("twice, at first {twice}"),
            keys.p256.sign_text("ES256", HEADER, &claims),
        ));
    }
    forged
}

const HEADER: &str = r#"{"alg":"ES256","kid":"p256"}"#;

/// What is signed well and says nothing.
fn payloads(keys: &Keys) -> Forged {
    let good = good().to_string();
    let nested = keys.p256.token("ES256", &json!(good));
    let payloads: [(&str, Vec<u8>); 9] = [
        ("nothing", Vec::new()),
        ("a list", format!("[{good}]").into_bytes()),
        ("a text", b"\"sub\"".to_vec()),
        ("a number", b"1".to_vec()),
        ("null", b"null".to_vec()),
        ("no JSON", b"{sub:1}".to_vec()),
        ("two objects", format!("{good}{good}").into_bytes()),
        (
            "no UTF-8",
            [b"{\"sub\":\"\xff\",", good[1..].as_bytes()].concat(),
        ),
        ("a token", nested.into_bytes()),
    ];
    let payloads = payloads.into_iter();
    payloads
        .map(|(what, payload)| {
            let token = keys.p256.sign_bytes("ES256", HEADER.as_bytes(), &payload);
            (format!("payload: {what}"), token)
        })
        .collect()
}

/// What is no token in compact form.
fn shapes(keys: &Keys) -> Forged {
    let good = keys.p256.token("ES256", &good());
    let (message, signature) = good.rsplit_once('.').unwrap();
    let (header, payload) = message.split_once('.').unwrap();
    let long = "x".repeat(9000);
    let shapes = [
        ("nothing", String::new()),
        ("two dots", "..".to_owned()),
        ("two parts", message.to_owned()),
        ("four parts", format!("{good}.{signature}")),
        (
            "five parts (JWE)",
            format!("{header}..{payload}.{payload}.{signature}"),
        ),
        ("no header", format!(".{payload}.{signature}")),
        ("no payload", format!("{header}..{signature}")),
        ("padding", format!("{good}==")),
        ("a dot too many", format!("{good}.")),
        ("a space within", good.replace('.', ". ")),
        ("a list", format!("{good}, {good}")),
        ("quotes", format!("\"{good}\"")),
        (
            "JSON form",
            format!(
                "{{\"payload\":\"{payload}\",\"signature\":\"{signature}\",\"protected\":\"{header}\"}}"
            ),
        ),
        ("percent", good.replace('.', "%2e")),
        ("9000 letters", long.clone()),
        (
            "a claim of 9000 letters",
            keys.p256
                .token("ES256", &json!({ "exp": in_seconds(600), "more": long })),
        ),
    ];
    shapes.map(|(what, token)| (what.to_owned(), token)).into()
}

#[test]
fn nobody_comes_in_with_a_forged_token() {
    let keys = Keys::new();
    let trap = Fake::start();
    let shop = Shop::trusting(&keys.jwks("forged"));
    shop.accepts(&keys.p256.token("ES256", &good()));
    shop.accepts(&keys.secret.token("HS512", &good()));
    let forged = all(&keys, &format!("http://{}", trap.address));
    assert!(forged.len() >= 100, "{}", forged.len());
    for (what, token) in &forged {
        assert_eq!(shop.status(token), "401 Unauthorized", "{what}: {token}");
    }
    assert_eq!(trap.take_seen(), Vec::<String>::new());
    assert_eq!(trap.complaints(), Vec::<String>::new());
    // None of them got into the cache of good ones, or took one out.
    shop.accepts(&keys.p256.token("ES256", &good()));
}

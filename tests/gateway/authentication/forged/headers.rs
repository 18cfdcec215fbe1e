//! Headers that ask for trust, or change what the rest means.

use super::{
    super::issuer::{Key, base64},
    Forged, Keys, good,
};
use serde_json::json;

/// Headers that ask for trust, or change what the rest means.
pub(super) fn asking(trap: &str) -> Forged {
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
    forged
}

/// A good signature does not help where the header changes what it means.
pub(super) fn changing(keys: &Keys) -> Forged {
    let claims = good().to_string();
    let mut forged = Vec::new();
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

//! What says nothing, and what is no token in compact form.

use super::{super::in_seconds, Forged, HEADER, Keys, good};
use serde_json::json;

/// What is signed well and says nothing.
pub(super) fn payloads(keys: &Keys) -> Forged {
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
            [b"{\"sub\":\"\xff\",", &good.as_bytes()[1..]].concat(),
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
pub(super) fn shapes(keys: &Keys) -> Forged {
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

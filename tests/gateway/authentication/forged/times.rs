//! Tokens of others, for others, and of other times.

use super::{super::in_seconds, Forged, HEADER, ISSUER, Keys, good};
use serde_json::{Value, json};

/// From others, or for others.
pub(super) fn parties(keys: &Keys) -> Forged {
    let mut forged = Vec::new();
    let wrong = [
        ("iss", json!("https://others.example")),
        ("iss", json!("https://issuer.example/")),
        ("iss", json!("https://issuer.example.evil.test")),
        ("iss", json!("HTTPS://ISSUER.EXAMPLE")),
        ("iss", json!([])),
        ("iss", json!(["https://evil.test"])),
        ("iss", json!([ISSUER, "https://evil.test"])),
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
pub(super) fn times(keys: &Keys) -> Forged {
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
        "\"role\":\"admin\",\"role\":\"reader\"",
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

//! Tokens that nobody has signed, or with what is no key for that.

use super::{
    super::issuer::{Key, base64},
    Forged, Keys, good,
};
use serde_json::json;

/// `none`, in all its clothes.
pub(super) fn unsigned(keys: &Keys) -> Forged {
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
pub(super) fn confused(keys: &Keys) -> Forged {
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

//! Signatures that are none, or of something else.

use super::{
    super::issuer::{Key, base64},
    Forged, Keys, good,
};
use serde_json::json;

/// Signatures that are none, or of something else.
pub(super) fn of_others(keys: &Keys) -> Forged {
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
    forged
}

/// Signatures that are numbers without a meaning.
pub(super) fn of_nothing() -> Forged {
    let mut forged = Vec::new();
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

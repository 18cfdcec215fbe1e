//! Tokens for the examples, and the keys that they are signed with.

use ring::hmac;
use std::{
    fs,
    path::Path,
    time::{SystemTime, UNIX_EPOCH},
};

/// What tokens are signed with here.
const SECRET: &[u8] = b"of the test alone, 32 bytes long";

/// The configuration with that key in place of those at this address.
pub(super) fn with_keys(config: &str, url: &str) -> String {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("examples");
    fs::create_dir_all(&directory).unwrap();
    let keys = directory.join("keys.json");
    let key = base64(SECRET);
    let set = format!(
        "{{\"keys\":[{{\"kty\":\"oct\",\"alg\":\"HS256\",\"kid\":\"k\",\"k\":\"{key}\"}}]}}"
    );
    // Tests run together; a file that is there in part is read by none of them.
    let own = directory.join(format!("keys-{:?}.json", std::thread::current().id()));
    fs::write(&own, set).unwrap();
    fs::rename(&own, &keys).unwrap();
    assert!(config.contains(url));
    config.replace(url, &format!("file://{}", keys.display()))
}

/// A header with a token of these claims, as JSON without braces, that is valid for a while.
pub(super) fn token(claims: &str) -> String {
    token_for(claims, 600)
}

/// The same for so many seconds.
pub(super) fn token_for(claims: &str, seconds: i64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let expires = now.as_secs() as i64 + seconds;
    let head = base64(b"{\"alg\":\"HS256\",\"kid\":\"k\"}");
    let claims = format!("{{{claims},\"exp\":{expires}}}");
    let signed = format!("{head}.{}", base64(claims.as_bytes()));
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET);
    let signature = hmac::sign(&key, signed.as_bytes());
    format!(
        "\nauthorization: Bearer {signed}.{}",
        base64(signature.as_ref())
    )
}

/// Without padding, for URLs.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut out = String::new();
    for piece in bytes.chunks(3) {
        let bits = piece.iter().enumerate().fold(0_u32, |bits, (index, byte)| {
            bits | u32::from(*byte) << (16 - 8 * index)
        });
        for index in 0..=piece.len() {
            let letter = bits >> (18 - 6 * index) & 63;
            out.push(char::from(LETTERS[letter as usize]));
        }
    }
    out
}

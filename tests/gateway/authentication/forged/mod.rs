//! A table of tokens that nobody may come in with, each with what is wrong with it.
//!
//! A router with a key of each kind refuses them all: 401 with a challenge, nobody asked, nothing of them in the log.

mod headers;
mod shapes;
mod signatures;
mod times;
mod unsigned;

use super::{Shop, claims, issuer::Key, key_file, key_set};
use crate::kit::Fake;
use serde_json::Value;

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

/// The header of a good one.
const HEADER: &str = r#"{"alg":"ES256","kid":"p256"}"#;

type Forged = Vec<(String, String)>;

/// All of them. `trap`: where somebody waits to be asked.
pub(super) fn all(keys: &Keys, trap: &str) -> Forged {
    let mut all = Vec::new();
    all.extend(unsigned::unsigned(keys));
    all.extend(unsigned::confused(keys));
    all.extend(signatures::of_others(keys));
    all.extend(signatures::of_nothing());
    all.extend(headers::asking(trap));
    all.extend(headers::changing(keys));
    all.extend(times::parties(keys));
    all.extend(times::times(keys));
    all.extend(shapes::payloads(keys));
    all.extend(shapes::shapes(keys));
    all
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

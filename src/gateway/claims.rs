//! Headers that say who a client is or what it really asked for. Upstreams believe them, so only the gateway may write
//! them.

use http::header;
use std::borrow::Cow;

/// Names that claims begin with, and whole names of claims. `_` counts as `-`: many upstreams cannot tell them apart.
const CLAIM_PREFIXES: [&str; 3] = ["x-forwarded-", "x-consumer-", "x-credential-"];
const CLAIMS: [&str; 18] = [
    "x-request-id",
    "forwarded",
    "x-forwarded",
    "x-real-ip",
    "x-client-ip",
    "client-ip",
    "true-client-ip",
    "x-cluster-client-ip",
    "x-original-forwarded-for",
    "x-original-host",
    "x-host",
    "x-original-url",
    "x-rewrite-url",
    "x-anonymous-consumer",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    // CGI programs read it as the proxy to use (CVE-2016-5385).
    "proxy",
];

/// Whether a header is a claim.
pub(super) fn is_claim(name: &str) -> bool {
    let plain = plainly(name);
    CLAIMS.contains(&plain.as_ref())
        || CLAIM_PREFIXES
            .iter()
            .any(|prefix| plain.starts_with(prefix))
}

/// A name as those read it that cannot tell `_` and `-` apart.
pub(super) fn plainly(name: &str) -> Cow<'_, str> {
    if name.contains('_') {
        Cow::Owned(name.replace('_', "-"))
    } else {
        Cow::Borrowed(name)
    }
}

/// Whether a header passes for a claim, or for framing, where `_` counts as `-` (as CGI has it). Nobody needs one.
pub(super) fn is_alias(name: &str) -> bool {
    name.contains('_')
        && (is_claim(name)
            || [header::CONTENT_LENGTH, header::TRANSFER_ENCODING]
                .iter()
                .any(|framing| name.replace('_', "-") == framing.as_str()))
}

/// Names that headers begin with that say who the gateway has found a client to be.
const IDENTITY_PREFIXES: [&str; 3] = ["x-consumer-", "x-credential-", "x-anonymous-consumer"];

/// Whether a header says who a client is, as far as the gateway has found out. `name` is plain.
pub(super) fn is_identity(name: &str) -> bool {
    let mut prefixes = IDENTITY_PREFIXES.iter();
    prefixes.any(|prefix| name.starts_with(prefix))
}

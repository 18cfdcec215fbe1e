//! Names of headers that a configuration may write, which are not all: some belong to a connection, others are the
//! gateway's word to its upstreams.

use super::hygiene;
use http::HeaderName;
use serde::Deserialize;

/// The name of a header that may be set, and taken out.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Field(pub(super) HeaderName);

impl TryFrom<String> for Field {
    type Error = String;

    fn try_from(written: String) -> Result<Self, String> {
        let name = HeaderName::from_bytes(written.as_bytes());
        let name = name.map_err(|_| format!("`{written}` cannot be the name of a header"))?;
        match hygiene::why_protected(&name) {
            Some(why) => Err(format!("`{name}` cannot be changed: {why}")),
            None => Ok(Self(name)),
        }
    }
}

//! A path that requests are matched with.

use serde::Deserialize;

/// The path of a URL: begins with a slash, without query and fragment.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct UrlPath(String);

impl UrlPath {
    /// A path that is known to be one.
    pub(crate) fn from_static(path: &'static str) -> Self {
        Self(path.to_owned())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for UrlPath {
    type Error = String;

    fn try_from(path: String) -> Result<Self, String> {
        if path.starts_with('/') && !path.contains(['?', '#', ' ']) {
            Ok(Self(path))
        } else {
            Err(format!(
                "`{path}` is not a path; it must begin with a slash and have no query"
            ))
        }
    }
}

//! One address of an upstream.

use http::{HeaderValue, Uri, uri::Scheme};
use serde::Deserialize;

/// An `http` or `https` URL that requests are sent to.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Endpoint {
    uri: Uri,
    /// `Host` of its requests, made once instead of by the client for each request.
    host: HeaderValue,
}

/// Why a URL cannot be an endpoint. A URL that is quoted is so without user name and password: errors are logged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    #[error("`{0}` is not a URL")]
    Malformed(String),
    #[error("`{0}` must begin with http:// or https://")]
    Scheme(String),
    #[error("the URL must not carry a user name or password")]
    Credentials,
}

impl Endpoint {
    /// Reads a URL. An empty path becomes `/`.
    pub fn parse(url: &str) -> Result<Self, EndpointError> {
        let malformed = || EndpointError::Malformed(without_credentials(url));
        let uri: Uri = url.trim().parse().map_err(|_| malformed())?;
        let authority = match (uri.scheme(), uri.authority()) {
            (Some(scheme), Some(authority))
                if *scheme == Scheme::HTTP || *scheme == Scheme::HTTPS =>
            {
                authority
            }
            _ => return Err(EndpointError::Scheme(without_credentials(url))),
        };
        if authority.as_str().contains('@') {
            return Err(EndpointError::Credentials);
        }
        let default_port = if uri.scheme() == Some(&Scheme::HTTPS) {
            443
        } else {
            80
        };
        let host = match authority.port_u16() {
            Some(port) if port != default_port => authority.as_str(),
            _ => authority.host(),
        };
        let host = HeaderValue::from_str(host).map_err(|_| malformed())?;
        Ok(Self { uri, host })
    }

    /// Where requests go.
    pub fn uri(&self) -> &Uri {
        &self.uri
    }

    /// The `Host` of its requests.
    pub fn host(&self) -> &HeaderValue {
        &self.host
    }

    /// Whether requests are encrypted.
    pub fn is_https(&self) -> bool {
        self.uri.scheme() == Some(&Scheme::HTTPS)
    }
}

impl TryFrom<String> for Endpoint {
    type Error = EndpointError;

    fn try_from(url: String) -> Result<Self, EndpointError> {
        Self::parse(&url)
    }
}

/// The URL without what stands before its last `@`: a password may have any letter in it.
fn without_credentials(url: &str) -> String {
    let start = url.find("://").map_or(0, |scheme| scheme + 3);
    match url[start..].rfind('@') {
        Some(at) => format!("{}…{}", &url[..start], &url[start + at..]),
        None => url.to_owned(),
    }
}

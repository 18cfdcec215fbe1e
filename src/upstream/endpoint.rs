//! One address of an upstream.

use http::{HeaderValue, Uri, uri::PathAndQuery, uri::Scheme};
use serde::Deserialize;
use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

/// Where requests are sent: an `http` or `https` URL, or a Unix socket.
///
/// A socket is written `unix:/run/users.sock`, and `unix:/run/users.sock:/graphql` if requests have a path.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Endpoint {
    /// Of a socket: as if it were a server on this machine.
    uri: Uri,
    /// `Host` of its requests, made once instead of by the client for each request.
    host: HeaderValue,
    socket: Option<Arc<Path>>,
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
    #[error("`{0}` must give the socket's path from the root: unix:/run/users.sock")]
    Socket(String),
}

/// What servers behind a socket are called.
const SOCKET_HOST: &str = "localhost";

impl Endpoint {
    /// Reads a URL. An empty path becomes `/`.
    pub fn parse(url: &str) -> Result<Self, EndpointError> {
        if let Some(socket) = url.trim().strip_prefix("unix:") {
            return Self::socket(socket, url);
        }
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
        let host = match authority.port_u16() {
            Some(port) if port != default_port(&uri) => authority.as_str(),
            _ => authority.host(),
        };
        let host = HeaderValue::from_str(host).map_err(|_| malformed())?;
        Ok(Self {
            uri,
            host,
            socket: None,
        })
    }

    fn socket(socket: &str, url: &str) -> Result<Self, EndpointError> {
        let (path, target) = socket
            .split_once(":/")
            .map_or((socket, ""), |(path, _)| (path, &socket[path.len() + 1..]));
        // `unix:///run/users.sock` is how a URL would say it.
        let path = match path.strip_prefix("//") {
            Some(path) => path,
            None => path,
        };
        if !path.starts_with('/') || path.ends_with('/') {
            return Err(EndpointError::Socket(url.to_owned()));
        }
        let uri = format!("http://{SOCKET_HOST}{target}");
        Ok(Self {
            uri: uri
                .parse()
                .map_err(|_| EndpointError::Malformed(url.to_owned()))?,
            host: HeaderValue::from_static(SOCKET_HOST),
            socket: Some(PathBuf::from(path).into()),
        })
    }

    /// Where requests go. Of a socket: as a server on this machine would be addressed.
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

    /// The path and query of requests that have none of their own.
    pub(super) fn target(&self) -> PathAndQuery {
        let target = self.uri.path_and_query().cloned();
        target.unwrap_or_else(|| PathAndQuery::from_static("/"))
    }

    /// The socket, if it is one.
    pub(super) fn unix_socket(&self) -> Option<&Path> {
        self.socket.as_deref()
    }

    /// The name or address of the server, without the brackets of an IPv6 address.
    pub(super) fn host_name(&self) -> &str {
        let host = self.uri.host().unwrap_or_default();
        let bare = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'));
        bare.unwrap_or(host)
    }

    pub(super) fn port(&self) -> u16 {
        self.uri
            .port_u16()
            .unwrap_or_else(|| default_port(&self.uri))
    }
}

fn default_port(uri: &Uri) -> u16 {
    if uri.scheme() == Some(&Scheme::HTTPS) {
        443
    } else {
        80
    }
}

impl Endpoint {
    /// All that tells it from others.
    pub(super) fn whole(&self) -> String {
        let query = self.uri.query().unwrap_or_default();
        match query {
            "" => self.to_string(),
            query => format!("{self}{query}"),
        }
    }
}

/// As it may be written into logs: what a query says is for the server alone.
impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.socket, self.uri.path()) {
            (None, _) => {
                let written = self.uri.to_string();
                match written.split_once('?') {
                    None => f.write_str(&written),
                    Some((before, _)) => write!(f, "{before}?…"),
                }
            }
            (Some(socket), "/") => write!(f, "unix:{}", socket.display()),
            (Some(socket), path) => write!(f, "unix:{}:{path}", socket.display()),
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn told(url: &str) -> String {
        match Endpoint::parse(url) {
            Ok(endpoint) => format!(
                "{endpoint} {} {:?} {}",
                endpoint.host_name(),
                endpoint.unix_socket(),
                endpoint.target()
            ),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn sockets_are_told_from_urls() {
        insta::assert_snapshot!(
            [
                "unix:/run/users.sock",
                "unix:///run/users.sock:/graphql?a=b",
                "unix:run/users.sock",
                "unix:/run/",
                "https://[::1]:8443",
                "ftp://users.test",
            ]
            .map(told)
            .join("\n"),
            @r#"
        unix:/run/users.sock localhost Some("/run/users.sock") /
        unix:/run/users.sock:/graphql localhost Some("/run/users.sock") /graphql?a=b
        `unix:run/users.sock` must give the socket's path from the root: unix:/run/users.sock
        `unix:/run/` must give the socket's path from the root: unix:/run/users.sock
        https://[::1]:8443/ ::1 None /
        `ftp://users.test` must begin with http:// or https://
        "#
        );
    }
}

//! Routes that send the client elsewhere.

use super::template::{Place, Template, Variables};
use crate::gateway::{Body, Code, Refusal, is_host, misfit::Misfit};
use http::{HeaderValue, Response, StatusCode, header, uri::Authority};
use serde::Deserialize;

/// `redirect` of a route: the whole URL, or what is different in it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Redirect {
    #[serde(default)]
    to: Option<Template>,
    #[serde(default)]
    scheme: Option<Scheme>,
    #[serde(default)]
    host: Option<Template>,
    #[serde(default)]
    port: Option<u16>,
    #[serde(default)]
    path: Option<Template>,
    #[serde(default)]
    status: Status,
    /// Whether the client's query is kept.
    #[serde(default = "yes")]
    keep_query: bool,
}

fn yes() -> bool {
    true
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Scheme {
    Http,
    Https,
}

/// 301, 302, 303, 307 or 308. By default the client comes again next time, and with the same method.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u64")]
struct Status(StatusCode);

impl Default for Status {
    fn default() -> Self {
        Self(StatusCode::TEMPORARY_REDIRECT)
    }
}

impl TryFrom<u64> for Status {
    type Error = String;

    fn try_from(written: u64) -> Result<Self, String> {
        let status = match written {
            301 => StatusCode::MOVED_PERMANENTLY,
            302 => StatusCode::FOUND,
            303 => StatusCode::SEE_OTHER,
            307 => StatusCode::TEMPORARY_REDIRECT,
            308 => StatusCode::PERMANENT_REDIRECT,
            _ => return Err(format!("{written} is none of 301, 302, 303, 307 and 308")),
        };
        Ok(Self(status))
    }
}

impl Redirect {
    /// Checks that its keys fit together, and what it says of captures.
    pub(super) fn check(&self, captures: &[&str]) -> Result<(), Misfit> {
        let parts = [&self.host, &self.path];
        let has_parts =
            self.scheme.is_some() || self.port.is_some() || parts.iter().any(|part| part.is_some());
        match &self.to {
            Some(_) if has_parts => {
                let message = "`to` is the whole URL; take out the parts beside it";
                return Err(Misfit::new(&["to"], message));
            }
            Some(to) => {
                let beginning = to.beginning();
                let schemes = ["http://", "https://"];
                let is_url = schemes.iter().any(|scheme| beginning.starts_with(scheme));
                if !is_url && (!beginning.starts_with('/') || beginning.starts_with("//")) {
                    let message = "this must begin with `/`, `http://` or `https://`";
                    return Err(Misfit::new(&["to"], message));
                }
            }
            None if !has_parts => {
                return Err(Misfit::new(
                    &[],
                    "say where to: by `to`, or by what differs",
                ));
            }
            None => {}
        }
        if let Some(path) = &self.path
            && !path.beginning().starts_with('/')
        {
            return Err(Misfit::new(&["path"], "a path must begin with `/`"));
        }
        for (key, template) in [("to", &self.to), ("host", &self.host), ("path", &self.path)] {
            if let Some(template) = template {
                let checked = template.check(captures);
                checked.map_err(|message| Misfit::new(&[key], message))?;
            }
        }
        Ok(())
    }

    /// The answer to a request.
    pub(super) fn answer(&self, variables: &Variables<'_>) -> Result<Response<Body>, Refusal> {
        let location = self
            .location(variables)
            .and_then(|location| HeaderValue::try_from(location).ok());
        let location = location.ok_or_else(|| {
            Refusal::new(
                Code::BadRequest,
                "What this path leads to cannot be made of the request",
            )
        })?;
        let mut response = Response::new(Body::empty());
        *response.status_mut() = self.status.0;
        response.headers_mut().insert(header::LOCATION, location);
        Ok(response)
    }

    /// None if the request lacks something that it takes, or would lead to another host than the configuration says.
    fn location(&self, variables: &Variables<'_>) -> Option<String> {
        let location = match &self.to {
            Some(to) => to.render(variables, Place::Path)?,
            None => self.origin(variables)? + &self.path(variables)?,
        };
        let mut location = Some(location).filter(|location| is_sound(location))?;
        let query = variables.query.as_deref();
        if let Some(query) = query.filter(|_| self.keep_query) {
            location.push(if location.contains('?') { '&' } else { '?' });
            location.push_str(query);
        }
        Some(location)
    }

    fn path(&self, variables: &Variables<'_>) -> Option<String> {
        match &self.path {
            Some(path) => path.render(variables, Place::Path),
            None => Some(variables.target.path.as_str().to_owned()),
        }
    }

    /// Scheme and authority; nothing if the client stays where it is.
    fn origin(&self, variables: &Variables<'_>) -> Option<String> {
        if self.scheme.is_none() && self.host.is_none() && self.port.is_none() {
            return Some(String::new());
        }
        let scheme = match self.scheme {
            Some(Scheme::Https) => "https",
            Some(Scheme::Http) => "http",
            None => variables.client.scheme.as_str(),
        };
        let host = match &self.host {
            Some(host) => host.render(variables, Place::Path)?,
            None => variables.target.authority.as_ref()?.host().to_owned(),
        };
        // Another scheme has another port, and so has another host.
        let kept = || {
            let authority = variables.target.authority.as_ref();
            authority
                .and_then(Authority::port_u16)
                .filter(|_| self.scheme.is_none() && self.host.is_none())
        };
        Some(match self.port.or_else(kept) {
            Some(port) => format!("{scheme}://{host}:{port}"),
            None => format!("{scheme}://{host}"),
        })
    }
}

/// Whether it is a path here, or a URL whose host is nothing but a host. What is put into a path could begin another
/// one with a slash, which browsers then take for a host; what is put into a host could be a user's name before one.
fn is_sound(location: &str) -> bool {
    let mut schemes = ["http://", "https://"].into_iter();
    match schemes.find_map(|scheme| location.strip_prefix(scheme)) {
        Some(rest) => {
            let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
            is_host(&rest.as_bytes()[..end])
        }
        None => location.starts_with('/') && !location.starts_with("//"),
    }
}

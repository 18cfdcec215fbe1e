//! Versions of an API: which one a request asks for, and what clients of an old one are told.

use super::{
    date::Date,
    destination::Destination,
    pairs::Pairs,
    split::Split,
    template::{Place, Template, Variables},
};
use crate::{
    gateway::{
        Code, Refusal, header_types::Name, misfit::Misfit, parameters::in_query, quality::quality,
    },
    upstream::Upstream,
};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use serde::Deserialize;
use std::{borrow::Cow, collections::BTreeMap, sync::Arc};

/// `versions` of a route.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    by: By,
    /// The version of requests that name none.
    #[serde(default)]
    default: Option<String>,
    known: Pairs<String, Version>,
}

/// Where a request says which version it wants.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum By {
    /// In a capture of `match.path`.
    Path(String),
    Header(Name),
    /// In a parameter of the media types in `Accept`.
    MediaType(String),
    Query(String),
}

/// One version.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Version {
    to: Destination,
    /// Since when it should not be used any more.
    #[serde(default)]
    deprecated: Option<Date>,
    /// When it will be gone.
    #[serde(default)]
    sunset: Option<Date>,
    /// Where the same is in the next version.
    #[serde(default)]
    successor: Option<Template>,
    /// Where people read about the deprecation.
    #[serde(default)]
    documentation: Option<Template>,
}

impl Config {
    /// Checks what it says of versions, of captures and of upstreams.
    pub(super) fn check(&self, captures: &[&str], upstreams: &[&str]) -> Result<(), Misfit> {
        let known = &self.known.0;
        if known.is_empty() {
            return Err(Misfit::new(&["known"], "there is no version"));
        }
        if let By::Path(name) = &self.by {
            if !captures.contains(&name.as_str()) {
                let message = format!("`match.path` captures no `{name}`");
                return Err(Misfit::new(&["by", "path"], message));
            }
            if self.default.is_some() {
                let message = "a path always says its version";
                return Err(Misfit::new(&["default"], message));
            }
        }
        if let Some(default) = &self.default
            && !known.iter().any(|(name, _)| name == default)
        {
            let message = format!("there is no version `{default}`");
            return Err(Misfit::new(&["default"], message));
        }
        for (name, version) in known {
            let checked = version.check(captures, upstreams);
            checked.map_err(|misfit| misfit.below(&["known", name]))?;
        }
        Ok(())
    }
}

impl Version {
    fn check(&self, captures: &[&str], upstreams: &[&str]) -> Result<(), Misfit> {
        let checked = self.to.check(upstreams);
        checked.map_err(|misfit| misfit.below(&["to"]))?;
        if let (Some(deprecated), Some(sunset)) = (self.deprecated, self.sunset)
            && sunset < deprecated
        {
            // RFC 9745 section 5.
            let message = "it cannot be gone before it is deprecated";
            return Err(Misfit::new(&["sunset"], message));
        }
        let links = [
            ("successor", &self.successor),
            ("documentation", &self.documentation),
        ];
        for (key, link) in links {
            if let Some(link) = link {
                let checked = link.check(captures);
                checked.map_err(|message| Misfit::new(&[key], message))?;
            }
        }
        Ok(())
    }
}

/// The versions of a route, compiled.
#[derive(Debug)]
pub(super) struct Versions {
    config: Config,
    /// The upstreams of each.
    to: Vec<Split>,
}

/// The version that a request gets.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chosen<'a> {
    pub(super) to: &'a Split,
    by: &'a By,
    version: &'a Version,
}

impl Versions {
    /// None if the upstreams of one cannot share requests.
    pub(super) fn new(config: &Config, upstreams: &BTreeMap<&str, Arc<Upstream>>) -> Option<Self> {
        let known = config.known.0.iter();
        let to = known.map(|(_, version)| Split::of(&version.to, upstreams));
        Some(Self {
            to: to.collect::<Option<_>>()?,
            config: config.clone(),
        })
    }

    /// The version that a request asks for.
    pub(super) fn choose(&self, variables: &Variables<'_>) -> Result<Chosen<'_>, Refusal> {
        let by = &self.config.by;
        let index = match by {
            By::MediaType(parameter) => self.accepted(parameter, &variables.head.headers),
            _ => by
                .asked(variables)
                .or(self.config.default.as_deref().map(Cow::Borrowed))
                .and_then(|asked| self.find(&asked)),
        };
        let chosen = index.and_then(|index| {
            Some(Chosen {
                to: self.to.get(index)?,
                by,
                version: &self.config.known.0.get(index)?.1,
            })
        });
        chosen.ok_or_else(|| self.unknown())
    }

    fn find(&self, asked: &str) -> Option<usize> {
        self.config
            .known
            .0
            .iter()
            .position(|(name, _)| name == asked)
    }

    /// The version that a client accepts with the highest quality. What it says of no version may be the default.
    fn accepted(&self, parameter: &str, headers: &HeaderMap) -> Option<usize> {
        let default = self.config.default.as_deref();
        let mut lines = headers.get_all(header::ACCEPT).iter().peekable();
        if lines.peek().is_none() {
            return self.find(default?);
        }
        let mut best: Option<(f32, usize)> = None;
        for range in lines.flat_map(|line| line.to_str().unwrap_or_default().split(',')) {
            let parameters = || range.split(';').skip(1).map(str::trim);
            let named = parameters().find_map(|pair| {
                let (name, value) = pair.split_once('=')?;
                name.trim()
                    .eq_ignore_ascii_case(parameter)
                    .then(|| value.trim().trim_matches('"'))
            });
            let version = named.or(default).and_then(|name| self.find(name));
            let quality = quality(parameters());
            let is_better = best.is_none_or(|(known, _)| quality > known);
            if let Some(version) = version.filter(|_| quality > 0.0 && is_better) {
                best = Some((quality, version));
            }
        }
        best.map(|(_, version)| version)
    }

    fn unknown(&self) -> Refusal {
        let code = match self.config.by {
            By::Path(_) => Code::NotFound,
            By::Header(_) | By::Query(_) => Code::BadRequest,
            By::MediaType(_) => Code::NotAcceptable,
        };
        let known = self.config.known.0.iter().map(|(name, _)| name.as_str());
        let known = known.collect::<Vec<_>>().join(", ");
        Refusal::new(code, format!("There are these versions: {known}"))
    }
}

impl By {
    /// What a request names. Two values that differ name nothing that there is.
    fn asked<'a>(&self, variables: &'a Variables<'_>) -> Option<Cow<'a, str>> {
        let head = variables.head;
        match self {
            Self::Path(name) => variables.capture(name).map(Cow::Borrowed),
            Self::Header(name) => only(
                head.headers
                    .get_all(&name.0)
                    .iter()
                    .map(|value| Cow::Borrowed(value.to_str().unwrap_or_default())),
            ),
            Self::Query(name) => {
                let values = in_query(head.uri.query(), name);
                only(values.map(|value| Cow::Owned(value.into_owned())))
            }
            Self::MediaType(_) => None,
        }
    }

    /// The header of requests that it looks at.
    fn header(&self) -> Option<HeaderName> {
        match self {
            Self::Header(name) => Some(name.0.clone()),
            Self::MediaType(_) => Some(header::ACCEPT),
            Self::Path(_) | Self::Query(_) => None,
        }
    }
}

fn only<'a>(mut values: impl Iterator<Item = Cow<'a, str>>) -> Option<Cow<'a, str>> {
    let first = values.next()?;
    match values.all(|value| value == first) {
        true => Some(first),
        false => Some(Cow::Borrowed("")),
    }
}

impl Chosen<'_> {
    /// Says in an answer what there is to know of the version: `Deprecation` (RFC 9745), `Sunset` (RFC 8594), where the
    /// next one is, and which header made the difference.
    pub(super) fn tell(self, headers: &mut HeaderMap, variables: &Variables<'_>) {
        let version = self.version;
        if let Some(date) = version.deprecated {
            headers.insert(DEPRECATION, date.structured());
        }
        if let Some(date) = version.sunset {
            headers.insert(SUNSET, date.http());
        }
        let links = [
            (&version.successor, "successor-version"),
            (&version.documentation, "deprecation"),
        ];
        for (link, relation) in links {
            let link = link
                .as_ref()
                .and_then(|link| link.render(variables, Place::Path));
            let link = link.map(|link| format!("<{link}>; rel=\"{relation}\""));
            if let Some(link) = link.and_then(|link| HeaderValue::try_from(link).ok()) {
                headers.append(header::LINK, link);
            }
        }
        if let Some(name) = self.by.header() {
            headers.append(header::VARY, HeaderValue::from(name));
        }
    }
}

const DEPRECATION: HeaderName = HeaderName::from_static("deprecation");
const SUNSET: HeaderName = HeaderName::from_static("sunset");

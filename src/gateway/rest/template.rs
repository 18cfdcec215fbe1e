//! Texts with `{…}` in them, filled in for each request: captures of the path by their names, and what a closed list of
//! variables says of the request.

use super::path_pattern::{Captures, is_name};
use crate::gateway::{
    Peer,
    authentication::Caller,
    gate::Target,
    parameters::{in_cookies, in_query},
};
use http::{HeaderName, HeaderValue, request::Parts, uri::Authority};
use percent_encoding::{
    AsciiSet, CONTROLS, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode,
};
use serde::Deserialize;
use std::borrow::Cow;

/// A text with variables. `{{` and `}}` are braces.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Template(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Variable(Variable),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Variable {
    Capture(String),
    Method,
    Path,
    Query,
    Host,
    RequestId,
    Address,
    Route,
    Header(HeaderName),
    Parameter(String),
    Cookie(String),
    Claim(String),
}

/// What variables stand for in one request.
pub(super) struct Variables<'a> {
    pub(super) captures: Captures<'a>,
    pub(super) head: &'a Parts,
    /// The client's query, without what only the gateway is to see.
    pub(super) query: Option<Cow<'a, str>>,
    pub(super) target: &'a Target<'a>,
    pub(super) client: Peer<'a>,
    pub(super) caller: &'a Caller,
    pub(super) request_id: &'a HeaderValue,
    pub(super) route: &'a str,
}

/// Where a text is put, which decides how what variables stand for is written in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Path,
    Query,
    Header,
    Json,
}

impl Place {
    /// A text of the configuration, as it is written there.
    pub(super) fn written(self, text: &str) -> String {
        let mut out = String::new();
        Value::Plain(Cow::Borrowed(text)).put(self, &mut out);
        out
    }
}

/// Only these need no encoding anywhere in a URL.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// What a variable stands for.
enum Value<'a> {
    /// A part of the URL, as it is written there.
    Encoded(&'a str),
    Plain(Cow<'a, str>),
}

impl Value<'_> {
    fn put(self, place: Place, out: &mut String) {
        match (place, self) {
            (Place::Path | Place::Header, Self::Encoded(text)) => out.push_str(text),
            (Place::Path, Self::Plain(text)) => encode(&text, RESERVED, out),
            (Place::Query, Self::Encoded(text)) => encode(&decoded(text), RESERVED, out),
            (Place::Query, Self::Plain(text)) => encode(&text, RESERVED, out),
            // Beyond ASCII everything is encoded in any case.
            (Place::Header, Self::Plain(text)) => encode(&text, CONTROLS, out),
            (Place::Json, Self::Encoded(text)) => out.push_str(&decoded(text)),
            (Place::Json, Self::Plain(text)) => out.push_str(&text),
        }
    }
}

fn encode(text: &str, set: &'static AsciiSet, out: &mut String) {
    out.extend(utf8_percent_encode(text, set));
}

fn decoded(text: &str) -> Cow<'_, str> {
    percent_decode_str(text).decode_utf8_lossy()
}

impl Template {
    /// The text for a request. None if it names something that the request does not have.
    pub(super) fn render(&self, variables: &Variables<'_>, place: Place) -> Option<String> {
        let mut out = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Variable(variable) => {
                    let place = match place {
                        // What follows is the query of a URL.
                        Place::Path if out.contains('?') => Place::Query,
                        _ => place,
                    };
                    variables.value(variable)?.put(place, &mut out);
                }
            }
        }
        Some(out)
    }

    /// The text before the first variable.
    pub(super) fn beginning(&self) -> &str {
        match self.0.first() {
            Some(Piece::Text(text)) => text,
            _ => "",
        }
    }

    /// The text with a letter for each variable.
    pub(super) fn sample(&self) -> String {
        let pieces = self.0.iter().map(|piece| match piece {
            Piece::Text(text) => text.as_str(),
            Piece::Variable(_) => "x",
        });
        pieces.collect()
    }

    /// Whether it says something that was proven of the caller.
    pub(super) fn is_of_caller(&self) -> bool {
        let mut pieces = self.0.iter();
        pieces.any(|piece| matches!(piece, Piece::Variable(Variable::Claim(_))))
    }

    /// A capture that it names and that is not among these; said as a complaint.
    pub(super) fn check(&self, captures: &[&str]) -> Result<(), String> {
        let mut named = self.0.iter().filter_map(|piece| match piece {
            Piece::Variable(Variable::Capture(name)) => Some(name.as_str()),
            _ => None,
        });
        match named.find(|name| !captures.contains(name)) {
            None => Ok(()),
            Some(name) if captures.is_empty() => Err(format!(
                "`match.path` captures nothing, so there is no `{{{name}}}`"
            )),
            Some(name) => Err(format!(
                "`match.path` captures no `{name}`; it captures: {}",
                captures.join(", ")
            )),
        }
    }
}

impl Variables<'_> {
    fn value<'v>(&'v self, variable: &'v Variable) -> Option<Value<'v>> {
        let plain = |text: &'v str| Some(Value::Plain(Cow::Borrowed(text)));
        let bytes = |bytes: &'v [u8]| Value::Plain(String::from_utf8_lossy(bytes));
        let query = self.query.as_deref();
        match variable {
            Variable::Capture(name) => self.capture(name).map(Value::Encoded),
            Variable::Method => plain(self.head.method.as_str()),
            Variable::Path => Some(Value::Encoded(self.target.path.as_str())),
            Variable::Query => query.and_then(plain),
            Variable::Host => self.host().map(Value::Encoded),
            Variable::RequestId => Some(bytes(self.request_id.as_bytes())),
            Variable::Address => Some(Value::Plain(Cow::Owned(self.client.address.to_string()))),
            Variable::Route => plain(self.route),
            Variable::Header(name) => {
                let value = self.caller.shown(name, self.head.headers.get(name)?)?;
                let text = String::from_utf8_lossy(value.as_bytes());
                Some(Value::Plain(Cow::Owned(text.into_owned())))
            }
            Variable::Parameter(name) => in_query(query, name).next().map(Value::Plain),
            Variable::Cookie(name) if self.caller.hides_cookie(name) => None,
            Variable::Cookie(name) => in_cookies(&self.head.headers, name).next().map(bytes),
            Variable::Claim(name) => self.caller.claim(name).map(|claim| match claim {
                serde_json::Value::String(text) => Value::Plain(Cow::Borrowed(text)),
                other => Value::Plain(Cow::Owned(other.to_string())),
            }),
        }
    }

    /// What the path's pattern captured under this name.
    pub(super) fn capture(&self, name: &str) -> Option<&str> {
        let mut captures = self.captures.iter();
        captures
            .find(|(known, _)| *known == name)
            .map(|(_, text)| *text)
    }

    /// The host that the client means, perhaps with a port.
    pub(super) fn host(&self) -> Option<&str> {
        self.target.authority.as_ref().map(Authority::as_str)
    }
}

impl TryFrom<String> for Template {
    type Error = String;

    fn try_from(written: String) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut text = String::new();
        let mut rest = written.as_str();
        while let Some(brace) = rest.find(['{', '}']) {
            let (before, after) = rest.split_at(brace);
            text.push_str(before);
            if let Some(after) = after.strip_prefix("{{") {
                text.push('{');
                rest = after;
            } else if let Some(after) = after.strip_prefix("}}") {
                text.push('}');
                rest = after;
            } else if let Some((name, after)) = after[1..]
                .split_once('}')
                .filter(|_| after.starts_with('{'))
            {
                if !text.is_empty() {
                    pieces.push(Piece::Text(std::mem::take(&mut text)));
                }
                pieces.push(Piece::Variable(Variable::named(name)?));
                rest = after;
            } else {
                return Err(format!(
                    "`{written}` has a brace without the other one; write `{{{{` or `}}}}` for a brace"
                ));
            }
        }
        text.push_str(rest);
        if !text.is_empty() {
            pieces.push(Piece::Text(text));
        }
        Ok(Self(pieces))
    }
}

/// The list of what there is, for whoever names something else.
const VARIABLES: &str = "a capture of `match.path`, request.method, request.path, request.query, request.host, \
                         request.id, client.address, route.name, header.NAME, query.NAME, cookie.NAME, \
                         claim.NAME";

impl Variable {
    fn named(name: &str) -> Result<Self, String> {
        let unknown = || format!("there is no variable `{name}`; there are: {VARIABLES}");
        let Some((kind, of)) = name.split_once('.') else {
            let capture = is_name(name).then(|| Self::Capture(name.to_owned()));
            return capture.ok_or_else(unknown);
        };
        Ok(match (kind, of) {
            ("request", "method") => Self::Method,
            ("request", "path") => Self::Path,
            ("request", "query") => Self::Query,
            ("request", "host") => Self::Host,
            ("request", "id") => Self::RequestId,
            ("client", "address") => Self::Address,
            ("route", "name") => Self::Route,
            ("header", name) => {
                Self::Header(HeaderName::from_bytes(name.as_bytes()).map_err(|_| unknown())?)
            }
            ("query", name) if !name.is_empty() => Self::Parameter(name.to_owned()),
            ("cookie", name) if !name.is_empty() => Self::Cookie(name.to_owned()),
            ("claim", name) if !name.is_empty() => Self::Claim(name.to_owned()),
            _ => return Err(unknown()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::path::Path;
    use http::Request;
    use proptest::prelude::*;
    use std::sync::Arc;

    fn template(written: &str) -> Template {
        Template::try_from(written.to_owned()).unwrap()
    }

    /// A text for a request with this value in a header, in the query and in a segment of its path.
    fn rendered(written: &str, value: &str, place: Place) -> Option<String> {
        let segment = Place::Path.written(value);
        let path = format!("/a/{segment}");
        let request = Request::get(format!("{path}?v={segment}"));
        let request = request.header("x-v", HeaderValue::from_bytes(value.as_bytes()).ok()?);
        let (head, ()) = request.body(()).ok()?.into_parts();
        let target = Target {
            path: Path::parse(&path).or(Path::parse("/a/x")).ok()?,
            authority: None,
        };
        let variables = Variables {
            captures: vec![("v", target.path.as_str().strip_prefix("/a/")?)],
            head: &head,
            query: head.uri.query().map(Cow::Borrowed),
            target: &target,
            client: Peer::at([127, 0, 0, 1].into()),
            caller: &Caller::with_claims(Arc::new(
                serde_json::json!({ "v": value, "list": [1] })
                    .as_object()?
                    .clone(),
            )),
            request_id: &HeaderValue::from_static("r"),
            route: "route",
        };
        template(written).render(&variables, place)
    }

    #[test]
    fn each_place_has_its_way_of_writing() {
        let all = "{v} {header.x-v} {query.v}";
        let texts = [Place::Path, Place::Query, Place::Header, Place::Json]
            .map(|place| rendered(all, "a b&\u{e4}", place).unwrap());
        assert_eq!(texts[0], "a%20b%26%C3%A4 a%20b%26%C3%A4 a%20b%26%C3%A4");
        assert_eq!(texts[1], texts[0]);
        assert_eq!(texts[2], "a%20b%26%C3%A4 a b&%C3%A4 a b&%C3%A4");
        assert_eq!(texts[3], "a b&\u{e4} a b&\u{e4} a b&\u{e4}");
        let whole = rendered(
            "{{{client.address}}} {route.name}{request.id}",
            "x",
            Place::Json,
        );
        assert_eq!(whole.unwrap(), "{127.0.0.1} router");
        assert_eq!(rendered("{header.x-other}", "x", Place::Path), None);
        assert_eq!(rendered("{claim.list}", "x", Place::Json).unwrap(), "[1]");
        assert_eq!(rendered("{claim.other}", "x", Place::Header), None);
    }

    proptest! {
        #[test]
        fn what_clients_write_stays_a_part_of_what_it_is_put_into(value in "[ -~\u{a0}-\u{ff}]{0,8}") {
            for from in ["{v}", "{header.x-v}", "{query.v}", "{claim.v}"] {
                if let Some(path) = rendered(&format!("/{from}/b"), &value, Place::Path) {
                    prop_assert_eq!(path.matches(['/', '?', '#', '\\', ' ']).count(), 2, "{}", path);
                }
                if let Some(url) = rendered(&format!("/b?c={from}&d"), &value, Place::Path) {
                    prop_assert_eq!(url.matches(['&', '=', '?', '#', ' ', '+']).count(), 3, "{}", url);
                }
                if let Some(text) = rendered(from, &value, Place::Header) {
                    prop_assert!(HeaderValue::try_from(text).is_ok());
                }
            }
        }
    }
}

//! Changes to requests on their way to upstreams, and to answers on their way back: headers and queries. What is in
//! bodies is changed by `body`.

use super::{
    header_field::Field,
    json::JsonTemplate,
    json_path::JsonPath,
    pairs::Pairs,
    template::{Place, Template, Variables},
};
use crate::{
    gateway::{
        misfit::Misfit,
        parameters::{decoded_pair, pairs},
    },
    upstream::ByteSize,
};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;
use std::borrow::Cow;

/// `request` of a route. Changes are made in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OfRequest {
    pub(super) headers: Vec<HeaderChange>,
    pub(super) query: Vec<Change<String, Template>>,
    pub(super) body: BodyChanges,
}

/// `response` of a route.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OfResponse {
    pub(super) headers: Vec<HeaderChange>,
    pub(super) body: BodyChanges,
}

type HeaderChange = Change<Field, Template>;

/// One change. Values that name something that the request does not have change nothing; what is set to a claim is then not
/// there, for it would be what the client says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Change<N, V> {
    /// This value, whatever was there.
    Set(Pairs<N, V>),
    /// This value, if there was none.
    Add(Pairs<N, V>),
    /// This value too.
    Append(Pairs<N, V>),
    /// This value, if there was one.
    Replace(Pairs<N, V>),
    Remove(Vec<N>),
    /// The values of the one are those of the other.
    Rename(Pairs<N, N>),
}

/// `body` of either: changes to JSON.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct BodyChanges {
    pub(super) json: Vec<Change<JsonPath, JsonTemplate>>,
    /// Of a body that is changed, for it is held whole.
    pub(super) max_bytes: ByteSize,
    pub(super) unless_json: UnlessJson,
}

impl Default for BodyChanges {
    fn default() -> Self {
        Self {
            json: Vec::new(),
            max_bytes: ByteSize(1024 * 1024),
            unless_json: UnlessJson::Refuse,
        }
    }
}

/// What becomes of bodies that are something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum UnlessJson {
    /// They do not pass: what a change takes out must not get through in another form.
    Refuse,
    Pass,
}

impl<N, V> Change<N, V> {
    pub(super) fn values(&self) -> &[(N, V)] {
        match self {
            Self::Set(values)
            | Self::Add(values)
            | Self::Append(values)
            | Self::Replace(values) => &values.0,
            Self::Remove(_) | Self::Rename(_) => &[],
        }
    }

    /// Whether a value of it may say what was proven of the caller.
    fn check_claims(&self, is_of_caller: bool) -> Result<(), String> {
        if is_of_caller && !matches!(self, Self::Set(_)) {
            return Err(
                "a claim is `set`: otherwise what a client sends would pass for it".to_owned(),
            );
        }
        Ok(())
    }
}

impl OfRequest {
    /// The headers that it has its say about.
    pub(super) fn header_names(&self) -> Vec<HeaderName> {
        let mut names = Vec::new();
        for change in &self.headers {
            names.extend(change.values().iter().map(|(Field(name), _)| name.clone()));
            match change {
                Change::Remove(removed) => {
                    names.extend(removed.iter().map(|Field(name)| name.clone()))
                }
                Change::Rename(renamed) => {
                    let both = renamed.0.iter().flat_map(|(from, to)| [from, to]);
                    names.extend(both.map(|Field(name)| name.clone()));
                }
                _ => {}
            }
        }
        names
    }

    /// Checks what it says of captures.
    pub(super) fn check(&self, captures: &[&str]) -> Result<(), Misfit> {
        check_texts("headers", &self.headers, captures)?;
        check_texts("query", &self.query, captures)?;
        self.body.check(captures)
    }
}

impl OfResponse {
    /// Checks what it says of captures.
    pub(super) fn check(&self, captures: &[&str]) -> Result<(), Misfit> {
        check_texts("headers", &self.headers, captures)?;
        self.body.check(captures)
    }
}

fn check_texts<N>(
    key: &str,
    changes: &[Change<N, Template>],
    captures: &[&str],
) -> Result<(), Misfit> {
    for (index, change) in changes.iter().enumerate() {
        let wrong = |message| Misfit::new(&[key, &index.to_string()], message);
        for (_, text) in change.values() {
            text.check(captures).map_err(wrong)?;
            change.check_claims(text.is_of_caller()).map_err(wrong)?;
        }
    }
    Ok(())
}

impl BodyChanges {
    fn check(&self, captures: &[&str]) -> Result<(), Misfit> {
        for (index, change) in self.json.iter().enumerate() {
            let wrong = |message| Misfit::new(&["body", "json", &index.to_string()], message);
            for (_, value) in change.values() {
                value.check(captures).map_err(wrong)?;
                change.check_claims(value.is_of_caller()).map_err(wrong)?;
            }
            if let Change::Rename(names) = change {
                let mut paths = names.0.iter().flat_map(|(from, to)| [from, to]);
                if paths.any(JsonPath::is_several) {
                    let message = "what is renamed is one value; `*` is several";
                    return Err(wrong(message.to_owned()));
                }
            }
        }
        Ok(())
    }
}

/// Changes headers.
pub(super) fn change_headers(
    changes: &[HeaderChange],
    headers: &mut HeaderMap,
    variables: &Variables<'_>,
) {
    let value = |text: &Template| -> Option<HeaderValue> {
        HeaderValue::try_from(text.render(variables, Place::Header)?).ok()
    };
    for change in changes {
        for (Field(name), text) in change.values() {
            let fits = match change {
                Change::Add(_) => !headers.contains_key(name),
                Change::Replace(_) => headers.contains_key(name),
                _ => true,
            };
            let Some(value) = value(text).filter(|_| fits) else {
                if text.is_of_caller() {
                    headers.remove(name);
                }
                continue;
            };
            match change {
                Change::Append(_) => {
                    headers.append(name, value);
                }
                _ => {
                    headers.insert(name, value);
                }
            }
        }
        match change {
            Change::Remove(names) => {
                for Field(name) in names {
                    headers.remove(name);
                }
            }
            Change::Rename(names) => {
                for (Field(from), Field(to)) in &names.0 {
                    rename_header(headers, from, to);
                }
            }
            _ => {}
        }
    }
}

fn rename_header(headers: &mut HeaderMap, from: &HeaderName, to: &HeaderName) {
    let values: Vec<HeaderValue> = headers.get_all(from).iter().cloned().collect();
    if from == to || values.is_empty() {
        return;
    }
    headers.remove(from);
    headers.remove(to);
    for value in values {
        headers.append(to, value);
    }
}

/// A query, changed. None: there is none any more. What is not changed stays as it is written.
pub(super) fn change_query<'a>(
    changes: &[Change<String, Template>],
    query: Option<&'a str>,
    variables: &Variables<'_>,
) -> Option<Cow<'a, str>> {
    if changes.is_empty() {
        return query.map(Cow::Borrowed);
    }
    let written = pairs(query.unwrap_or_default());
    let mut parameters: Vec<Parameter> = written
        .map(|pair| Parameter {
            name: decoded_pair(pair).0.into_owned(),
            pair: pair.to_owned(),
        })
        .collect();
    for change in changes {
        for (name, text) in change.values() {
            let is_there = parameters.iter().any(|parameter| parameter.name == *name);
            let fits = match change {
                Change::Add(_) => !is_there,
                Change::Replace(_) => is_there,
                _ => true,
            };
            let value = text.render(variables, Place::Query).filter(|_| fits);
            if value.is_none() && text.is_of_caller() {
                parameters.retain(|parameter| parameter.name != *name);
            }
            if let Some(value) = value {
                if !matches!(change, Change::Append(_)) {
                    parameters.retain(|parameter| parameter.name != *name);
                }
                parameters.push(Parameter::new(name, &value));
            }
        }
        match change {
            Change::Remove(names) => {
                parameters.retain(|parameter| !names.contains(&parameter.name));
            }
            Change::Rename(names) => {
                for (from, to) in &names.0 {
                    rename_parameter(&mut parameters, from, to);
                }
            }
            _ => {}
        }
    }
    let pairs = parameters.into_iter().map(|parameter| parameter.pair);
    let query = pairs.collect::<Vec<_>>().join("&");
    (!query.is_empty()).then_some(Cow::Owned(query))
}

/// A pair of a query: its name, and how it is written.
struct Parameter {
    name: String,
    pair: String,
}

impl Parameter {
    fn new(name: &str, written_value: &str) -> Self {
        Self {
            name: name.to_owned(),
            pair: format!("{}={written_value}", Place::Query.written(name)),
        }
    }
}

fn rename_parameter(parameters: &mut Vec<Parameter>, from: &str, to: &str) {
    if from == to || !parameters.iter().any(|parameter| parameter.name == from) {
        return;
    }
    parameters.retain(|parameter| parameter.name != to);
    for parameter in parameters
        .iter_mut()
        .filter(|parameter| parameter.name == from)
    {
        let (_, value) = parameter.pair.split_once('=').unwrap_or_default();
        *parameter = Parameter::new(to, value);
    }
}

//! JSON values of a configuration, whose texts are templates.

use super::template::{Place, Template, Variables};
use serde::{Deserialize, Deserializer, de};
use serde_json::Value;

/// A JSON value that is made for each request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct JsonTemplate(Node);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Node {
    Text(Template),
    List(Vec<Node>),
    Object(Vec<(String, Node)>),
    /// A number, a boolean or null.
    Other(Value),
}

impl JsonTemplate {
    /// The value for a request. Texts that name what it does not have are null.
    pub(super) fn render(&self, variables: &Variables<'_>) -> Value {
        self.0.render(variables)
    }

    /// Whether it says something that was proven of the caller.
    pub(super) fn is_of_caller(&self) -> bool {
        self.0.is_of_caller()
    }

    /// What it names of captures that there are not; said as a complaint.
    pub(super) fn check(&self, captures: &[&str]) -> Result<(), String> {
        self.0.check(captures)
    }
}

impl Node {
    fn new(value: Value) -> Result<Self, String> {
        Ok(match value {
            Value::String(text) => Self::Text(Template::try_from(text)?),
            Value::Array(items) => {
                let items = items.into_iter().map(Self::new);
                Self::List(items.collect::<Result<_, _>>()?)
            }
            Value::Object(members) => {
                let members = members.into_iter();
                let members = members.map(|(key, value)| Ok((key, Self::new(value)?)));
                Self::Object(members.collect::<Result<_, String>>()?)
            }
            other => Self::Other(other),
        })
    }

    fn render(&self, variables: &Variables<'_>) -> Value {
        match self {
            Self::Text(template) => template.render(variables, Place::Json).into(),
            Self::List(items) => items.iter().map(|item| item.render(variables)).collect(),
            Self::Object(members) => members
                .iter()
                .map(|(key, member)| (key.clone(), member.render(variables)))
                .collect(),
            Self::Other(value) => value.clone(),
        }
    }

    fn is_of_caller(&self) -> bool {
        match self {
            Self::Text(template) => template.is_of_caller(),
            Self::List(items) => items.iter().any(Self::is_of_caller),
            Self::Object(members) => members.iter().any(|(_, member)| member.is_of_caller()),
            Self::Other(_) => false,
        }
    }

    fn check(&self, captures: &[&str]) -> Result<(), String> {
        match self {
            Self::Text(template) => template.check(captures),
            Self::List(items) => items.iter().try_for_each(|item| item.check(captures)),
            Self::Object(members) => members
                .iter()
                .try_for_each(|(_, member)| member.check(captures)),
            Self::Other(_) => Ok(()),
        }
    }
}

impl<'de> Deserialize<'de> for JsonTemplate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        Node::new(value).map(Self).map_err(de::Error::custom)
    }
}

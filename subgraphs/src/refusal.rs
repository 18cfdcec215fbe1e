//! Why the shop said no. Every refusal reaches the client as a GraphQL error with a `code` in its extensions.

use std::fmt;

use async_graphql::{Error, ErrorExtensions};

#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Refusal {
    /// What was named does not exist.
    Unknown { what: &'static str, key: String },
    /// An input that parses but makes no sense.
    Invalid {
        input: &'static str,
        rule: &'static str,
    },
    /// The email belongs to someone already.
    EmailTaken { email: String },
    /// The order is past the point where this could be done.
    OrderClosed { id: String },
    /// There are as many as this process keeps.
    Full { what: &'static str },
}

impl Refusal {
    pub(crate) fn unknown(what: &'static str, key: &str) -> Refusal {
        Refusal::Unknown {
            what,
            key: key.to_owned(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Refusal::Unknown { .. } => "NOT_FOUND",
            Refusal::Invalid { .. } => "BAD_USER_INPUT",
            Refusal::EmailTaken { .. } => "EMAIL_TAKEN",
            Refusal::OrderClosed { .. } => "ORDER_CLOSED",
            Refusal::Full { .. } => "FULL",
        }
    }

    /// As the client sees it. (`From` is taken by async-graphql's own for everything that displays.)
    pub(crate) fn into_error(self) -> Error {
        self.extend_with(|refusal, extensions| extensions.set("code", refusal.code()))
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Unknown { what, key } => write!(out, "there is no {what} {key}"),
            Refusal::Invalid { input, rule } => write!(out, "{input} must be {rule}"),
            Refusal::EmailTaken { email } => write!(out, "{email} is registered already"),
            Refusal::OrderClosed { id } => write!(out, "order {id} is closed"),
            Refusal::Full { what } => write!(out, "no more {what} are kept"),
        }
    }
}

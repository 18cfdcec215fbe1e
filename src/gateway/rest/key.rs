//! What tells clients apart: a value of their requests, and a number made of it.
//!
//! The number is the same in every process and after every update of this one, so that a client stays where it is.

use super::template::Variables;
use crate::gateway::{
    header_types::Name,
    parameters::{in_cookies, in_query},
};
use serde::Deserialize;
use std::borrow::Cow;

/// Where the value is taken from.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Source {
    Header(Name),
    Cookie(String),
    Query(String),
    /// A capture of `match.path`.
    Path(String),
    /// The client's address.
    Address,
}

impl Source {
    /// The number of a request. None if there is no value in it.
    pub(super) fn number(&self, variables: &Variables<'_>) -> Option<u64> {
        self.value(variables).map(|value| number(&value))
    }

    fn value<'a>(&'a self, variables: &'a Variables<'_>) -> Option<Cow<'a, [u8]>> {
        let head = variables.head;
        match self {
            Self::Header(name) => {
                let value = head.headers.get(&name.0);
                value.map(|value| Cow::Borrowed(value.as_bytes()))
            }
            Self::Cookie(name) => in_cookies(&head.headers, name).next().map(Cow::Borrowed),
            Self::Query(name) => {
                let value = in_query(head.uri.query(), name).next()?;
                Some(Cow::Owned(value.into_owned().into_bytes()))
            }
            Self::Path(name) => variables
                .capture(name)
                .map(|text| Cow::Borrowed(text.as_bytes())),
            Self::Address => Some(Cow::Owned(
                variables.client.address.to_string().into_bytes(),
            )),
        }
    }

    /// Complains of a capture that is not among these.
    pub(super) fn check(&self, captures: &[&str]) -> Result<(), String> {
        match self {
            Self::Path(name) if !captures.contains(&name.as_str()) => {
                Err(format!("`match.path` captures no `{name}`"))
            }
            _ => Ok(()),
        }
    }
}

/// A number that looks drawn by lot (FNV-1a, and then the last step of SplitMix64).
pub(super) fn number(value: &[u8]) -> u64 {
    let hash = value.iter().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    mixed(hash)
}

/// Every bit of the number changes about half of these.
pub(super) fn mixed(number: u64) -> u64 {
    let number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

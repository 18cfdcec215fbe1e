//! Value types that several subgraphs describe alike. A federated graph merges them, so each is `@shareable` and
//! must have the same fields wherever it is used; writing them once keeps that true. No entity and no data here.

mod date_time;
mod money;
mod page;

use async_graphql::{Enum, SimpleObject};

pub(crate) use date_time::DateTime;
pub(crate) use money::{Money, SentMoney};
pub(crate) use page::{Page, Window};

/// A country we deliver to, by its ISO 3166 code.
#[derive(Enum, Clone, Copy, PartialEq, Eq, Debug)]
#[graphql(rename_items = "SCREAMING_SNAKE_CASE")]
pub enum Country {
    At,
    De,
    Es,
    Fr,
    Nl,
}

/// A postal address.
#[derive(SimpleObject, Clone, PartialEq, Debug)]
#[graphql(shareable)]
pub(crate) struct Address {
    /// Street and house number.
    pub street: String,
    pub postcode: String,
    pub city: String,
    pub country: Country,
}

/// How loyal a customer is, which follows from what they have spent with us.
#[derive(Enum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tier {
    /// Less than 500 euros so far.
    Bronze,
    /// From 500 euros.
    Silver,
    /// From 1500 euros.
    Gold,
}

/// How the warehouse has to pack a product. Internal: subgraphs see it, clients do not.
#[derive(Enum, Clone, Copy, PartialEq, Eq, Debug)]
#[graphql(inaccessible)]
pub enum Handling {
    Standard,
    Fragile,
    Oversize,
}

//! The products subgraph: what is sold, at what price, where it is in stock and what customers say about it. It knows
//! a customer by email alone, as the author of reviews and as one who gets the discount of their tier, and no order.

mod data;
mod items;
mod mutation;
mod query;
mod reviews;
mod stock;

#[cfg(test)]
mod tests;

use async_graphql::{EmptySubscription, Schema};

use data::Store;

pub(crate) type ProductsSchema = Schema<query::Query, mutation::Mutation, EmptySubscription>;

/// The schema over a store of its own, as the shop opens.
pub(crate) fn schema() -> ProductsSchema {
    Schema::build(query::Query, mutation::Mutation, EmptySubscription)
        .enable_federation()
        .data(Store::open())
        .finish()
}

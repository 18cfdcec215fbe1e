//! The users subgraph: who the customers are, found by id or by email. It says what tier a customer has reached from
//! what orders reports they spent, and lists the products they wished for by stock number alone; it knows no orders
//! and no product.

mod data;
mod mutation;
mod query;
mod types;

#[cfg(test)]
mod tests;

use async_graphql::{EmptySubscription, Schema};

use data::Store;

pub(crate) type UsersSchema = Schema<query::Query, mutation::Mutation, EmptySubscription>;

/// The schema over a store of its own, as the shop opens.
pub(crate) fn schema() -> UsersSchema {
    Schema::build(query::Query, mutation::Mutation, EmptySubscription)
        .enable_federation()
        .data(Store::open())
        .finish()
}

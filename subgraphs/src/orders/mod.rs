//! The orders subgraph: who ordered what, what it came to and where it is now. It knows a customer by id, a product
//! by barcode and a bundle by its key; what shipping costs it computes from the weight and price that products sends.

mod customers;
mod data;
mod history;
mod items;
mod mutation;
mod order;
mod query;
mod shipping;
mod subscription;

#[cfg(test)]
mod tests;

use async_graphql::Schema;

use data::Store;

pub(crate) type OrdersSchema = Schema<query::Query, mutation::Mutation, subscription::Subscription>;

/// The schema over a store of its own, as the shop opens.
pub(crate) fn schema() -> OrdersSchema {
    Schema::build(query::Query, mutation::Mutation, subscription::Subscription)
        .enable_federation()
        .enable_subscription_in_federation()
        .data(Store::open())
        .finish()
}

//! What clients can change in orders.

use async_graphql::{Context, ID, InputObject, Object, Result};

use super::data::Basket;
use super::order::Order;
use super::query::store;
use crate::refusal::Refusal;

/// What to buy, and for whom.
#[derive(InputObject)]
pub(super) struct PlaceOrder {
    /// The customer's id, as in `u1`.
    customer: ID,
    /// 1 to 50 lines.
    lines: Vec<PlaceOrderLine>,
    /// Anything the warehouse or the carrier should know.
    note: Option<String>,
}

/// So many pieces of one product.
#[derive(InputObject)]
pub(super) struct PlaceOrderLine {
    /// The product's barcode.
    upc: String,
    /// 1 to 100.
    #[graphql(default = 1)]
    quantity: i32,
}

pub(crate) struct Mutation;

#[Object]
impl Mutation {
    /// Places an order, to be paid by invoice.
    async fn place_order(&self, ctx: &Context<'_>, input: PlaceOrder) -> Result<Order> {
        let lines = input.lines.into_iter();
        let placed = store(ctx).place(Basket {
            customer: input.customer.0,
            lines: lines.map(|line| (line.upc, line.quantity)).collect(),
            note: input.note,
        });
        placed.map(Order).map_err(Refusal::into_error)
    }

    /// Moves an order one step on its way: placed, packed, shipped, delivered.
    async fn advance_order(&self, ctx: &Context<'_>, id: ID) -> Result<Order> {
        let advanced = store(ctx).advance(&id);
        advanced.map(Order).map_err(Refusal::into_error)
    }

    /// Cancels an order that has not been shipped.
    async fn cancel_order(&self, ctx: &Context<'_>, id: ID) -> Result<Order> {
        let cancelled = store(ctx).cancel(&id);
        cancelled.map(Order).map_err(Refusal::into_error)
    }
}

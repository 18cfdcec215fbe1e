//! What orders adds to a customer: their orders and what they spent.

use async_graphql::{Context, ID, Object, Result};

use super::data::OrderStatus;
use super::order::Order;
use super::query::store;
use crate::refusal::Refusal;
use crate::values::{DateTime, Money, Page, Window};

/// A customer, of whom orders knows the orders.
pub(super) struct User {
    pub id: String,
}

#[Object]
impl User {
    async fn id(&self) -> ID {
        ID(self.id.clone())
    }

    /// What they ordered, the latest first.
    async fn orders(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "How many, up to 100.",
            default = 10,
            validator(minimum = 0, maximum = 100)
        )]
        first: i32,
        #[graphql(desc = "The `endCursor` of the page before.")] after: Option<String>,
        #[graphql(desc = "Only those with this status.")] status: Option<OrderStatus>,
        #[graphql(desc = "Only those placed then or later.")] since: Option<DateTime>,
    ) -> Result<Page<Order>> {
        let mut orders = store(ctx).orders_of(&self.id);
        orders.retain(|order| status.is_none_or(|status| order.status == status));
        orders.retain(|order| since.is_none_or(|since| order.placed_at >= since));
        Window { first, after }
            .cut(orders, |order| &order.id, Order)
            .map_err(Refusal::into_error)
    }

    /// The sum of all their orders that were not cancelled.
    async fn total_spent(&self, ctx: &Context<'_>) -> Money {
        let orders = store(ctx).orders_of(&self.id).into_iter();
        let standing = orders.filter(|order| order.status != OrderStatus::Cancelled);
        standing.map(|order| order.total()).sum()
    }
}

//! What orders adds to a customer: their orders, what they spent, and the credit that their tier gives them.

use async_graphql::{Context, ID, Object, Result};

use super::data::OrderStatus;
use super::order::Order;
use super::query::store;
use crate::refusal::Refusal;
use crate::values::{DateTime, Money, Page, Tier, Window};

/// A customer, with the tier that users sent along for `creditLimit`.
pub struct User {
    pub id: String,
    pub tier: Option<Tier>,
}

impl User {
    pub fn named(id: String) -> User {
        User { id, tier: None }
    }
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

    #[graphql(external)]
    async fn tier(&self) -> Result<Tier> {
        self.tier.ok_or_else(|| "tier was not sent".into())
    }

    /// Up to how much they may order without paying first.
    #[graphql(requires = "tier")]
    async fn credit_limit(&self) -> Result<Money> {
        let tier = self
            .tier
            .ok_or("creditLimit needs tier, which was not sent")?;
        Ok(Money::euro_cents(match tier {
            Tier::Bronze => 10_000,
            Tier::Silver => 50_000,
            Tier::Gold => 200_000,
        }))
    }
}

//! The queries of the orders subgraph and its entities: orders, customers by id, products by barcode, bundles by
//! vendor and code.

use async_graphql::{Context, ID, Object, Result};

use super::customers::User;
use super::data::{OrderStatus, Store};
use super::items::{Bundle, Product};
use super::order::Order;
use crate::refusal::Refusal;
use crate::shop::{BundleKey, CATALOGUE};
use crate::values::{Handling, Page, SentMoney, Window};

pub(crate) struct Query;

#[Object]
impl Query {
    /// An order by id, as in `o1001`.
    async fn order(&self, ctx: &Context<'_>, id: ID) -> Option<Order> {
        store(ctx).order(&id).map(Order)
    }

    /// All orders, the latest first.
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
    ) -> Result<Page<Order>> {
        let mut orders = store(ctx).orders();
        orders.retain(|order| status.is_none_or(|status| order.status == status));
        Window { first, after }
            .cut(orders, |order| &order.id, Order)
            .map_err(Refusal::into_error)
    }

    #[graphql(entity)]
    async fn order_entity(&self, ctx: &Context<'_>, id: ID) -> Option<Order> {
        store(ctx).order(&id).map(Order)
    }

    // Every id is answered: users registered since the shop opened have no orders yet.
    #[graphql(entity)]
    async fn user_entity(&self, id: ID) -> User {
        User { id: id.0 }
    }

    #[graphql(entity)]
    async fn product_entity(
        &self,
        #[graphql(key)] upc: String,
        weight_grams: Option<i32>,
        price: Option<SentMoney>,
        handling: Option<Handling>,
    ) -> Option<Product> {
        CATALOGUE.article(&upc)?;
        Some(Product {
            upc,
            weight_grams,
            price: price.map(Into::into),
            handling,
        })
    }

    #[graphql(entity)]
    async fn bundle_entity(&self, vendor: String, code: String) -> Option<Bundle> {
        let key = BundleKey { vendor, code };
        CATALOGUE.bundle(&key)?;
        Some(Bundle(key))
    }
}

/// Every schema is built with its store, so it is always there.
pub(super) fn store<'a>(ctx: &'a Context<'_>) -> &'a Store {
    ctx.data_unchecked()
}

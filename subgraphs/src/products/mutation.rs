//! What clients can change in products.

use async_graphql::{Context, ID, Object, Result};

use super::items::Product;
use super::query::store;
use super::stock::Stock;
use crate::refusal::Refusal;

pub(crate) struct Mutation;

#[Object]
impl Mutation {
    /// Sets the price of a product, in minor units: 1290 is 12.90 euros. Orders placed keep the price they were
    /// placed at.
    async fn reprice_product(
        &self,
        ctx: &Context<'_>,
        upc: String,
        amount: i32,
    ) -> Result<Product> {
        let repriced = store(ctx).reprice(&upc, amount);
        repriced.map(Product::new).map_err(Refusal::into_error)
    }

    /// Adds a delivery to what lies in a warehouse.
    async fn restock(
        &self,
        ctx: &Context<'_>,
        sku: String,
        warehouse: ID,
        quantity: i32,
    ) -> Result<Stock> {
        let store = store(ctx);
        let unknown = || Refusal::unknown("product", &sku).into_error();
        let article = store.by_sku(&sku).ok_or_else(unknown)?;
        let holding = store.restock(&sku, &warehouse, quantity);
        holding
            .map(|holding| Stock::new(article, holding))
            .map_err(Refusal::into_error)
    }
}

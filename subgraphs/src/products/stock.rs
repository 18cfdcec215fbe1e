//! What lies where. A stock is known by its product's number and its warehouse's id: a key with a nested part.

use std::sync::Arc;

use async_graphql::{Enum, ID, InputObject, Object};

use super::data::Holding;
use super::items::Product;
use crate::shop::{self, Article, WAREHOUSES};
use crate::values::Country;

/// How well a product is in stock somewhere.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub enum StockLevel {
    /// Nothing is left.
    Out,
    /// Fewer than ten are left.
    Low,
    Good,
}

/// A place that goods are sent from.
pub(super) struct Warehouse(pub &'static shop::Warehouse);

impl Warehouse {
    pub(super) fn find(id: &str) -> Option<Warehouse> {
        WAREHOUSES
            .iter()
            .find(|warehouse| warehouse.id == id)
            .map(Warehouse)
    }
}

/// A place that goods are sent from.
#[Object]
impl Warehouse {
    async fn id(&self) -> ID {
        self.0.id.into()
    }

    async fn name(&self) -> &str {
        self.0.name
    }

    // Orders provides it along with a shipment.
    #[graphql(shareable)]
    async fn city(&self) -> &str {
        self.0.city
    }

    async fn country(&self) -> Country {
        self.0.country
    }
}

/// How much of a product lies in a warehouse.
pub(super) struct Stock {
    article: Arc<Article>,
    holding: Holding,
}

impl Stock {
    pub(super) fn new(article: Arc<Article>, holding: Holding) -> Stock {
        Stock { article, holding }
    }
}

/// How much of a product lies in a warehouse.
#[Object]
impl Stock {
    /// The product's stock number.
    async fn sku(&self) -> &str {
        &self.article.sku
    }

    async fn warehouse(&self) -> Warehouse {
        Warehouse(&WAREHOUSES[self.holding.warehouse])
    }

    async fn quantity(&self) -> i32 {
        self.holding.quantity
    }

    async fn level(&self) -> StockLevel {
        match self.holding.quantity {
            ..=0 => StockLevel::Out,
            1..10 => StockLevel::Low,
            10.. => StockLevel::Good,
        }
    }

    async fn product(&self) -> Product {
        Product::new(self.article.clone())
    }
}

/// The nested part of a stock's key.
#[derive(InputObject)]
pub(super) struct WarehouseKey {
    pub id: ID,
}

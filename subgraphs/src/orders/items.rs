//! What orders adds to the things that products sells: how often they were ordered, and what shipping would cost.

use async_graphql::{Context, Interface, Object, Result};

use super::data::ItemKey;
use super::query::store;
use super::shipping::{self, Parcel};
use crate::shop::BundleKey;
use crate::values::{Country, Handling, Money};

/// Anything that can be bought.
#[derive(Interface)]
#[graphql(field(
    name = "times_ordered",
    ty = "i32",
    desc = "How many pieces were ordered, without cancelled orders."
))]
pub(super) enum Item {
    Product(Product),
    Bundle(Bundle),
}

impl From<ItemKey> for Item {
    fn from(key: ItemKey) -> Item {
        match key {
            ItemKey::Product(upc) => Item::Product(Product::named(upc)),
            ItemKey::Bundle(key) => Item::Bundle(Bundle(key)),
        }
    }
}

/// A product of the catalogue, with what products sent along for `shippingEstimate`.
pub(super) struct Product {
    pub upc: String,
    pub weight_grams: Option<i32>,
    pub price: Option<Money>,
    pub handling: Option<Handling>,
}

impl Product {
    pub(super) fn named(upc: String) -> Product {
        Product {
            upc,
            weight_grams: None,
            price: None,
            handling: None,
        }
    }
}

#[Object]
impl Product {
    async fn upc(&self) -> &str {
        &self.upc
    }

    /// How many pieces were ordered, without cancelled orders.
    async fn times_ordered(&self, ctx: &Context<'_>) -> i32 {
        store(ctx).times_ordered(&ItemKey::Product(self.upc.clone()))
    }

    #[graphql(external)]
    async fn weight_grams(&self) -> Option<i32> {
        self.weight_grams
    }

    #[graphql(external)]
    async fn price(&self) -> Result<Money> {
        self.price.ok_or_else(|| "price was not sent".into())
    }

    #[graphql(external)]
    async fn handling(&self) -> Result<Handling> {
        self.handling.ok_or_else(|| "handling was not sent".into())
    }

    /// What it would cost to send one, by its weight, price and packing. Null when nobody has weighed it yet.
    #[graphql(requires = "weightGrams price { amount currency } handling")]
    async fn shipping_estimate(
        &self,
        #[graphql(desc = "Where it is sent.", default_with = "Country::De")] to: Country,
        #[graphql(desc = "Arrive the next day.", default)] express: bool,
    ) -> Result<Option<Money>> {
        let price = self
            .price
            .ok_or("shippingEstimate needs price, which was not sent")?;
        let handling = self
            .handling
            .ok_or("shippingEstimate needs handling, which was not sent")?;
        let parcel = self.weight_grams.map(|grams| Parcel {
            grams,
            price,
            handling,
        });
        Ok(parcel.map(|parcel| match express {
            true => shipping::express(&parcel, to),
            false => shipping::standard(&parcel, to),
        }))
    }
}

/// A set of products that a vendor sells together.
pub(super) struct Bundle(pub BundleKey);

#[Object]
impl Bundle {
    async fn vendor(&self) -> &str {
        &self.0.vendor
    }

    async fn code(&self) -> &str {
        &self.0.code
    }

    /// How many pieces were ordered, without cancelled orders.
    async fn times_ordered(&self, ctx: &Context<'_>) -> i32 {
        store(ctx).times_ordered(&ItemKey::Bundle(self.0.clone()))
    }
}

//! Reviews, and what products adds to customers, whom it knows by email alone: their reviews, and the discount of the
//! tier that users sends along.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, Result};

use super::data;
use super::items::Product;
use super::query::store;
use crate::refusal::Refusal;
use crate::values::{DateTime, Page, Tier, Window};

/// A customer's opinion of a product.
pub(super) struct Review(Arc<data::Review>);

impl Review {
    pub(super) fn new(review: Arc<data::Review>) -> Review {
        Review(review)
    }
}

/// A customer's opinion of a product.
#[Object]
impl Review {
    async fn id(&self) -> ID {
        ID(self.0.id.clone())
    }

    /// One to five stars.
    async fn rating(&self) -> i32 {
        self.0.rating
    }

    async fn title(&self) -> &str {
        self.0.title
    }

    /// Null when the title says it all.
    async fn body(&self) -> Option<&str> {
        self.0.body
    }

    async fn written_at(&self) -> DateTime {
        self.0.written_at
    }

    async fn author(&self) -> User {
        User {
            email: self.0.author_email.clone(),
            tier: None,
        }
    }

    async fn product(&self, ctx: &Context<'_>) -> Option<Product> {
        store(ctx).by_upc(&self.0.upc).map(Product::new)
    }
}

/// A customer, with the tier that users sent along for `discountPercent`.
pub(super) struct User {
    pub email: String,
    pub tier: Option<Tier>,
}

#[Object]
impl User {
    async fn email(&self) -> &str {
        &self.email
    }

    /// What they say about products.
    async fn reviews(
        &self,
        ctx: &Context<'_>,
        #[graphql(default = 5, validator(minimum = 0, maximum = 100))] first: i32,
        after: Option<String>,
    ) -> Result<Page<Review>> {
        Window { first, after }
            .cut(
                store(ctx).reviews_by_author(&self.email),
                |review| &review.id,
                Review,
            )
            .map_err(Refusal::into_error)
    }

    #[graphql(external)]
    async fn tier(&self) -> Result<Tier> {
        self.tier.ok_or_else(|| "tier was not sent".into())
    }

    /// What their tier takes off the listed price, in percent.
    #[graphql(requires = "tier")]
    async fn discount_percent(&self) -> Result<i32> {
        let tier = self
            .tier
            .ok_or("discountPercent needs tier, which was not sent")?;
        Ok(match tier {
            Tier::Bronze => 0,
            Tier::Silver => 5,
            Tier::Gold => 10,
        })
    }
}

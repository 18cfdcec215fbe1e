//! What can be bought: products and bundles, and the categories they stand in.

use std::sync::Arc;

use async_graphql::{Context, Enum, Interface, Object, Result, Union};

use super::query::store;
use super::reviews::Review;
use super::stock::Stock;
use crate::refusal::Refusal;
use crate::shop::{self, Article, CATEGORIES};
use crate::values::{Handling, Money, Page, Window};

/// Anything that can be bought.
#[derive(Interface)]
#[graphql(
    field(name = "name", ty = "&str", desc = "What it is sold as."),
    field(name = "price", ty = "Money", desc = "What it costs today.")
)]
pub(super) enum Item {
    Product(Product),
    Bundle(Bundle),
}

/// What a search can find.
#[derive(Union)]
pub(super) enum SearchResult {
    Product(Product),
    Bundle(Bundle),
    Category(Category),
}

/// In which order products are listed.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub enum ProductOrder {
    /// As they stand in the catalogue.
    Catalogue,
    /// The cheapest first.
    Price,
    /// By name.
    Name,
}

/// A product of the catalogue.
pub(super) struct Product(Arc<Article>);

impl Product {
    pub(super) fn new(article: Arc<Article>) -> Product {
        Product(article)
    }
}

/// A product of the catalogue.
#[Object]
impl Product {
    /// The barcode.
    async fn upc(&self) -> &str {
        &self.0.upc
    }

    /// The stock number, as in `LIT-007`.
    async fn sku(&self) -> &str {
        &self.0.sku
    }

    /// What it is sold as.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// What it costs today.
    async fn price(&self) -> Money {
        self.0.price
    }

    /// Null as long as nobody has weighed it.
    async fn weight_grams(&self) -> Option<i32> {
        self.0.weight_grams
    }

    /// How the warehouse has to pack it.
    #[graphql(inaccessible)]
    async fn handling(&self) -> Handling {
        self.0.handling
    }

    /// The shelf it stands on.
    async fn category(&self) -> Option<Category> {
        Category::find(self.0.category)
    }

    /// How much of it lies where, one entry for each warehouse.
    async fn stock(&self, ctx: &Context<'_>) -> Vec<Stock> {
        let holdings = store(ctx).holdings(&self.0.sku);
        holdings
            .into_iter()
            .map(|holding| Stock::new(self.0.clone(), holding))
            .collect()
    }

    /// What customers say about it.
    async fn reviews(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "How many, up to 100.",
            default = 5,
            validator(minimum = 0, maximum = 100)
        )]
        first: i32,
        #[graphql(desc = "The `endCursor` of the page before.")] after: Option<String>,
        #[graphql(desc = "Leave out those with fewer stars.", default = 1)] min_rating: i32,
    ) -> Result<Page<Review>> {
        let mut reviews = store(ctx).reviews_of_product(&self.0.upc);
        reviews.retain(|review| review.rating >= min_rating);
        Window { first, after }
            .cut(reviews, |review| &review.id, Review::new)
            .map_err(Refusal::into_error)
    }

    /// The mean number of stars, to one decimal. Null without reviews.
    async fn average_rating(&self, ctx: &Context<'_>) -> Option<f64> {
        let reviews = store(ctx).reviews_of_product(&self.0.upc);
        let stars: i32 = reviews.iter().map(|review| review.rating).sum();
        let tenths = (f64::from(stars) * 10.0 / reviews.len() as f64).round();
        (!reviews.is_empty()).then_some(tenths / 10.0)
    }
}

/// A set of products that a vendor sells together, for a tenth less.
pub(super) struct Bundle(pub &'static shop::Bundle);

/// A set of products that a vendor sells together, for a tenth less.
#[Object]
impl Bundle {
    /// Who put it together.
    async fn vendor(&self) -> &str {
        &self.0.key.vendor
    }

    /// The vendor's own number for it.
    async fn code(&self) -> &str {
        &self.0.key.code
    }

    /// What it is sold as.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// What it costs today; follows the prices of its products.
    async fn price(&self, ctx: &Context<'_>) -> Money {
        store(ctx).price(self.0)
    }

    /// What is in it.
    async fn products(&self, ctx: &Context<'_>) -> Vec<Product> {
        store(ctx)
            .contents(self.0)
            .into_iter()
            .map(Product)
            .collect()
    }
}

/// A shelf, or a department when it has no parent.
pub(super) struct Category(pub &'static shop::Category);

impl Category {
    pub(super) fn find(slug: &str) -> Option<Category> {
        CATEGORIES
            .iter()
            .find(|category| category.slug == slug)
            .map(Category)
    }

    /// Whether products on this shelf are in the category, directly or in a department.
    pub(super) fn holds(&self, shelf: &str) -> bool {
        let within = |category: Category| category.0.parent == Some(self.0.slug);
        self.0.slug == shelf || Category::find(shelf).is_some_and(within)
    }
}

/// A shelf, or a department when it has no parent.
#[Object]
impl Category {
    /// Its name in addresses.
    async fn slug(&self) -> &str {
        self.0.slug
    }

    async fn name(&self) -> &str {
        self.0.name
    }

    /// The department. Null for a department itself.
    async fn parent(&self) -> Option<Category> {
        self.0.parent.and_then(Category::find)
    }

    /// What stands here, in a department on any of its shelves.
    async fn products(
        &self,
        ctx: &Context<'_>,
        #[graphql(default = 10, validator(minimum = 0, maximum = 100))] first: i32,
        after: Option<String>,
    ) -> Result<Page<Product>> {
        let mut articles = store(ctx).articles();
        articles.retain(|article| self.holds(article.category));
        Window { first, after }
            .cut(articles, |article| &article.upc, Product)
            .map_err(Refusal::into_error)
    }
}

//! The queries of the products subgraph and its entities: products by barcode or stock number, bundles by vendor and
//! code, stock by product and warehouse, warehouses, categories, reviews, and customers by email.

use async_graphql::{Context, ID, Object, Result};

use super::data::Store;
use super::items::{Bundle, Category, Item, Product, ProductOrder, SearchResult};
use super::reviews::{Review, User};
use super::stock::{Stock, Warehouse, WarehouseKey};
use crate::refusal::Refusal;
use crate::shop::{BundleKey, CATALOGUE, CATEGORIES, WAREHOUSES};
use crate::values::{Page, Tier, Window};

pub(crate) struct Query;

#[Object]
impl Query {
    /// A product by barcode.
    async fn product(&self, ctx: &Context<'_>, upc: String) -> Option<Product> {
        store(ctx).by_upc(&upc).map(Product::new)
    }

    /// A product by stock number, as in `LIT-007`.
    async fn product_by_sku(&self, ctx: &Context<'_>, sku: String) -> Option<Product> {
        store(ctx).by_sku(&sku).map(Product::new)
    }

    /// All products, or those of a category.
    async fn products(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "How many, up to 100.",
            default = 20,
            validator(minimum = 0, maximum = 100)
        )]
        first: i32,
        #[graphql(desc = "The `endCursor` of the page before.")] after: Option<String>,
        #[graphql(desc = "The slug of a shelf or department.")] category: Option<String>,
        #[graphql(desc = "Which come first.", default_with = "ProductOrder::Catalogue")]
        order_by: ProductOrder,
    ) -> Result<Page<Product>> {
        let mut articles = store(ctx).articles();
        if let Some(slug) = category {
            let category = Category::find(&slug)
                .ok_or_else(|| Refusal::unknown("category", &slug).into_error())?;
            articles.retain(|article| category.holds(article.category));
        }
        match order_by {
            ProductOrder::Catalogue => {}
            ProductOrder::Price => articles.sort_by_key(|article| article.price.amount),
            ProductOrder::Name => articles.sort_by(|a, b| a.name.cmp(&b.name)),
        }
        Window { first, after }
            .cut(articles, |article| &article.upc, Product::new)
            .map_err(Refusal::into_error)
    }

    /// Products, bundles and categories whose name contains the text, whatever its case.
    async fn search(
        &self,
        ctx: &Context<'_>,
        text: String,
        #[graphql(default = 10, validator(minimum = 0, maximum = 100))] first: i32,
    ) -> Vec<SearchResult> {
        let text = text.to_lowercase();
        let found = |name: &str| name.to_lowercase().contains(&text);
        let categories = CATEGORIES.iter().filter(|category| found(category.name));
        let bundles = CATALOGUE
            .bundles
            .iter()
            .filter(|bundle| found(&bundle.name));
        let articles = store(ctx).articles().into_iter();
        let products = articles.filter(|article| found(&article.name));
        categories
            .map(|category| SearchResult::Category(Category(category)))
            .chain(bundles.map(|bundle| SearchResult::Bundle(Bundle(bundle))))
            .chain(products.map(|article| SearchResult::Product(Product::new(article))))
            .take(first.max(0) as usize)
            .collect()
    }

    /// What we recommend this season.
    async fn featured(&self, ctx: &Context<'_>) -> Vec<Item> {
        let bundles = CATALOGUE.bundles.iter().step_by(5);
        let articles = store(ctx).articles().into_iter().step_by(60);
        bundles
            .map(|bundle| Item::Bundle(Bundle(bundle)))
            .chain(articles.map(|article| Item::Product(Product::new(article))))
            .collect()
    }

    /// A bundle by its vendor and the vendor's number for it.
    async fn bundle(&self, vendor: String, code: String) -> Option<Bundle> {
        CATALOGUE.bundle(&BundleKey { vendor, code }).map(Bundle)
    }

    /// Departments and shelves.
    async fn categories(&self) -> Vec<Category> {
        CATEGORIES.iter().map(Category).collect()
    }

    async fn warehouses(&self) -> Vec<Warehouse> {
        WAREHOUSES.iter().map(Warehouse).collect()
    }

    #[graphql(entity)]
    async fn product_entity_by_upc(&self, ctx: &Context<'_>, upc: String) -> Option<Product> {
        store(ctx).by_upc(&upc).map(Product::new)
    }

    #[graphql(entity)]
    async fn product_entity_by_sku(&self, ctx: &Context<'_>, sku: String) -> Option<Product> {
        store(ctx).by_sku(&sku).map(Product::new)
    }

    #[graphql(entity)]
    async fn bundle_entity(&self, vendor: String, code: String) -> Option<Bundle> {
        CATALOGUE.bundle(&BundleKey { vendor, code }).map(Bundle)
    }

    #[graphql(entity)]
    async fn stock_entity(
        &self,
        ctx: &Context<'_>,
        sku: String,
        warehouse: WarehouseKey,
    ) -> Option<Stock> {
        let article = store(ctx).by_sku(&sku)?;
        let holding = store(ctx).holding(&sku, &warehouse.id)?;
        Some(Stock::new(article, holding))
    }

    #[graphql(entity)]
    async fn warehouse_entity(&self, id: ID) -> Option<Warehouse> {
        Warehouse::find(&id)
    }

    #[graphql(entity)]
    async fn category_entity(&self, slug: String) -> Option<Category> {
        Category::find(&slug)
    }

    #[graphql(entity)]
    async fn review_entity(&self, ctx: &Context<'_>, id: ID) -> Option<Review> {
        store(ctx).review(&id).map(Review::new)
    }

    // Every email is answered: users registered since the shop opened have no reviews yet.
    #[graphql(entity)]
    async fn user_entity(&self, #[graphql(key)] email: String, tier: Option<Tier>) -> User {
        User { email, tier }
    }
}

/// Every schema is built with its store, so it is always there.
pub(super) fn store<'a>(ctx: &'a Context<'_>) -> &'a Store {
    ctx.data_unchecked()
}

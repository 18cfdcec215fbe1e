//! Products as the router meets it: by operations, representations among them.

use async_graphql::value;

use super::schema;
use crate::asking::{data, errors, refused};

#[tokio::test]
async fn each_entity_is_found_by_each_of_its_keys() {
    let query = r#"{ _entities(representations: [
        { __typename: "Product", upc: "730512000006" }
        { __typename: "Product", sku: "LIT-001" }
        { __typename: "Product", sku: "LIT-999" }
        { __typename: "Bundle", vendor: "werkhof", code: "SET-2" }
        { __typename: "Bundle", vendor: "werkhof", code: "SET-9" }
        { __typename: "Stock", sku: "LIT-001", warehouse: { id: "utr" } }
        { __typename: "Stock", sku: "LIT-001", warehouse: { id: "nowhere" } }
        { __typename: "Warehouse", id: "lys" }
        { __typename: "Category", slug: "garden" }
        { __typename: "Review", id: "r100" }
        { __typename: "User", email: "anyone@example.com" }
    ]) {
        ... on Product { upc sku name }
        ... on Bundle { vendor code bundleName: name }
        ... on Stock { sku warehouse { id } product { upc } }
        ... on Warehouse { id city }
        ... on Category { slug parent { slug } }
        ... on Review { id }
        ... on User { email reviews { total } }
    } }"#;
    let lamp = value!({ "upc": "730512000006", "sku": "LIT-001", "name": "Brass Desk Lamp" });
    let answer = value!({ "_entities": [
        lamp.clone(),
        lamp,
        null,
        { "vendor": "werkhof", "code": "SET-2", "bundleName": "Desk Starter Set" },
        null,
        { "sku": "LIT-001", "warehouse": { "id": "utr" }, "product": { "upc": "730512000006" } },
        null,
        { "id": "lys", "city": "Lyon" },
        { "slug": "garden", "parent": { "slug": "outdoors" } },
        { "id": "r100" },
        { "email": "anyone@example.com", "reviews": { "total": 0 } },
    ] });
    assert_eq!(data(&schema(), query).await, answer);
}

#[tokio::test]
async fn the_discount_follows_from_the_tier_that_was_sent() {
    let query = r#"{ _entities(representations: [
        { __typename: "User", email: "a@example.com", tier: "BRONZE" }
        { __typename: "User", email: "a@example.com", tier: "GOLD" }
    ]) { ... on User { discountPercent } } }"#;
    let answer = value!({ "_entities": [{ "discountPercent": 0 }, { "discountPercent": 10 }] });
    assert_eq!(data(&schema(), query).await, answer);
    let query = r#"{ _entities(representations: [{ __typename: "User", email: "a@example.com" }]) {
        ... on User { discountPercent } } }"#;
    let expected = vec![(
        "discountPercent needs tier, which was not sent".to_owned(),
        None,
    )];
    assert_eq!(errors(&schema(), query).await, expected);
}

#[tokio::test]
async fn a_new_price_is_seen_by_later_queries_and_in_bundles() {
    let schema = schema();
    let query = r#"{ bundle(vendor: "kompass", code: "SET-1") {
        price { amount } products { upc price { amount } } } }"#;
    let upc = &crate::shop::CATALOGUE.articles[crate::shop::CATALOGUE.bundles[0].contents[0]].upc;
    let before = data(&schema, query).await;
    let reprice = format!(
        r#"mutation {{ repriceProduct(upc: "{upc}", amount: 1) {{ price {{ display }} }} }}"#
    );
    let repriced = value!({ "repriceProduct": { "price": { "display": "€0.01" } } });
    assert_eq!(data(&schema, &reprice).await, repriced);
    let by_upc = format!(r#"{{ product(upc: "{upc}") {{ price {{ amount }} }} }}"#);
    let cheap = value!({ "product": { "price": { "amount": 1 } } });
    assert_eq!(data(&schema, &by_upc).await, cheap);
    assert_ne!(data(&schema, query).await, before);
}

#[tokio::test]
async fn a_delivery_adds_to_the_stock_of_its_warehouse_alone() {
    let schema = schema();
    let query = r#"{ productBySku(sku: "LIT-001") { stock { warehouse { id } quantity level } } }"#;
    let stock = |hamburg: i32, level: &str| {
        value!({ "productBySku": { "stock": [
            { "warehouse": { "id": "ham" }, "quantity": hamburg, "level": level },
            { "warehouse": { "id": "lys" }, "quantity": 94, "level": "GOOD" },
            { "warehouse": { "id": "utr" }, "quantity": 27, "level": "GOOD" },
        ] } })
    };
    assert_eq!(data(&schema, query).await, stock(0, "OUT"));
    let restock =
        r#"mutation { restock(sku: "LIT-001", warehouse: "ham", quantity: 12) { quantity } }"#;
    let added = value!({ "restock": { "quantity": 12 } });
    assert_eq!(data(&schema, restock).await, added);
    assert_eq!(data(&schema, query).await, stock(12, "GOOD"));
}

#[tokio::test]
async fn senseless_mutations_are_refused() {
    let schema = schema();
    let invalid = |message| refused(message, "BAD_USER_INPUT");
    let unknown = |message| refused(message, "NOT_FOUND");
    for (mutation, expected) in [
        (
            r#"repriceProduct(upc: "730512000006", amount: 0)"#,
            invalid("amount must be 1 to 10000000 minor units"),
        ),
        (
            r#"repriceProduct(upc: "1", amount: 5)"#,
            unknown("there is no product 1"),
        ),
        (
            r#"restock(sku: "LIT-001", warehouse: "ham", quantity: -1)"#,
            invalid("quantity must be 1 to 10000"),
        ),
        (
            r#"restock(sku: "LIT-001", warehouse: "x", quantity: 1)"#,
            unknown("there is no warehouse x"),
        ),
        (
            r#"restock(sku: "x", warehouse: "ham", quantity: 1)"#,
            unknown("there is no product x"),
        ),
    ] {
        let query = format!("mutation {{ {mutation} {{ __typename }} }}");
        assert_eq!(errors(&schema, &query).await, expected);
    }
}

#[tokio::test]
async fn a_department_holds_what_stands_on_its_shelves() {
    let query = r#"{
        shelf: products(category: "lighting", first: 1) { total nodes { name } }
        department: products(category: "home", first: 1, after: "730512000006") { total nodes { name } }
        cheapest: products(orderBy: PRICE, first: 1) { nodes { category { slug } } }
    }"#;
    let answer = value!({
        "shelf": { "total": 30, "nodes": [{ "name": "Brass Desk Lamp" }] },
        "department": { "total": 90, "nodes": [{ "name": "Walnut Desk Lamp" }] },
        "cheapest": { "nodes": [{ "category": { "slug": "stationery" } }] },
    });
    assert_eq!(data(&schema(), query).await, answer);
}

#[tokio::test]
async fn a_search_finds_each_kind_of_thing() {
    let query = r#"{
        garden: search(text: "GARDEN") { __typename ... on Category { slug } }
        sets: search(text: "starter", first: 1) { __typename ... on Bundle { vendor } }
        lamps: search(text: "brass desk") { __typename ... on Product { sku } }
    }"#;
    let answer = value!({
        "garden": [{ "__typename": "Category", "slug": "garden" }],
        "sets": [{ "__typename": "Bundle", "vendor": "kompass" }],
        "lamps": [{ "__typename": "Product", "sku": "LIT-001" }],
    });
    assert_eq!(data(&schema(), query).await, answer);
}

#[tokio::test]
async fn reviews_can_be_narrowed_to_many_stars() {
    let query = r#"{ product(upc: "730512004080") { averageRating
        all: reviews { nodes { rating } } good: reviews(minRating: 4) { nodes { rating } } } }"#;
    let answer = value!({ "product": {
        "averageRating": 3.3,
        "all": { "nodes": [{ "rating": 5 }, { "rating": 1 }, { "rating": 4 }] },
        "good": { "nodes": [{ "rating": 5 }, { "rating": 4 }] },
    } });
    assert_eq!(data(&schema(), query).await, answer);
}

//! Orders as the router meets it: by operations, representations among them, and a subscription.

use async_graphql::futures_util::StreamExt;
use async_graphql::{Value, value};

use super::schema;
use crate::asking::{data, errors, json, refused};

const LAMP: &str = "730512000006";

#[tokio::test]
async fn each_entity_is_found_by_its_key() {
    let query = r#"{ _entities(representations: [
        { __typename: "Order", id: "o1001" }
        { __typename: "Order", id: "o1601" }
        { __typename: "Product", upc: "730512000006" }
        { __typename: "Product", upc: "1" }
        { __typename: "Bundle", vendor: "kompass", code: "SET-1" }
        { __typename: "Bundle", vendor: "kompass", code: "SET-9" }
        { __typename: "User", id: "u301" }
    ]) {
        __typename
        ... on Order { id }
        ... on Product { upc }
        ... on Bundle { vendor code }
        ... on User { id totalSpent { amount } orders { total } }
    } }"#;
    let answer = value!({ "_entities": [
        { "__typename": "Order", "id": "o1001" },
        null,
        { "__typename": "Product", "upc": "730512000006" },
        null,
        { "__typename": "Bundle", "vendor": "kompass", "code": "SET-1" },
        null,
        { "__typename": "User", "id": "u301", "totalSpent": { "amount": 0 }, "orders": { "total": 0 } },
    ] });
    assert_eq!(data(&schema(), query).await, answer);
}

/// The same product thrice, each time with other facts: only what was sent can have made the difference.
#[tokio::test]
async fn shipping_is_computed_from_what_was_sent() {
    let query = r#"{ _entities(representations: [
        { __typename: "Product", upc: "730512000006", weightGrams: 1500, handling: "FRAGILE"
          price: { __typename: "Money", amount: 9999, currency: "EUR" } }
        { __typename: "Product", upc: "730512000006", weightGrams: 1500, handling: "FRAGILE"
          price: { amount: 10000, currency: "EUR" } }
        { __typename: "Product", upc: "730512000006", weightGrams: null, handling: "STANDARD"
          price: { amount: 100, currency: "EUR" } }
    ]) { ... on Product {
        home: shippingEstimate { amount currency }
        abroad: shippingEstimate(to: FR) { amount }
        express: shippingEstimate(express: true) { display }
    } } }"#;
    let answer = value!({ "_entities": [
        {
            "home": { "amount": 740, "currency": "EUR" },
            "abroad": { "amount": 1160 },
            "express": { "display": "€14.80" },
        },
        {
            "home": { "amount": 0, "currency": "EUR" },
            "abroad": { "amount": 1160 },
            "express": { "display": "€14.80" },
        },
        { "home": null, "abroad": null, "express": null },
    ] });
    assert_eq!(data(&schema(), query).await, answer);
}

#[tokio::test]
async fn without_what_it_requires_shipping_is_an_error_and_null() {
    let query = r#"{ _entities(representations: [{ __typename: "Product", upc: "730512000006" }]) {
        ... on Product { shippingEstimate { amount } } } }"#;
    let expected = vec![(
        "shippingEstimate needs price, which was not sent".to_owned(),
        None,
    )];
    assert_eq!(errors(&schema(), query).await, expected);
}

#[tokio::test]
async fn a_placed_order_is_seen_by_later_queries() {
    let schema = schema();
    let facts = r#"{ _entities(representations: [
        { __typename: "User", id: "u301" } { __typename: "Product", upc: "730512000006" }
    ]) { ... on User { totalSpent { amount } orders { nodes { id } } } ... on Product { timesOrdered } } }"#;
    let after = |spent: i32, orders: Value, pieces: i32| {
        value!({ "_entities": [
            { "totalSpent": { "amount": spent }, "orders": { "nodes": orders } },
            { "timesOrdered": pieces },
        ] })
    };
    assert_eq!(data(&schema, facts).await, after(0, value!([]), 9));

    let place = r#"mutation { placeOrder(input: { customer: "u301", note: "Ring twice."
        lines: [{ upc: "730512000006", quantity: 2 }] }) {
        id status note total { amount } shipTo { city } customer { id }
        lines { position quantity unitPrice { amount } subtotal { amount }
            item { __typename ... on Product { upc } } }
        payment { __typename } shipments { carrier } } }"#;
    let placed = value!({ "placeOrder": {
        "id": "o1601", "status": "PLACED", "note": "Ring twice.",
        "total": { "amount": 9980 }, "shipTo": null, "customer": { "id": "u301" },
        "lines": [{
            "position": 1, "quantity": 2, "unitPrice": { "amount": 4990 }, "subtotal": { "amount": 9980 },
            "item": { "__typename": "Product", "upc": LAMP },
        }],
        "payment": { "__typename": "InvoicePayment" }, "shipments": [],
    } });
    assert_eq!(data(&schema, place).await, placed);
    assert_eq!(
        data(&schema, facts).await,
        after(9980, value!([{ "id": "o1601" }]), 11)
    );

    data(
        &schema,
        r#"mutation { cancelOrder(id: "o1601") { status } }"#,
    )
    .await;
    assert_eq!(
        data(&schema, facts).await,
        after(0, value!([{ "id": "o1601" }]), 9)
    );
}

#[tokio::test]
async fn senseless_orders_are_refused() {
    let schema = schema();
    let invalid = |message| refused(message, "BAD_USER_INPUT");
    for (lines, expected) in [
        ("[]", invalid("lines must be 1 to 50 lines")),
        (
            r#"[{ upc: "730512000006", quantity: 0 }]"#,
            invalid("quantity must be 1 to 100"),
        ),
        (
            r#"[{ upc: "x" }]"#,
            refused("there is no product x", "NOT_FOUND"),
        ),
    ] {
        let query = format!(
            r#"mutation {{ placeOrder(input: {{ customer: "u1", lines: {lines} }}) {{ id }} }}"#
        );
        assert_eq!(errors(&schema, &query).await, expected);
    }
    for id in ["o1601", "o0", "o01001", "1001", "o99999999999999999999"] {
        let query = format!(r#"mutation {{ advanceOrder(id: "{id}") {{ id }} }}"#);
        let unknown = refused(&format!("there is no order {id}"), "NOT_FOUND");
        assert_eq!(errors(&schema, &query).await, unknown);
    }
}

#[tokio::test]
async fn orders_come_latest_first_and_by_status_and_time() {
    let query = r#"{
        orders(first: 2, after: "o1598") { total nodes { id } pageInfo { hasNextPage endCursor } }
        shipped: orders(status: SHIPPED, first: 2) { total nodes { id status } }
        _entities(representations: [{ __typename: "User", id: "u1" }]) { ... on User {
            orders(first: 2) { total nodes { id placedAt } }
            since: orders(since: "2025-12-14T03:49:00Z") { nodes { id } }
            after: orders(since: "2025-12-14T03:49:01Z") { nodes { id } }
        } }
    }"#;
    let answer = value!({
        "orders": {
            "total": 600,
            "nodes": [{ "id": "o1597" }, { "id": "o1596" }],
            "pageInfo": { "hasNextPage": true, "endCursor": "o1596" },
        },
        "shipped": { "total": 14, "nodes": [
            { "id": "o1600", "status": "SHIPPED" }, { "id": "o1599", "status": "SHIPPED" },
        ] },
        "_entities": [{
            "orders": { "total": 8, "nodes": [
                { "id": "o1596", "placedAt": "2025-12-14T03:49:00Z" },
                { "id": "o1482", "placedAt": "2025-10-09T03:53:00Z" },
            ] },
            "since": { "nodes": [{ "id": "o1596" }] },
            "after": { "nodes": [] },
        }],
    });
    assert_eq!(data(&schema(), query).await, answer);
}

/// What orders says of a parcel is what products says of the same stock: both sides of the join, and of `@provides`.
#[tokio::test]
async fn shipments_name_stock_and_cities_as_products_does() {
    let query = r#"{ order(id: "o1597") { shipments {
        trackingNumber origin { id city } stock { sku warehouse { id city } } } } }"#;
    let lyon = value!({ "id": "lys", "city": "Lyon" });
    let utrecht = value!({ "id": "utr", "city": "Utrecht" });
    let keyboard = value!({ "sku": "ELE-026", "warehouse": (lyon.clone()) });
    let planner = value!({ "sku": "STA-007", "warehouse": (utrecht.clone()) });
    let answer = value!({ "order": { "shipments": [
        { "trackingNumber": "PP15970", "origin": lyon, "stock": [(keyboard.clone())] },
        { "trackingNumber": "PP15971", "origin": utrecht, "stock": [(planner.clone())] },
    ] } });
    assert_eq!(data(&schema(), query).await, answer);

    let query = r#"{ _entities(representations: [
        { __typename: "Stock", sku: "ELE-026", warehouse: { id: "lys" } }
        { __typename: "Stock", sku: "STA-007", warehouse: { id: "utr" } }
    ]) { ... on Stock { sku warehouse { id city } } } }"#;
    let answer = value!({ "_entities": [keyboard, planner] });
    assert_eq!(data(&crate::products::schema(), query).await, answer);
}

#[tokio::test]
async fn a_subscriber_hears_each_change_of_its_order_until_the_last() {
    let schema = schema();
    let place = |upc: &str| {
        format!(
            r#"mutation {{ placeOrder(input: {{ customer: "u1", lines: [{{ upc: "{upc}" }}] }}) {{ id }} }}"#
        )
    };
    data(&schema, &place(LAMP)).await;
    data(&schema, &place(LAMP)).await;
    let watched = r#"subscription { orderStatus(id: "o1601") { id status } }"#;
    let mut heard = schema.execute_stream(watched);
    let mut next = async || heard.next().await.map(json);
    let told = |status: &str| Some(value!({ "orderStatus": { "id": "o1601", "status": status } }));
    assert_eq!(next().await, told("PLACED"));
    for (id, expected) in [
        ("o1601", "PACKED"),
        ("o1601", "SHIPPED"),
        ("o1601", "DELIVERED"),
    ] {
        data(&schema, r#"mutation { advanceOrder(id: "o1602") { id } }"#).await;
        data(
            &schema,
            &format!(r#"mutation {{ advanceOrder(id: "{id}") {{ id }} }}"#),
        )
        .await;
        assert_eq!(next().await, told(expected));
    }
    assert_eq!(next().await, None);
    let closed = refused("order o1601 is closed", "ORDER_CLOSED");
    let again = r#"mutation { advanceOrder(id: "o1601") { id } }"#;
    assert_eq!(errors(&schema, again).await, closed);
}

#[tokio::test]
async fn a_subscription_to_no_order_is_refused() {
    let query = r#"subscription { orderStatus(id: "x") { id } }"#;
    let schema = schema();
    let mut heard = schema.execute_stream(query);
    let errors = heard.next().await.unwrap().errors;
    assert_eq!(errors[0].message, "there is no order x");
    assert!(heard.next().await.is_none());
}

//! The four subgraphs of the public gateway benchmark, written anew: how many objects there are, how they lie in each
//! other, and how many bytes that makes.
//!
//! For its heavy query: 6 users with 22 reviews, 5 products with 11; every review was written by user 1 about product 1,
//! who have two reviews each. That is 187 reviews, 132 products and 55 authors below each other, in 79 KB.

use super::fixture::{Fixture, Object, Value};

/// How many reviews each user has; the first is the author of all.
const REVIEWS_OF_USERS: [usize; 6] = [2, 4, 4, 4, 4, 4];
/// How many reviews each product has; all reviews are about the first.
const REVIEWS_OF_PRODUCTS: [usize; 5] = [2, 3, 2, 2, 2];
/// Bytes of a review's text.
const BODY: usize = 347;

const NAMES: [&str; 6] = [
    "Uma Lind",
    "Ravi Sand",
    "Ines Moor",
    "Tomas Berg",
    "Lena Holt",
    "Yuki Arden",
];
const GOODS: [(&str, usize, usize); 5] = [
    ("Table", 899, 100),
    ("Couch", 1299, 1000),
    ("Glass", 15, 20),
    ("Chair", 499, 100),
    ("Shelf", 349, 80),
];

/// Adds the shop.
pub(super) fn add(fixture: &mut Fixture) {
    let mut next = 1;
    let mut reviews = |fixture: &mut Fixture, count: usize| {
        let keys = next..next + count;
        for key in keys.clone() {
            fixture.add(key, review(key));
        }
        next += count;
        Value::entities("Review", keys)
    };
    for (index, (name, count)) in NAMES.into_iter().zip(REVIEWS_OF_USERS).enumerate() {
        let reviews = reviews(fixture, count);
        fixture.add(index + 1, user(index + 1, name, reviews));
    }
    for (index, (goods, count)) in GOODS.into_iter().zip(REVIEWS_OF_PRODUCTS).enumerate() {
        let reviews = reviews(fixture, count);
        fixture.add(index + 1, product(index + 1, goods, reviews));
    }
    let query = [
        ("me", Value::Entity("User", "1".to_owned())),
        ("user", Value::Entity("User", "1".to_owned())),
        ("users", Value::entities("User", 1..=NAMES.len())),
        ("topProducts", Value::entities("Product", 1..=GOODS.len())),
    ];
    fixture.query.extend(query);
}

fn user(id: usize, name: &str, reviews: Value) -> Object {
    let username = name.to_lowercase().replace(' ', ".");
    let fields = [
        ("id", Value::text(&id.to_string())),
        ("name", Value::text(name)),
        ("username", Value::text(&username)),
        ("birthday", Value::number(1980 + id)),
        ("reviews", reviews),
    ];
    Object::new("User", fields)
}

fn product(upc: usize, (name, price, weight): (&str, usize, usize), reviews: Value) -> Object {
    let fields = [
        ("upc", Value::text(&upc.to_string())),
        ("name", Value::text(name)),
        ("price", Value::number(price)),
        ("weight", Value::number(weight)),
        ("inStock", Value::Json((upc != 2).to_string())),
        ("shippingEstimate", Value::Sum(&["price", "weight"])),
        ("reviews", reviews),
    ];
    Object::new("Product", fields)
}

fn review(id: usize) -> Object {
    let said = "Used it every day since it came and have nothing to complain about. ";
    let body: String = format!("{id}: {}", said.repeat(8));
    let fields = [
        ("id", Value::text(&id.to_string())),
        ("body", Value::text(&body[..BODY])),
        ("product", Value::Entity("Product", "1".to_owned())),
        ("author", Value::Entity("User", "1".to_owned())),
    ];
    Object::new("Review", fields)
}

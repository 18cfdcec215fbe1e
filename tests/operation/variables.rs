//! Variable coercion (GraphQL spec section 6.1.2).

use super::prepare;
use crate::kit;
use serde_json::{Value, json};

/// The coerced variables of an operation that declares `declared`, or what is said of them.
fn coerce(declared: &str, given: Value) -> Result<Value, String> {
    let used: Vec<&str> = declared
        .split('$')
        .skip(1)
        .map(|one| one.split(':').next().unwrap())
        .collect();
    let text = match used.as_slice() {
        ["input"] => format!("mutation({declared}) {{ placeOrder(input: $input) {{ id }} }}"),
        ["id"] => format!("query({declared}) {{ order(id: $id) {{ id }} }}"),
        _ => {
            let arguments: Vec<String> =
                used.iter().map(|name| format!("{name}: ${name}")).collect();
            format!(
                "query({declared}) {{ orders({}) {{ total }} }}",
                arguments.join(", ")
            )
        }
    };
    let document = prepare(&text).unwrap();
    let given = given.as_object().unwrap().clone();
    document
        .coerce(kit::sample(), given)
        .map(Value::Object)
        .map_err(|error| error.to_string())
}

#[test]
fn scalars() {
    assert_eq!(
        coerce("$first: Int", json!({"first": 3})),
        Ok(json!({"first": 3}))
    );
    assert_eq!(coerce("$id: ID!", json!({"id": 3})), Ok(json!({"id": 3})));
    assert_eq!(
        coerce("$id: ID!", json!({"id": "3"})),
        Ok(json!({"id": "3"}))
    );
    for wrong in [
        json!("3"),
        json!(3.5),
        json!(true),
        json!([3]),
        json!({}),
        json!(4_294_967_296_i64),
    ] {
        assert!(
            coerce("$first: Int", json!({ "first": wrong })).is_err(),
            "{wrong}"
        );
    }
    for wrong in [json!(1.5), json!(true), json!(["a"]), json!({})] {
        assert!(
            coerce("$id: ID!", json!({ "id": wrong })).is_err(),
            "{wrong}"
        );
    }
}

#[test]
fn what_must_be_there() {
    insta::assert_snapshot!(coerce("$id: ID!", json!({})).unwrap_err(), @"missing value for non-null variable 'id'");
    insta::assert_snapshot!(coerce("$id: ID!", json!({"id": null})).unwrap_err(), @"null value for variable id of non-null type ID!");
    assert_eq!(
        coerce("$first: Int!", json!({"first": 1})),
        Ok(json!({"first": 1}))
    );
    // Not given and null differ.
    assert_eq!(coerce("$first: Int", json!({})), Ok(json!({})));
    assert_eq!(
        coerce("$status: OrderStatus", json!({"status": null})),
        Ok(json!({"status": null}))
    );
}

#[test]
fn defaults() {
    assert_eq!(
        coerce("$first: Int! = 7", json!({})),
        Ok(json!({"first": 7}))
    );
    assert_eq!(
        coerce("$first: Int! = 7", json!({"first": 8})),
        Ok(json!({"first": 8}))
    );
    assert!(coerce("$first: Int! = 7", json!({"first": null})).is_err());
    assert_eq!(
        coerce("$status: OrderStatus = PACKED", json!({})),
        Ok(json!({"status": "PACKED"}))
    );
}

#[test]
fn enums() {
    assert_eq!(
        coerce("$status: OrderStatus", json!({"status": "PACKED"})),
        Ok(json!({"status": "PACKED"}))
    );
    insta::assert_snapshot!(coerce("$status: OrderStatus", json!({"status": "LOST"})).unwrap_err(), @r#"could not coerce variable status: "LOST" to type OrderStatus"#);
    assert!(coerce("$status: OrderStatus", json!({"status": 1})).is_err());
}

#[test]
fn input_objects_and_lists() {
    let line = json!({"upc": "1"});
    let order = |lines: Value| json!({"input": {"customer": "u1", "lines": lines}});
    // A field's default is filled in; a value alone is a list of one.
    let expected = Ok(order(json!([{"upc": "1", "quantity": 1}])));
    assert_eq!(
        coerce("$input: PlaceOrder!", order(json!([line]))),
        expected
    );
    assert_eq!(coerce("$input: PlaceOrder!", order(line)), expected);
    assert!(coerce("$input: PlaceOrder!", order(json!([null]))).is_err());
    insta::assert_snapshot!(coerce("$input: PlaceOrder!", json!({"input": {"customer": "u1"}})).unwrap_err(), @"Missing value for non-null input object field PlaceOrder.lines");
    let strange = json!({"input": {"customer": "u1", "lines": [], "colour": 1}});
    insta::assert_snapshot!(coerce("$input: PlaceOrder!", strange).unwrap_err(), @"Input object has key colour not in type PlaceOrder");
    let wrong = order(json!([{"upc": "1", "quantity": "many"}]));
    insta::assert_snapshot!(coerce("$input: PlaceOrder!", wrong).unwrap_err(), @r#"could not coerce input field PlaceOrderLine.quantity: "many" to type Int"#);
}

#[test]
fn what_nobody_declared_is_dropped() {
    assert_eq!(
        coerce("$first: Int", json!({"first": 1, "second": {"a": [2]}})),
        Ok(json!({"first": 1}))
    );
}

#[test]
fn large_values() {
    let lines: Vec<Value> = (0..20_000)
        .map(|at| json!({"upc": at.to_string(), "quantity": 1}))
        .collect();
    let given = json!({"input": {"customer": "u1", "lines": lines}});
    let (coerced, took) = kit::on_small_stack(|| coerce("$input: PlaceOrder!", given.clone()));
    assert_eq!(coerced, Ok(given));
    assert!(took < std::time::Duration::from_secs(5), "it took {took:?}");
    // As deep as JSON is read at all.
    let deep: Value =
        serde_json::from_str(&format!("{}1{}", "[".repeat(120), "]".repeat(120))).unwrap();
    let (coerced, _) = kit::on_small_stack(|| coerce("$first: Int", json!({ "first": deep })));
    assert!(coerced.is_err());
}

//! Users as the router meets it: by operations, representations among them.

use async_graphql::{Request, Value, value};

use super::schema;
use crate::asking::{data, errors, refused};
use crate::server::Caller;

#[tokio::test]
async fn a_user_is_found_by_each_key_and_nobody_is_null() {
    let query = r#"{ _entities(representations: [
        { __typename: "User", id: "u2" }
        { __typename: "User", email: "bruno.lambert@example.com" }
        { __typename: "User", id: "u02" }
        { __typename: "User", id: "u301" }
        { __typename: "User", email: "nobody@example.com" }
    ]) { ... on User { id email name } } }"#;
    let bruno =
        value!({ "id": "u2", "email": "bruno.lambert@example.com", "name": "Bruno Lambert" });
    let answer = value!({ "_entities": [bruno.clone(), bruno, null, null, null] });
    assert_eq!(data(&schema(), query).await, answer);
}

#[tokio::test]
async fn the_tier_follows_from_the_total_that_was_sent() {
    let query = r#"{ _entities(representations: [
        { __typename: "User", id: "u1", totalSpent: { amount: 49999 } }
        { __typename: "User", id: "u1", totalSpent: { amount: 50000 } }
        { __typename: "User", email: "ada.albrecht@example.com", totalSpent: { amount: 150000 } }
    ]) { ... on User { id tier } } }"#;
    let answer = value!({ "_entities": [
        { "id": "u1", "tier": "BRONZE" },
        { "id": "u1", "tier": "SILVER" },
        { "id": "u1", "tier": "GOLD" },
    ] });
    assert_eq!(data(&schema(), query).await, answer);
}

#[tokio::test]
async fn without_the_total_there_is_no_tier() {
    let query = r#"{ user(id: "u1") { tier } }"#;
    let expected = vec![("tier needs totalSpent, which was not sent".to_owned(), None)];
    assert_eq!(errors(&schema(), query).await, expected);
}

#[tokio::test]
async fn me_is_who_the_header_names() {
    let schema = schema();
    let answer = async |caller| {
        let request = Request::new("{ me { id } }").data(Caller::named(caller));
        schema.execute(request).await.into_result().unwrap().data
    };
    assert_eq!(answer(None).await, value!({ "me": { "id": "u1" } }));
    assert_eq!(answer(Some("u7")).await, value!({ "me": { "id": "u7" } }));
    assert_eq!(answer(Some("stranger")).await, value!({ "me": null }));
}

#[tokio::test]
async fn pages_go_on_where_the_last_ended() {
    let query = r#"{ users(first: 2, after: "u299") {
        total nodes { id } pageInfo { hasNextPage endCursor } } }"#;
    let answer = value!({ "users": {
        "total": 300,
        "nodes": [{ "id": "u300" }],
        "pageInfo": { "hasNextPage": false, "endCursor": "u300" },
    } });
    assert_eq!(data(&schema(), query).await, answer);
    let unknown = errors(&schema(), r#"{ users(after: "u999") { total } }"#).await;
    assert_eq!(unknown, refused("there is no cursor u999", "NOT_FOUND"));
    let too_many = errors(&schema(), "{ users(first: 101) { total } }").await;
    assert_eq!(too_many.len(), 1);
}

#[tokio::test]
async fn who_registers_is_found_afterwards() {
    let schema = schema();
    let register = r#"mutation { registerUser(input: {
        name: " Nina Noble ", email: "Nina@Example.com", phone: "+49 40 555 1" }) {
        id name email phone address { city } wishlist { sku } } }"#;
    let nina = value!({ "registerUser": {
        "id": "u301", "name": "Nina Noble", "email": "nina@example.com",
        "phone": "+49 40 555 1", "address": null, "wishlist": [],
    } });
    assert_eq!(data(&schema, register).await, nina);
    let query = r#"{ userByEmail(email: "nina@example.com") { id } users(first: 0) { total } }"#;
    let answer = value!({ "userByEmail": { "id": "u301" }, "users": { "total": 301 } });
    assert_eq!(data(&schema, query).await, answer);
    let twice = refused("nina@example.com is registered already", "EMAIL_TAKEN");
    assert_eq!(errors(&schema, register).await, twice);
}

#[tokio::test]
async fn a_new_name_is_seen_by_the_next_query() {
    let schema = schema();
    let rename = r#"mutation { renameUser(id: "u3", name: "Clara Weber") { name } }"#;
    let renamed = value!({ "renameUser": { "name": "Clara Weber" } });
    assert_eq!(data(&schema, rename).await, renamed);
    let query = r#"{ user(id: "u3") { name email } }"#;
    let answer = value!({ "user": { "name": "Clara Weber", "email": "clara.wagner@example.com" } });
    assert_eq!(data(&schema, query).await, answer);
}

#[tokio::test]
async fn senseless_input_is_refused_and_changes_nothing() {
    let schema = schema();
    let bad_name = refused("name must be 1 to 100 characters", "BAD_USER_INPUT");
    let rename = r#"mutation { renameUser(id: "u3", name: "  ") { name } }"#;
    assert_eq!(errors(&schema, rename).await, bad_name);
    let nobody = r#"mutation { renameUser(id: "x", name: "X") { name } }"#;
    assert_eq!(
        errors(&schema, nobody).await,
        refused("there is no user x", "NOT_FOUND")
    );
    for email in ["", "nina", "@example.com", "ni na@example.com", "nina@host"] {
        let register = format!(
            r#"mutation {{ registerUser(input: {{ name: "N", email: "{email}" }}) {{ id }} }}"#
        );
        let rule = "email must be an address such as ada@example.com";
        assert_eq!(
            errors(&schema, &register).await,
            refused(rule, "BAD_USER_INPUT"),
            "{email}"
        );
    }
    let total = data(&schema, "{ users(first: 0) { total } }").await;
    assert_eq!(total, value!({ "users": { "total": 300 } }));
}

/// Another subgraph refers to users by what the shop knows of them; both keys must name the same person everywhere.
#[tokio::test]
async fn every_person_of_the_shop_is_a_user_under_both_keys() {
    let schema = schema();
    for person in crate::shop::PEOPLE.iter() {
        let query = format!(
            r#"{{ user(id: "{}") {{ id email }} userByEmail(email: "{}") {{ id email }} }}"#,
            person.id, person.email
        );
        let user = value!({ "id": Value::from(&person.id), "email": Value::from(&person.email) });
        let answer = value!({ "user": user.clone(), "userByEmail": user });
        assert_eq!(data(&schema, &query).await, answer);
    }
}

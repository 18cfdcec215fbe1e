//! The OpenAPI document: that it is one, and that answers are what it says.

use super::supergraph;
use crate::kit::{Answer, Client, Exchange, Fake, Page, Router};
use serde_json::Value;
use std::{collections::HashSet, path::Path};

/// The configuration of the page about the document.
fn config() -> String {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/rest/operations_openapi.md");
    let page = Page::read(&page);
    let blocks = page.blocks();
    let config = blocks.iter().find(|block| block.kind == "config");
    config.unwrap().text.clone()
}

fn document(router: &Router) -> Value {
    let answer = Client::connect(router.address).request("GET /openapi.json");
    serde_json::from_slice(&answer.body).unwrap()
}

/// Calls `visit` with every object in a value.
fn each_object(value: &Value, visit: &mut impl FnMut(&Value)) {
    match value {
        Value::Object(members) => {
            visit(value);
            members
                .values()
                .for_each(|member| each_object(member, visit));
        }
        Value::Array(items) => items.iter().for_each(|item| each_object(item, visit)),
        _ => {}
    }
}

fn referred<'a>(document: &'a Value, reference: &Value) -> &'a Value {
    let pointer = reference.as_str().unwrap().strip_prefix('#').unwrap();
    document
        .pointer(pointer)
        .unwrap_or_else(|| panic!("{reference} leads nowhere"))
}

/// Checks what OpenAPI 3.1 asks of the document's objects.
fn check(document: &Value) {
    assert_eq!(document["openapi"], "3.1.0");
    assert!(document["info"]["title"].is_string() && document["info"]["version"].is_string());
    let mut ids = HashSet::new();
    let paths = document["paths"].as_object().unwrap();
    assert!(!paths.is_empty());
    for (path, item) in paths {
        assert!(path.starts_with('/'), "{path}");
        for (method, operation) in item.as_object().unwrap() {
            let known = ["get", "put", "post", "delete", "options", "patch"];
            assert!(known.contains(&method.as_str()), "{method}");
            if let Some(id) = operation.get("operationId") {
                assert!(ids.insert(id.clone()), "{id} is there twice");
            }
            check_parameters(path, operation);
            check_responses(document, operation);
        }
    }
    each_object(document, &mut |object| {
        if let Some(reference) = object.get("$ref") {
            referred(document, reference);
        }
        if let (Some(properties), Some(required)) =
            (object.get("properties"), object.get("required"))
        {
            for name in required.as_array().unwrap() {
                assert!(
                    properties.get(name.as_str().unwrap()).is_some(),
                    "{name} in {object}"
                );
            }
        }
    });
}

fn check_parameters(path: &str, operation: &Value) {
    let none = Vec::new();
    let parameters = operation
        .get("parameters")
        .map_or(&none, |list| list.as_array().unwrap());
    let mut seen = HashSet::new();
    for parameter in parameters {
        let (place, name) = (
            parameter["in"].as_str().unwrap(),
            parameter["name"].as_str().unwrap(),
        );
        assert!(["path", "query", "header"].contains(&place), "{place}");
        assert!(seen.insert((place, name)), "{name} is there twice");
        assert!(parameter["schema"].is_object());
        assert!(place != "path" || parameter["required"] == true, "{name}");
        assert!(
            place != "path" || path.contains(&format!("{{{name}}}")),
            "{name}"
        );
    }
    for part in path.split('{').skip(1) {
        let name = part.split('}').next().unwrap();
        assert!(seen.contains(&("path", name)), "{name} in {path}");
    }
}

fn check_responses(document: &Value, operation: &Value) {
    let responses = operation["responses"].as_object().unwrap();
    assert!(responses.contains_key("default"));
    assert!(responses.keys().any(|status| status.starts_with('2')));
    for response in responses.values() {
        let response = response
            .get("$ref")
            .map_or(response, |to| referred(document, to));
        assert!(response["description"].is_string());
    }
}

/// Whether a value is what a schema says, as far as our schemas go.
fn fits(document: &Value, schema: &Value, value: &Value) -> bool {
    let each = |key: &str| schema.get(key).map(|list| list.as_array().unwrap());
    let count = |list: &Vec<Value>| list.iter().filter(|one| fits(document, one, value)).count();
    let is = |name: &Value| match name.as_str().unwrap() {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("{other} is no type"),
    };
    let has_type = match schema.get("type") {
        None => true,
        Some(Value::Array(names)) => names.iter().any(is),
        Some(name) => is(name),
    };
    let members = |(name, schema): (&String, &Value)| {
        value
            .get(name)
            .is_none_or(|value| fits(document, schema, value))
    };
    has_type
        && schema
            .get("$ref")
            .is_none_or(|to| fits(document, referred(document, to), value))
        && schema.get("const").is_none_or(|only| only == value)
        && each("enum").is_none_or(|values| values.contains(value))
        && each("anyOf").is_none_or(|list| count(list) > 0)
        && each("oneOf").is_none_or(|list| count(list) == 1)
        && (!value.is_object()
            || each("required").is_none_or(|names| {
                names
                    .iter()
                    .all(|name| value.get(name.as_str().unwrap()).is_some())
            }))
        && schema
            .get("properties")
            .is_none_or(|all| all.as_object().unwrap().iter().all(members))
        && match (schema.get("items"), value) {
            (Some(schema), Value::Array(items)) => {
                items.iter().all(|item| fits(document, schema, item))
            }
            _ => true,
        }
}

fn answering(body: &str) -> Vec<Exchange> {
    let answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    vec![Exchange {
        expected: None,
        answer: Answer::Bytes(answer.into_bytes()),
    }]
}

#[test]
fn it_is_a_document_and_always_the_same() {
    let texts: Vec<String> = (0..2)
        .map(|_| {
            let router = Router::start(&config(), &supergraph("dashboard"));
            let document = document(&router);
            check(&document);
            document.to_string()
        })
        .collect();
    assert_eq!(texts[0], texts[1]);
}

#[test]
fn it_is_not_there_unless_it_is_switched_on() {
    let router = Router::start(
        &config().replace("enabled: true, ", ""),
        &supergraph("dashboard"),
    );
    let answer = Client::connect(router.address).request("GET /openapi.json");
    assert_eq!(answer.start, "HTTP/1.1 404 Not Found");
}

#[test]
fn answers_are_what_it_says() {
    let (orders, products, users) = (Fake::start(), Fake::start(), Fake::start());
    let graph = supergraph("dashboard")
        .replace("orders.test", &orders.address.to_string())
        .replace("products.test", &products.address.to_string())
        .replace("users.test", &users.address.to_string());
    let router = Router::start(&config(), &graph);
    let document = document(&router);
    let schema = |pointer: &str| {
        let schema = document.pointer(pointer).unwrap();
        schema
            .get("$ref")
            .map_or(schema, |to| referred(&document, to))
    };
    let listed = schema("/paths/~1orders/get/responses/200/content/application~1json/schema");
    let found = schema("/paths/~1search/get/responses/200/content/application~1json/schema");
    let problem = schema("/components/schemas/Problem");
    let ask = |path: &str| {
        let answer = Client::connect(router.address).request(&format!("GET {path}\nx-customer: 1"));
        serde_json::from_slice::<Value>(&answer.body).unwrap()
    };

    orders.expect(answering(
        r#"{"data":{"orders":[{"id":"1","status":"PLACED","total":1.5,"placedAt":null}]}}"#,
    ));
    products.expect(answering(
        r#"{"data":{"recommendations":[{"__typename":"Product","title":"Lamp","price":2,"weight":null},{"__typename":"Bundle","title":"Set","price":null,"_1_price":null}]}}"#,
    ));
    let answer = ask("/orders?full=true");
    assert!(fits(&document, listed, &answer), "{answer}");
    // The check sees what is wrong, too.
    let mut wrong = answer.clone();
    wrong["recommendations"][1]["__typename"] = "Product".into();
    assert!(!fits(&document, listed, &wrong));
    wrong["recommendations"] = answer["recommendations"].clone();
    wrong["orders"][0]["status"] = "LOST".into();
    assert!(!fits(&document, listed, &wrong));

    products.expect(answering(r#"{"data":{"search":[{"__typename":"Shelf","name":"Cups"},{"__typename":"Product","title":"Cup"}]}}"#));
    users.expect(answering(
        r#"{"data":{"me":null},"errors":[{"message":"no","path":["me"]}]}"#,
    ));
    let answer = ask("/search?text=c");
    assert!(
        fits(&document, found, &answer) && answer["errors"].is_array(),
        "{answer}"
    );

    let answer = ask("/orders?limit=x");
    assert!(fits(&document, problem, &answer), "{answer}");
    assert!(!fits(&document, listed, &answer), "{answer}");
}

#[test]
fn a_document_that_says_nothing_is_found() {
    let found = |yaml: &str| {
        let environment = graphway::config::Environment {
            variable: &|_| None,
            file: &|path| std::fs::read_to_string(path),
        };
        let parsed = graphway::config::parse("router.yaml", yaml, &environment).unwrap();
        let graph = graphway::schema::Supergraph::parse(&supergraph("dashboard")).unwrap();
        let findings = graphway::gateway::check(&parsed.config.gateway(), &graph).into_iter();
        let keys = findings.map(|finding| finding.key.join("."));
        keys.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(found("openapi: { enabled: true }"), "openapi.enabled");
    assert_eq!(
        found("openapi: { enabled: true, path: /graphql }"),
        "openapi.path"
    );
    assert_eq!(found("openapi: { enabled: false, path: /graphql }"), "");
    assert_eq!(found(&config()), "");
}

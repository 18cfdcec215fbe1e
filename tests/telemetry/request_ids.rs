//! `X-Request-ID`: made by the router, told to the client and to subgraphs.

use super::{FEDERATED, expect_federated, shop};
use crate::kit::{Client, Fake, Message, Router};

fn asked(config: &str, header: &str) -> (Message, [Option<String>; 2]) {
    let (users, products) = (Fake::start(), Fake::start());
    let router = Router::start(config, &shop(&[("users", &users), ("products", &products)]));
    expect_federated(&users, &products);
    let request = FEDERATED.replacen("/graphql", &format!("/graphql{header}"), 1);
    let response = Client::connect(router.address).request(&request);
    let told = [&users, &products].map(Fake::last_request_id);
    (response, told)
}

#[test]
fn every_request_has_an_id_of_its_own() {
    let (response, told) = asked("", "\nx-request-id: mine");
    let id = response.header("x-request-id").unwrap();
    assert!(
        id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()),
        "{id}"
    );
    assert_eq!(told, [Some(id.to_owned()), Some(id.to_owned())]);
    let (other, _) = asked("", "\nx-request-id: mine");
    assert_ne!(other.header("x-request-id"), Some(id));
}

#[test]
fn a_trusted_client_may_give_it() {
    let config = "request_id: { from_client: true }\n";
    let (response, told) = asked(config, "\nx-request-id: mine");
    assert_eq!(response.header("x-request-id"), Some("mine"));
    assert_eq!(told, [Some("mine".to_owned()), Some("mine".to_owned())]);
    let (response, _) = asked(config, "\nx-request-id: not mine");
    assert_eq!(response.header("x-request-id").unwrap().len(), 32);
}

#[test]
fn refusals_have_one_too() {
    let router = Router::start("", &shop(&[]));
    let refused = Client::connect(router.address).request("GET /nowhere");
    assert!(refused.header("x-request-id").is_some());
}

#[test]
fn services_behind_routes_are_told_too() {
    let service = Fake::start();
    service.expect(vec![super::json("{}")]);
    let config = format!(
        "upstreams: {{ service: {{ endpoints: ['http://{}'] }} }}\nroutes: [{{ match: {{ path: /api/** }}, to: service }}]\n",
        service.address
    );
    let router = Router::start(&config, &shop(&[]));
    let response = Client::connect(router.address).request("GET /api/a\nx-request-id: mine");
    assert_eq!(response.start, "HTTP/1.1 200 OK");
    let id = response.header("x-request-id").map(str::to_owned);
    assert!(id.is_some());
    assert_eq!(service.last_request_id(), id);
    assert!(!service.take_seen().concat().contains("mine"));
}

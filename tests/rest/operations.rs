//! Routes that the graph answers: what their writer is told, and what pages cannot show.

use super::{PATIENCE, drain, status, supergraph};
use crate::kit::{Answer, Client, Exchange, Fake, Process, Router};
use graphway::{
    config::{self, Environment, Parsed},
    gateway::{Gateway, StartError},
    schema::Supergraph,
};
use std::{fs, io::Write, net::TcpStream};

fn parse(text: &str) -> Result<Parsed, config::Error> {
    let environment = Environment {
        variable: &|_| None,
        file: &|path| fs::read_to_string(path),
    };
    config::parse("router.yaml", text, &environment)
}

/// What is said of this configuration over the graph of the pages, shown where it is written.
fn error(routes: &str) -> String {
    let text = format!("routes:\n{routes}");
    let parsed = match parse(&text) {
        Ok(parsed) => parsed,
        Err(error) => return error.to_string(),
    };
    let graph = Supergraph::parse(&supergraph("dashboard")).unwrap();
    match Gateway::start(&parsed.config.gateway(), graph) {
        Err(StartError::Snapshot(error)) => {
            let misfit = error.misfit().unwrap();
            let located = parsed.outline.error(&misfit.at, misfit.message.as_str());
            located.to_string()
        }
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("nothing is wrong with\n{text}"),
    }
}

/// What is said of a route to `/x` with these keys of `graphql`.
fn wrong(keys: &str) -> String {
    error(&format!(
        "  - match: {{ path: /x }}\n    graphql:\n{keys}\n"
    ))
}

#[test]
fn what_answers_a_route_is_said_once() {
    insta::assert_snapshot!(error("  - match: { path: /x }\n"), @r###"
    router.yaml:2:5: a route has one of `to`, `versions`, `redirect`, `respond` and `graphql`
    2 |   - match: { path: /x }
      |     ^
    "###);
    insta::assert_snapshot!(error("  - { match: { path: /x }, to: shop, graphql: { operation: \"{ me { id } }\" } }\n"), @r###"
    router.yaml:2:47: a route has one of `to`, `versions`, `redirect`, `respond` and `graphql`, and this one has `to`
    2 |   - { match: { path: /x }, to: shop, graphql: { operation: "{ me { id } }" } }
      |                                               ^
    "###);
    insta::assert_snapshot!(error("  - { match: { path: /x }, strip_prefix: /x, graphql: { operation: \"{ me { id } }\" } }\n"), @r###"
    router.yaml:2:42: this is about upstreams, and the route has none
    2 |   - { match: { path: /x }, strip_prefix: /x, graphql: { operation: "{ me { id } }" } }
      |                                          ^
    "###);
    insta::assert_snapshot!(error("  - { match: { path: /x }, cache: { ttl: 1s }, graphql: { operation: \"{ me { id } }\" } }\n"), @r###"
    router.yaml:2:35: what an operation answers is not stored: it may depend on the caller in every field
    2 |   - { match: { path: /x }, cache: { ttl: 1s }, graphql: { operation: "{ me { id } }" } }
      |                                   ^
    "###);
    insta::assert_snapshot!(wrong("      strict: true"), @r###"
    router.yaml:4:7: the key `operation` or `file` is missing
    4 |       strict: true
      |       ^
    "###);
    insta::assert_snapshot!(wrong("      operation: \"{ me { id } }\"\n      file: x.graphql"), @r###"
    router.yaml:5:13: `operation` is the document already
    5 |       file: x.graphql
      |             ^
    "###);
    insta::assert_snapshot!(wrong("      file: tests/nothing.graphql"), @r###"
    router.yaml:4:13: cannot read `tests/nothing.graphql`: No such file or directory (os error 2)
    4 |       file: tests/nothing.graphql
      |             ^
    "###);
}

#[test]
fn an_operation_that_is_none_is_pointed_at() {
    insta::assert_snapshot!(wrong("      operation: \"{ me { id }\""), @r###"
    router.yaml:4:7: line 1, column 12: syntax error: expected R_CURLY, got EOF
    4 |       operation: "{ me { id }"
      |       ^
    "###);
    insta::assert_snapshot!(wrong("      operation: |\n        {\n          me { nam age }\n        }"), @r###"
    router.yaml:4:7: line 2, column 3: interface, union and object types must have a subselection set; line 2, column 8: type `User` does not have a field `nam`; line 2, column 12: type `User` does not have a field `age`
    4 |       operation: |
      |       ^
    "###);
    insta::assert_snapshot!(wrong("      operation: query A { me { id } } query B { me { id } }"), @r###"
    router.yaml:4:7: the document has several operations: say which one with operationName
    4 |       operation: query A { me { id } } query B { me { id } }
      |       ^
    "###);
    insta::assert_snapshot!(wrong("      operation: query A { me { id } }\n      operation_name: B"), @r###"
    router.yaml:4:7: the document has no operation named "B"
    4 |       operation: query A { me { id } }
      |       ^
    "###);
    insta::assert_snapshot!(wrong("      operation: \"{ __schema { queryType { name } } }\""), @r###"
    router.yaml:4:7: `__schema` and `__type` are not answered by routes
    4 |       operation: "{ __schema { queryType { name } } }"
      |       ^
    "###);
    insta::assert_snapshot!(wrong("      operation: subscription { me { id } }"), @r###"
    router.yaml:4:7: line 1, column 1: `subscription` root operation type is not defined
    4 |       operation: subscription { me { id } }
      |       ^
    "###);
    insta::assert_snapshot!(wrong("      operation: \"{ me { id } }\"\nlimits: { max_depth: 1 }"), @r###"
    router.yaml:4:7: The operation has 2 levels of fields, at most 1 are allowed (limits.max_depth)
    4 |       operation: "{ me { id } }"
      |       ^
    "###);
}

#[test]
fn a_variable_that_nothing_feeds_is_pointed_at() {
    let operation = "      operation: \"query($id: ID!, $n: Int) { user(id: $id) { orders(first: $n) { id } } }\"";
    let wrong = |keys: &str| wrong(&format!("{operation}\n{keys}"));
    insta::assert_snapshot!(wrong("      variables: { ids: { query: id } }"), @r###"
    router.yaml:5:20: the operation has no variable `$ids`
    5 |       variables: { ids: { query: id } }
      |                    ^
    "###);
    insta::assert_snapshot!(wrong("      variables: { id: { path: id } }"), @r###"
    router.yaml:5:20: `match.path` has no part `{id}`
    5 |       variables: { id: { path: id } }
      |                    ^
    "###);
    insta::assert_snapshot!(wrong("      variables: { id: { body: id } }"), @r###"
    router.yaml:5:20: a body comes with POST, PUT and PATCH alone, and `match.methods` must say so
    5 |       variables: { id: { body: id } }
      |                    ^
    "###);
    insta::assert_snapshot!(wrong("      variables: { id: { cookie: id } }"), @r###"
    router.yaml:5:26: unknown value `cookie`; there are: path, query, header, claim, body, value
    5 |       variables: { id: { cookie: id } }
      |                          ^
    "###);
    insta::assert_snapshot!(wrong("      variables: { id: { header: \"a b\" } }"), @r###"
    router.yaml:5:34: `a b` cannot be the name of a header
    5 |       variables: { id: { header: "a b" } }
      |                                  ^
    "###);
    insta::assert_snapshot!(wrong("      variables: { n: { value: many } }"), @r###"
    router.yaml:5:20: The variable `n` must be a whole number of 32 bits
    5 |       variables: { n: { value: many } }
      |                    ^
    "###);
    insta::assert_snapshot!(wrong("      variables: { n: { value: 1.5 } }"), @r###"
    router.yaml:5:20: could not coerce variable n: 1.5 to type Int
    5 |       variables: { n: { value: 1.5 } }
      |                    ^
    "###);
    insta::assert_snapshot!(wrong("      variables: { id: { value: null } }"), @r###"
    router.yaml:5:20: null value for variable id of non-null type ID!
    5 |       variables: { id: { value: null } }
      |                    ^
    "###);
    insta::assert_snapshot!(wrong("      variables: { id: { body: a..b } }"), @r###"
    router.yaml:5:32: `a..b` is not a place; write names with dots between them (`me.orders`), or `.` for all
    5 |       variables: { id: { body: a..b } }
      |                                ^
    "###);
}

#[test]
fn places_that_nothing_is_at_are_pointed_at() {
    let operation = "      operation: \"{ me { name email } recommendations { title price } }\"";
    let wrong = |keys: &str| wrong(&format!("{operation}\n{keys}"));
    insta::assert_snapshot!(wrong("      result: me.nam"), @r###"
    router.yaml:5:7: the operation answers nothing at `me.nam`
    5 |       result: me.nam
      |       ^
    "###);
    insta::assert_snapshot!(wrong("      result: { who: me.name, what: { first: recommendations.titles } }"), @r###"
    router.yaml:5:39: the operation answers nothing at `recommendations.titles`
    5 |       result: { who: me.name, what: { first: recommendations.titles } }
      |                                       ^
    "###);
    insta::assert_snapshot!(wrong("      result: 5"), @r###"
    router.yaml:5:15: expected a place in the data (`me.orders`), or names and a place for each, found `5`
    5 |       result: 5
      |               ^
    "###);
    insta::assert_snapshot!(wrong("      not_found_when_null: you"), @r###"
    router.yaml:5:7: the operation answers nothing at `you`
    5 |       not_found_when_null: you
      |       ^
    "###);
    insta::assert_snapshot!(wrong("      not_found_when_null: recommendations"), @r###"
    router.yaml:5:7: `recommendations` is never null
    5 |       not_found_when_null: recommendations
      |       ^
    "###);
    insta::assert_snapshot!(wrong("      not_found_when_null: recommendations.price"), @r###"
    router.yaml:5:7: `recommendations.price` is never null
    5 |       not_found_when_null: recommendations.price
      |       ^
    "###);
    insta::assert_snapshot!(super::operations::wrong("      operation: \"{ me { orders { placedAt } } }\"\n      not_found_when_null: me.orders.placedAt"), @r###"
    router.yaml:5:7: `me.orders.placedAt` is in a list
    5 |       not_found_when_null: me.orders.placedAt
      |       ^
    "###);
    insta::assert_snapshot!(wrong("      on_error: partial\n      result: recommendations"), @r###"
    router.yaml:5:7: the result must be an object without a member `errors`, for that is where errors go
    5 |       on_error: partial
      |       ^
    "###);
    insta::assert_snapshot!(wrong("      on_error: partial\n      result: { errors: me }"), @r###"
    router.yaml:5:7: the result must be an object without a member `errors`, for that is where errors go
    5 |       on_error: partial
      |       ^
    "###);
    insta::assert_snapshot!(wrong("      on_error: ignore"), @r###"
    router.yaml:5:17: unknown value `ignore`; there are: fail, partial
    5 |       on_error: ignore
      |                 ^
    "###);
    insta::assert_snapshot!(wrong("      status: 500"), @r###"
    router.yaml:5:15: 500 must be 200, 201, 202 or 204
    5 |       status: 500
      |               ^
    "###);
    insta::assert_snapshot!(wrong("      statuses: { GONE: 200 }"), @r###"
    router.yaml:5:25: 200 does not tell of a failure: 400 to 599
    5 |       statuses: { GONE: 200 }
      |                         ^
    "###);
}

#[test]
fn a_mutation_behind_a_method_that_promises_nothing_changes_is_pointed_at() {
    let graphql = "graphql: { operation: \"mutation { cancelOrder(id: 1) { id } }\" }";
    insta::assert_snapshot!(error(&format!("  - match: {{ path: /x }}\n    {graphql}\n")), @r###"
    router.yaml:2:5: a mutation is for POST, PUT, PATCH and DELETE alone, and `methods` must say which
    2 |   - match: { path: /x }
      |     ^
    "###);
    insta::assert_snapshot!(error(&format!("  - match: {{ path: /x, methods: [POST, GET] }}\n    {graphql}\n")), @r###"
    router.yaml:2:24: a mutation is for POST, PUT, PATCH and DELETE alone, and `methods` must say which
    2 |   - match: { path: /x, methods: [POST, GET] }
      |                        ^
    "###);
}

#[test]
fn head_is_answered_as_get_is() {
    let users = Fake::start();
    let graph = supergraph("dashboard").replace("users.test", &users.address.to_string());
    let config = "routes: [{ match: { path: /me }, graphql: { operation: '{ me { name } }' } }]\n";
    let router = Router::start(config, &graph);
    let body = r#"{"data":{"me":{"name":"Ada"}}}"#;
    let answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    users.expect(vec![Exchange {
        expected: None,
        answer: Answer::Bytes(answer.into_bytes()),
    }]);
    let mut stream = TcpStream::connect(router.address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let head = b"HEAD /me HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    stream.write_all(head).unwrap();
    let answer = drain(&mut stream);
    assert_eq!(status(&answer), 200);
    assert!(
        answer.contains("content-type: application/json\r\n"),
        "{answer}"
    );
    assert!(answer.contains("content-length: 21\r\n"), "{answer}");
    assert!(answer.ends_with("\r\n\r\n"), "{answer}");
    assert_eq!(users.complaints(), Vec::<String>::new());
}

#[test]
fn a_document_in_a_file_is_watched_and_what_is_wrong_changes_nothing() {
    let route =
        |keys: &str| format!("routes: [{{ match: {{ path: /me }}, graphql: {{ {keys} }} }}]\n");
    let wrong = route("operation: '{ me { nam } }'");
    let process = Process::start(
        &route("operation: '{ me { name } }'"),
        &supergraph("dashboard"),
    );
    process.write("router.yaml", &wrong);
    let line = process.wait_for_line(|line| line.contains("not reloaded"));
    assert!(line.contains("router.yaml:1:45: line 1, column "), "{line}");
    // A parameter is wrong before anything is sent, so whose route answers can be told without any subgraph.
    let answer = |path: &str| {
        let answer = Client::connect(process.address).request(&format!("GET {path}"));
        (
            answer.start.clone(),
            String::from_utf8(answer.body).unwrap(),
        )
    };

    process.write("me.graphql", "query($id: ID!) { user(id: $id) { name } }");
    process.write("router.yaml", &route("file: me.graphql"));
    process.wait_for_line(|line| line.contains(" reloaded operations="));
    let (start, body) = answer("/me");
    assert_eq!(start, "HTTP/1.1 400 Bad Request");
    assert!(body.contains("`id` is missing"), "{body}");

    process.write("me.graphql", "query($id: ID!) { user(id: $id) { nam } }");
    let line = process.wait_for_line(|line| line.contains("column 35"));
    assert!(
        line.contains("not reloaded") && line.contains("router.yaml:1:"),
        "{line}"
    );
    assert_eq!(answer("/me").0, "HTTP/1.1 400 Bad Request");
}

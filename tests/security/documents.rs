//! Documents made to hurt, sent to a router.

use super::{answer_all, post, status};
use crate::{
    kit::{Client, Fake, Process, Router},
    telemetry::shop,
};
use serde_json::{Value, json};
use std::time::Duration;

fn numbered(count: usize, one: impl Fn(usize) -> String) -> String {
    (0..count).map(one).collect()
}

/// Fragments of which each leads to the next one twice, 41 of them.
fn bomb(on: &str, twice: impl Fn(&str) -> String, end: &str) -> String {
    let fragments = numbered(40, |at| {
        let next = format!("...F{}", at + 1);
        format!("fragment F{at} on {on} {{ {} }} ", twice(&next))
    });
    format!("{fragments} fragment F40 on {on} {{ {end} }}")
}

/// CVE-2025-31496, CVE-2025-32380, 32032, 32033, 32034, 32031: fragments that double were followed as often as they are
/// spread. Ten clients at a time, on one worker, must not keep another one waiting; each bomb is another document.
#[test]
fn bombs_of_fragments_cost_little_and_keep_nobody_waiting() {
    let process = Process::start("", &shop(&[]));
    let spread = bomb("Query", |next| format!("{next} {next}"), "__typename");
    let inline = bomb(
        "Query",
        |next| format!("...{{ {next} }} ...@skip(if: false) {{ {next} }}"),
        "__typename",
    );
    let nested = bomb(
        "User",
        |next| format!("a: friends {{ {next} }} b: friends {{ {next} }}"),
        "id",
    );
    let bombs = [
        (format!("{{ ...F0 }} {spread}"), 200),
        (format!("{{ ...F0 }} {inline}"), 200),
        (format!("{{ me {{ ...F0 }} }} {nested}"), 400),
        (
            format!("{{ {} }}", "me{id} ".repeat(2_000) + "me { ...F0 }") + &nested,
            400,
        ),
        (
            format!(
                "{{ {} }}",
                numbered(800, |at| format!("x: user(id: {at}) {{ id }} "))
            ),
            400,
        ),
    ];
    let mut good = Client::connect(process.address);
    assert_eq!(
        good.request(&post("{ __typename }")).start,
        "HTTP/1.1 200 OK"
    );
    for (bomb, expected) in bombs {
        let before = process.cpu_time();
        let mut clients: Vec<Client> = (0..10).map(|_| Client::connect(process.address)).collect();
        for (number, client) in clients.iter_mut().enumerate() {
            client.send(&crate::kit::wire(&post(&format!("{bomb} # {number}"))));
        }
        assert_eq!(
            good.request(&post("{ __typename }")).start,
            "HTTP/1.1 200 OK"
        );
        for client in &mut clients {
            let answer = client.response().unwrap();
            assert_eq!(
                status(&answer.start),
                expected,
                "{}",
                String::from_utf8_lossy(&answer.body)
            );
        }
        let took = process.cpu_time() - before;
        // All ten, in a debug build; one takes at most 50 ms in a release build.
        assert!(took < Duration::from_secs(8), "{took:?}: {}", &bomb[..60]);
    }
}

/// Requests that lead so far down: by fragments, by values in the document and beside it, by types and by selections.
fn bottomless(depth: usize) -> Vec<String> {
    let nested =
        |open: &str, middle: &str, close: &str| open.repeat(depth) + middle + &close.repeat(depth);
    let chain = numbered(depth, |at| {
        format!("fragment F{at} on Query{{...F{}}}", at + 1)
    });
    let mut documents = vec![
        format!("{{ ...F0 }} {chain} fragment F{depth} on Query{{shopName}}"),
        format!("query($a: {}) {{ me {{ id }} }}", nested("[", "Int", "]")),
        format!("{{ me {{ {} }} }}", nested("friends{id ", "", "}")),
        format!("{{ {} }}", nested("...{__typename ", "", "}")),
    ];
    for value in [nested("[", "1", "]"), nested("{a:", "1", "}")] {
        documents.push(format!("{{ product(id: {value}) {{ id }} }}"));
        documents.push(format!(
            "query($a: Int = {value}) {{ products(first: $a) {{ id }} }}"
        ));
    }
    let mut requests: Vec<String> = documents.iter().map(|document| post(document)).collect();
    for value in [nested("[", "1", "]"), nested("{\"a\":", "1", "}")] {
        requests.push(format!(
            "POST /graphql\ncontent-type: application/json\n\n{{\"query\":\"query($a: Int) {{ products(first: $a) {{ id }} }}\",\"variables\":{{\"a\":{value}}}}}"
        ));
    }
    requests
}

/// graphql-hive/router 1230, 1197, 360: a circle of fragments with something beside the spread ended the process, as long
/// chains did.
#[test]
fn circles_chains_and_depths_are_refused() {
    let roomy = "limits: { parser_max_tokens: 5000000, http_max_request_bytes: 5MB }\n";
    let circles = [
        "{ ...A } fragment A on Query { shopName ...A }",
        "query($c: Boolean!) { ...A } fragment A on Query { ...A @include(if: $c) }",
        "{ ...A } fragment A on Query { ...A @skip(if: true) }",
        "{ ...A @skip(if: true) } fragment A on Query { x: shopName ...B } fragment B on Query { ...A @include(if: false) shopName }",
        "{ ...A } fragment A on Query { ... on Query @include(if: true) { ...A } }",
        "{ me { ...A } } fragment A on User { friends { name ...A } }",
        "{ __typename } fragment A on Query { ...B } fragment B on Query { shopName ...A }",
    ];
    // Without a limit on tokens, all of a document is read.
    for (config, depth) in [("", 50_000), (roomy, 15_000)] {
        let router = Router::start(config, &shop(&[]));
        let circles = circles.iter().map(|circle| post(circle));
        for request in &circles.chain(bottomless(depth)).collect::<Vec<_>>() {
            let mut client = Client::connect(router.address);
            let answer = client.request(request);
            assert_eq!(status(&answer.start), 400, "{}", &request[..100]);
            assert_eq!(status(&client.request(&post("{ __typename }")).start), 200);
        }
    }
}

/// CVE-2023-41317: an operation without a name ended the process. Each kind, by each method and framing.
#[test]
fn operations_need_no_names() {
    let users = Fake::start();
    let router = Router::start("", &shop(&[("users", &users)]));
    let accepts = [
        "application/json",
        "text/event-stream",
        "multipart/mixed;subscriptionSpec=1.0",
        "*/*",
    ];
    let kinds = [
        ("{ me { id } }", "%7Bme%7Bid%7D%7D", [200, 200]),
        ("query { me { id } }", "query%7Bme%7Bid%7D%7D", [200, 200]),
        (
            "mutation { rename(name: \"a\") { id } }",
            "mutation%7Brename(name:%22a%22)%7Bid%7D%7D",
            [200, 405],
        ),
        (
            "subscription { renamed { id } }",
            "subscription%7Brenamed%7Bid%7D%7D",
            [400, 400],
        ),
        (
            "{ me { id } } { me { id } }",
            "%7Bme%7Bid%7D%7D%7Bme%7Bid%7D%7D",
            [400, 400],
        ),
    ];
    for accept in accepts {
        for (text, encoded, expected) in &kinds {
            let by_post = post(text).replacen("application/graphql-response+json", accept, 1);
            let by_get = format!(
                "GET /graphql?query={encoded}\napollo-require-preflight: 1\naccept: {accept}"
            );
            for (request, expected) in [by_post, by_get].iter().zip(expected) {
                answer_all(
                    &users,
                    1,
                    "{\"data\":{\"me\":{\"id\":\"1\"},\"rename\":{\"id\":\"1\"}}}",
                );
                let got = status(&Client::connect(router.address).request(request).start);
                let plain = ["application/json", "*/*"].contains(&accept);
                let fits = got == *expected || (!plain && got == 406);
                assert!(fits, "{got} for {request}");
                // Only what is answered is asked for.
                assert_eq!(
                    users.take_seen().len(),
                    usize::from(got == 200),
                    "{request}"
                );
            }
        }
    }
}

/// CVE-2026-32621: names that mean something to the language of the gateway changed its objects. Here they are names.
#[test]
fn names_of_prototypes_are_names() {
    let users = Fake::start();
    let router = Router::start("", &shop(&[("users", &users)]));
    let hostile = "{\"__proto__\":{\"isAdmin\":true},\"constructor\":{\"prototype\":1},\"data\":{\"__proto__\":{\"id\":\"x\"},\
        \"me\":{\"__proto__\":{\"id\":\"x\"},\"id\":\"1\",\"_1_id\":\"1\",\"name\":\"Ada\",\"constructor\":\"x\"}}}";
    answer_all(&users, 1, hostile);
    let query = "query($__proto__: Boolean!, $constructor: Boolean = true) { \
        __proto__: me { constructor: id @include(if: $__proto__) prototype: name @include(if: $constructor) \
        toString: __typename hasOwnProperty: id } }";
    let body = json!({ "query": query, "variables": { "__proto__": true }, "__proto__": { "query": "{ me { age } }" } });
    let request = format!("POST /graphql\ncontent-type: application/json\n\n{body}");
    let answer = Client::connect(router.address).request(&request);
    let answer: Value = serde_json::from_slice(&answer.body).unwrap();
    let expected = json!({ "data": { "__proto__": { "constructor": "1", "prototype": "Ada", "toString": "User", "hasOwnProperty": "1" } } });
    assert_eq!(answer, expected);
}

/// Whether a router refuses a request with this code, and says nothing that helps whoever probes it.
#[track_caller]
fn refuses(router: &Router, request: &str, code: &str) {
    let answer = Client::connect(router.address).request(request);
    let text = String::from_utf8_lossy(&answer.body).into_owned();
    let is_refused = (400..=415).contains(&status(&answer.start)) && text.contains(code);
    assert!(is_refused, "{}: {text}", answer.start);
    for told in [
        "Did you mean",
        "exception",
        "tracing",
        "stacktrace",
        "<html",
    ] {
        assert!(!text.contains(told), "{text}");
    }
}

/// What graphql-cop looks for in documents, with limits on. Selections that are the same are one field, so to say one often
/// is nothing.
#[test]
fn a_scanner_finds_nothing_in_documents() {
    let users = Fake::start();
    let config = "limits: { max_aliases: 100, max_depth: 10, max_root_fields: 1000 }\n";
    let router = Router::start(config, &shop(&[("users", &users), ("products", &users)]));
    let aliases = numbered(101, |at| format!("a{at}: __typename "));
    let circle =
        "{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }";
    let invalid = "GRAPHQL_VALIDATION_FAILED";
    for (query, code) in [
        (format!("{{ {aliases} }}"), "MAX_ALIASES_LIMIT"),
        (format!("{{ __typename {} }}", "@aa".repeat(10)), invalid),
        (
            format!("{{ __typename {} }}", "@skip(if: false)".repeat(50)),
            invalid,
        ),
        (format!("{{ __typename {} }}", "@a".repeat(10_000)), "LIMIT"),
        (circle.to_owned(), "INTROSPECTION_DISABLED"),
        ("{ mee { id } }".to_owned(), invalid),
        ("{ me { idd } }".to_owned(), invalid),
        (
            "{ 'd'efinitely not GraphQL".to_owned(),
            "GRAPHQL_PARSE_FAILED",
        ),
    ] {
        refuses(&router, &post(&query), code);
    }
    let same = post(&format!("{{ {} }}", "__typename ".repeat(500)));
    let answer = Client::connect(router.address).request(&same);
    assert_eq!(answer.body, b"{\"data\":{\"__typename\":\"Query\"}}");
    assert_eq!(users.take_seen(), Vec::<String>::new());
}

/// And in requests.
#[test]
fn a_scanner_finds_nothing_in_requests() {
    let users = Fake::start();
    let router = Router::start("", &shop(&[("users", &users), ("products", &users)]));
    let batch = ["{\"query\":\"{ __typename }\"}"; 10].join(",");
    let batch = format!("POST /graphql\ncontent-type: application/json\n\n[{batch}]");
    let form =
        "POST /graphql\ncontent-type: application/x-www-form-urlencoded\n\nquery=%7B__typename%7D";
    let mutation = "GET /graphql?query=mutation%7Brename(name:%22a%22)%7Bid%7D%7D\napollo-require-preflight: 1";
    refuses(&router, &batch, "BATCHING_NOT_ENABLED");
    refuses(&router, mutation, "METHOD_NOT_ALLOWED");
    refuses(&router, "GET /graphql?query=%7B__typename%7D", "CSRF_ERROR");
    refuses(&router, form, "INVALID_CONTENT_TYPE_HEADER");
    for path in [
        "/",
        "/graphql",
        "/graphiql",
        "/playground",
        "/altair",
        "/console",
    ] {
        let page = format!("GET {path}\naccept: text/html");
        let answer = Client::connect(router.address).request(&page);
        let text = String::from_utf8_lossy(&answer.body).to_ascii_lowercase();
        assert!(!text.contains("<html"), "{path}");
    }
    assert_eq!(users.take_seen(), Vec::<String>::new());
}

//! What happens before a new supergraph is served, and the way back.

use crate::{
    kit::{Client, Message, Process, Router},
    telemetry::shop,
};
use graphway::{
    config::{self, Environment},
    gateway::ReloadError,
    schema::Supergraph,
};
use serde_json::{Value, json};
use std::{
    io::{BufReader, Write},
    net::TcpListener,
    sync::{Arc, Mutex},
    thread,
};

/// The shop, with subgraphs that nobody listens for: its operations are planned all the same.
fn deaf_shop() -> String {
    shop(&[])
        .replace("users.test", "127.0.0.1:1")
        .replace("products.test", "127.0.0.1:1")
}

/// Without the name of users, and with their favourites elsewhere.
fn other_shop() -> String {
    let sdl = deaf_shop().replace("  name: String @join__field(graph: USERS)\n", "");
    let moved = sdl.replace(
        "favourites: [Product!] @join__field(graph: PRODUCTS)",
        "favourites: [Product!] @join__field(graph: USERS)",
    );
    assert_ne!(sdl, moved);
    moved
}

fn ask(client: &mut Client, query: &str) -> Message {
    let body = json!({ "query": query });
    client.request(&format!(
        "POST /graphql\ncontent-type: application/json\n\n{body}"
    ))
}

fn editions(admin: &mut Client, request: &str) -> Value {
    let answer = admin.request(request);
    assert_eq!(answer.start, "HTTP/1.1 200 OK");
    serde_json::from_slice::<Value>(&answer.body).unwrap()["editions"].take()
}

fn reload(router: &Router, config: &str, sdl: &str) -> Result<(), ReloadError> {
    let config = config::parse("router.yaml", config, &Environment::process()).unwrap();
    let supergraph = Supergraph::parse(sdl).unwrap();
    let reloaded = router.gateway.reload(&config.config.gateway(), supergraph);
    reloaded.map(drop)
}

const NAME: &str = "query Name { me { name } }";
const FAVOURITES: &str = "query Favourites { me { id favourites { id } } }";

#[test]
fn operations_in_use_are_tried_first_and_an_edition_can_be_gone_back_to() {
    let config = "admin: { enabled: true, hosts: [router.test] }\n";
    let router = Router::start(config, &deaf_shop());
    let mut client = Client::connect(router.address);
    for query in [NAME, FAVOURITES, FAVOURITES, FAVOURITES] {
        assert_eq!(ask(&mut client, query).start, "HTTP/1.1 200 OK");
    }
    reload(&router, config, &other_shop()).unwrap();
    assert!(
        ask(&mut client, NAME)
            .text(&[])
            .contains("GRAPHQL_VALIDATION_FAILED")
    );

    let mut admin = Client::connect(router.admin.unwrap());
    let seen = editions(&mut admin, "GET /admin/editions");
    let numbers: Vec<(u64, bool)> = seen
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            (
                one["number"].as_u64().unwrap(),
                one["is_served"].as_bool().unwrap(),
            )
        })
        .collect();
    assert_eq!(numbers, [(2, true), (1, false)]);
    let rehearsal = &seen[0]["rehearsal"];
    assert_eq!(
        (&rehearsal["operations"], &rehearsal["failing_percent"]),
        (&json!(2), &json!(25.0))
    );
    let failing = &rehearsal["failing"][0];
    assert_eq!(
        (&failing["operation"], &failing["uses"]),
        (&json!("Name"), &json!(1))
    );
    assert_eq!(
        rehearsal["changed"],
        json!([{
            "operation": "Favourites", "uses": 3,
            "before": { "requests": 2, "stages": 2 }, "after": { "requests": 1, "stages": 1 }
        }])
    );

    let seen = editions(&mut admin, "PUT /admin/editions?serve=1");
    assert_eq!(
        (&seen[0]["is_served"], &seen[1]["is_served"]),
        (&json!(false), &json!(true))
    );
    assert_eq!(ask(&mut client, NAME).start, "HTTP/1.1 200 OK");
    assert!(
        !ask(&mut client, NAME)
            .text(&[])
            .contains("GRAPHQL_VALIDATION_FAILED")
    );
    for request in [
        "PUT /admin/editions?serve=9",
        "PUT /admin/editions",
        "PUT /admin/editions?serve=x",
    ] {
        assert_eq!(admin.request(request).start, "HTTP/1.1 400 Bad Request");
    }
    assert_eq!(
        admin.request("POST /admin/editions").start,
        "HTTP/1.1 405 Method Not Allowed"
    );
}

#[test]
fn an_edition_that_fails_clients_can_be_refused_and_served_all_the_same() {
    let config = "admin: { enabled: true, hosts: [router.test] }\nrollout: { on_failure: refuse, keep: 2 }\n";
    let router = Router::start(config, &deaf_shop());
    let mut client = Client::connect(router.address);
    ask(&mut client, NAME);
    let refused = reload(&router, config, &other_shop()).unwrap_err();
    assert!(
        refused
            .to_string()
            .starts_with("1 of the 1 operations used most would fail, first `Name`: ")
    );
    assert!(
        !ask(&mut client, NAME)
            .text(&[])
            .contains("GRAPHQL_VALIDATION_FAILED")
    );

    let mut admin = Client::connect(router.admin.unwrap());
    let seen = editions(&mut admin, "GET /admin/editions");
    assert!(seen[0]["refused"].as_str().unwrap().contains("`Name`"));
    editions(&mut admin, "PUT /admin/editions?serve=2");
    assert!(
        ask(&mut client, NAME)
            .text(&[])
            .contains("GRAPHQL_VALIDATION_FAILED")
    );

    // Only so many are kept, and always the one that is served.
    for _ in 0..4 {
        reload(&router, config, &other_shop()).unwrap();
    }
    let seen = editions(&mut admin, "GET /admin/editions");
    assert_eq!(seen.as_array().unwrap().len(), 3);
    assert_eq!(
        (&seen[0]["number"], &seen[0]["is_served"]),
        (&json!(6), &json!(true))
    );
}

/// A new snapshot begins with the plans of what clients use.
#[test]
fn what_is_in_use_is_planned_before_it_is_asked_for() {
    let mut process = Process::start(
        "telemetry: { exporters: { metrics: { prometheus: { enabled: true, listen: \"127.0.0.1:0\" } } } }\n",
        &deaf_shop(),
    );
    let metrics = process.address_after("metrics at http://");
    let mut client = Client::connect(process.address);
    ask(&mut client, FAVOURITES);
    process.write("supergraph.graphql", &other_shop());
    process.wait_for_line(|line| line.contains("an operation takes other requests now"));
    process.wait_for_line(|line| line.contains("reloaded") && line.contains("operations=1"));
    ask(&mut client, FAVOURITES);
    let scrape = Client::connect(metrics).request("GET /metrics").text(&[]);
    assert!(scrape.contains("api_plan_cache_misses_total 1"));
    assert!(scrape.contains("api_plan_cache_hits_total 1"));
    process.stop();
}

/// Somebody who answers each request with what is said at the time, if it is not what the client has.
fn registry(answer: Arc<Mutex<Option<String>>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let mut reader = BufReader::new(stream);
            let Ok(Some(request)) = Message::read(&mut reader) else {
                continue;
            };
            let text = answer.lock().unwrap().clone();
            let tag = text.as_ref().map(|text| format!("\"{}\"", text.len()));
            let head = match (&text, &tag) {
                (None, _) => "HTTP/1.1 503 Service Unavailable".to_owned(),
                (_, Some(tag)) if request.header("if-none-match") == Some(tag) => {
                    "HTTP/1.1 304 Not Modified".to_owned()
                }
                (_, tag) => format!("HTTP/1.1 200 OK\r\netag: {}", tag.as_deref().unwrap()),
            };
            let body = match head.contains("200") {
                true => text.unwrap_or_default(),
                false => String::new(),
            };
            let length = body.len();
            let _ = write!(
                reader.get_mut(),
                "{head}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
            );
        }
    });
    format!("http://{address}/supergraph.graphql")
}

#[test]
fn a_supergraph_at_a_url_is_polled_and_the_last_good_one_outlives_it() {
    let answer = Arc::new(Mutex::new(Some(deaf_shop())));
    let url = registry(Arc::clone(&answer));
    let config = format!(
        "supergraph: {{ source: \"{url}\", poll_interval: 50ms, last_good: kept.graphql }}\n"
    );
    let mut process = Process::configured(&config);
    let mut client = Client::connect(process.address);
    ask(&mut client, NAME);
    *answer.lock().unwrap() = Some("type Query {".to_owned());
    process.wait_for_line(|line| line.contains("not reloaded"));
    *answer.lock().unwrap() = Some(other_shop());
    process.wait_for_line(|line| line.contains("reloaded operations=1 failing=1"));
    assert!(
        ask(&mut client, NAME)
            .text(&[])
            .contains("GRAPHQL_VALIDATION_FAILED")
    );
    assert_eq!(process.read("kept.graphql"), other_shop());
    *answer.lock().unwrap() = None;
    process.wait_for_line(|line| line.contains("it answered 503"));
    process.stop();

    // It starts all the same, with what it has.
    let mut process = process.again();
    let line = process.wait_for_line(|line| line.contains("served is the last good supergraph"));
    assert!(line.contains("it answered 503"), "{line}");
    let mut client = Client::connect(process.address);
    assert!(
        ask(&mut client, NAME)
            .text(&[])
            .contains("GRAPHQL_VALIDATION_FAILED")
    );
    *answer.lock().unwrap() = Some(deaf_shop());
    process.wait_for_line(|line| line.contains("reloaded operations="));
    assert!(
        !ask(&mut client, NAME)
            .text(&[])
            .contains("GRAPHQL_VALIDATION_FAILED")
    );
    process.stop();
}

/// A registry that is away for a moment changes nothing: neither what an operator has gone back to, nor what can be gone back to.
#[test]
fn a_registry_that_is_back_with_what_is_known_is_no_change() {
    let answer = Arc::new(Mutex::new(Some(deaf_shop())));
    let url = format!("{}?token=hush", registry(Arc::clone(&answer)));
    let config = format!(
        "supergraph: {{ source: \"{url}\", poll_interval: 50ms }}
admin: {{ enabled: true, listen: '127.0.0.1:0', hosts: [Router.test] }}
"
    );
    let mut process = Process::configured(&config);
    let admin = process.address_after("operators are answered at http://");
    *answer.lock().unwrap() = Some(other_shop());
    process.wait_for_line(|line| line.contains(" reloaded operations="));
    let mut admin = Client::connect(admin);
    let before = editions(&mut admin, "PUT /admin/editions?serve=1");
    *answer.lock().unwrap() = None;
    process.wait_for_line(|line| line.contains("it answered 503"));
    *answer.lock().unwrap() = Some(other_shop());
    process.wait_for_line(|line| line.contains("is back, and has not changed"));
    assert_eq!(editions(&mut admin, "GET /admin/editions"), before);
    let log = process.stop();
    let told = log.iter().find(|line| line.contains("hush"));
    assert_eq!(told, None);
}

/// A page that has its own name lead to this address asks by that name.
#[test]
fn operators_come_by_names_that_are_known() {
    let config = "admin: { enabled: true, hosts: [admin.shop.example] }\n";
    let router = Router::start(config, &deaf_shop());
    let mut admin = Client::connect(router.admin.unwrap());
    for (host, expected) in [
        ("127.0.0.1:9901", "200"),
        ("[::1]:9901", "200"),
        ("LOCALHOST:9901", "200"),
        ("admin.shop.example", "200"),
        ("evil.example:9901", "403"),
        ("localhost.evil.example", "403"),
        ("127.0.0.1.evil.example", "403"),
        ("shop.example", "403"),
        ("", "403"),
    ] {
        let answer = admin.request(&format!("GET /admin/editions\nhost: {host}"));
        assert!(answer.start.contains(expected), "{host}: {}", answer.start);
    }
}

/// A file that is being written has nothing in it, which would let everybody in.
#[test]
fn an_empty_configuration_is_none_and_each_mistake_is_told() {
    let process = Process::start("supergraph: { introspection: true }\n", &deaf_shop());
    let mut client = Client::connect(process.address);
    process.write("router.yaml", "");
    process.wait_for_line(|line| line.contains("router.yaml is empty, and was not before"));
    let answer = ask(&mut client, "{ __schema { queryType { name } } }");
    assert!(!answer.text(&[]).contains("errors"));
    process.write("router.yaml", "supergraph: { introspection: true }\n");
    process.wait_for_line(|line| line.contains("is back, and has not changed"));
    for broken in ["type Query {", "type Query { a: }"] {
        process.write("supergraph.graphql", broken);
        process.wait_for_line(|line| {
            line.contains("not reloaded") && line.contains("cannot be served")
        });
    }
    process.wait_for_lines(2, |line| line.contains("cannot be served"));
}

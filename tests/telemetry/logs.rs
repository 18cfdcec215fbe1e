//! The access log.

use super::{FEDERATED, expect_federated, shop};
use crate::kit::{Client, Fake, Process};
use serde_json::Value;

fn config(format: &str) -> String {
    format!(
        "telemetry: {{ exporters: {{ logging: {{ access: true, stdout: {{ format: {format} }} }} }} }}\n"
    )
}

/// A request full of things that must not be written down.
const SECRETS: &str = "POST /graphql?token=hush1\nauthorization: Bearer hush2\ncookie: session=hush3\nx-api-key: hush4\n\
    content-type: application/json\n\n\
    {\"query\":\"query Named($id: ID!) { user(id: $id) { name } other: user(id: \\\"hush5\\\") { id } }\", \"variables\": {\"id\": \"hush6\"}}";

/// With a threshold of nothing every request is slow.
#[test]
fn a_slow_request_tells_what_its_stages_took() {
    let (users, products) = (Fake::start(), Fake::start());
    let mut process = Process::start(
        "telemetry: { exporters: { logging: { slow_threshold: 0s, stdout: { format: json } } }, apollo: { client_version_header: x-version } }\n",
        &shop(&[("users", &users), ("products", &products)]),
    );
    expect_federated(&users, &products);
    let long = "x".repeat(200);
    let said = format!("apollographql-client-name: web\nx-version: {long}\n");
    Client::connect(process.address).request(&FEDERATED.replacen('\n', &format!("\n{said}"), 1));
    let lines = process.stop();
    let line = lines.iter().find(|line| line.contains("graphway::slow"));
    let line: Value = serde_json::from_str(line.unwrap()).unwrap();
    assert_eq!(
        (&line["level"], &line["operation_name"]),
        (&"WARN".into(), &"Favourites".into())
    );
    assert_eq!(
        (&line["client_name"], line.get("client_version")),
        (&"web".into(), None)
    );
    let stages = line["stages"].as_str().unwrap();
    let named: Vec<&str> = stages
        .split(", ")
        .map(|stage| stage.split(' ').next().unwrap())
        .collect();
    assert_eq!(
        named,
        ["admit", "decode", "prepare", "plan", "execute", "encode"]
    );
}

#[test]
fn a_request_is_one_line_of_json() {
    let (users, products) = (Fake::start(), Fake::start());
    let mut process = Process::start(
        &config("json"),
        &shop(&[("users", &users), ("products", &products)]),
    );
    expect_federated(&users, &products);
    let response = Client::connect(process.address).request(FEDERATED);
    Client::connect(process.address).request("BREW /pot?tea");

    let is_access = |line: &String| line.contains("graphway::access");
    let lines: Vec<Value> = process
        .stop()
        .iter()
        .filter(|line| is_access(line))
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 2);
    let line = &lines[0];
    assert_eq!(line["request_id"].as_str(), response.header("x-request-id"));
    assert_eq!(
        (&line["method"], &line["path"]),
        (&"POST".into(), &"/graphql".into())
    );
    assert_eq!(
        (&line["status"], &line["client"]),
        (&200.into(), &"127.0.0.1".into())
    );
    assert_eq!(line["operation_kind"], "query");
    assert_eq!(line["operation_name"], "Favourites");
    assert!(line["duration_ms"].as_f64().unwrap() > 0.0);
    let other = &lines[1];
    assert_eq!(
        (&other["method"], &other["path"]),
        (&"other".into(), &"/pot".into())
    );
    assert_eq!(
        (&other["status"], &other["error"]),
        (&404.into(), &"NOT_FOUND".into())
    );
    assert!(other.get("operation_name").is_none());
}

#[test]
fn nothing_secret_is_written() {
    for format in ["json", "text"] {
        let users = Fake::start();
        let mut process = Process::start(&config(format), &shop(&[("users", &users)]));
        users.expect(vec![super::json("{\"errors\":[{\"message\":\"no\"}]}")]);
        Client::connect(process.address).request(SECRETS);
        let log = process.stop().join("\n");
        let line = log.lines().find(|line| line.contains("operation_name"));
        assert!(line.unwrap().contains("Named"), "{log}");
        assert!(!log.contains("hush"), "{log}");
    }
}

#[test]
fn nothing_is_written_of_requests_unless_asked_for() {
    let mut process = Process::start("", &shop(&[]));
    Client::connect(process.address).request("GET /nowhere");
    let log = process.stop().join("\n");
    assert!(!log.contains("nowhere"), "{log}");
}

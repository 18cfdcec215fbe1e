//! `graphway compose` as a command: its files, its exit status, and introspection over a socket.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::ExitCode;
use std::thread;

use graphway::cli::{Compose, compose};

use super::scratch_directory;
use crate::kit::refusing_address;

fn run(config: &Path, output: &Path) -> ExitCode {
    Compose {
        config: config.to_owned(),
        output: Some(output.to_owned()),
        elv2_license: None,
    }
    .run()
    .unwrap()
}

#[test]
fn the_output_is_replaced_only_by_a_supergraph() {
    let directory = scratch_directory();
    let (config, output) = (
        directory.join("supergraph.yaml"),
        directory.join("out.graphql"),
    );
    let yaml = |sdl: &str| {
        format!(
            "subgraphs: {{ a: {{ routing_url: 'http://a.test', schema: {{ sdl: '{sdl}' }} }} }}"
        )
    };
    fs::write(&config, yaml("type Query { one: Int }")).unwrap();
    assert_eq!(run(&config, &output), ExitCode::SUCCESS);
    let composed = fs::read_to_string(&output).unwrap();
    assert!(composed.contains("one: Int"));

    fs::write(&config, yaml("type Query { one: Innt }")).unwrap();
    assert_eq!(run(&config, &output), ExitCode::FAILURE);
    assert_eq!(fs::read_to_string(&output).unwrap(), composed);

    assert_eq!(
        run(&directory.join("missing.yaml"), &output),
        ExitCode::from(2)
    );
    assert_eq!(
        fs::read_dir(&directory).unwrap().count(),
        2,
        "nothing else is left"
    );
    fs::remove_dir_all(directory).unwrap();
}

/// After a change to a sample SDL: `graphway compose -o supergraph/supergraph.graphql`.
#[test]
fn the_sample_supergraph_is_current() {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("supergraph");
    let config = sample.join("supergraph.yaml");
    let text = fs::read_to_string(&config).unwrap();
    let composed = compose(&config, &text).unwrap().unwrap();
    let written = fs::read_to_string(sample.join("supergraph.graphql")).unwrap();
    assert!(
        composed.supergraph == written,
        "supergraph/supergraph.graphql is not what its SDLs compose to"
    );
}

/// Answers one request with `response`; what it was asked comes back when joined.
fn one_answer(response: String) -> (String, thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/graphql", listener.local_addr().unwrap());
    let served = thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let mut reader = BufReader::new(stream);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            reader.read_line(&mut head).unwrap();
        }
        let length = head
            .to_lowercase()
            .lines()
            .find_map(|line| line.strip_prefix("content-length: ")?.parse().ok())
            .unwrap();
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        // A reader that has had enough closes; that is its right.
        let _ = reader.get_mut().write_all(response.as_bytes());
        head + &String::from_utf8(body).unwrap()
    });
    (url, served)
}

fn response(status: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// Composes one introspected subgraph that answers so.
fn introspected(answer: String) -> (Result<String, String>, String) {
    let (url, served) = one_answer(answer);
    let yaml = format!(
        "subgraphs:\n  a:\n    schema:\n      subgraph_url: {url}\n      introspection_headers: {{ x-key: secret }}\n"
    );
    let composed = compose(Path::new("supergraph.yaml"), &yaml).unwrap();
    let outcome = composed
        .map(|composition| composition.supergraph)
        .map_err(|errors| errors[0].message.replace(&url, "URL"));
    (
        outcome.map(|sdl| sdl.replace(&url, "URL")),
        served.join().unwrap(),
    )
}

#[test]
fn a_running_subgraph_is_introspected() {
    let body = r#"{"data":{"_service":{"sdl":"type Query { fromService: Int }"}}}"#;
    let (composed, asked) = introspected(response("200 OK", body));
    let composed = composed.unwrap();
    assert!(composed.contains("fromService: Int"));
    assert!(
        composed.contains(r#"@join__graph(name: "a", url: "URL")"#),
        "{composed}"
    );
    assert!(asked.starts_with("POST /graphql HTTP/1.1\r\n"), "{asked}");
    assert!(asked.contains("\r\nx-key: secret\r\n"), "{asked}");
    assert!(
        asked.ends_with("\r\n\r\n{\"query\":\"{ _service { sdl } }\"}"),
        "{asked}"
    );
}

#[test]
fn what_a_subgraph_may_answer_instead() {
    let outcome = |status, body| introspected(response(status, body)).0.unwrap_err();
    insta::assert_snapshot!(outcome("503 Service Unavailable", ""), @"cannot introspect URL: it answered 503 Service Unavailable");
    insta::assert_snapshot!(outcome("200 OK", "<html>"), @"cannot introspect URL: the answer is not a GraphQL response: expected value at line 1 column 1");
    insta::assert_snapshot!(outcome("200 OK", r#"{"errors":[{"message":"introspection is off"}]}"#), @"cannot introspect URL: it answered with an error: introspection is off");
    insta::assert_snapshot!(outcome("200 OK", r#"{"data":{"_service":null}}"#), @"cannot introspect URL: the answer has no `_service.sdl`");
    let large = format!(r#"{{"data":"{}"}}"#, "x".repeat(11 << 20));
    insta::assert_snapshot!(outcome("200 OK", &large), @"cannot introspect URL: the answer broke off: length limit exceeded");
}

#[test]
fn a_subgraph_that_is_down() {
    let url = format!("http://{}", refusing_address());
    let yaml = format!("subgraphs: {{ a: {{ schema: {{ subgraph_url: '{url}' }} }} }}");
    let errors = compose(Path::new("supergraph.yaml"), &yaml)
        .unwrap()
        .unwrap_err();
    let message = errors[0].message.replace(&url, "URL");
    insta::assert_snapshot!(message, @"cannot introspect URL/: Connection refused (os error 111)");
}

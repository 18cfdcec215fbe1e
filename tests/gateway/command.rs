//! `graphway serve` as a process: what it says, and how it exits.

use crate::kit::{Answer, Client, Exchange, Fake};
use std::{
    fs,
    io::{BufRead, BufReader},
    net::TcpListener,
    path::Path,
    process::{Command, Output, Stdio},
};

/// Runs `graphway serve` to its end, in a directory without any of its files.
fn serve(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_graphway"))
        .arg("serve")
        .args(arguments)
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/supergraphs"))
        .output()
        .unwrap()
}

/// Exit code and standard error.
fn refusal(arguments: &[&str]) -> String {
    let Output { status, stderr, .. } = serve(arguments);
    let code = status.code().unwrap();
    format!("{code}: {}", String::from_utf8(stderr).unwrap())
}

#[test]
fn a_missing_supergraph_is_said_with_what_to_do() {
    insta::assert_snapshot!(refusal(&[]), @"2: error: there is no supergraph to serve (name one with --supergraph or supergraph.source; `graphway compose` makes one): cannot read supergraph/supergraph.graphql: No such file or directory (os error 2)");
}

#[test]
fn an_address_in_use_is_said_with_what_to_do() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let refusal = refusal(&["--supergraph", "shop.graphql", "--listen", &address]);
    let refusal = refusal.replace(&address, "ADDRESS");
    insta::assert_snapshot!(refusal, @"1: error: cannot listen on ADDRESS (supergraph.listen): Address already in use (os error 98); stop what listens there, or give another address");
}

#[test]
fn an_address_that_is_none_is_said_with_an_example() {
    insta::assert_snapshot!(refusal(&["--listen", "4000"]), @r"
    2: error: invalid value '4000' for '--listen <ADDRESS>': write an IP address and a port, such as 127.0.0.1:4000

    For more information, try '--help'.
    ");
}

#[test]
fn a_subgraph_cannot_write_lines_of_the_log() {
    let users = Fake::start();
    let body = r#"{"errors":[{"message":"no\nERROR forged"}]}"#;
    let answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    users.expect(vec![Exchange {
        expected: None,
        answer: Answer::Bytes(answer.into_bytes()),
    }]);
    let directory = std::env::temp_dir().join(format!("graphway-log-{}", std::process::id()));
    fs::create_dir_all(&directory).unwrap();
    let shop = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/supergraphs/shop.graphql");
    let sdl = fs::read_to_string(shop).unwrap();
    let sdl = sdl.replace("users.test", &users.address.to_string());
    fs::write(directory.join("shop.graphql"), sdl).unwrap();
    let mut router = Command::new(env!("CARGO_BIN_EXE_graphway"))
        .args([
            "serve",
            "--supergraph",
            "shop.graphql",
            "--listen",
            "127.0.0.1:0",
        ])
        .current_dir(&directory)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(router.stdout.take().unwrap()).lines();
    let mut line_with = |text: &str| {
        let found = lines.find_map(|line| line.ok().filter(|line| line.contains(text)));
        found.expect("a line of the log")
    };
    let serving = line_with("serving http://");
    let address = serving
        .split("http://")
        .nth(1)
        .unwrap()
        .split('/')
        .next()
        .unwrap();
    Client::connect(address.parse().unwrap())
        .request("POST /graphql\ncontent-type: application/json\n\n{\"query\":\"{ me { id } }\"}");
    let logged = line_with("DOWNSTREAM_SERVICE_ERROR");
    router.kill().unwrap();
    router.wait().unwrap();
    fs::remove_dir_all(directory).unwrap();
    assert!(logged.contains(r#"cause="no\nERROR forged""#), "{logged}");
}

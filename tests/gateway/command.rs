//! `graphway serve` called wrongly: what it says, and how it exits.

use std::{
    net::TcpListener,
    path::Path,
    process::{Command, Output},
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

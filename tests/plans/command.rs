//! `graphway plan`, `graphway check` and `graphway config schema` as commands: what they print, and how they exit.

use serde_json::Value;
use std::{
    fs,
    io::Write,
    path::PathBuf,
    process::{Command, Stdio},
};

const SUPERGRAPH: &str = "tests/cases/supergraphs/shop.graphql";

struct Ended {
    code: Option<i32>,
    out: String,
    err: String,
}

/// Runs the command at the project's top, with this on its standard input.
fn graphway(arguments: &[&str], input: &str) -> Ended {
    let mut child = Command::new(env!("CARGO_BIN_EXE_graphway"))
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that does not read it may have ended before.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    Ended {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

fn plan(arguments: &[&str], query: &str) -> Ended {
    let fixed = ["plan", "--supergraph", SUPERGRAPH, "-"];
    graphway(&[&fixed, arguments].concat(), query)
}

/// A configuration file of this name with this text.
fn config(name: &str, text: &str) -> String {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_plan_for_each_combination_of_open_conditions() {
    let query = "query($a: Boolean!, $b: Boolean = true) { shopName @include(if: $a) me @skip(if: $b) { id } }";
    insta::assert_snapshot!(plan(&[], query).out, @r###"
    # $a: false
    no fetches: answered by the router itself

    # $a: true
    fetch 0 from products
      { shopName }
    "###);
    let json: Value = serde_json::from_str(&plan(&["--format", "json"], query).out).unwrap();
    assert_eq!(json[0]["variables"], serde_json::json!({ "a": false }));
    assert_eq!(json[1]["queryPlan"]["kind"], "QueryPlan");
    assert!(json.get(2).is_none());
    let diagrams = plan(&["--format", "mermaid"], query).out;
    assert!(
        diagrams.contains("%% $a: true\nflowchart TD\n"),
        "{diagrams}"
    );
}

#[test]
fn variables_leave_one_plan() {
    let query = "query($a: Boolean!) { shopName @include(if: $a) me { id } }";
    let ended = plan(
        &["--variables", "{\"a\": false}", "--format", "json"],
        query,
    );
    let json: Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!(json["node"]["serviceName"], "users");
    assert_eq!(ended.code, Some(0));
    assert_eq!(plan(&["--variables", "{}"], query).code, Some(1));
    assert_eq!(plan(&["--variables", "[]"], query).code, Some(2));
}

#[test]
fn too_many_combinations_are_cut_and_it_says_so() {
    let of = |count: usize| {
        let names: Vec<String> = (0..count)
            .map(|index| format!("$v{index}: Boolean!"))
            .collect();
        let fields = (0..count).map(|index| format!("f{index}: shopName @skip(if: $v{index})"));
        format!(
            "query({}) {{ {} }}",
            names.join(", "),
            fields.collect::<Vec<_>>().join(" ")
        )
    };
    for (count, plans, says) in [(4, 16, false), (5, 16, true), (70, 16, true)] {
        let ended = plan(&[], &of(count));
        assert_eq!(ended.code, Some(0), "{}", ended.err);
        assert_eq!(
            ended.out.matches("# $v0").count(),
            plans,
            "{count} variables"
        );
        assert_eq!(ended.err.contains("--variables"), says, "{}", ended.err);
    }
}

#[test]
fn one_of_several_operations() {
    let query = "query A { shopName } query B { me { id } }";
    let ended = plan(&["--operation-name", "B"], query);
    assert!(ended.out.contains("from users"), "{}", ended.out);
    assert_eq!(plan(&[], query).code, Some(1));
}

#[test]
fn an_explanation_comes_with_the_plan() {
    let query = "query($a: Boolean!) { shopName @include(if: $a) me { name } }";
    insta::assert_snapshot!(plan(&["--explain"], query).out);
    let ended = plan(&["--explain", "--format", "json"], query);
    let json: Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!(json[1]["queryPlan"]["kind"], "QueryPlan");
    assert_eq!(json[1]["explanation"]["plan"]["requests"], 2);
    let only = [
        "--explain",
        "--format",
        "json",
        "--variables",
        "{\"a\": false}",
    ];
    let json: Value = serde_json::from_str(&plan(&only, query).out).unwrap();
    assert_eq!(json["node"]["id"], json["explanation"]["fetches"][0]["id"]);
    insta::assert_snapshot!(format!("{:#}", json["explanation"]));
    let ended = plan(&["--explain", "--format", "mermaid"], query);
    assert_eq!(ended.code, Some(2));
    assert!(ended.err.contains("text or json"), "{}", ended.err);
}

#[test]
fn what_cannot_be_planned_says_what_each_subgraph_lacks() {
    let supergraph = "tests/cases/supergraphs/unplannable.graphql";
    let arguments = ["plan", "--supergraph", supergraph, "-"];
    let ended = graphway(&arguments, "{ me { favourites } }");
    assert_eq!(ended.code, Some(1));
    insta::assert_snapshot!(ended.err);
}

#[test]
fn check_says_yes_no_or_that_it_was_called_wrongly() {
    let good = config(
        "check-good.yaml",
        "limits: { max_depth: 15 }\napq: { enabled: true }\n",
    );
    let check = |config: &str| {
        graphway(
            &["check", "--supergraph", SUPERGRAPH, "--config", config],
            "",
        )
    };
    let ended = check(&good);
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    assert!(ended.err.contains("`apq` has no effect"), "{}", ended.err);

    let bad = config(
        "check-bad.yaml",
        "headers: { subgraphs: { user: { request: [] } } }\nhealth_check: { path: /graphql }\n",
    );
    let ended = check(&bad);
    assert_eq!(ended.code, Some(1), "{}", ended.err);
    let said = ended.err.replace(&bad, "router.yaml");
    insta::assert_snapshot!(said, @r###"
    error: router.yaml:1:25: `headers.subgraphs.user`: the supergraph has no subgraph `user`; it has: products, users
    1 | headers: { subgraphs: { user: { request: [] } } }
      |                         ^
    error: router.yaml:2:17: `health_check.path`: `supergraph.path` is hidden by it
    2 | health_check: { path: /graphql }
      |                 ^
    "###);

    let broken = config("check-broken.yaml", "limit: {}\n");
    assert_eq!(check(&broken).code, Some(1));
    assert_eq!(check("no-such-file.yaml").code, Some(2));
}

#[test]
fn labels_are_off_unless_they_are_named() {
    let moving = "tests/cases/supergraphs/moving.graphql";
    let plan = |arguments: &[&str]| {
        let fixed = ["plan", "--supergraph", moving, "-"];
        graphway(&[&fixed, arguments].concat(), "{ price stock }")
    };
    let ended = plan(&[]);
    assert_eq!(ended.out, "fetch 0 from old\n  { price stock }\n");
    assert_eq!(
        ended.err,
        "labels of @override: prices off, stock/eu off (--override turns one on)\n"
    );
    // Others are no matter.
    let ended = plan(&["--override", "prices", "--override", "percent(50)"]);
    insta::assert_snapshot!(ended.out + &ended.err, @r#"
fetch 0 from new
  { price }

fetch 1 from old
  { stock }
labels of @override: prices on, stock/eu off (--override turns one on)
"#);
    let ended = plan(&["--override", "price"]);
    assert_eq!(ended.code, Some(2));
    insta::assert_snapshot!(ended.err, @r#"
error: --override: the supergraph has no label `price`; it has: percent(0), percent(100), percent(50), prices, stock/eu
"#);

    let config = config("check-labels.yaml", "override_labels: { prices: false }\n");
    let ended = graphway(&["check", "--supergraph", moving, "--config", &config], "");
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    insta::assert_snapshot!(ended.err, @r#"
warning: the label `stock/eu` of @override is off for every request: `override_labels` does not say when it is on
the configuration and the supergraph of 2 subgraphs fit together
"#);
}

#[test]
fn the_schema_is_json() {
    let ended = graphway(&["config", "schema"], "");
    let schema: Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!(schema, graphway::config::schema());
    assert_eq!(graphway(&["config"], "").code, Some(2));
}

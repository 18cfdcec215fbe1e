//! `override_labels` in the configuration, against the labels that a supergraph has.

use graphway::{
    config::{self, Environment},
    gateway::{self, Config},
    schema::Supergraph,
};

fn read(yaml: &str) -> Result<Config, String> {
    let environment = Environment {
        variable: &|name| (name == "ON").then(|| "true".to_owned()),
        file: &|_| Err(std::io::ErrorKind::NotFound.into()),
    };
    let parsed = config::parse("router.yaml", yaml, &environment);
    let parsed = parsed.map_err(|error| error.to_string())?;
    Ok(parsed.config.gateway())
}

fn moving() -> Supergraph {
    Supergraph::parse(include_str!("../cases/supergraphs/moving.graphql")).unwrap()
}

/// All that is said of it.
fn said(yaml: &str) -> String {
    let config = read(yaml).unwrap_or_else(|error| panic!("{error}"));
    let supergraph = moving();
    let findings = gateway::check(&config, &supergraph);
    let findings = findings
        .into_iter()
        .map(|finding| format!("{}: {}", finding.key.join("."), finding.message));
    let undecided = gateway::undecided_labels(&config.override_labels, &supergraph);
    findings.chain(undecided).collect::<Vec<_>>().join("\n")
}

#[test]
fn labels_without_a_decision_and_decisions_without_a_label() {
    insta::assert_snapshot!(said(""), @r#"
the label `prices` of @override is off for every request: `override_labels` does not say when it is on
the label `stock/eu` of @override is off for every request: `override_labels` does not say when it is on
"#);
    insta::assert_snapshot!(said("override_labels: { prices: false, stock/eu: { percent: 12.5 } }"), @"");
    insta::assert_snapshot!(said("override_labels: { price: true, \"percent(50)\": false, \"percent(51)\": true }"), @r#"
override_labels.percent(51): no field of the supergraph is overridden under the label `percent(51)`; it has: percent(0), percent(100), percent(50), prices, stock/eu
override_labels.price: no field of the supergraph is overridden under the label `price`; it has: percent(0), percent(100), percent(50), prices, stock/eu
the label `prices` of @override is off for every request: `override_labels` does not say when it is on
the label `stock/eu` of @override is off for every request: `override_labels` does not say when it is on
"#);
}

#[test]
fn what_is_written_is_read() {
    let read = read(
        "override_labels: { a: true, b: \"${env.ON}\", c: { percent: 0 }, d: { percent: 99.5 }, e: { header: X-Beta } }",
    );
    insta::assert_debug_snapshot!(read.unwrap().override_labels, @r#"
Config(
    {
        "a": Always(
            true,
        ),
        "b": Always(
            true,
        ),
        "c": Share(
            0.0,
        ),
        "d": Share(
            0.995,
        ),
        "e": Header(
            "x-beta",
        ),
    },
)
"#);
}

#[test]
fn a_wrong_decision_is_pointed_at() {
    let error = |written: &str| read(&format!("override_labels: {{ a: {written} }}")).unwrap_err();
    let wrong = [
        "maybe",
        "20",
        "{ percent: 101 }",
        "{ percent: half }",
        "{ header: \"a b\" }",
        "{ percent: 5, header: x }",
        "{ percentage: 5 }",
        "{}",
        "[true]",
    ];
    insta::assert_snapshot!(wrong.map(error).join("\n"), @r#"
router.yaml:1:23: expected true, false, `{ percent: 20 }` or `{ header: x-name }`, found the text `maybe`
1 | override_labels: { a: maybe }
  |                       ^
router.yaml:1:23: expected true, false, `{ percent: 20 }` or `{ header: x-name }`, found `20`
1 | override_labels: { a: 20 }
  |                       ^
router.yaml:1:34: expected a number from 0 to 100, found `101`
1 | override_labels: { a: { percent: 101 } }
  |                                  ^
router.yaml:1:34: expected a number, found the text `half`
1 | override_labels: { a: { percent: half } }
  |                                  ^
router.yaml:1:33: `a b` cannot be the name of a header
1 | override_labels: { a: { header: "a b" } }
  |                                 ^
router.yaml:1:23: expected exactly one key here
1 | override_labels: { a: { percent: 5, header: x } }
  |                       ^
router.yaml:1:25: unknown key `percentage`; did you mean `percent`?
1 | override_labels: { a: { percentage: 5 } }
  |                         ^
router.yaml:1:23: expected true, false, `{ percent: 20 }` or `{ header: x-name }`, found keys and values
1 | override_labels: { a: {} }
  |                       ^
router.yaml:1:23: expected true, false, `{ percent: 20 }` or `{ header: x-name }`, found a list
1 | override_labels: { a: [true] }
  |                       ^
"#);
}

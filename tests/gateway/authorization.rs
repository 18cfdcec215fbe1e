//! A service that should decide policies, and does not, or not as it should; and what `graphway check` says of policies.

use crate::kit::{Answer, Client, Exchange, Fake, Router};
use graphway::{
    config::{self, Environment},
    gateway,
    schema::Supergraph,
};

const SUPERGRAPH: &str = include_str!("../cases/supergraphs/protected_arguments.graphql");
const REFUND: &str = r#"{"query":"mutation { refund(id: 1, amount: 2) { id } }"}"#;

fn parse(text: &str) -> Result<config::Parsed, config::Error> {
    let environment = Environment {
        variable: &|_| None,
        file: &|path| std::fs::read_to_string(path),
    };
    config::parse("router.yaml", text, &environment)
}

/// A router, the service that it asks, and the subgraph behind it.
struct Decided {
    decider: Fake,
    shop: Fake,
    router: Router,
}

impl Decided {
    fn start(more: &str) -> Self {
        let (decider, shop) = (Fake::upstream("decider.test"), Fake::start());
        let config = format!(
            "authorization: {{ external: {{ url: 'http://{}/decide', timeout: 300ms{more} }}, policies: {{ refunds: {{ external: true }} }} }}\noverride_subgraph_url: {{ shop: 'http://{}' }}\n",
            decider.address, shop.address
        );
        Self {
            router: Router::start(&config, SUPERGRAPH),
            decider,
            shop,
        }
    }

    /// Whether the refund is let through, when the service answers so. None: it was not asked.
    fn refund(&self, answer: Option<Answer>) -> bool {
        let exchange = |answer| Exchange {
            expected: None,
            answer,
        };
        self.decider
            .expect(answer.into_iter().map(exchange).collect());
        self.shop.expect(vec![exchange(json(
            "200 OK",
            r#"{"data":{"refund":{"id":"1"}}}"#,
        ))]);
        let request = format!("POST /graphql\ncontent-type: application/json\n\n{REFUND}");
        let answer = Client::connect(self.router.address).request(&request);
        let text = String::from_utf8(answer.body).unwrap();
        let is_asked = !self.shop.take_seen().is_empty();
        let is_denied = text.contains("UNAUTHORIZED_FIELD_OR_TYPE");
        assert_ne!(is_asked, is_denied, "{text}");
        is_asked
    }
}

fn json(status: &str, body: &str) -> Answer {
    let head = format!("HTTP/1.1 {status}\r\ncontent-type: application/json\r\n");
    let length = body.len();
    Answer::Bytes(format!("{head}content-length: {length}\r\n\r\n{body}").into_bytes())
}

#[test]
fn what_is_not_plainly_said_does_not_hold() {
    let decided = Decided::start("");
    let refund = |answer| decided.refund(Some(answer));
    let good = r#"{"result":{"refunds":true}}"#;
    assert!(refund(json("200 OK", good)));
    for lie in [
        r#"{"result":{"refunds":false}}"#,
        r#"{"result":{"refunds":"true"}}"#,
        r#"{"result":{"refunds":1}}"#,
        r#"{"result":{"refunds":true,"other":1}}"#,
        r#"{"result":{"Refunds":true}}"#,
        r#"{"result":["refunds"]}"#,
        r#"{"result":true}"#,
        r#"{"result":null}"#,
        r#"{"refunds":true}"#,
        r#"{"result":{"refunds":true}"#,
        r#"{"result":{"refunds":true}} {}"#,
        "[]",
        "",
    ] {
        assert!(!refund(json("200 OK", lie)), "{lie}");
    }
    for status in [
        "201 Created",
        "204 No Content",
        "302 Found",
        "403 Forbidden",
        "500 Failed",
    ] {
        assert!(!refund(json(status, good)), "{status}");
    }
    let padding = " ".repeat(100_000);
    assert!(!refund(json("200 OK", &format!("{padding}{good}"))), "huge");
    assert!(!refund(Answer::Break), "broken");
    assert!(refund(json("200 OK", good)), "it recovers");
}

#[test]
fn who_does_not_answer_in_time_has_not_answered() {
    let decided = Decided::start("");
    let good = r#"{"result":{"refunds":true}}"#;
    let Answer::Bytes(bytes) = json("200 OK", good) else {
        unreachable!()
    };
    assert!(!decided.refund(Some(Answer::Later(bytes))));
}

#[test]
fn answers_are_remembered_if_the_configuration_says_so() {
    let good = r#"{"result":{"refunds":true}}"#;
    let asked = |more: &str| {
        let decided = Decided::start(more);
        assert!(decided.refund(Some(json("200 OK", good))));
        let again = decided.refund(Some(json("200 OK", r#"{"result":{}}"#)));
        (again, decided.decider.take_seen().len())
    };
    assert_eq!(asked(""), (false, 2));
    assert_eq!(asked(", cache: 1h"), (true, 1));
}

#[test]
fn what_went_wrong_is_not_remembered() {
    let decided = Decided::start(", cache: 1h");
    assert!(!decided.refund(Some(json("500 Failed", ""))));
    assert!(decided.refund(Some(json("200 OK", r#"{"result":{"refunds":true}}"#))));
}

#[test]
fn policies_that_cannot_be_meant_are_pointed_at() {
    let told = |yaml: &str| {
        let error = parse(&format!("authorization: {{ {yaml} }}\n")).unwrap_err();
        let error = error.to_string();
        format!("{yaml}\n  {}", error.lines().next().unwrap())
    };
    insta::assert_snapshot!(
        [
            "policies: { p: { external: true } }",
            "policies: { p: { is: staff } }",
            "policies: { p: { any: [{ argument: id, claim: sub }] } }",
            "policies: { p: { claim: sub, is_claim: id } }",
            "policies: { p: { argumnet: id } }",
            "external: { url: 'http://opa.test', timeout: 0s }",
            "external: { url: 'http://opa.test', cache: 0s }",
            "external: { url: opa.test }",
        ]
        .map(told)
        .join("\n")
    );
}

#[test]
fn policies_without_what_they_look_at_are_told() {
    let yaml = "authorization: { external: { url: 'http://opa.test' }, policies: { own: { argument: id, is_claim: sub }, home: { any: [{ argument: filter.region, is: eu }] }, euros: { argument: curency }, sees_margins: { claim: sub } } }\n";
    let config = parse(yaml).unwrap().config.gateway();
    let supergraph = Supergraph::parse(SUPERGRAPH).unwrap();
    let findings = gateway::unprotected(&config.authorization, &supergraph);
    let told: Vec<String> = findings
        .iter()
        .map(|finding| format!("{}: {}", finding.key.join("."), finding.message))
        .collect();
    insta::assert_snapshot!(told.join("\n"));
}

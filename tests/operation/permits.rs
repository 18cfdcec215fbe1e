//! What callers may have of a graph that demands something of them: what subgraphs are asked, and what the client gets.
//!
//! The supergraph is `protected.graphql`: `@requiresScopes` has another name there, and `User.digest` requires what is
//! protected without saying so itself, as composition let through once.

use futures_util::FutureExt;
use graphway::{
    executor::{self, Answer, Call, CallError, PathSegment, Reply, Subgraphs},
    operation::{self, Document, ParserLimits},
    planner,
    schema::{Claim, Supergraph},
};
use http::{HeaderMap, StatusCode};
use serde_json::{Map, Value};
use std::{
    fmt::Write,
    future::{Future, ready},
    pin::Pin,
    sync::{Arc, LazyLock, Mutex},
};

static SUPERGRAPH: LazyLock<Arc<Supergraph>> = LazyLock::new(|| {
    let sdl = include_str!("../cases/supergraphs/protected.graphql");
    Arc::new(Supergraph::parse(sdl).unwrap())
});

/// Subgraphs that say all they know, whatever they are asked.
#[derive(Default)]
struct Talkative {
    asked: Mutex<String>,
}

impl Subgraphs for Talkative {
    fn call<'a>(
        &'a self,
        call: Call,
    ) -> Pin<Box<dyn Future<Output = Result<Answer, CallError>> + Send + 'a>> {
        let name = &SUPERGRAPH.subgraph(call.subgraph).name;
        let body: Value = serde_json::from_slice(&call.body).unwrap();
        let query = body["query"].as_str().unwrap();
        writeln!(self.asked.lock().unwrap(), "{name}: {query}").unwrap();
        let user = r#"{"__typename":"User","id":"1","name":"Ada","email":"ada@example","phone":"1","digest":"d","notes":["n"]}"#;
        let article = format!(r#"{{"__typename":"Article","id":"a","title":"A","author":{user}}}"#);
        let draft = r#"{"__typename":"Draft","id":"d","title":"D"}"#;
        let invoice = r#"{"__typename":"Invoice","id":"i","total":7}"#;
        let body = format!(
            r#"{{"data":{{"me":{user},"users":[{user},{user}],"secret":"s","rename":{user},"feed":[{article},{draft}],"search":[{article},{draft},{invoice}],"_entities":[{user}]}}}}"#
        );
        Box::pin(ready(Ok(Answer {
            status: StatusCode::OK,
            headers: HeaderMap::new(),
            body: body.into(),
            shared: None,
        })))
    }
}

fn prepare(text: &str) -> Document {
    operation::prepare(&SUPERGRAPH, text, None, &ParserLimits::default()).unwrap()
}

/// What subgraphs are asked, and the response, for a caller who has these: `identity`, scopes, policies.
fn exchange(text: &str, has: &[&str]) -> String {
    let document = prepare(text);
    let met = |claim: &Claim| {
        let any_of = match claim {
            Claim::Identity => return has.contains(&"identity"),
            Claim::Scopes(any_of) | Claim::Policies(any_of) => any_of,
        };
        let mut lists = any_of.0.iter();
        lists.any(|all| all.iter().all(|name| has.contains(&name.as_str())))
    };
    let claims = (0..).zip(document.claims());
    let unmet: Box<[u32]> = claims
        .filter(|(_, demanded)| !met(&demanded.claim))
        .map(|(index, _)| index)
        .collect();
    let conditions = document.conditions(&Map::new()).without(unmet);
    let folded = document.fold(&SUPERGRAPH, &conditions).unwrap();
    let plan = planner::plan(&SUPERGRAPH, &folded).unwrap();
    let program = executor::compile(&SUPERGRAPH, plan);
    let (subgraphs, none) = (Talkative::default(), Map::new());
    let request = executor::Request {
        variables: &none,
        introspection: None,
        subgraphs: &subgraphs,
    };
    let Reply::One(response) = executor::run(&program, request).now_or_never().unwrap();
    let mut told = subgraphs.asked.into_inner().unwrap();
    writeln!(told, "{}", str::from_utf8(response.data()).unwrap()).unwrap();
    for error in &response.errors {
        let path: Vec<String> = error.path.iter().map(segment).collect();
        writeln!(told, "{:?} at {}", error.code, path.join(".")).unwrap();
    }
    told
}

fn segment(segment: &PathSegment) -> String {
    match segment {
        PathSegment::Key(key) => key.to_string(),
        PathSegment::Index(index) => index.to_string(),
    }
}

/// The exchanges of several callers.
fn exchanges(text: &str, callers: &[&[&str]]) -> String {
    let told = callers
        .iter()
        .map(|has| format!("## {}\n{}", has.join(" "), exchange(text, has)));
    told.collect::<Vec<_>>().join("\n")
}

#[test]
fn fields() {
    let text = "{ me { id name email phone } secret }";
    let callers: [&[&str]; 5] = [
        &[],
        &["identity"],
        &["user:email"],
        &["user:email", "user:read", "identity"],
        &["admin"],
    ];
    insta::assert_snapshot!(exchanges(text, &callers));
}

#[test]
fn everything_of_an_object_or_operation() {
    insta::assert_snapshot!(
        "object",
        exchanges("{ users { email } }", &[&[], &["admin"]])
    );
    insta::assert_snapshot!("operation", exchanges("{ secret }", &[&[], &["identity"]]));
}

#[test]
fn mutations_do_not_run() {
    let text = "mutation { a: rename(id: 1, name: \"x\") { name email } }";
    insta::assert_snapshot!(exchanges(text, &[&[], &["user:write"], &["admin"]]));
}

#[test]
fn what_is_required_counts_too() {
    let text = "{ me { digest notes } }";
    insta::assert_snapshot!(exchanges(text, &[&[], &["staff"], &["admin"]]));
}

#[test]
fn interfaces() {
    let text = "{ feed { title ... on Article { id } } }";
    insta::assert_snapshot!(exchanges(text, &[&[], &["identity"]]));
}

#[test]
fn unions_and_fragments() {
    let text = "{ search { __typename ...A ... on Content { title } ... on Invoice { sum: total } } } fragment A on Article { author { n: name e: email } }";
    insta::assert_snapshot!(exchanges(
        text,
        &[
            &[],
            &["identity"],
            &["billing"],
            &["audit", "staff", "identity", "admin"]
        ]
    ));
}

#[test]
fn what_is_not_protected_has_no_claims() {
    assert_eq!(prepare("{ me { id name } }").claims(), []);
    assert_eq!(prepare("{ me { email } }").claims().len(), 1);
}

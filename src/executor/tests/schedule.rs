//! When fetches start: as soon as what they wait for is done, and not after that is over.

use super::draft::{Draft, at, supergraph};
use super::fakes::{answer, text};
use crate::executor::{Answer, Call, CallError, Program, Reply, Request, Subgraphs, run};
use futures_util::FutureExt;
use serde_json::Map;
use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use tokio::sync::oneshot;

/// Subgraphs that answer when the test says so.
#[derive(Default)]
struct Held {
    waiting: Mutex<HashMap<String, oneshot::Sender<Answer>>>,
    /// What is to be done elsewhere.
    jobs: Mutex<Vec<Job>>,
}

type Job = Box<dyn FnOnce() + Send>;

impl Held {
    /// The subgraphs that have been called and not answered.
    fn waiting(&self) -> Vec<String> {
        let mut names: Vec<String> = self.waiting.lock().unwrap().keys().cloned().collect();
        names.sort();
        names
    }

    fn answer(&self, subgraph: &str, body: &str) {
        let sender = self.waiting.lock().unwrap().remove(subgraph).unwrap();
        sender.send(answer(200, body)).unwrap();
    }

    /// Does what is to be done elsewhere. Returns how much that was.
    fn work(&self) -> usize {
        let jobs = std::mem::take(&mut *self.jobs.lock().unwrap());
        let count = jobs.len();
        jobs.into_iter().for_each(|job| job());
        count
    }

    /// Whether the caller still listens for the answer.
    fn is_listened_to(&self, subgraph: &str) -> bool {
        !self.waiting.lock().unwrap()[subgraph].is_closed()
    }
}

impl Subgraphs for Held {
    fn call<'a>(
        &'a self,
        call: Call,
    ) -> Pin<Box<dyn Future<Output = Result<Answer, CallError>> + Send + 'a>> {
        let (sender, receiver) = oneshot::channel();
        let name = supergraph().subgraph(call.subgraph).name.clone();
        let before = self.waiting.lock().unwrap().insert(name, sender);
        assert!(
            before.is_none(),
            "one call to a subgraph at a time in these tests"
        );
        Box::pin(async {
            receiver
                .await
                .map_err(|_| CallError::Broken("dropped".into()))
        })
    }

    fn offload(&self, job: Job) {
        self.jobs.lock().unwrap().push(job);
    }
}

fn start<'a>(
    program: &'a Arc<Program>,
    held: &'a Held,
    none: &'a Map<String, serde_json::Value>,
) -> Pin<Box<dyn Future<Output = Reply> + Send + 'a>> {
    Box::pin(run(
        program,
        Request {
            variables: none,
            introspection: None,
            subgraphs: held,
        },
    ))
}

/// Lets the run do what it can now.
fn step(running: &mut Pin<Box<dyn Future<Output = Reply> + Send + '_>>) -> Option<String> {
    let Reply::One(response) = running.now_or_never()?;
    Some(text(&response))
}

#[test]
fn a_fetch_does_not_wait_for_a_slow_stranger() {
    let program = Draft::query()
        .root("a", &[], "{ me { id } }")
        .root("b", &[], "{ count }")
        .entities("c", &[0], vec![at("me", "{ id }", "{ best { id } }")])
        .entities("a", &[2], vec![at("me.best", "{ id }", "{ name }")])
        .output("{ me { best { name } } count }");
    let (held, none) = (Held::default(), Map::new());
    let mut running = start(&program, &held, &none);
    assert_eq!(step(&mut running), None);
    assert_eq!(held.waiting(), ["a", "b"]);
    held.answer("a", r#"{"data":{"me":{"id":"1"}}}"#);
    assert_eq!(step(&mut running), None);
    assert_eq!(held.waiting(), ["b", "c"]);
    held.answer("c", r#"{"data":{"_entities":[{"best":{"id":"2"}}]}}"#);
    assert_eq!(step(&mut running), None);
    assert_eq!(held.waiting(), ["a", "b"]);
    held.answer("a", r#"{"data":{"_entities":[{"name":"N"}]}}"#);
    assert_eq!(step(&mut running), None);
    held.answer("b", r#"{"data":{"count":1}}"#);
    let text = step(&mut running).unwrap();
    assert_eq!(text, r#"{"me":{"best":{"name":"N"}},"count":1}"#);
}

#[test]
fn what_is_large_is_read_and_written_elsewhere() {
    let program = Draft::query()
        .root("a", &[], "{ me { id } }")
        .entities("b", &[0], vec![at("me", "{ id }", "{ name }")])
        .output("{ me { name } }");
    let (held, none) = (Held::default(), Map::new());
    let mut running = start(&program, &held, &none);
    assert_eq!(step(&mut running), None);
    held.answer("a", r#"{"data":{"me":{"id":"1"}}}"#);
    assert_eq!(step(&mut running), None);
    assert_eq!(held.work(), 0);
    let name = "N".repeat(2 * 1024 * 1024);
    held.answer(
        "b",
        &format!(r#"{{"data":{{"_entities":[{{"name":"{name}"}}]}}}}"#),
    );
    assert_eq!(step(&mut running), None);
    assert_eq!(held.work(), 1, "reading");
    assert_eq!(step(&mut running), None);
    assert_eq!(held.work(), 1, "writing");
    let text = step(&mut running).unwrap();
    assert_eq!(text, format!(r#"{{"me":{{"name":"{name}"}}}}"#));
}

#[test]
fn a_fetch_waits_for_all_it_needs() {
    let program = Draft::query()
        .root("a", &[], "{ me { id } }")
        .root("b", &[], "{ me { name } }")
        .entities("c", &[0, 1], vec![at("me", "{ id name }", "{ age }")])
        .output("{ me { age } }");
    for (first, second) in [("a", "b"), ("b", "a")] {
        let (held, none) = (Held::default(), Map::new());
        let mut running = start(&program, &held, &none);
        let body = |subgraph| match subgraph {
            "a" => r#"{"data":{"me":{"id":"1"}}}"#,
            _ => r#"{"data":{"me":{"name":"N"}}}"#,
        };
        assert_eq!(step(&mut running), None);
        held.answer(first, body(first));
        assert_eq!(step(&mut running), None);
        assert_eq!(held.waiting(), [second]);
        held.answer(second, body(second));
        assert_eq!(step(&mut running), None);
        assert_eq!(held.waiting(), ["c"]);
        held.answer("c", r#"{"data":{"_entities":[{"age":3}]}}"#);
        assert_eq!(step(&mut running).unwrap(), r#"{"me":{"age":3}}"#);
    }
}

#[test]
fn mutations_go_one_after_another() {
    let program = Draft::mutation()
        .root("a", &[], "{ rename { id } }")
        .root("b", &[0], "{ remove }")
        .output("{ rename { id } remove }");
    let (held, none) = (Held::default(), Map::new());
    let mut running = start(&program, &held, &none);
    assert_eq!(step(&mut running), None);
    assert_eq!(held.waiting(), ["a"]);
    held.answer("a", "down");
    assert_eq!(step(&mut running), None);
    assert_eq!(held.waiting(), ["b"]);
    held.answer("b", r#"{"data":{"remove":1}}"#);
    let text = step(&mut running).unwrap();
    assert!(
        text.starts_with("{\"rename\":null,\"remove\":1}\nMalformed at rename (a)"),
        "{text}"
    );
}

#[test]
fn who_leaves_takes_the_calls_along() {
    let program = Draft::query()
        .root("a", &[], "{ count }")
        .output("{ count }");
    let (held, none) = (Held::default(), Map::new());
    let mut running = start(&program, &held, &none);
    assert_eq!(step(&mut running), None);
    assert!(held.is_listened_to("a"));
    drop(running);
    assert!(!held.is_listened_to("a"));
}

//! Fake subgraphs and a run as text.

use super::draft::supergraph;
use crate::executor::{
    Answer, Call, CallError, Error, PathSegment, Program, Reply, Request, Response, Subgraphs, run,
};
use futures_util::FutureExt;
use http::{HeaderMap, StatusCode};
use serde_json::{Map, Value, value::RawValue};
use std::collections::HashMap;
use std::fmt::Write;
use std::future::{Future, ready};
use std::pin::Pin;
use std::sync::{Arc, Mutex};

/// Subgraphs that answer at once, each with its own answers in turn, and remember what they were asked.
#[derive(Default)]
pub(super) struct Fakes {
    answers: Mutex<HashMap<String, Vec<Result<Answer, CallError>>>>,
    calls: Mutex<Vec<String>>,
}

impl Fakes {
    /// The next answer of a subgraph: a body with status 200.
    pub(super) fn answer(self, subgraph: &str, body: impl Into<String>) -> Self {
        self.status(subgraph, 200, body)
    }

    pub(super) fn status(self, subgraph: &str, status: u16, body: impl Into<String>) -> Self {
        self.outcome(subgraph, Ok(answer(status, body)))
    }

    pub(super) fn outcome(self, subgraph: &str, outcome: Result<Answer, CallError>) -> Self {
        self.answers
            .lock()
            .unwrap()
            .entry(subgraph.to_owned())
            .or_default()
            .push(outcome);
        self
    }

    /// The calls so far, as `subgraph body`.
    pub(super) fn calls(&self) -> Vec<String> {
        self.calls.lock().unwrap().clone()
    }

    /// The variables of the calls so far, as `subgraph variables`.
    pub(super) fn variables(&self) -> Vec<String> {
        let of = |call: &String| {
            let (subgraph, body) = call.split_once(' ').unwrap();
            let body: Value = serde_json::from_str(body).unwrap();
            format!("{subgraph} {}", body["variables"])
        };
        self.calls().iter().map(of).collect()
    }
}

pub(super) fn answer(status: u16, body: impl Into<String>) -> Answer {
    Answer {
        status: StatusCode::from_u16(status).unwrap(),
        headers: HeaderMap::new(),
        body: body.into().into(),
        shared: None,
    }
}

impl Subgraphs for Fakes {
    fn call<'a>(
        &'a self,
        call: Call,
    ) -> Pin<Box<dyn Future<Output = Result<Answer, CallError>> + Send + 'a>> {
        let name = &supergraph().subgraph(call.subgraph).name;
        let body = str::from_utf8(&call.body).unwrap();
        self.calls.lock().unwrap().push(format!("{name} {body}"));
        let mut answers = self.answers.lock().unwrap();
        let answers = answers.get_mut(name).filter(|answers| !answers.is_empty());
        let answers = answers.unwrap_or_else(|| panic!("no answer left for {name} {body}"));
        Box::pin(ready(answers.remove(0)))
    }
}

/// Runs a program that needs no variables.
pub(super) fn respond(program: &Arc<Program>, fakes: &Fakes) -> Response {
    respond_with(program, fakes, &Map::new())
}

pub(super) fn respond_with(
    program: &Arc<Program>,
    fakes: &Fakes,
    variables: &Map<String, Value>,
) -> Response {
    let request = Request {
        variables,
        introspection: None,
        subgraphs: fakes,
    };
    let reply = run(program, request).now_or_never();
    let Reply::One(response) = reply.expect("the fakes answer at once");
    response
}

/// A response as text: `data`, then a line for each error.
pub(super) fn text(response: &Response) -> String {
    let data = str::from_utf8(response.data()).unwrap();
    let _: &RawValue = serde_json::from_str(data).unwrap_or_else(|error| panic!("{error}: {data}"));
    let mut text = data.to_owned();
    for error in &response.errors {
        write!(text, "\n{}", error_text(error)).unwrap();
    }
    text
}

/// `code at path (subgraph): message`
pub(super) fn error_text(error: &Error) -> String {
    let mut text = format!("{:?} at {}", error.code, path_text(&error.path));
    if let Some(subgraph) = error.subgraph {
        write!(text, " ({})", supergraph().subgraph(subgraph).name).unwrap();
    }
    write!(text, ": {}", error.message).unwrap();
    text
}

fn path_text(path: &[PathSegment]) -> String {
    if path.is_empty() {
        return "the top".to_owned();
    }
    let segments = path.iter().map(|segment| match segment {
        PathSegment::Key(key) => key.to_string(),
        PathSegment::Index(index) => index.to_string(),
    });
    segments.collect::<Vec<_>>().join(".")
}

/// Runs a program and gives the response as text.
pub(super) fn exchange(program: &Arc<Program>, fakes: &Fakes) -> String {
    text(&respond(program, fakes))
}

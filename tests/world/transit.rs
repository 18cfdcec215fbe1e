//! Right traffic, made wrong on its way: over every graph, what a router could get wrong is noticed.

use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

use super::graphs::graphs;
use super::operations::generate;
use super::router::{By, Graphway};
use super::trial::{Call, Router, Trial};

/// What happens to a subgraph's request or answer. It tells whether there was anything to do it to.
#[derive(Clone, Copy)]
struct Fault {
    request: fn(&mut Value) -> bool,
    answer: fn(&mut Value) -> bool,
}

struct Faulty<'g> {
    graphway: &'g Graphway,
    fault: Fault,
    happened: AtomicBool,
}

impl Router for Faulty<'_> {
    fn answer(&self, operation: &str, variables: &Value, call: Call<'_>) -> Result<Value, String> {
        let wrong = |subgraph: &str, body: &Value| {
            let mut body = body.clone();
            let asked = (self.fault.request)(&mut body);
            let mut answer = call(subgraph, &body);
            let answered = (self.fault.answer)(&mut answer["data"]);
            self.happened.fetch_or(asked || answered, Ordering::Relaxed);
            answer
        };
        self.graphway.answer(operation, variables, &wrong)
    }
}

fn nothing(_: &mut Value) -> bool {
    false
}

/// Does something to every representation that a request sends.
fn to_representations(body: &mut Value, wrong: fn(&mut Value) -> bool) -> bool {
    let variables = body["variables"].as_object_mut();
    let lists = variables.into_iter().flat_map(|all| all.values_mut());
    let mut representations = lists.filter_map(Value::as_array_mut).flatten();
    let mut happened = false;
    for one in representations
        .by_ref()
        .filter(|one| one["__typename"].is_string())
    {
        happened |= wrong(one);
    }
    happened
}

fn without_type(body: &mut Value) -> bool {
    to_representations(body, |one| {
        let fields = one.as_object_mut();
        fields.is_some_and(|fields| fields.shift_remove("__typename").is_some())
    })
}

/// Takes the last field away: a key's, or what something requires.
fn without_a_field(body: &mut Value) -> bool {
    to_representations(body, |one| {
        let last = one
            .as_object()
            .and_then(|fields| fields.keys().next_back().cloned());
        let fields = one.as_object_mut();
        let field = last.filter(|name| name != "__typename");
        fields
            .zip(field)
            .is_some_and(|(fields, name)| fields.shift_remove(&name).is_some())
    })
}

fn with_other_values(body: &mut Value) -> bool {
    to_representations(body, |one| {
        let fields = one.as_object_mut().into_iter().flatten();
        let mut happened = false;
        for (_, value) in fields.filter(|(name, _)| *name != "__typename") {
            happened |= change(value);
        }
        happened
    })
}

/// Changes every leaf that is not null; names of types become another type's.
fn change(value: &mut Value) -> bool {
    match value {
        Value::Null => false,
        // Not `any`: all of them are changed.
        Value::Object(fields) => fields.values_mut().filter_map(changed).count() > 0,
        Value::Array(items) => items.iter_mut().filter_map(changed).count() > 0,
        Value::Bool(is) => {
            *is = !*is;
            true
        }
        Value::Number(number) => {
            *value = json!(number.as_f64().unwrap_or_default() + 1.0);
            true
        }
        Value::String(text) => {
            text.push('!');
            true
        }
    }
}

fn changed(value: &mut Value) -> Option<()> {
    change(value).then_some(())
}

#[test]
fn wrong_traffic_is_noticed() {
    let faults = [
        (
            "no type",
            Fault {
                request: without_type,
                answer: nothing,
            },
        ),
        (
            "a field lost",
            Fault {
                request: without_a_field,
                answer: nothing,
            },
        ),
        (
            "other values sent",
            Fault {
                request: with_other_values,
                answer: nothing,
            },
        ),
        (
            "other values answered",
            Fault {
                request: nothing,
                answer: change,
            },
        ),
    ];
    let mut counts = [(0, 0); 4];
    for (index, graph) in graphs().iter().enumerate() {
        let trial = Trial::new(&graph.name, &graph.sdl).unwrap_or_else(|error| panic!("{error}"));
        let graphway = Graphway::with_labels(&graph.sdl, By::Interpreter, &[]);
        let graphway = graphway.unwrap_or_else(|error| panic!("{}: {error}", graph.name));
        for ((_, fault), (happened, noticed)) in faults.iter().zip(&mut counts) {
            for seed in [index as u64, index as u64 + 100] {
                let Some(document) = generate(&trial.world.model, seed) else {
                    continue;
                };
                let faulty = Faulty {
                    graphway: &graphway,
                    fault: *fault,
                    happened: AtomicBool::new(false),
                };
                let judged = trial.judge(&faulty, &document);
                let did = faulty.happened.into_inner();
                *happened += usize::from(did);
                *noticed += usize::from(did && judged.is_err());
            }
        }
    }
    for ((name, _), (happened, noticed)) in faults.iter().zip(counts) {
        assert!(happened > 30, "{name}: happened {happened} times");
        // What no object of an answer depends on may go unnoticed.
        assert!(
            noticed * 10 >= happened * 9,
            "{name}: {noticed} of {happened} noticed"
        );
    }
}

//! Right traffic, made wrong on its way: over every graph, what a router could get wrong is noticed.

use std::sync::atomic::{AtomicBool, Ordering};

use apollo_compiler::ExecutableDocument;
use apollo_compiler::executable::{Selection, SelectionSet};
use serde_json::{Value, json};

use super::document::Document;
use super::graphs::graphs;
use super::model::Model;
use super::operations::generate;
use super::router::{By, Graphway};
use super::trial::{Call, Router, Trial};

/// What happens to a subgraph's request or answer. It tells whether there was anything to do it to.
#[derive(Clone, Copy)]
struct Fault {
    request: fn(&mut Value) -> bool,
    answer: fn(&mut Value) -> bool,
    /// Whether the answer to an operation depends on what is made wrong.
    matters: fn(&Trial, &Document) -> bool,
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
    to_representations(body, |one| change("", one, is_value))
}

fn other_values(data: &mut Value) -> bool {
    change("data", data, is_value)
}

fn other_types(data: &mut Value) -> bool {
    change("data", data, |name| !is_value(name))
}

fn is_value(name: &str) -> bool {
    name != "__typename"
}

/// Changes every leaf with such a name that is not null; names of types become those of unknown ones.
fn change(name: &str, value: &mut Value, which: fn(&str) -> bool) -> bool {
    match value {
        // Not `any`: all of them are changed.
        Value::Object(fields) => fields.iter_mut().fold(false, |happened, (name, value)| {
            change(name, value, which) | happened
        }),
        Value::Array(items) => items
            .iter_mut()
            .fold(false, |happened, item| change(name, item, which) | happened),
        Value::Null => false,
        _ if !which(name) => false,
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

fn always(_: &Trial, _: &Document) -> bool {
    true
}

/// Whether the client sees the type of an object that could be of another. Where it does not, a wrong type may change
/// nothing: what the schema leaves no choice in is not read, and fields of other types are left out either way.
fn shows_a_type(trial: &Trial, document: &Document) -> bool {
    let (text, world) = (document.to_string(), &trial.world);
    let truth = world.truth(&text, &document.values());
    let truth = truth.unwrap_or_else(|error| panic!("{error}"));
    let parsed = ExecutableDocument::parse_and_validate(&world.model.api, &text, "operation");
    let document = parsed.unwrap_or_else(|invalid| panic!("{invalid}"));
    let shown = Shown {
        model: &world.model,
        document: &document,
    };
    let operation = document.operations.iter().next();
    operation.is_some_and(|operation| shown.within(&operation.selection_set, 1, &truth.data))
}

struct Shown<'d> {
    model: &'d Model,
    document: &'d ExecutableDocument,
}

impl Shown<'_> {
    /// In objects that could be of so many types.
    fn within(&self, set: &SelectionSet, types: usize, data: &Value) -> bool {
        if let Value::Array(items) = data {
            return items.iter().any(|item| self.within(set, types, item));
        }
        set.selections.iter().any(|selection| match selection {
            Selection::Field(field) => {
                let value = &data[field.response_key().as_str()];
                let below = &field.selection_set;
                match field.name.as_str() {
                    "__typename" => types > 1 && value.is_string(),
                    _ => self.within(below, self.model.possible(&below.ty).len(), value),
                }
            }
            Selection::InlineFragment(inline) => self.within(&inline.selection_set, types, data),
            Selection::FragmentSpread(spread) => {
                let fragment = spread.fragment_def(self.document);
                fragment.is_some_and(|fragment| self.within(&fragment.selection_set, types, data))
            }
        })
    }
}

#[test]
fn wrong_traffic_is_noticed() {
    let to_requests = |request| Fault {
        request,
        answer: nothing,
        matters: always,
    };
    let to_answers = |answer, matters| Fault {
        request: nothing,
        answer,
        matters,
    };
    let faults = [
        ("no type sent", to_requests(without_type)),
        ("a field lost", to_requests(without_a_field)),
        ("other values sent", to_requests(with_other_values)),
        ("other values answered", to_answers(other_values, always)),
        (
            "other types answered",
            to_answers(other_types, shows_a_type),
        ),
    ];
    let mut happened = [0; 5];
    for (index, graph) in graphs().iter().enumerate() {
        let trial = Trial::new(&graph.name, &graph.sdl).unwrap_or_else(|error| panic!("{error}"));
        let graphway = Graphway::with_labels(&graph.sdl, By::Interpreter, &[]);
        let graphway = graphway.unwrap_or_else(|error| panic!("{}: {error}", graph.name));
        for ((name, fault), happened) in faults.iter().zip(&mut happened) {
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
                if faulty.happened.into_inner() && (fault.matters)(&trial, &document) {
                    *happened += 1;
                    assert!(judged.is_err(), "{name}, {}:\n{document}", graph.name);
                }
            }
        }
    }
    for ((name, _), happened) in faults.iter().zip(happened) {
        assert!(happened > 20, "{name}: happened {happened} times");
    }
}

//! The configuration's JSON Schema (<https://json-schema.org/draft/2020-12>), for editors.
//!
//! It has one source each for what it says: what keys there are and what they take is asked of the very code that reads
//! them (`probe`), words and defaults are those of `router.yaml` (`notes`), and Apollo Router's other keys are those we
//! set aside. So it cannot disagree with what is read.

mod notes;
mod probe;

use super::apollo;
use notes::Notes;
use probe::{Found, Shape, Step};
use serde_json::{Map, Value, json};

/// A scalar may be written as `${env.NAME}` and become what is needed.
const EXPANDABLE: &str = r"\$\{";
const DURATION: &str = r"^[0-9.]+ *(ms|s|m|h|d)$|\$\{";
const BYTES: &str = r"^[0-9]+ *([kKmMgG]?[bB]|[kKmMgG]i[bB])?$|\$\{";

/// The schema of `router.yaml`.
pub fn schema() -> Value {
    let mut schema = Writer {
        notes: Notes::of_the_default_file(),
        path: Vec::new(),
    }
    .value();
    for path in apollo::missing() {
        let keys: Vec<&str> = path.split('.').collect();
        add_missing(&mut schema, &keys);
    }
    let mut whole = Map::new();
    whole.insert(
        "$schema".to_owned(),
        "https://json-schema.org/draft/2020-12/schema".into(),
    );
    whole.insert("title".to_owned(), "Graphway's router.yaml".into());
    if let Value::Object(schema) = schema {
        whole.extend(schema);
    }
    Value::Object(whole)
}

struct Writer {
    notes: Notes,
    path: Vec<Step>,
}

impl Writer {
    /// The schema of what stands at the path.
    fn value(&mut self) -> Value {
        let Some(Found { shape, optional }) = probe::probe(&self.path) else {
            return json!({});
        };
        let mut schema = match shape {
            Shape::Boolean => json!({ "type": ["boolean", "string"], "pattern": EXPANDABLE }),
            Shape::Integer => json!({ "type": ["integer", "string"], "pattern": EXPANDABLE }),
            Shape::Number => json!({ "type": ["number", "string"], "pattern": EXPANDABLE }),
            Shape::Text => json!({ "type": ["string"] }),
            Shape::Duration => json!({ "type": ["string"], "pattern": DURATION }),
            Shape::Bytes => json!({ "type": ["string", "integer"], "pattern": BYTES }),
            Shape::Fields(names) => self.fields(names),
            Shape::Keys => {
                json!({ "type": ["object", "null"], "additionalProperties": self.below(Step::Key) })
            }
            Shape::Items => json!({ "type": ["array"], "items": self.below(Step::Item) }),
            Shape::Words(words) => self.words(words),
            Shape::Word => json!({}),
            Shape::Any => return json!({}),
        };
        let types = schema.get_mut("type").and_then(Value::as_array_mut);
        if let Some(types) = types.filter(|types| optional && !types.contains(&Value::from("null")))
        {
            types.push("null".into());
        }
        self.annotate(&mut schema);
        schema
    }

    fn below(&mut self, step: Step) -> Value {
        self.path.push(step);
        let schema = self.value();
        self.path.pop();
        schema
    }

    fn fields(&mut self, names: &'static [&'static str]) -> Value {
        let properties = names
            .iter()
            .map(|name| ((*name).to_owned(), self.below(Step::Field(name))));
        let properties: Map<String, Value> = properties.collect();
        // A section whose keys are all commented out is nothing to YAML.
        json!({ "type": ["object", "null"], "additionalProperties": false, "properties": properties })
    }

    /// One of some words; or one key among some, with what belongs to it.
    fn words(&mut self, words: &'static [&'static str]) -> Value {
        let mut plain = Vec::new();
        let mut keys = Map::new();
        for word in words {
            self.path.push(Step::Word(word));
            match probe::probe(&self.path) {
                Some(Found {
                    shape: Shape::Word, ..
                }) => plain.push(*word),
                _ => {
                    keys.insert((*word).to_owned(), self.value());
                }
            }
            self.path.pop();
        }
        let one_key = json!({ "type": ["object"], "additionalProperties": false, "properties": keys,
            "minProperties": 1, "maxProperties": 1 });
        match (plain.is_empty(), keys_of(&one_key)) {
            (false, 0) => {
                json!({ "anyOf": [{ "enum": plain }, { "type": "string", "pattern": EXPANDABLE }] })
            }
            (true, _) => one_key,
            (false, _) => json!({ "anyOf": [{ "enum": plain }, one_key] }),
        }
    }

    fn annotate(&self, schema: &mut Value) {
        let keys: Vec<&str> = self.path.iter().map(Step::name).collect();
        if let Some(words) = self.notes.words(&keys) {
            schema["description"] = words.into();
        }
        if let Some(default) = self.notes.default(&keys) {
            schema["default"] = default;
        }
    }
}

fn keys_of(schema: &Value) -> usize {
    schema["properties"].as_object().map_or(0, Map::len)
}

/// Adds a key that is known but missing, so that editors do not call it unknown.
fn add_missing(schema: &mut Value, keys: &[&str]) {
    let [key, below @ ..] = keys else { return };
    if *key == "*" {
        // Of a list, or of keys that the file makes up.
        for place in ["items", "additionalProperties"] {
            if let Some(each) = schema.get_mut(place) {
                add_missing(each, below);
            }
        }
        return;
    }
    let Some(Value::Object(properties)) = schema.get_mut("properties") else {
        return;
    };
    match properties.get_mut(*key) {
        Some(known) => add_missing(known, below),
        None if below.is_empty() => {
            let note = "Graphway knows this key, but does not have it yet.";
            let missing = json!({ "description": note, "deprecated": true });
            properties.insert((*key).to_owned(), missing);
        }
        None => {}
    }
}

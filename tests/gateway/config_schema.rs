//! The JSON Schema of `router.yaml` agrees with what is read.

use regex::Regex;
use serde_json::{Map, Value};
use std::{fs, path::Path};

/// Where a value breaks the part of JSON Schema that ours uses.
fn breaches(schema: &Value, value: &Value, path: &str, found: &mut Vec<String>) {
    let Value::Object(schema) = schema else {
        panic!("{path}: {schema} is no schema");
    };
    for (keyword, wanted) in schema {
        match keyword.as_str() {
            "type" => {
                let types = wanted
                    .as_array()
                    .map_or(vec![wanted], |types| types.iter().collect());
                if !types
                    .iter()
                    .any(|wanted| *wanted == kind(value) || (*wanted == "number" && value.is_u64()))
                {
                    found.push(format!("{path} is not {wanted}"));
                }
            }
            "pattern" => {
                let pattern = Regex::new(wanted.as_str().unwrap()).unwrap();
                if value.as_str().is_some_and(|text| !pattern.is_match(text)) {
                    found.push(format!("{path} does not match"));
                }
            }
            "enum" if !wanted.as_array().unwrap().contains(value) => {
                found.push(format!("{path} is not one of {wanted}"));
            }
            "anyOf" => {
                let passes = |option: &Value| {
                    let mut found = Vec::new();
                    breaches(option, value, path, &mut found);
                    found.is_empty()
                };
                if !wanted.as_array().unwrap().iter().any(passes) {
                    found.push(format!("{path} is none of {wanted}"));
                }
            }
            "items" => {
                for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                    breaches(wanted, item, &format!("{path}[{index}]"), found);
                }
            }
            "additionalProperties" => {
                let known = schema.get("properties").and_then(Value::as_object);
                for (key, below) in value.as_object().unwrap_or(&Map::new()) {
                    if known.is_some_and(|known| known.contains_key(key)) {
                        continue;
                    }
                    match wanted {
                        Value::Bool(false) => found.push(format!("{path}.{key} is unknown")),
                        other => breaches(other, below, &format!("{path}.{key}"), found),
                    }
                }
            }
            "properties" => {
                for (key, below) in value.as_object().unwrap_or(&Map::new()) {
                    if let Some(schema) = wanted.get(key) {
                        breaches(schema, below, &format!("{path}.{key}"), found);
                    }
                }
            }
            "minProperties" | "maxProperties" | "description" | "default" | "deprecated"
            | "title" | "$schema" | "enum" => {}
            other => panic!("this validator does not know {other}"),
        }
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn check(yaml: &str) -> Vec<String> {
    let value: Value = serde_yaml::from_str(yaml).unwrap();
    let mut found = Vec::new();
    breaches(&graphway::config::schema(), &value, "", &mut found);
    found
}

#[test]
fn the_default_file_fits() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("router.yaml");
    assert_eq!(check(&fs::read_to_string(path).unwrap()), [""; 0]);
}

/// Every key of the default file has a place in the schema, with its default and what its comment says.
#[test]
fn defaults_and_comments_are_those_of_the_default_file() {
    let schema = graphway::config::schema();
    let listen = &schema["properties"]["supergraph"]["properties"]["listen"];
    assert_eq!(listen["default"], "127.0.0.1:4000");
    assert_eq!(listen["description"], "where clients connect");
    let limits = &schema["properties"]["limits"]["properties"];
    assert_eq!(
        limits["max_depth"]["type"],
        serde_json::json!(["integer", "string", "null"])
    );
    assert_eq!(limits["http_max_request_bytes"]["default"], "2MB");
    let headers = schema["properties"]["headers"]["description"]
        .as_str()
        .unwrap();
    assert!(
        headers.starts_with("Which client headers go to subgraphs"),
        "{headers}"
    );
    let format = &schema["properties"]["telemetry"]["properties"]["exporters"]["properties"]["logging"]
        ["properties"]["stdout"]["properties"]["format"];
    assert_eq!(
        format["anyOf"][0]["enum"],
        serde_json::json!(["text", "json"])
    );
}

#[test]
fn what_is_refused_when_it_is_read_breaks_the_schema_too() {
    let refused = "\
limits: { max_dept: 15, max_height: many }
traffic_shaping: { all: { timeout: 5 parsecs } }
headers: { all: { request: [{ propogate: { named: a } }, { insert: { name: a, worth: b } }] } }
telemetry: { exporters: { logging: { stdout: { format: yaml } } } }
";
    insta::assert_snapshot!(check(refused).join("\n"), @r###"
    .limits.max_dept is unknown
    .limits.max_height does not match
    .traffic_shaping.all.timeout does not match
    .headers.all.request[0].propogate is unknown
    .headers.all.request[1].insert.worth is unknown
    .telemetry.exporters.logging.stdout.format is none of [{"enum":["text","json"]},{"type":"string","pattern":"\\$\\{"}]
    "###);
}

/// Every place where a schema belongs has one.
#[test]
fn the_schema_is_a_schema() {
    fn walk(schema: &Value, path: &str) {
        let Some(schema) = schema.as_object() else {
            panic!("{path}: {schema} is no schema");
        };
        let types: Vec<&Value> = schema
            .get("type")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .collect();
        let distinct = (1..types.len()).all(|index| !types[..index].contains(&types[index]));
        assert!(distinct, "{path}: {types:?}");
        for (name, below) in schema
            .get("properties")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
        {
            walk(below, &format!("{path}.{name}"));
        }
        for option in schema
            .get("anyOf")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            walk(option, path);
        }
        for place in ["items", "additionalProperties"] {
            match schema.get(place) {
                None | Some(Value::Bool(false)) => {}
                Some(below) => walk(below, &format!("{path}.{place}")),
            }
        }
    }
    walk(&graphway::config::schema(), "");
}

#[test]
fn what_is_read_fits() {
    let read = "\
supergraph: { listen: \"127.0.0.1:${env.PORT}\", introspection: \"${env.YES}\" }
limits: { max_depth: \"${env.PORT}\", http_max_request_bytes: 64KiB, http1_max_request_buf_size: 5000 }
traffic_shaping: { subgraphs: { users: { timeout: 1.5s, compression: gzip } } }
headers: { all: { request: [{ propagate: { matching: ^x- } }, { remove: { named: x-a } }] } }
csrf:
apq: { enabled: true }
upstreams: { one: { endpoints: [\"http://127.0.0.1:8081\"], timeout: 10s, retry: { attempts: 3 } } }
routes:
  - { match: { path: /api/** }, to: [{ upstream: one, weight: 90 }] }
  - { match: { path: /, host: a.test, methods: [GET] }, to: one, rewrite: /b, operation: {} }
";
    assert_eq!(check(read), [""; 0]);
}

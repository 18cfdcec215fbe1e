//! A supergraph as text, its subgraphs in `join` directives.

use super::{Field, Graph};
use std::collections::BTreeMap;
use std::fmt::Write;

const HEADER: &str = r#"
schema @link(url: "https://specs.apollo.dev/link/v1.0") @link(url: "https://specs.apollo.dev/join/v0.3", for: EXECUTION) { query: Query mutation: Mutation }
directive @link(url: String, as: String, for: link__Purpose, import: [link__Import]) repeatable on SCHEMA
directive @join__graph(name: String!, url: String!) on ENUM_VALUE
directive @join__type(graph: join__Graph!, key: join__FieldSet, extension: Boolean! = false, resolvable: Boolean! = true, isInterfaceObject: Boolean! = false) repeatable on OBJECT | INTERFACE | UNION
directive @join__field(graph: join__Graph, requires: join__FieldSet, provides: join__FieldSet, type: String, external: Boolean) repeatable on FIELD_DEFINITION
directive @join__implements(graph: join__Graph!, interface: String!) repeatable on OBJECT | INTERFACE
directive @join__unionMember(graph: join__Graph!, member: String!) repeatable on UNION
enum link__Purpose { SECURITY EXECUTION }
scalar link__Import
scalar join__FieldSet
"#;

pub(super) fn print(graph: &Graph) -> String {
    let mut text = HEADER.to_owned();
    text.push_str("enum join__Graph {");
    for subgraph in 0..graph.subgraphs {
        let _ = write!(
            text,
            " G{subgraph} @join__graph(name: \"g{subgraph}\", url: \"http://g{subgraph}\")"
        );
    }
    text.push_str(" }\n");
    objects(&mut text, graph);
    for (name, made) in &graph.interfaces {
        let _ = write!(text, "interface {name}");
        for subgraph in made.members.keys() {
            match made.keys.contains_key(subgraph) {
                true => write!(text, " @join__type(graph: G{subgraph}, key: \"id\")"),
                false => write!(text, " @join__type(graph: G{subgraph})"),
            }
            .unwrap_or_default();
        }
        for (subgraph, _) in made.keys.iter().filter(|(_, is_object)| **is_object) {
            let _ = write!(
                text,
                " @join__type(graph: G{subgraph}, key: \"id\", isInterfaceObject: true)"
            );
        }
        fields(&mut text, &made.fields);
    }
    for (name, made) in &graph.unions {
        let _ = write!(text, "union {name}");
        for (subgraph, members) in &made.members {
            let _ = write!(text, " @join__type(graph: G{subgraph})");
            for member in members {
                let _ = write!(
                    text,
                    " @join__unionMember(graph: G{subgraph}, member: \"{member}\")"
                );
            }
        }
        let _ = writeln!(text, " = {}", made.all.join(" | "));
    }
    text
}

fn objects(text: &mut String, graph: &Graph) {
    for (name, object) in &graph.objects {
        let mut interfaces: Vec<&str> = object
            .implements
            .iter()
            .map(|(_, name)| name.as_str())
            .collect();
        // One that no subgraph tells any more has gone.
        interfaces.sort_unstable();
        interfaces.dedup();
        interfaces.retain(|interface| graph.interfaces.contains_key(*interface));
        let _ = write!(text, "type {name}");
        for (index, interface) in interfaces.iter().enumerate() {
            text.push_str(if index == 0 { " implements " } else { " & " });
            text.push_str(interface);
        }
        for (subgraph, interface) in &object.implements {
            let _ = write!(
                text,
                " @join__implements(graph: G{subgraph}, interface: \"{interface}\")"
            );
        }
        for (subgraph, keys) in &object.keys {
            if keys.is_empty() {
                let _ = write!(text, " @join__type(graph: G{subgraph})");
            }
            for (key, resolvable) in keys {
                let _ = write!(
                    text,
                    " @join__type(graph: G{subgraph}, key: \"{key}\", resolvable: {resolvable})"
                );
            }
        }
        fields(text, &object.fields);
    }
}

fn fields(text: &mut String, fields: &BTreeMap<String, Field>) {
    text.push_str(" {\n");
    for (name, field) in fields {
        let _ = write!(text, "  {name}: {}", field.ty);
        if field.elsewhere {
            text.push_str(" @join__field");
        }
        for (subgraph, known) in &field.known {
            let _ = write!(text, " @join__field(graph: G{subgraph}");
            for (argument, value) in [
                ("requires", &known.requires),
                ("provides", &known.provides),
                ("type", &known.ty),
            ] {
                if let Some(value) = value {
                    let _ = write!(text, ", {argument}: \"{value}\"");
                }
            }
            text.push_str(if known.external {
                ", external: true)"
            } else {
                ")"
            });
        }
        text.push('\n');
    }
    text.push_str("}\n");
}

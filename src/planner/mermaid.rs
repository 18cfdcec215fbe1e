//! A plan as a Mermaid flowchart (<https://mermaid.js.org/syntax/flowchart.html>): a box for each fetch, an arrow from
//! each one it waits for.

use super::plan::{Fetch, FetchKind, Plan, PositionId};
use crate::schema::Supergraph;
use std::fmt::Write;

impl Plan {
    /// The plan as a diagram.
    pub fn to_mermaid(&self, supergraph: &Supergraph) -> String {
        let mut out = String::from("flowchart TD\n");
        if self.fetches.is_empty() {
            out.push_str("  router[\"no fetches: answered by the router itself\"]\n");
        }
        for fetch in &self.fetches {
            let subgraph = &supergraph.subgraph(fetch.subgraph).name;
            let lines = [
                format!("{}: {subgraph}", fetch.id.0),
                self.places(fetch).join("\n"),
            ];
            // Writing to a string cannot fail.
            let _ = writeln!(out, "  f{}[\"{}\"]", fetch.id.0, label(&lines.join("\n")));
        }
        for fetch in &self.fetches {
            for earlier in &fetch.after {
                let _ = writeln!(out, "  f{} --> f{}", earlier.0, fetch.id.0);
            }
        }
        out
    }

    /// The places that a fetch fills, one each.
    fn places(&self, fetch: &Fetch) -> Vec<String> {
        match &fetch.kind {
            FetchKind::Root { at, .. } if *at == PositionId(0) => vec![fetch.operation.to_string()],
            FetchKind::Root { at, .. } => vec![self.path(*at)],
            FetchKind::Entities(fields) => {
                let targets = fields.iter().flat_map(|field| &field.targets);
                let mut places: Vec<String> =
                    targets.map(|target| self.path(target.position)).collect();
                places.dedup();
                places
            }
        }
    }
}

/// Text inside a quoted label: what means something to Mermaid, or to the HTML it makes, is written as an entity.
fn label(text: &str) -> String {
    let mut out = String::new();
    for character in text.chars() {
        match character {
            '\n' => out.push_str("<br/>"),
            '"' => out.push_str("#quot;"),
            '#' => out.push_str("#35;"),
            '&' => out.push_str("#amp;"),
            '<' => out.push_str("#lt;"),
            '>' => out.push_str("#gt;"),
            _ => out.push(character),
        }
    }
    out
}

//! The order of the layers, their doors, and the purity of the pure ones.

use super::{
    library::Library,
    map::{Map, allows},
    references::Reference,
    source::{Breach, Source},
    tokens::Kind,
};

/// Layers that could be a crate of their own: synchronous, no network, no files.
pub(super) const PURE: [&str; 3] = ["schema", "operation", "planner"];

/// What pure layers do without.
const IMPURE: [&str; 12] = [
    "tokio",
    "hyper",
    "hyper_util",
    "hyper_rustls",
    "axum",
    "tower",
    "reqwest",
    "notify",
    "std::fs",
    "std::net",
    "std::env",
    "std::process",
];

/// Crates that belong to one layer.
const RESERVED: [(&str, &[&str]); 4] = [
    ("apollo_federation", &["composition"]),
    ("subgraphs", &["cli"]),
    ("anyhow", &["cli", "main"]),
    ("notify", &["cli"]),
];

/// An arrow against the order, or to a layer that is not on the map.
pub(super) fn order(library: &Library<'_>, map: &Map) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for (source, from, reference) in library.references() {
        if reference.glob && reference.path == ["crate"] {
            breaches.push(source.breach(
                reference.line,
                "order",
                "name the layers you take of crate::*",
            ));
        }
        let Some(to) = inner(reference) else { continue };
        if to == from || from.is_empty() {
            continue;
        }
        let known = map.contains_key(to);
        let item = reference.path.get(2).map_or("", String::as_str);
        let allowed = match map.get(from) {
            Some(may) => allows(may, to, item),
            None => from == "main" && to == "cli",
        };
        if !known || !allowed {
            let path = reference.path.join("::");
            let why = if known {
                format!("`{from}` may not import `{to}`")
            } else {
                format!("`{to}` is no layer")
            };
            breaches.push(source.breach(reference.line, "order", format!("{why}: {path}")));
        }
    }
    for (source, references) in library
        .files
        .iter()
        .filter(|(source, _)| source.module.is_empty())
    {
        let strange = references
            .children
            .iter()
            .filter(|child| !map.contains_key(*child));
        breaches.extend(
            strange.map(|child| source.breach(1, "order", format!("`{child}` is not on the map"))),
        );
    }
    breaches
}

/// A path past a layer's door, or a door that stands open.
pub(super) fn doors(library: &Library<'_>) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for (source, from, reference) in library.references() {
        let Some(to) = inner(reference).filter(|to| *to != from) else {
            continue;
        };
        let Some((at, door)) = library.door(to) else {
            continue;
        };
        let path = reference.path.join("::");
        if reference.glob {
            breaches.push(source.breach(
                reference.line,
                "door",
                format!("name what you take of {path}::*"),
            ));
        }
        let Some(item) = reference
            .path
            .get(2)
            .filter(|item| door.children.contains(item))
        else {
            continue;
        };
        // A module and an item of the door may share a name: `planner::plan` the function.
        let shown = door.bound.contains_key(item) || declares(at, item);
        if reference.path.len() > 3 || reference.glob || !shown {
            let says = format!("`{item}` is inside `{to}`; its door is crate::{to}: {path}");
            breaches.push(source.breach(reference.line, "door", says));
        }
    }
    for (source, _) in &library.files {
        if source.module.len() == 1
            && source.path.matches('/').count() == 1
            && source.path != "src/main.rs"
        {
            breaches.push(source.breach(1, "door", "a layer is a directory with a mod.rs"));
        }
        if source.module.len() == 1 {
            breaches.extend(open_children(source));
        }
    }
    breaches
}

/// A pure layer that touches the world outside, or a crate used outside the layer it belongs to.
pub(super) fn crates(library: &Library<'_>) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for (source, from, reference) in library
        .references()
        .filter(|(_, _, reference)| !reference.test)
    {
        let path = reference.path.join("::");
        let within = |name: &str| {
            path.strip_prefix(name)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
        };
        if PURE.contains(&from) && IMPURE.iter().any(|name| within(name)) {
            breaches.push(source.breach(
                reference.line,
                "pure",
                format!("`{from}` must do without {path}"),
            ));
        }
        if let Some((name, layers)) = RESERVED
            .iter()
            .find(|(name, layers)| within(name) && !layers.contains(&from))
        {
            let says = format!("`{name}` belongs to {}: {path}", layers.join(", "));
            breaches.push(source.breach(reference.line, "crate", says));
        }
    }
    breaches
}

/// The layer a reference points to.
fn inner(reference: &Reference) -> Option<&str> {
    if reference.path[0] == "crate" {
        reference.path.get(1).map(String::as_str)
    } else {
        None
    }
}

/// Does the file itself declare a function of this name?
fn declares(source: &Source, name: &str) -> bool {
    let mut pairs = source.tokens.windows(2);
    pairs.any(|pair| pair[0].is("fn") && pair[1].is(name))
}

/// `pub mod` in a door, with any visibility.
fn open_children(source: &Source) -> Vec<Breach> {
    let words = source.tokens.windows(3);
    let open = words
        .filter(|w| w[1].is("mod") && w[2].kind == Kind::Word && (w[0].is("pub") || w[0].is(")")));
    open.map(|w| {
        source.breach(
            w[1].line,
            "door",
            format!("`{}` is a child: keep it private", w[2].text),
        )
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::map::map;

    const MAP: &str = "| `src/schema/` | – |\n| `src/planner/` | `schema` |\n| `src/gateway/` | `planner` |\n\
        | `src/config/` | `*::Config` |\n| `src/cli/` | `*` |";

    fn told(check: impl Fn(&Library<'_>) -> Vec<Breach>, files: &[(&str, &str)]) -> Vec<String> {
        let sources: Vec<_> = files
            .iter()
            .map(|(path, text)| Source::new(path, text))
            .collect();
        check(&Library::new(&sources))
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn arrows_point_one_way() {
        let told = told(
            |library| order(library, &map(MAP)),
            &[
                (
                    "src/schema/mod.rs",
                    "use crate::planner::Plan;\nfn f() { super::super::gateway::handle() }",
                ),
                (
                    "src/schema/deep/er.rs",
                    "\nuse super::super::super::planner;",
                ),
                (
                    "src/gateway/mod.rs",
                    "use crate::{planner::Plan, schema::Supergraph};",
                ),
                (
                    "src/config/mod.rs",
                    "use crate::gateway::{self, Config, CorsConfig}; use crate::schema::Supergraph;\nfn f(g: gateway::Gateway) {}",
                ),
                ("src/cli/mod.rs", "use crate::{config, schema::Supergraph};"),
                ("src/schema/all.rs", "use super::super::*;"),
                ("src/main.rs", "use graphway::cli;\nuse graphway::schema;"),
                ("src/lib.rs", "pub mod schema; pub mod cli; mod extra;"),
                (
                    "src/planner/mod.rs",
                    "use crate::Oddity; // use crate::cli;\nconst A: &str = \"crate::cli::B\";",
                ),
            ],
        );
        assert_eq!(
            told,
            [
                "src/schema/mod.rs:1: [order] `schema` may not import `planner`: crate::planner::Plan",
                "src/schema/mod.rs:2: [order] `schema` may not import `gateway`: crate::gateway::handle",
                "src/schema/deep/er.rs:2: [order] `schema` may not import `planner`: crate::planner",
                "src/gateway/mod.rs:1: [order] `gateway` may not import `schema`: crate::schema::Supergraph",
                "src/config/mod.rs:1: [order] `config` may not import `schema`: crate::schema::Supergraph",
                "src/config/mod.rs:2: [order] `config` may not import `gateway`: crate::gateway::Gateway",
                "src/schema/all.rs:1: [order] name the layers you take of crate::*",
                "src/main.rs:2: [order] `main` may not import `schema`: crate::schema",
                "src/planner/mod.rs:1: [order] `Oddity` is no layer: crate::Oddity",
                "src/lib.rs:1: [order] `extra` is not on the map",
            ]
        );
    }

    #[test]
    fn a_layer_is_entered_by_its_door() {
        let told = told(
            doors,
            &[
                (
                    "src/planner/mod.rs",
                    "mod search; pub mod plan; mod text; mod verify;\npub use plan::plan; pub use text::Text; pub fn verify() {}",
                ),
                (
                    "src/gateway/mod.rs",
                    "use crate::planner::{plan, verify, Text, search};\nuse crate::planner::*;",
                ),
                (
                    "src/cli/mod.rs",
                    "use crate::planner;\nfn f() { planner::plan(); planner::search::go() }",
                ),
                ("src/upstream.rs", "fn f() {}"),
            ],
        );
        assert_eq!(
            told,
            [
                "src/gateway/mod.rs:1: [door] `search` is inside `planner`; its door is crate::planner: crate::planner::search",
                "src/gateway/mod.rs:2: [door] name what you take of crate::planner::*",
                "src/cli/mod.rs:2: [door] `search` is inside `planner`; its door is crate::planner: crate::planner::search::go",
                "src/planner/mod.rs:1: [door] `plan` is a child: keep it private",
                "src/upstream.rs:1: [door] a layer is a directory with a mod.rs",
            ]
        );
    }

    #[test]
    fn pure_layers_and_reserved_crates() {
        let told = told(
            crates,
            &[
                (
                    "src/planner/mod.rs",
                    "use tokio::sync;\nfn f() { std::fs::read(x) }\n#[cfg(test)] mod t { use std::fs; }",
                ),
                (
                    "src/schema/mod.rs",
                    "use std::{fmt, net::IpAddr};\nfn f() { hyper::body() } use hyperloop::x;",
                ),
                (
                    "src/gateway/mod.rs",
                    "use tokio::time; use anyhow::Result;\nuse apollo_federation::x; use subgraphs;",
                ),
                (
                    "src/composition/mod.rs",
                    "use apollo_federation::composition;",
                ),
            ],
        );
        assert_eq!(
            told,
            [
                "src/planner/mod.rs:1: [pure] `planner` must do without tokio::sync",
                "src/planner/mod.rs:2: [pure] `planner` must do without std::fs::read",
                "src/schema/mod.rs:1: [pure] `schema` must do without std::net::IpAddr",
                "src/schema/mod.rs:2: [pure] `schema` must do without hyper::body",
                "src/gateway/mod.rs:1: [crate] `anyhow` belongs to cli, main: anyhow::Result",
                "src/gateway/mod.rs:2: [crate] `apollo_federation` belongs to composition: apollo_federation::x",
                "src/gateway/mod.rs:2: [crate] `subgraphs` belongs to cli: subgraphs",
            ]
        );
    }
}

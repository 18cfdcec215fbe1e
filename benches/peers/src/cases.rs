//! The named operations: what a planner meets every day, and what has broken planners.

use crate::graphs::compose;
use anyhow::Result;
use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

/// An operation over a supergraph, and how well Graphway must do on it.
#[derive(Clone, Debug)]
pub struct Case {
    pub name: &'static str,
    pub supergraph: String,
    pub operation: String,
    pub gate: Gate,
}

/// How well Graphway must do.
#[derive(Clone, Copy, Debug)]
pub struct Gate {
    pub time: Duration,
    pub counts: Counts,
    /// At most; none: not limited here.
    pub requests: Option<usize>,
}

/// What `Gate::time` is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counts {
    /// Planning alone.
    Plan,
    /// Everything from the text on, a refusal too.
    FromText,
}

/// Every case of our own, and `many-plans` from a folder that has it.
pub fn all(many_plans: Option<&Path>) -> Result<Vec<Case>> {
    let shop = compose(&shop())?;
    let case = |name, supergraph: &str, operation: String, microseconds| Case {
        name,
        supergraph: supergraph.to_owned(),
        operation,
        gate: Gate {
            time: Duration::from_micros(microseconds),
            counts: Counts::Plan,
            requests: None,
        },
    };
    let bomb = |name, fragment: fn(usize) -> String| {
        let mut case = case(name, &shop, doubling(fragment), 1000);
        case.gate.counts = Counts::FromText;
        case
    };
    let mut cases = vec![
        case("20 fields, 3 subgraphs", &shop, SHOP.to_owned(), 60),
        case(
            "150 fields, 8 subgraphs",
            &compose(&ring(8))?,
            ring_operation(),
            400,
        ),
        case(
            "20 fields, 50 subgraphs",
            &compose(&ring(50))?,
            HUB.to_owned(),
            1000,
        ),
        case(
            "interface, 70 implementations",
            &compose(&catalogue(70))?,
            CATALOGUE.to_owned(),
            1000,
        ),
        bomb("2^30 spreads of one field", |next| {
            format!("...F{next} ...F{next}")
        }),
        bomb("2^30 nested fields", |next| {
            format!("friend {{ ...F{next} }} other: friend {{ ...F{next} }}")
        }),
    ];
    if let Some(folder) = many_plans {
        let read = |file| std::fs::read_to_string(folder.join(file));
        let mut case = case(
            "many-plans",
            &read("supergraph.graphql")?,
            read("operation.graphql")?,
            5000,
        );
        case.gate.requests = Some(83);
        cases.push(case);
    }
    Ok(cases)
}

fn named(name: &str, sdl: &str) -> (String, String) {
    let link = r#"extend schema @link(url: "https://specs.apollo.dev/federation/v2.7", import: ["@key", "@shareable", "@external"])"#;
    (name.to_owned(), format!("{link}\n{sdl}"))
}

/// What most supergraphs begin as.
fn shop() -> Vec<(String, String)> {
    vec![
        named(
            "people",
            r#"
            type Query { me: User user(id: ID!): User }
            type User @key(fields: "id") { id: ID! name: String! email: String address: Address friend: User }
            type Address { street: String city: String country: String }
            "#,
        ),
        named(
            "catalogue",
            r#"
            type Query { product(upc: ID!): Product newest(first: Int): [Product!]! }
            type Product @key(fields: "upc") { upc: ID! title: String! price: Float weight: Int maker: Maker }
            type Maker @key(fields: "id") { id: ID! name: String! country: String }
            "#,
        ),
        named(
            "reviews",
            r#"
            type User @key(fields: "id") { id: ID! reviews(first: Int): [Review!]! }
            type Product @key(fields: "upc") { upc: ID! rating: Float reviews(first: Int): [Review!]! }
            type Review @key(fields: "id") { id: ID! text: String stars: Int! author: User! product: Product! }
            "#,
        ),
    ]
}

const SHOP: &str = "{
  me {
    name email
    address { city country }
    reviews {
      text stars
      product {
        title price
        maker { name country }
        rating
        reviews { stars author { name } }
      }
    }
  }
}
";

/// `count` subgraphs in a ring. Each owns a type, adds to the next one's, and has a field of an entity all know.
fn ring(count: usize) -> Vec<(String, String)> {
    let subgraph = |own: usize| {
        let (next, other) = ((own + 1) % count, (own + 3) % count);
        let own_fields: String = (0..6).map(|field| format!("a{field}: String ")).collect();
        // Several can tell the hub's name: a choice.
        let name = if own.is_multiple_of(5) {
            "name: String @shareable "
        } else {
            ""
        };
        let root = if own.is_multiple_of(4) {
            format!("type Query {{ t{own}: T{own} hub{own}: Hub }}")
        } else {
            String::new()
        };
        let sdl = format!(
            r#"{root}
            type T{own} @key(fields: "id") {{ id: ID! {own_fields} next: T{next} others: [T{other}!] hub: Hub }}
            type T{next} @key(fields: "id") {{ id: ID! b0: Int b1: Int }}
            type T{other} @key(fields: "id", resolvable: false) {{ id: ID! }}
            type Hub @key(fields: "id") {{ id: ID! {name}own{own}: Int at{own}: T{own} }}
            "#
        );
        named(&format!("s{own}"), &sdl)
    };
    (0..count).map(subgraph).collect()
}

/// 150 fields over the ring of 8.
fn ring_operation() -> String {
    let mut left = 150;
    let mut text = "{".to_owned();
    for root in [0, 4] {
        let share = if root == 0 { left / 2 } else { left };
        left -= share;
        let mut budget = share - 1;
        let _ = write!(text, " t{root} {{");
        around(&mut text, &mut budget, 0);
        text.push_str(" }");
    }
    text + " }\n"
}

fn around(text: &mut String, left: &mut usize, depth: usize) {
    let leaves = ["a0", "a1", "a3", "b0", "b1", "a4", "a5"];
    for leaf in leaves.iter().take(*left) {
        let _ = write!(text, " {leaf}");
        *left -= 1;
    }
    for (field, deepest) in [("next", 6), ("others", 3)] {
        if *left > 1 && depth < deepest {
            *left -= 1;
            let _ = write!(text, " {field} {{");
            around(text, left, depth + 1);
            text.push_str(" }");
        }
    }
}

/// 20 fields over the ring of 50.
const HUB: &str = "{
  hub0 {
    name own3 own11 own17 own29 own42
    at7 {
      a0 a1 b0
      next { a0 b1 hub { name own8 } }
      others { a2 b0 }
    }
    at21 { b1 }
  }
}
";

/// An interface of many types, all of whose objects are known in three places, each with some of its fields.
fn catalogue(count: usize) -> Vec<(String, String)> {
    let mut sdl = [
        "type Query { items(first: Int): [Item!]! } interface Item { id: ID! label: String title: String price: Float \
         stock: Int related: [Item!] }"
            .to_owned(),
        String::new(),
        String::new(),
    ];
    for ty in 0..count {
        let fields = [
            "label: String related: [Item!]",
            "title: String price: Float",
            "stock: Int",
        ];
        for (place, fields) in fields.iter().enumerate() {
            let implements = if place == 0 { " implements Item" } else { "" };
            // The first place only knows that the others have these.
            let foreign = if place == 0 {
                " title: String @external price: Float @external stock: Int @external"
            } else {
                ""
            };
            let _ = write!(
                sdl[place],
                " type K{ty}{implements} @key(fields: \"id\") {{ id: ID! {fields}{foreign} }}"
            );
        }
    }
    let places = ["items", "sales", "storage"].iter().zip(&sdl);
    places.map(|(name, sdl)| named(name, sdl)).collect()
}

const CATALOGUE: &str = "{
  items(first: 10) {
    __typename id label title price stock
    related { id title stock related { title } }
    ... on K3 { title price }
    ... on K40 { related { price } }
  }
}
";

/// A chain of fragments, each with the next one twice.
fn doubling(fragment: fn(usize) -> String) -> String {
    let mut text = "{ me { ...F0 } }\n".to_owned();
    for at in 0..30 {
        let _ = writeln!(text, "fragment F{at} on User {{ {} }}", fragment(at + 1));
    }
    text + "fragment F30 on User { name }\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use apollo_compiler::ast::{Definition, Document, Selection};

    fn fields(selections: &[Selection]) -> usize {
        let one = |selection: &Selection| match selection {
            Selection::Field(field) => 1 + fields(&field.selection_set),
            Selection::InlineFragment(inline) => fields(&inline.selection_set),
            Selection::FragmentSpread(_) => 0,
        };
        selections.iter().map(one).sum()
    }

    #[test]
    fn operations_are_as_large_as_their_names_say() {
        for case in all(None).expect("they compose") {
            let (count, unit) = case.name.split_once(' ').expect("words");
            if !unit.starts_with("fields") {
                continue;
            }
            let document = Document::parse(&case.operation, "case.graphql").expect("it parses");
            let of = document
                .definitions
                .iter()
                .map(|definition| match definition {
                    Definition::OperationDefinition(operation) => fields(&operation.selection_set),
                    _ => 0,
                });
            assert_eq!(of.sum::<usize>().to_string(), count, "{}", case.operation);
        }
    }
}

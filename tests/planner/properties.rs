//! What holds for every plan.

use super::{operation, plan};
use crate::kit;
use graphway::planner::{self, Explanation, FetchId, FetchKind, Plan};
use proptest::prelude::*;

/// A selection on the sample: a field with its arguments (or a type condition), and what is selected below it.
#[derive(Clone, Debug)]
struct Selected {
    field: &'static str,
    below: Vec<Selected>,
}

/// Types whose fields lead to each other and to all subgraphs: (type, [(field, its type; empty for a leaf)]).
const FIELDS: &[(&str, &[(&str, &str)])] = &[
    (
        "Query",
        &[
            ("me", "User"),
            ("order(id: \"o1\")", "Order"),
            ("product(upc: \"1\")", "Product"),
            ("featured", "Item"),
            ("search(text: \"a\")", "SearchResult"),
            ("warehouses", "Warehouse"),
        ],
    ),
    (
        "User",
        &[
            ("id", ""),
            ("name", ""),
            ("email", ""),
            ("tier", ""),
            ("discountPercent", ""),
            ("totalSpent", "Money"),
            ("wishlist", "Product"),
            ("orders", "OrderPage"),
        ],
    ),
    ("OrderPage", &[("total", ""), ("nodes", "Order")]),
    (
        "Order",
        &[
            ("id", ""),
            ("customer", "User"),
            ("lines", "OrderLine"),
            ("shipments", "Shipment"),
        ],
    ),
    ("OrderLine", &[("quantity", ""), ("item", "Item")]),
    (
        "Shipment",
        &[("carrier", ""), ("origin", "Warehouse"), ("stock", "Stock")],
    ),
    (
        "Stock",
        &[
            ("sku", ""),
            ("quantity", ""),
            ("warehouse", "Warehouse"),
            ("product", "Product"),
        ],
    ),
    ("Warehouse", &[("id", ""), ("city", ""), ("name", "")]),
    ("Money", &[("amount", ""), ("currency", "")]),
    (
        "Item",
        &[
            ("__typename", ""),
            ("name", ""),
            ("timesOrdered", ""),
            ("price", "Money"),
            ("... on Product", "Product"),
            ("... on Bundle", "Bundle"),
        ],
    ),
    (
        "SearchResult",
        &[
            ("__typename", ""),
            ("... on Product", "Product"),
            ("... on Bundle", "Bundle"),
        ],
    ),
    (
        "Bundle",
        &[
            ("code", ""),
            ("name", ""),
            ("timesOrdered", ""),
            ("products", "Product"),
        ],
    ),
    (
        "Product",
        &[
            ("upc", ""),
            ("sku", ""),
            ("name", ""),
            ("timesOrdered", ""),
            ("shippingEstimate", "Money"),
            ("price", "Money"),
            ("stock", "Stock"),
        ],
    ),
];

/// Selections on a type: at each place some of its fields, chosen by `choices`.
fn select(ty: &str, depth: usize, choices: &mut impl Iterator<Item = u32>) -> Vec<Selected> {
    let (_, fields) = FIELDS.iter().find(|(name, _)| *name == ty).unwrap();
    let mut selected: Vec<Selected> = Vec::new();
    for (field, below) in *fields {
        let choice = choices.next().unwrap_or(0);
        let is_leaf = below.is_empty();
        if choice.is_multiple_of(3) || (!is_leaf && depth == 0) {
            continue;
        }
        let below = if is_leaf {
            Vec::new()
        } else {
            select(below, depth - 1, choices)
        };
        if is_leaf || !below.is_empty() {
            selected.push(Selected { field, below });
        }
    }
    selected
}

fn text(selections: &[Selected]) -> String {
    let one = |one: &Selected| match one.below.is_empty() {
        true => one.field.to_owned(),
        false => format!("{} {}", one.field, text(&one.below)),
    };
    let all: Vec<String> = selections.iter().map(one).collect();
    format!("{{ {} }}", all.join(" "))
}

/// Turns every selection set by `by`, which is another order of the same.
fn turn(selections: &mut [Selected], by: usize) {
    let length = selections.len().max(1);
    selections.rotate_left(by % length);
    if by % 2 == 1 {
        selections.reverse();
    }
    for one in selections {
        turn(&mut one.below, by + 1);
    }
}

/// What holds for one plan alone.
fn check(plan: &Plan) {
    for (index, fetch) in plan.fetches.iter().enumerate() {
        assert_eq!(fetch.id.0 as usize, index);
        assert!(
            fetch.after.iter().all(|after| after.0 < fetch.id.0),
            "{fetch:?}"
        );
        let parsed = async_graphql_parser::parse_query(&*fetch.document);
        assert!(parsed.is_ok(), "{}: {parsed:?}", fetch.document);
        if let FetchKind::Entities(all) = &fetch.kind {
            assert!(
                !fetch.after.is_empty(),
                "entities come from somewhere: {}",
                fetch.document
            );
            for one in all {
                let declared = format!("${}: [_Any!]!", one.variable);
                assert_eq!(
                    fetch.document.matches(&declared).count(),
                    1,
                    "{}",
                    fetch.document
                );
                assert!(!one.targets.is_empty());
            }
        }
    }
    for (index, position) in plan.positions.iter().enumerate() {
        assert_eq!(position.parent.is_none(), index == 0);
        assert!(
            position
                .parent
                .is_none_or(|parent| (parent.0 as usize) < index)
        );
    }
}

/// What holds for an explanation and its plan.
fn check_reasons(plan: &Plan, explanation: &Explanation) {
    assert_eq!(explanation.plan.requests, plan.fetches.len());
    assert_eq!(explanation.plan.stages, plan.depth());
    assert_eq!(explanation.fetches.len(), plan.fetches.len());
    let mut before: Vec<Vec<FetchId>> = Vec::new();
    for (fetch, reasons) in plan.fetches.iter().zip(&explanation.fetches) {
        assert_eq!(fetch.id, reasons.fetch);
        assert_eq!(
            kit::sample().subgraph(fetch.subgraph).name,
            reasons.subgraph
        );
        let waits: Vec<FetchId> = reasons.waits_for.iter().map(|one| one.fetch).collect();
        let mut all = fetch.after.clone();
        for after in &fetch.after {
            assert!(waits.contains(after), "{after:?} is not told: {reasons:?}");
            all.extend(before[after.0 as usize].iter().copied());
        }
        assert!(waits.iter().all(|one| all.contains(one)), "{reasons:?}");
        before.push(all);
        // Nothing is asked for nothing, and what one takes the other gives.
        assert!(
            !reasons.answers.is_empty() || !reasons.brings.is_empty(),
            "{reasons:?}"
        );
        for taken in &reasons.waits_for {
            let given = &explanation.fetches[taken.fetch.0 as usize].brings;
            let given = given.iter().find(|given| given.fetch == fetch.id);
            assert_eq!(given.map(|given| &given.needs), Some(&taken.needs));
        }
        if let Some(saving) = &reasons.saved_if {
            assert!(saving.plan.requests < plan.fetches.len(), "{reasons:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn explanations_are_of_the_plan(choices in prop::collection::vec(any::<u32>(), 150)) {
        let selections = select("Query", 4, &mut choices.into_iter());
        prop_assume!(!selections.is_empty());
        let asked = operation((kit::sample(), Default::default()), &text(&selections), Default::default()).unwrap();
        let (explained, explanation) = planner::explain(kit::sample(), &asked).unwrap();
        let plain = planner::plan(kit::sample(), &asked).unwrap();
        let shown = |plan: &Plan| plan.display(kit::sample()).to_string();
        prop_assert_eq!(shown(&explained), shown(&plain));
        check_reasons(&plain, &explanation);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 80, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn plans_are_sound_and_do_not_depend_on_order(choices in prop::collection::vec(any::<u32>(), 150), by in 1usize..9) {
        let mut selections = select("Query", 5, &mut choices.into_iter());
        prop_assume!(!selections.is_empty());
        let asked = text(&selections);
        let first = plan(kit::sample(), &asked, Default::default()).unwrap();
        check(&first);
        let again = plan(kit::sample(), &asked, Default::default()).unwrap();
        let shown = |plan: &Plan| plan.display(kit::sample()).to_string();
        prop_assert_eq!(shown(&first), shown(&again));
        turn(&mut selections, by);
        let turned_text = text(&selections);
        let turned = plan(kit::sample(), &turned_text, Default::default()).unwrap();
        let counts = |plan: &Plan| (plan.fetches.len(), plan.depth());
        prop_assert_eq!(counts(&first), counts(&turned), "{}\n{}\n{}\n{}", asked, shown(&first), turned_text, shown(&turned));
    }
}

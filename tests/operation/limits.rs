//! Documents made to hurt: each is refused with its reason, or answered, soon and on a small stack.

use super::prepare;
use crate::kit;
use graphway::{
    operation::{self, Error, ParserLimits},
    planner,
};
use std::time::Duration;

/// CPU time in a debug build.
const ENOUGH: Duration = Duration::from_millis(1000);

/// Prepares, folds and plans `text`, as a server would.
fn go(text: &str) -> Result<usize, Error> {
    go_within(text, &ParserLimits::default())
}

fn go_within(text: &str, limits: &ParserLimits) -> Result<usize, Error> {
    let sample = kit::sample();
    let (done, took) = kit::on_small_stack(|| {
        let document = operation::prepare(sample, text, None, limits)?;
        let conditions = document.conditions(&document.coerce(sample, Default::default())?);
        let operation = document.fold(sample, &conditions)?;
        Ok(planner::plan(sample, &operation).unwrap().fetches.len())
    });
    assert!(took < ENOUGH, "it took {took:?}");
    done
}

fn numbered(range: std::ops::Range<usize>, one: impl Fn(usize) -> String) -> String {
    range.map(one).collect::<Vec<_>>().join(" ")
}

/// Whether a document was refused by validation with this message.
fn is_invalid<T>(result: Result<T, Error>, message: &str) -> bool {
    matches!(result, Err(Error::Validation(all)) if all.iter().any(|one| one.message.contains(message)))
}

#[test]
fn spreads_that_double_are_entered_once() {
    let fragments = numbered(0..30, |at| {
        let next = at + 1;
        format!("fragment F{at} on Query {{ ...F{next} ...F{next} }}")
    });
    let text = format!("{{ ...F0 }} {fragments} fragment F30 on Query {{ me {{ name }} }}");
    assert_eq!(go(&text), Ok(1));
}

#[test]
fn nested_fields_that_double_are_too_complex() {
    let fragments = numbered(0..30, |at| {
        let next = at + 1;
        format!(
            "fragment F{at} on Category {{ a: parent {{ ...F{next} }} b: parent {{ ...F{next} }} }}"
        )
    });
    let text =
        format!("{{ categories {{ ...F0 }} }} {fragments} fragment F30 on Category {{ name }}");
    assert_eq!(go(&text), Err(Error::TooComplex { limit: 200_000 }));
}

#[test]
fn nested_fields_that_merge_are_one() {
    let fragments = numbered(0..30, |at| {
        let next = at + 1;
        format!("fragment F{at} on Category {{ parent {{ ...F{next} }} parent {{ ...F{next} }} }}")
    });
    let text =
        format!("{{ categories {{ ...F0 }} }} {fragments} fragment F30 on Category {{ name }}");
    assert_eq!(go(&text), Ok(1));
}

#[test]
fn doubling_below_inline_fragments() {
    let fragments = numbered(0..30, |at| {
        let next = at + 1;
        format!(
            "fragment F{at} on Item {{ ... on Product {{ ...F{next} }} ... on Bundle {{ ...F{next} }} ... on Item {{ ...F{next} }} }}"
        )
    });
    let text = format!("{{ featured {{ ...F0 }} }} {fragments} fragment F30 on Item {{ name }}");
    assert_eq!(go(&text), Ok(1));
}

#[test]
fn levels_of_fields() {
    let nested = |levels: usize| {
        format!(
            "{{ categories {}{{ name }}{} }}",
            "{ parent ".repeat(levels),
            " }".repeat(levels)
        )
    };
    assert_eq!(go(&nested(120)), Ok(1));
    assert_eq!(go(&nested(300)), Err(Error::RecursionLimit { limit: 128 }));
    assert_eq!(go(&nested(480)), Err(Error::RecursionLimit { limit: 128 }));
    assert_eq!(go(&nested(2000)), Err(Error::RecursionLimit { limit: 500 }));
}

#[test]
fn levels_through_fragments() {
    let fragments = numbered(0..400, |at| {
        format!(
            "fragment F{at} on Category {{ parent {{ ...F{} }} }}",
            at + 1
        )
    });
    let text =
        format!("{{ categories {{ ...F0 }} }} {fragments} fragment F400 on Category {{ name }}");
    assert_eq!(go(&text), Err(Error::RecursionLimit { limit: 100 }));
}

#[test]
fn levels_of_inline_fragments() {
    let nested = |levels: usize| {
        format!(
            "{{ {}me{{name}}{} }}",
            "...{".repeat(levels),
            "}".repeat(levels)
        )
    };
    assert_eq!(go(&nested(400)), Ok(1));
    assert_eq!(go(&nested(1200)), Err(Error::RecursionLimit { limit: 500 }));
}

#[test]
fn levels_of_values() {
    let list = |levels: usize| {
        format!(
            "{{ product(upc: {}1{}) {{ name }} }}",
            "[".repeat(levels),
            "]".repeat(levels)
        )
    };
    assert!(is_invalid(go(&list(300)), "expected value of type String!"));
    assert_eq!(go(&list(5000)), Err(Error::RecursionLimit { limit: 500 }));
    let object = |levels: usize| {
        format!(
            "{{ product(upc: {}1{}) {{ name }} }}",
            "{a:".repeat(levels),
            "}".repeat(levels)
        )
    };
    assert!(is_invalid(
        go(&object(300)),
        "expected value of type String!"
    ));
    assert_eq!(go(&object(2500)), Err(Error::RecursionLimit { limit: 500 }));
    let ty = |levels: usize| {
        format!(
            "query($v: {}Int{}) {{ me {{ name }} }}",
            "[".repeat(levels),
            "]".repeat(levels)
        )
    };
    assert!(go(&ty(300)).is_err());
    assert_eq!(go(&ty(5000)), Err(Error::RecursionLimit { limit: 500 }));
}

#[test]
fn tokens() {
    let fields = |count: usize| format!("{{ me {{ {} }} }}", "name ".repeat(count));
    assert_eq!(go(&fields(7000)), Ok(1));
    assert_eq!(go(&fields(8000)), Err(Error::TokenLimit { limit: 15_000 }));
    let few = ParserLimits {
        max_tokens: 20,
        ..Default::default()
    };
    assert_eq!(
        go_within(&fields(20), &few),
        Err(Error::TokenLimit { limit: 20 })
    );
    assert_eq!(go_within(&fields(2), &few), Ok(1));
    let flat = ParserLimits {
        max_recursion: 3,
        ..Default::default()
    };
    assert_eq!(go_within("{ me { address { city } } }", &flat), Ok(1));
    assert_eq!(
        go_within("{ me { orders { nodes { customer { name } } } } }", &flat),
        Err(Error::RecursionLimit { limit: 3 })
    );
}

#[test]
fn one_huge_token() {
    let name = "a".repeat(1 << 20);
    assert!(is_invalid(
        go(&format!("{{ {name} }}")),
        "does not have a field"
    ));
    assert_eq!(go(&format!("{{ {name}: me {{ name }} }}")), Ok(1));
    assert_eq!(
        go(&format!("{{ product(upc: \"{name}\") {{ name }} }}")),
        Ok(1)
    );
    assert_eq!(go(&format!("# {name}\n{{ me {{ name }} }}")), Ok(1));
}

#[test]
fn fragments_that_lead_back() {
    let me = "{ me { ...A } } fragment A on User { ...A }";
    assert!(is_invalid(go(me), "cannot reference itself"));
    let each_other = "{ me { ...A } } fragment A on User { ...B } fragment B on User { name ...A }";
    assert!(is_invalid(go(each_other), "cannot reference itself"));
    let ring = numbered(0..300, |at| {
        format!("fragment F{at} on User {{ ...F{} }}", (at + 1) % 300)
    });
    let refused = go(&format!("{{ me {{ ...F0 }} }} {ring}"));
    assert_eq!(refused, Err(Error::RecursionLimit { limit: 100 }));
    let nested = "{ categories { ...A } } fragment A on Category { parent { ...A } }";
    assert!(is_invalid(go(nested), "cannot reference itself"));
}

#[test]
fn fragments_that_are_not_right() {
    assert!(is_invalid(go("{ me { ...A } }"), "cannot find fragment"));
    assert!(is_invalid(
        go("{ me { name } } fragment A on User { name }"),
        "must be used"
    ));
    assert!(is_invalid(
        go("{ me { ...A } } fragment A on Nobody { name }"),
        "Nobody"
    ));
    assert!(is_invalid(
        go("{ me { ...A } } fragment A on Product { name }"),
        "cannot be applied"
    ));
    assert!(is_invalid(go("{ me { name @nope } }"), "nope"));
}

#[test]
fn fields_that_do_not_merge() {
    let pairs = numbered(0..600, |at| format!("x{at}: name x{at}: email"));
    assert!(matches!(
        go(&format!("{{ me {{ {pairs} }} }}")),
        Err(Error::Validation(_))
    ));
    let spreads = numbered(0..200, |at| format!("...F{at}"));
    let fragments = numbered(0..200, |at| {
        format!("fragment F{at} on User {{ name a{at}: email ...G }}")
    });
    let text = format!("{{ me {{ {spreads} }} }} {fragments} fragment G on User {{ id }}");
    assert_eq!(go(&text), Ok(1));
}

#[test]
fn many_problems_in_one_document() {
    let unknown = numbered(0..3500, |at| format!("u{at}"));
    assert!(is_invalid(
        go(&format!("{{ {unknown} }}")),
        "does not have a field"
    ));
    let spreads = numbered(0..2000, |at| format!("...U{at}"));
    assert!(go(&format!("{{ {spreads} }}")).is_err());
    let variables = numbered(0..1500, |at| format!("$v{at}: Int"));
    assert!(go(&format!("query({variables}) {{ me {{ name }} }}")).is_err());
    let operations = numbered(0..900, |at| format!("query Q{at}{{me{{id}}}}"));
    assert_eq!(go(&operations), Err(Error::AmbiguousOperation));
}

#[test]
fn which_operation() {
    let named = |text, name| {
        let prepared = operation::prepare(kit::sample(), text, name, &ParserLimits::default());
        prepared.map(|document| document.name().map(str::to_owned))
    };
    let two = "query A { me { id } } query B { me { name } }";
    assert_eq!(named(two, Some("B")), Ok(Some("B".to_owned())));
    assert_eq!(named(two, None), Err(Error::AmbiguousOperation));
    assert_eq!(
        named(two, Some("C")),
        Err(Error::UnknownOperation("C".to_owned()))
    );
    assert_eq!(
        named("{ me { id } }", Some("C")),
        Err(Error::UnknownOperation("C".to_owned()))
    );
    assert_eq!(named("{ me { id } }", None), Ok(None));
    assert_eq!(
        named("fragment F on User { id }", None),
        Err(Error::NoOperation)
    );
}

#[test]
fn what_is_not_there() {
    let refused = |text| prepare(text).map(|_| ());
    assert!(matches!(
        refused(""),
        Err(Error::Syntax(_) | Error::NoOperation)
    ));
    assert!(matches!(refused("{"), Err(Error::Syntax(_))));
    assert!(matches!(refused("\0\u{feff}"), Err(Error::Syntax(_))));
    assert!(matches!(
        refused("type Query { a: Int }"),
        Err(Error::NoOperation)
    ));
    assert!(matches!(
        refused("{ me { name } } type User { a: Int }"),
        Err(Error::Validation(_))
    ));
    assert_eq!(
        refused("subscription { orderStatus(id: 1) { id } }"),
        Err(Error::Unsupported("subscriptions"))
    );
    assert_eq!(
        refused("{ me { ... @defer { name } } }"),
        Err(Error::Unsupported("@defer and @stream"))
    );
}

//! Depth, height, aliases and root fields, and the limits on them.

use super::prepare;
use graphway::operation::{Limits, Measured, Measures};

fn measures(text: &str) -> Measures {
    *prepare(text).unwrap().measures()
}

/// Depth, height, aliases, root fields.
fn all(text: &str) -> (u32, u32, u32, u32) {
    let measures = measures(text);
    (
        measures.depth,
        measures.height,
        measures.aliases,
        measures.root_fields,
    )
}

#[test]
fn fields_count_once_per_response_key() {
    assert_eq!(all("{ me { name } }"), (2, 2, 0, 1));
    assert_eq!(all("{ me { name name } me { name email } }"), (2, 3, 0, 1));
    assert_eq!(
        all("{ me { a: name b: name } you: me { name } }"),
        (2, 5, 3, 2)
    );
    assert_eq!(all("{ __typename }"), (1, 1, 0, 1));
}

#[test]
fn fragments_count_where_they_are_spread() {
    let text = "{ me { ...Named } user(id: 1) { ...Named } } fragment Named on User { n: name address { city } }";
    assert_eq!(all(text), (3, 8, 2, 2));
    assert_eq!(
        all("{ ...Q } fragment Q on Query { me { name } you: me { name } }"),
        (2, 4, 1, 2)
    );
    assert_eq!(all("{ ... { me { ... on User { name } } } }"), (2, 2, 0, 1));
    // Spread twice at one place: once.
    assert_eq!(
        all("{ ...Q ...Q } fragment Q on Query { me { name } }"),
        (2, 2, 0, 1)
    );
}

#[test]
fn fields_of_several_types_count_each() {
    let text = "{ featured { ... on Product { sku } ... on Bundle { code } name } }";
    assert_eq!(all(text), (2, 4, 0, 1));
}

#[test]
fn introspection_does_not_count() {
    let text = "{ __schema { types { name fields { name } } } t: __type(name: \"User\") { name } }";
    assert_eq!(all(text), (0, 0, 0, 0));
    assert!(prepare(text).unwrap().has_introspection());
    assert_eq!(
        all("{ me { name } ...I } fragment I on Query { __schema { types { name } } }"),
        (2, 2, 0, 1)
    );
    assert!(
        prepare("{ ...I } fragment I on Query { __schema { types { name } } }")
            .unwrap()
            .has_introspection()
    );
    assert!(
        !prepare("{ me { __typename } }")
            .unwrap()
            .has_introspection()
    );
}

#[test]
fn skipped_fields_count() {
    // Limits hold whatever the variables are.
    assert_eq!(all("{ me @skip(if: true) { name } }"), (2, 2, 0, 1));
}

#[test]
fn each_limit_lets_its_own_size_through() {
    let found = measures("{ me { a: name address { city } } you: me { name } }");
    let limits = |depth, height, aliases, root_fields| Limits {
        max_depth: Some(depth),
        max_height: Some(height),
        max_aliases: Some(aliases),
        max_root_fields: Some(root_fields),
    };
    assert_eq!(found.check(&Limits::default()), Ok(()));
    assert_eq!(found.check(&limits(3, 6, 2, 2)), Ok(()));
    let exceeded = |limits: Limits| {
        let exceeded = found.check(&limits).unwrap_err();
        (exceeded.measured, exceeded.limit, exceeded.found)
    };
    assert_eq!(exceeded(limits(2, 6, 2, 2)), (Measured::Depth, 2, 3));
    assert_eq!(exceeded(limits(3, 5, 2, 2)), (Measured::Height, 5, 6));
    assert_eq!(exceeded(limits(3, 6, 1, 2)), (Measured::Aliases, 1, 2));
    assert_eq!(exceeded(limits(3, 6, 2, 1)), (Measured::RootFields, 1, 2));
}

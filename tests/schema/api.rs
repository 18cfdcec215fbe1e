//! The schema that clients see.

use super::with;
use crate::kit;
use graphway::schema::Supergraph;

#[test]
fn federations_own_elements_are_hidden() {
    let api = kit::sample().api();
    assert!(
        !api.types
            .keys()
            .any(|name| name.contains("__") && !name.starts_with("__"))
    );
    let own: Vec<_> = api
        .directive_definitions
        .values()
        .filter(|definition| !definition.is_built_in())
        .collect();
    assert!(own.is_empty(), "{own:?}");
    let text = api.to_string();
    assert!(!text.contains("join") && !text.contains("@link") && !text.contains("@inaccessible"));
    assert!(text.contains("shippingEstimate") && text.contains("\"\"\"A postal address.\"\"\""));
}

#[test]
fn the_inaccessible_is_hidden() {
    let api = kit::sample().api();
    assert!(!api.types.contains_key("Handling"));
    assert!(
        !api.get_object("Product")
            .unwrap()
            .fields
            .contains_key("handling")
    );
}

#[test]
fn every_place_can_be_inaccessible() {
    let sdl = with(
        r#"
        type Query @join__type(graph: A) {
          seen(shown: Int, hidden: Int @inaccessible, typed: Secret): Kind
          hidden: Int @inaccessible
          thing: Thing
          either: Either
          take(input: Filter): Int
        }
        scalar Secret @join__type(graph: A) @inaccessible
        enum Kind @join__type(graph: A) { GOOD @join__enumValue(graph: A) BAD @join__enumValue(graph: A) @inaccessible }
        interface Node @join__type(graph: A) @inaccessible { id: ID! }
        type Thing implements Node @join__type(graph: A) @join__implements(graph: A, interface: "Node") { id: ID! }
        type Other @join__type(graph: A) @inaccessible { id: ID! }
        union Either @join__type(graph: A) @join__unionMember(graph: A, member: "Thing") @join__unionMember(graph: A, member: "Other") = Thing | Other
        input Filter @join__type(graph: A) { by: Int not: Int @inaccessible }
        "#,
    );
    let supergraph = Supergraph::parse(&sdl).unwrap();
    insta::assert_snapshot!(supergraph.api().to_string(), @r#"
type Query {
  seen(shown: Int): Kind
  thing: Thing
  either: Either
  take(input: Filter): Int
}

enum Kind {
  GOOD
}

type Thing {
  id: ID!
}

union Either = Thing

input Filter {
  by: Int
}
"#);
    // What clients do not see is still there for plans.
    assert!(supergraph.type_id("Other").is_some());
    let kind = supergraph.type_id("Kind").unwrap();
    assert!(supergraph.is_visible_enum_value(kind, "GOOD"));
    assert!(!supergraph.is_visible_enum_value(kind, "BAD"));
    let either = supergraph.ty(supergraph.type_id("Either").unwrap());
    assert_eq!((either.possible.len(), either.visible.len()), (2, 1));
}

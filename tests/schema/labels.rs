//! Labels of `@override`, as composition writes them.

use crate::kit::JOIN;
use graphway::{
    operation::{self, ParserLimits},
    planner,
    schema::{Guard, Labels, Supergraph},
};
use std::sync::LazyLock;

/// `price` moves from `a` to `b`, what `fee` of `c` requires with it.
const TYPES: &str = r#"
enum join__Graph { A @join__graph(name: "a", url: "http://a.test") B @join__graph(name: "b", url: "http://b.test") C @join__graph(name: "c", url: "http://c.test") }
type Query @join__type(graph: A) @join__type(graph: B) @join__type(graph: C) {
  item: Item @join__field(graph: A)
  other: Other @join__field(graph: A)
}
type Item @join__type(graph: A, key: "id") @join__type(graph: B, key: "id") @join__type(graph: C, key: "id") {
  id: ID!
  price: Int @join__field(graph: A, overrideLabel: "percent(20)", usedOverridden: true) @join__field(graph: B, override: "a", overrideLabel: "percent(20)") @join__field(graph: C, external: true)
  fee: Int @join__field(graph: C, requires: "price")
  stock: Int @join__field(graph: A, overrideLabel: "stock") @join__field(graph: B, override: "a", overrideLabel: "stock", requires: "size")
  size: Int @join__field(graph: A) @join__field(graph: B, external: true)
  name: String @join__field(graph: A)
}
type Other @join__type(graph: A) { name: String }
"#;

static SDL: LazyLock<String> = LazyLock::new(|| format!("{JOIN}{TYPES}"));

/// The plan of an operation while these labels are on, and all that it depends on.
fn plan(supergraph: &Supergraph, text: &str, on: &[&str]) -> String {
    let document = operation::prepare(supergraph, text, None, &ParserLimits::default()).unwrap();
    let on = on.iter().map(|name| supergraph.label_id(name).unwrap());
    let conditions = document.conditions(&Default::default());
    let operation = document.fold(supergraph, &conditions.with_labels(on.collect()));
    let plan = planner::plan(supergraph, &operation.unwrap()).unwrap();
    let behind = document.labels().iter();
    let behind: Vec<&str> = behind.map(|label| supergraph.label(label)).collect();
    format!("depends on {behind:?}\n{}", plan.display(supergraph))
}

fn field<'a>(supergraph: &'a Supergraph, name: &str) -> &'a graphway::schema::FieldDefinition {
    let item = supergraph.type_id("Item").unwrap();
    supergraph.field(supergraph.field_of(item, name).unwrap())
}

#[test]
fn each_side_knows_when_it_resolves_the_field() {
    let supergraph = Supergraph::parse(&SDL).unwrap();
    let names: Vec<&str> = supergraph.labels().map(|(_, name)| name).collect();
    assert_eq!(names, ["percent(20)", "stock"]);
    let label = supergraph.label_id("percent(20)").unwrap();
    assert_eq!(supergraph.label(label), "percent(20)");
    assert_eq!(supergraph.label_id("percent(2)"), None);
    let known: Vec<_> = supergraph
        .subgraph_ids()
        .map(|at| field(&supergraph, "price").in_subgraph(at).unwrap())
        .collect();
    let guard = |when| Some(Guard { label, when });
    let guards: Vec<_> = known.iter().map(|known| known.guard).collect();
    assert_eq!(guards, [guard(false), guard(true), None]);
    let resolving =
        |on: &Labels| -> Vec<bool> { known.iter().map(|known| known.resolves(on)).collect() };
    assert_eq!(resolving(&Labels::default()), [true, false, false]);
    assert_eq!(resolving(&Labels::from_iter([label])), [false, true, false]);
    let others = Labels::from_iter(supergraph.label_id("stock"));
    assert_eq!(resolving(&others), [true, false, false]);
}

#[test]
fn an_operation_depends_on_the_labels_of_what_it_needs() {
    let supergraph = Supergraph::parse(&SDL).unwrap();
    let behind = |text: &str| {
        let said = plan(&supergraph, text, &[]);
        said.lines().next().unwrap().to_owned()
    };
    assert_eq!(behind("{ other { name } }"), "depends on []");
    assert_eq!(behind("{ item { name } }"), "depends on []");
    assert_eq!(behind("{ item { fee } }"), r#"depends on ["percent(20)"]"#);
    let spread = "{ item { ...F } } fragment F on Item { stock ... on Item { price } }";
    assert_eq!(behind(spread), r#"depends on ["percent(20)", "stock"]"#);
    // Whether it is asked for is settled later.
    let skipped = "query($s: Boolean!) { item { name stock @skip(if: $s) } }";
    assert_eq!(behind(skipped), r#"depends on ["stock"]"#);
}

#[test]
fn what_a_field_requires_is_asked_of_whoever_has_it_then() {
    let supergraph = Supergraph::parse(&SDL).unwrap();
    insta::assert_snapshot!(plan(&supergraph, "{ item { fee } }", &[]), @r#"
depends on ["percent(20)"]
fetch 0 from a
  { item { id price } }

fetch 1 from c after 0
  $representations at item { __typename id price }
  query($representations: [_Any!]!) { _entities(representations: $representations) { ... on Item { fee } } }
"#);
    insta::assert_snapshot!(plan(&supergraph, "{ item { fee } }", &["percent(20)"]), @r#"
depends on ["percent(20)"]
fetch 0 from a
  { item { id } }

fetch 1 from b after 0
  $representations at item { __typename id }
  query($representations: [_Any!]!) { _entities(representations: $representations) { ... on Item { price } } }

fetch 2 from c after 1
  $representations at item { __typename id price }
  query($representations: [_Any!]!) { _entities(representations: $representations) { ... on Item { fee } } }
"#);
}

#[test]
fn what_only_the_new_owner_requires_is_not_asked_for_by_the_old_one() {
    let supergraph = Supergraph::parse(&SDL).unwrap();
    insta::assert_snapshot!(plan(&supergraph, "{ item { stock } }", &["percent(20)"]), @r#"
depends on ["stock"]
fetch 0 from a
  { item { stock } }
"#);
    insta::assert_snapshot!(plan(&supergraph, "{ item { stock } }", &["stock"]), @r#"
depends on ["stock"]
fetch 0 from a
  { item { id size } }

fetch 1 from b after 0
  $representations at item { __typename id size }
  query($representations: [_Any!]!) { _entities(representations: $representations) { ... on Item { stock } } }
"#);
}

#[test]
fn labels_are_found_whatever_the_directive_is_called() {
    let usual = Supergraph::parse(&SDL).unwrap();
    let renamed = SDL
        .replace("@join__field", "@owner")
        .replace("join__", "verbund__")
        .replace(
            "join/v0.5\",",
            "join/v0.5\", as: \"verbund\", import: [{name: \"@field\", as: \"@owner\"}],",
        );
    let renamed = Supergraph::parse(&renamed).unwrap();
    let asked = "{ item { price fee stock } }";
    for on in [&[][..], &["stock"], &["percent(20)", "stock"]] {
        assert_eq!(plan(&renamed, asked, on), plan(&usual, asked, on));
    }
}

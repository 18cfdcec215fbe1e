//! What a supergraph says beside who resolves what, under whatever names it has for it.

use graphway::schema::{Annotations, Demand, Place, Supergraph};
use std::fmt::Write;

/// Every specification under a name that is not its own.
const RENAMED: &str = r#"
schema @verweis(url: "https://specs.apollo.dev/link/v1.0", as: "verweis")
  @verweis(url: "https://specs.apollo.dev/join/v0.5", as: "verbund", import: [{name: "@field", as: "@owner"}, {name: "Graph", as: "Service"}], for: EXECUTION)
  @verweis(url: "https://specs.apollo.dev/inaccessible/v0.2", import: [{name: "@inaccessible", as: "@hidden"}], for: SECURITY)
  @verweis(url: "https://specs.apollo.dev/tag/v0.3", as: "marke")
  @verweis(url: "https://specs.apollo.dev/authenticated/v0.1", as: "login", for: SECURITY)
  @verweis(url: "https://specs.apollo.dev/requiresScopes/v0.1", import: [{name: "@requiresScopes", as: "@needs"}, {name: "Scope", as: "Need"}], for: SECURITY)
  @verweis(url: "https://specs.apollo.dev/policy/v0.1", import: ["@policy"], for: SECURITY)
  @verweis(url: "https://specs.apollo.dev/cost/v0.1", as: "preis", import: [{name: "@cost", as: "@weighs"}])
  @verweis(url: "https://acme.example/owners/v2.1", import: [{name: "@owned", as: "@team"}])
  @verbund__directive(graphs: [A], name: "link", args: {url: "https://specs.apollo.dev/connect/v0.1"})
{ query: Query }
directive @verweis(url: String!, as: String, import: [verweis__Import], for: verweis__Purpose) repeatable on SCHEMA
enum verweis__Purpose { SECURITY EXECUTION }
scalar verweis__Import
directive @verbund__graph(name: String!, url: String!) on ENUM_VALUE
directive @verbund__type(graph: Service!, key: verbund__FieldSet, extension: Boolean! = false, resolvable: Boolean! = true, isInterfaceObject: Boolean! = false) repeatable on OBJECT | INTERFACE | UNION | ENUM | INPUT_OBJECT | SCALAR
directive @owner(graph: Service, requires: verbund__FieldSet, provides: verbund__FieldSet, type: String, external: Boolean, override: String, usedOverridden: Boolean, overrideLabel: String, contextArguments: [verbund__ContextArgument!]) repeatable on FIELD_DEFINITION | INPUT_FIELD_DEFINITION
directive @verbund__implements(graph: Service!, interface: String!) repeatable on OBJECT | INTERFACE
directive @verbund__enumValue(graph: Service!) repeatable on ENUM_VALUE
directive @verbund__directive(graphs: [Service!], name: String!, args: verbund__DirectiveArguments) repeatable on SCHEMA | OBJECT | INTERFACE | FIELD_DEFINITION
scalar verbund__FieldSet
scalar verbund__DirectiveArguments
scalar verbund__FieldValue
input verbund__ContextArgument { name: String! type: String! context: String! selection: verbund__FieldValue! }
directive @hidden on FIELD_DEFINITION | OBJECT | ENUM_VALUE
directive @marke(name: String!) repeatable on FIELD_DEFINITION | OBJECT | ENUM_VALUE | ARGUMENT_DEFINITION
directive @login on FIELD_DEFINITION | OBJECT | INTERFACE | SCALAR | ENUM
directive @needs(scopes: [[Need!]!]!) on FIELD_DEFINITION | OBJECT | INTERFACE | SCALAR | ENUM
scalar Need
directive @policy(policies: [[policy__Policy!]!]!) on FIELD_DEFINITION | OBJECT | INTERFACE | SCALAR | ENUM
scalar policy__Policy
directive @weighs(weight: Int!) on ARGUMENT_DEFINITION | ENUM | FIELD_DEFINITION | INPUT_FIELD_DEFINITION | OBJECT | SCALAR
directive @preis__listSize(assumedSize: Int, slicingArguments: [String!], sizedFields: [String!], requireOneSlicingArgument: Boolean = true) on FIELD_DEFINITION
directive @team(name: String, contacts: [String]) repeatable on OBJECT | FIELD_DEFINITION
directive @authenticated(by: String) on FIELD_DEFINITION
enum Service { A @verbund__graph(name: "a", url: "http://a.test") B @verbund__graph(name: "b", url: "http://b.test") }
"#;

const TYPES: &str = r#"
type Query @verbund__type(graph: A) {
  people(first: Int @weighs(weight: 2) @marke(name: "page"), by: Filter): [Person]
    @preis__listSize(assumedSize: 50, slicingArguments: ["first"], sizedFields: "items", requireOneSlicingArgument: false)
  secret: Secret @needs(scopes: [["read:secret", "admin"], "root"])
  oddly: Int @authenticated(by: "its own directive of that name")
}
type Person implements Named @verbund__type(graph: A, key: "id") @verbund__type(graph: B, key: "id")
  @verbund__implements(graph: A, interface: "Named") @team(name: "people", contacts: ["a", null]) @verbund__directive(graphs: [A], name: "connect", args: {batch: 10}) {
  id: ID!
  name: String @owner(graph: A) @marke(name: "public") @marke(name: "pii")
  salary: Int @owner(graph: A) @owner(graph: B, external: true) @policy(policies: "hr")
  bonus: Int @owner(graph: B, requires: "salary friend { rank }") @weighs(weight: 7)
  rank: Rank @owner(graph: A) @owner(graph: B, external: true)
  friend: Person @owner(graph: A) @owner(graph: B, external: true)
  rated: Int @owner(graph: B, requires: "bonus")
  rating: Int @owner(graph: B, requires: "rated")
}
interface Named @verbund__type(graph: A) @needs(scopes: "names") { name: String @owner(graph: A) @login }
type Secret @verbund__type(graph: A) @login { text: String kind: Rank }
enum Rank @verbund__type(graph: A) @verbund__type(graph: B) @policy(policies: [["ranks", "hr"], []]) @weighs(weight: 3) {
  LOW @verbund__enumValue(graph: A) @marke(name: "low") HIGH @verbund__enumValue(graph: A) @hidden
}
input Filter @verbund__type(graph: A) { text: String @weighs(weight: -1) }
"#;

fn supergraph() -> Supergraph {
    Supergraph::parse(&format!("{RENAMED}{TYPES}")).unwrap_or_else(|error| panic!("{error}"))
}

fn field(supergraph: &Supergraph, coordinate: &str) -> Place {
    let (ty, field) = coordinate.split_once('.').unwrap();
    let ty = supergraph.type_id(ty).unwrap();
    Place::Field(supergraph.field_of(ty, field).unwrap())
}

/// What stands at a place as one line.
fn shown(found: Option<&Annotations>) -> String {
    let Some(found) = found else {
        return "nothing".to_owned();
    };
    let mut text = demand(&found.demand);
    if let Some(cost) = found.cost {
        let _ = write!(text, "cost {cost} ");
    }
    if let Some(list) = &found.list_size {
        let _ = write!(text, "{list:?} ");
    }
    for tag in &found.tags {
        let _ = write!(text, "#{tag} ");
    }
    for carried in &found.carried {
        let arguments = carried.arguments.iter();
        let arguments: Vec<String> = arguments
            .map(|one| format!("{}: {}", one.name, one.value.serialize().no_indent()))
            .collect();
        let directive = &carried.directive;
        let url = directive.url.as_deref().unwrap_or("no link");
        let _ = write!(
            text,
            "@{} of {url} ({}) ",
            directive.name,
            arguments.join(", ")
        );
    }
    text.trim_end().to_owned()
}

fn demand(demand: &Demand) -> String {
    let mut text = String::new();
    if demand.authenticated {
        text.push_str("login ");
    }
    for (what, all) in [("scopes", &demand.scopes), ("policies", &demand.policies)] {
        for one in all {
            let _ = write!(text, "{what} {:?} ", one.0);
        }
    }
    text
}

#[test]
fn every_place_keeps_what_stands_there() {
    let supergraph = supergraph();
    let ty = |name: &str| supergraph.type_id(name).unwrap();
    let name = |name: &str| apollo_compiler::Name::new(name).unwrap();
    let at = |coordinate: &str| shown(supergraph.annotations(&field(&supergraph, coordinate)));
    let of = |place: Place| shown(supergraph.annotations(&place));
    let Place::Field(people) = field(&supergraph, "Query.people") else {
        unreachable!()
    };
    insta::assert_snapshot!(of(Place::Schema), @r#"@directive of https://specs.apollo.dev/join/v0.5 (graphs: [A], name: "link", args: {url: "https://specs.apollo.dev/connect/v0.1"})"#);
    insta::assert_snapshot!(at("Query.people"), @r#"ListSize { assumed_size: Some(50), slicing_arguments: ["first"], sized_fields: ["items"], require_one_slicing_argument: false }"#);
    insta::assert_snapshot!(of(Place::Argument(people, name("first"))), @"cost 2 #page");
    insta::assert_snapshot!(of(Place::Argument(people, name("by"))), @"nothing");
    insta::assert_snapshot!(at("Query.secret"), @r#"scopes [["read:secret", "admin"], ["root"]]"#);
    insta::assert_snapshot!(at("Query.oddly"), @r#"@authenticated of no link (by: "its own directive of that name")"#);
    insta::assert_snapshot!(of(Place::Type(ty("Person"))), @r#"@owned of https://acme.example/owners/v2.1 (name: "people", contacts: ["a", null]) @directive of https://specs.apollo.dev/join/v0.5 (graphs: [A], name: "connect", args: {batch: 10})"#);
    insta::assert_snapshot!(at("Person.name"), @"#public #pii");
    insta::assert_snapshot!(at("Person.salary"), @r#"policies [["hr"]]"#);
    insta::assert_snapshot!(at("Person.bonus"), @"cost 7");
    insta::assert_snapshot!(at("Person.rank"), @"nothing");
    insta::assert_snapshot!(at("Named.name"), @"login");
    insta::assert_snapshot!(of(Place::Type(ty("Named"))), @r#"scopes [["names"]]"#);
    insta::assert_snapshot!(of(Place::Type(ty("Secret"))), @"login");
    insta::assert_snapshot!(of(Place::Type(ty("Rank"))), @r#"policies [["ranks", "hr"], []] cost 3"#);
    insta::assert_snapshot!(of(Place::Value(ty("Rank"), name("LOW"))), @"#low");
    insta::assert_snapshot!(of(Place::InputField(ty("Filter"), name("text"))), @"cost -1");
    let protections: Vec<String> = supergraph
        .protections()
        .iter()
        .map(ToString::to_string)
        .collect();
    insta::assert_snapshot!(protections.join("\n"), @"
    `https://specs.apollo.dev/authenticated/v0.1` (for: SECURITY)
    `https://specs.apollo.dev/requiresScopes/v0.1` (for: SECURITY)
    `https://specs.apollo.dev/policy/v0.1` (for: SECURITY)
    ");
}

/// Clients see none of the names that federation has; the graph's own directive stays.
#[test]
fn clients_see_none_of_them() {
    let api = supergraph().api().to_string();
    for hidden in [
        "verweis", "verbund", "Service", "@owner", "hidden", "HIGH", "marke", "login", "needs",
        "Need", "policy", "weighs", "preis", "@team",
    ] {
        assert!(!api.contains(hidden), "{hidden} in\n{api}");
    }
    assert!(
        api.contains("directive @authenticated(by: String)"),
        "{api}"
    );
}

#[test]
fn a_field_demands_what_it_needs() {
    let supergraph = supergraph();
    let effective = |coordinate: &str| {
        let Place::Field(field) = field(&supergraph, coordinate) else {
            unreachable!()
        };
        demand(&supergraph.effective_demand(field))
            .trim_end()
            .to_owned()
    };
    // Its own, its parent's, its type's.
    insta::assert_snapshot!(effective("Query.secret"), @r#"login scopes [["read:secret", "admin"], ["root"]]"#);
    insta::assert_snapshot!(effective("Secret.text"), @"login");
    insta::assert_snapshot!(effective("Secret.kind"), @r#"login policies [["ranks", "hr"], []]"#);
    insta::assert_snapshot!(effective("Person.id"), @"");
    insta::assert_snapshot!(effective("Person.name"), @"");
    insta::assert_snapshot!(effective("Named.name"), @r#"login scopes [["names"]]"#);
    // What it requires, and what that requires.
    insta::assert_snapshot!(effective("Person.bonus"), @r#"policies [["ranks", "hr"], []] policies [["hr"]]"#);
    insta::assert_snapshot!(effective("Person.rating"), @r#"policies [["ranks", "hr"], []] policies [["hr"]]"#);
}

/// A field that subgraphs know through an interface object, and requirements that go round in a circle.
#[test]
fn demands_through_interface_objects_and_circles() {
    let types = r#"
    type Query @verbund__type(graph: A) { one: Named @owner(graph: A) }
    interface Named @verbund__type(graph: A, key: "id") @verbund__type(graph: B, key: "id", isInterfaceObject: true) {
      id: ID!
      name: String @owner(graph: A) @owner(graph: B, external: true)
      rated: Int @owner(graph: B, requires: "name rating") @policy(policies: [["raters"]])
      rating: Int @owner(graph: A, requires: "rated") @owner(graph: B, external: true)
    }
    type Person implements Named @verbund__implements(graph: A, interface: "Named") @verbund__type(graph: A, key: "id") {
      id: ID!
      name: String @login
      rated: Int @owner
      rating: Int @owner(graph: A, requires: "rated") @needs(scopes: [["ratings"]])
    }
    "#;
    let supergraph = Supergraph::parse(&format!("{RENAMED}{types}")).unwrap();
    let effective = |coordinate: &str| {
        let Place::Field(field) = field(&supergraph, coordinate) else {
            unreachable!()
        };
        demand(&supergraph.effective_demand(field))
            .trim_end()
            .to_owned()
    };
    let all = r#"login scopes [["ratings"]] policies [["raters"]]"#;
    assert_eq!(effective("Person.rated"), all);
    assert_eq!(effective("Person.rating"), all);
    assert_eq!(effective("Person.name"), "login");
}

/// A demand that cannot be read is not dropped.
#[test]
fn what_cannot_be_read_says_where() {
    let said = |from: &str, to: &str| {
        let sdl = format!("{RENAMED}{TYPES}").replace(from, to);
        Supergraph::parse(&sdl).unwrap_err().to_string()
    };
    insta::assert_snapshot!(said(r#"[["read:secret", "admin"], "root"]"#, "[[1]]"), @"Query.secret: @needs(scopes:) cannot be read");
    insta::assert_snapshot!(said(r#"[["ranks", "hr"], []]"#, "{ranks: true}"), @"Rank: @policy(policies:) cannot be read");
}

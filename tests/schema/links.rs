//! Which specifications a supergraph links to, and under which names.

use super::{linked, plan, with};
use crate::kit::SAMPLE_SDL;
use graphway::schema::{Error, Supergraph};

const ASKED: &str = "{ me { tier } product(upc: \"1\") { shippingEstimate { amount } } order(id: 1) { shipments { origin { city } } } }";

#[test]
fn a_specification_under_another_name() {
    let usual = Supergraph::parse(SAMPLE_SDL).unwrap();
    let renamed = SAMPLE_SDL
        .replace("join__", "verbund__")
        .replace("join/v0.3\",", "join/v0.3\", as: \"verbund\",")
        .replace("@inaccessible", "@geheim")
        .replace(
            "inaccessible/v0.2\",",
            "inaccessible/v0.2\", as: \"geheim\",",
        );
    assert!(renamed.contains("as: \"verbund\"") && renamed.contains("as: \"geheim\""));
    let renamed = Supergraph::parse(&renamed).unwrap();
    assert_eq!(plan(&renamed, ASKED), plan(&usual, ASKED));
    assert_eq!(renamed.api().to_string(), usual.api().to_string());
}

#[test]
fn the_link_directive_under_another_name() {
    let usual = Supergraph::parse(SAMPLE_SDL).unwrap();
    let renamed = SAMPLE_SDL
        .replace("@link", "@verweis")
        .replace("link__", "verweis__")
        .replace("link/v1.0\"", "link/v1.0\", as: \"verweis\"");
    // A directive with a `url:` is no link.
    let other = "directive @contact(url: String, for: String) on SCHEMA";
    let contact = "@contact(url: \"https://example.com/shiny/v1.0\", for: \"SECURITY\")";
    let renamed = renamed.replacen("schema", &format!("{other}\nschema {contact}"), 1);
    let renamed = Supergraph::parse(&renamed).unwrap();
    assert_eq!(plan(&renamed, ASKED), plan(&usual, ASKED));
    assert!(!renamed.api().to_string().contains("verweis"));
}

#[test]
fn imported_elements_have_names_of_their_own() {
    let usual = Supergraph::parse(SAMPLE_SDL).unwrap();
    let imported = SAMPLE_SDL
        .replace("@join__field", "@owner")
        .replace("join__FieldSet", "Selection")
        .replace("@inaccessible", "@hidden")
        .replace("join__Graph", "Service")
        .replace(
            "join/v0.3\",",
            "join/v0.3\", import: [{name: \"@field\", as: \"@owner\"}, {name: \"FieldSet\", as: \"Selection\"}, {name: \"Graph\", as: \"Service\"}],",
        )
        .replace("inaccessible/v0.2\",", "inaccessible/v0.2\", import: [{name: \"@inaccessible\", as: \"@hidden\"}],");
    let imported = Supergraph::parse(&imported).unwrap();
    assert_eq!(plan(&imported, ASKED), plan(&usual, ASKED));
    assert_eq!(imported.api().to_string(), usual.api().to_string());
}

#[test]
fn contexts_under_another_name() {
    let sdl = |name: &str| {
        let link =
            "@link(url: \"https://specs.apollo.dev/context/v0.1\", for: SECURITY, as: \"NAME\")";
        let types = r#"
            directive @NAME(name: String!) repeatable on INTERFACE | OBJECT | UNION
            directive @NAME__fromContext(field: NAME__ContextFieldValue) on ARGUMENT_DEFINITION
            scalar NAME__ContextFieldValue
            type Query @join__type(graph: A) { shop: Shop }
            type Shop @join__type(graph: A) @NAME(name: "a__shop") { coin: String goods: [Good] }
            type Good @join__type(graph: A, key: "id") {
              id: ID!
              price(in: Int): Int @join__field(graph: A, contextArguments: [
                {context: "a__shop", name: "coin", type: "String", selection: " { coin }"}
              ])
            }"#;
        linked(link, types).replace("NAME", name)
    };
    let supergraph = Supergraph::parse(&sdl("umfeld")).unwrap();
    let usual = Supergraph::parse(&sdl("context")).unwrap();
    let asked = "{ shop { goods { price(in: 1) } } }";
    insta::assert_snapshot!(plan(&supergraph, asked), @r"
    fetch 0 from a
      { shop { goods { id } coin } }

    fetch 1 from a after 0
      $representations at shop.goods.@ { __typename id }
        $_c0: String from shop { coin }
      query($representations: [_Any!]!, $_c0: String) { _entities(representations: $representations) { ... on Good { price(in: 1, coin: $_c0) } } }
    ");
    assert_eq!(plan(&supergraph, asked), plan(&usual, asked));
    let api = supergraph.api().to_string();
    assert!(
        !api.contains("umfeld") && !api.contains("coin: String)"),
        "{api}"
    );
    assert_eq!(api, usual.api().to_string());
}

/// What is said of a supergraph with one more link.
fn read(link: &str) -> Result<(), Error> {
    let sdl = linked(link, "type Query @join__type(graph: A) { a: Int }");
    Supergraph::parse(&sdl).map(|_| ())
}

#[test]
fn what_must_be_understood_is() {
    let refused = |link: &str| read(link).unwrap_err().to_string();
    insta::assert_snapshot!(refused("@link(url: \"https://example.com/shiny/v1.0\", for: EXECUTION)"), @"the supergraph needs `https://example.com/shiny/v1.0` (for: EXECUTION), which Graphway does not support (in this version)");
    insta::assert_snapshot!(refused("@link(url: \"https://example.com/shiny/v1.0\", for: SECURITY)"), @"the supergraph needs `https://example.com/shiny/v1.0` (for: SECURITY), which Graphway does not support (in this version)");
    for protects in ["authenticated", "requiresScopes", "policy"] {
        let link = |version: &str| {
            format!("@link(url: \"https://specs.apollo.dev/{protects}/{version}\", for: SECURITY)")
        };
        assert!(read(&link("v0.1")).is_ok());
        assert!(refused(&link("v0.2")).contains(protects));
    }
    // A specification of somebody else, whatever its name.
    insta::assert_snapshot!(refused("@link(url: \"https://example.com/tag/v0.3\", for: SECURITY)"), @"the supergraph needs `https://example.com/tag/v0.3` (for: SECURITY), which Graphway does not support (in this version)");
    insta::assert_snapshot!(refused("@link(url: \"https://specs.apollo.dev/tag/v9.0\", for: EXECUTION)"), @"the supergraph needs `https://specs.apollo.dev/tag/v9.0` (for: EXECUTION), which Graphway does not support (in this version)");
    // An address without a version, or without anything, protects just as much.
    insta::assert_snapshot!(refused("@link(url: \"https://example.com/shiny\", for: SECURITY)"), @"the supergraph needs `https://example.com/shiny` (for: SECURITY), which Graphway does not support (in this version)");
    insta::assert_snapshot!(refused("@link(url: \"shiny\", for: EXECUTION)"), @"the supergraph needs `shiny` (for: EXECUTION), which Graphway does not support (in this version)");
    assert!(read("@link(url: \"https://example.com/shiny/v1.0\")").is_ok());
    assert!(read("@link(url: \"https://specs.apollo.dev/tag/v0.3\")").is_ok());
    assert!(read("@link(url: \"https://example.com/shiny\")").is_ok());
}

#[test]
fn a_schema_that_is_no_supergraph() {
    let said = |sdl: &str| Supergraph::parse(sdl).unwrap_err();
    assert!(matches!(
        said("type Query { a: Int }"),
        Error::NotASupergraph
    ));
    assert!(matches!(
        said(""),
        Error::Invalid(_) | Error::NotASupergraph
    ));
    let newer =
        with("type Query @join__type(graph: A) { a: Int }").replace("join/v0.5", "join/v0.9");
    assert!(matches!(said(&newer), Error::Unsupported { .. }));
}

/// As Federation 1 composed it: `@core`, owners, keys per owner, value types that no subgraph claims.
#[test]
fn a_supergraph_of_federation_1() {
    let supergraph = Supergraph::parse(
        r#"
        schema @core(feature: "https://specs.apollo.dev/core/v0.2") @core(feature: "https://specs.apollo.dev/join/v0.1", for: EXECUTION) { query: Query }
        directive @core(as: String, feature: String!, for: core__Purpose) repeatable on SCHEMA
        directive @join__field(graph: join__Graph, provides: join__FieldSet, requires: join__FieldSet) on FIELD_DEFINITION
        directive @join__graph(name: String!, url: String!) on ENUM_VALUE
        directive @join__owner(graph: join__Graph!) on INTERFACE | OBJECT
        directive @join__type(graph: join__Graph!, key: join__FieldSet) repeatable on INTERFACE | OBJECT
        enum core__Purpose { EXECUTION SECURITY }
        scalar join__FieldSet
        enum join__Graph { FARM @join__graph(name: "farm" url: "http://farm.test") SHOP @join__graph(name: "shop" url: "http://shop.test") }
        type Query { cow(tag: ID!): Cow @join__field(graph: FARM) offer: Offer @join__field(graph: SHOP) }
        type Cow @join__owner(graph: FARM) @join__type(graph: FARM, key: "tag") @join__type(graph: SHOP, key: "tag") {
          tag: ID! @join__field(graph: FARM)
          litres: Int @join__field(graph: FARM)
          price: Int @join__field(graph: SHOP, requires: "litres")
          size: Size
        }
        type Offer { cow: Cow size: Size }
        type Size { height: Int }
        "#,
    )
    .unwrap();
    insta::assert_snapshot!(plan(&supergraph, "{ cow(tag: 1) { price size { height } } }"), @r#"
fetch 0 from farm
  { cow(tag: 1) { size { height } tag litres } }

fetch 1 from shop after 0
  $representations at cow { __typename tag litres }
  query($representations: [_Any!]!) { _entities(representations: $representations) { ... on Cow { price } } }
"#);
    insta::assert_snapshot!(plan(&supergraph, "{ offer { size { height } cow { litres } } }"), @r#"
fetch 0 from shop
  { offer { size { height } cow { tag } } }

fetch 1 from farm after 0
  $representations at offer.cow { __typename tag }
  query($representations: [_Any!]!) { _entities(representations: $representations) { ... on Cow { litres } } }
"#);
    assert!(!supergraph.api().to_string().contains("join"));
}

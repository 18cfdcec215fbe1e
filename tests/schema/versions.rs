//! The join specification from its first version to its last: the same graph gives the same plans.

use super::plan;
use graphway::schema::Supergraph;

/// What a version writes differently.
struct Version {
    number: &'static str,
    /// Its directives, and those of the version before that changed.
    elements: &'static str,
    /// On a type that both subgraphs know by a key.
    key: &'static str,
    /// On a type that both know, which is no entity.
    value: &'static str,
    /// On a field that both have; on an external one.
    shared: &'static str,
    external: &'static str,
    member: &'static str,
    implements: &'static str,
}

const V0_1: Version = Version {
    number: "0.1",
    elements: r#"
        directive @join__field(graph: join__Graph, provides: join__FieldSet, requires: join__FieldSet) on FIELD_DEFINITION
        directive @join__owner(graph: join__Graph!) on INTERFACE | OBJECT
        directive @join__type(graph: join__Graph!, key: join__FieldSet) repeatable on INTERFACE | OBJECT"#,
    key: "@join__owner(graph: A) @join__type(graph: A, key: \"id\") @join__type(graph: B, key: \"id\")",
    value: "",
    shared: "@join__field(graph: A)",
    external: "@join__field(graph: A)",
    member: "",
    implements: "",
};

const KEYED: &str = "@join__type(graph: A, key: \"id\") @join__type(graph: B, key: \"id\")";
const KNOWN: &str = "@join__type(graph: A) @join__type(graph: B)";
const EXTERNAL: &str = "@join__field(graph: A) @join__field(graph: B, external: true)";
const IMPLEMENTS: &str = "@join__implements(graph: A, interface: \"Named\") @join__implements(graph: B, interface: \"Named\")";

const V0_2: Version = Version {
    number: "0.2",
    elements: r#"
        directive @join__field(graph: join__Graph!, requires: join__FieldSet, provides: join__FieldSet, type: String, external: Boolean, override: String, usedOverridden: Boolean) repeatable on FIELD_DEFINITION | INPUT_FIELD_DEFINITION
        directive @join__implements(graph: join__Graph!, interface: String!) repeatable on OBJECT | INTERFACE
        directive @join__type(graph: join__Graph!, key: join__FieldSet, extension: Boolean! = false, resolvable: Boolean! = true) repeatable on OBJECT | INTERFACE | UNION | ENUM | INPUT_OBJECT | SCALAR"#,
    key: KEYED,
    value: KNOWN,
    shared: "",
    external: EXTERNAL,
    member: "",
    implements: IMPLEMENTS,
};

const V0_3: Version = Version {
    number: "0.3",
    elements: r#"
        directive @join__enumValue(graph: join__Graph!) repeatable on ENUM_VALUE
        directive @join__field(graph: join__Graph, requires: join__FieldSet, provides: join__FieldSet, type: String, external: Boolean, override: String, usedOverridden: Boolean) repeatable on FIELD_DEFINITION | INPUT_FIELD_DEFINITION
        directive @join__implements(graph: join__Graph!, interface: String!) repeatable on OBJECT | INTERFACE
        directive @join__type(graph: join__Graph!, key: join__FieldSet, extension: Boolean! = false, resolvable: Boolean! = true, isInterfaceObject: Boolean! = false) repeatable on OBJECT | INTERFACE | UNION | ENUM | INPUT_OBJECT | SCALAR
        directive @join__unionMember(graph: join__Graph!, member: String!) repeatable on UNION"#,
    member: "@join__unionMember(graph: A, member: \"Cow\") @join__unionMember(graph: A, member: \"Barn\")",
    ..V0_2
};

const V0_4: Version = Version {
    number: "0.4",
    elements: r#"
        directive @join__directive(graphs: [join__Graph!], name: String!, args: join__DirectiveArguments) repeatable on SCHEMA | OBJECT | INTERFACE | FIELD_DEFINITION
        directive @join__enumValue(graph: join__Graph!) repeatable on ENUM_VALUE
        directive @join__field(graph: join__Graph, requires: join__FieldSet, provides: join__FieldSet, type: String, external: Boolean, override: String, usedOverridden: Boolean, overrideLabel: String) repeatable on FIELD_DEFINITION | INPUT_FIELD_DEFINITION
        directive @join__implements(graph: join__Graph!, interface: String!) repeatable on OBJECT | INTERFACE
        directive @join__type(graph: join__Graph!, key: join__FieldSet, extension: Boolean! = false, resolvable: Boolean! = true, isInterfaceObject: Boolean! = false) repeatable on OBJECT | INTERFACE | UNION | ENUM | INPUT_OBJECT | SCALAR
        directive @join__unionMember(graph: join__Graph!, member: String!) repeatable on UNION
        scalar join__DirectiveArguments"#,
    ..V0_3
};

const V0_5: Version = Version {
    number: "0.5",
    elements: r#"
        directive @join__directive(graphs: [join__Graph!], name: String!, args: join__DirectiveArguments) repeatable on SCHEMA | OBJECT | INTERFACE | FIELD_DEFINITION
        directive @join__enumValue(graph: join__Graph!) repeatable on ENUM_VALUE
        directive @join__field(graph: join__Graph, requires: join__FieldSet, provides: join__FieldSet, type: String, external: Boolean, override: String, usedOverridden: Boolean, overrideLabel: String, contextArguments: [join__ContextArgument!]) repeatable on FIELD_DEFINITION | INPUT_FIELD_DEFINITION
        directive @join__implements(graph: join__Graph!, interface: String!) repeatable on OBJECT | INTERFACE
        directive @join__type(graph: join__Graph!, key: join__FieldSet, extension: Boolean! = false, resolvable: Boolean! = true, isInterfaceObject: Boolean! = false) repeatable on OBJECT | INTERFACE | UNION | ENUM | INPUT_OBJECT | SCALAR
        directive @join__unionMember(graph: join__Graph!, member: String!) repeatable on UNION
        scalar join__DirectiveArguments
        scalar join__FieldValue
        input join__ContextArgument { name: String! type: String! context: String! selection: join__FieldValue! }"#,
    ..V0_3
};

/// The same graph in each version; its root types have names of their own.
fn supergraph(version: &Version) -> Supergraph {
    let Version {
        number,
        elements,
        key,
        value,
        shared,
        external,
        member,
        implements,
    } = version;
    let (link, name) = match *number {
        "0.1" => (
            "@core(feature: \"https://specs.apollo.dev/core/v0.2\") @core(feature:",
            "directive @core(feature: String!, as: String, for: Purpose) repeatable on SCHEMA",
        ),
        _ => (
            "@link(url: \"https://specs.apollo.dev/link/v1.0\") @link(url:",
            "directive @link(url: String, as: String, for: Purpose, import: [link__Import]) repeatable on SCHEMA\nscalar link__Import",
        ),
    };
    let sdl = format!(
        r#"
        schema {link} "https://specs.apollo.dev/join/v{number}", for: EXECUTION) {{ query: Ask mutation: Change }}
        {name}
        {elements}
        directive @join__graph(name: String!, url: String!) on ENUM_VALUE
        enum Purpose {{ EXECUTION SECURITY }}
        scalar join__FieldSet
        enum join__Graph {{ A @join__graph(name: "a" url: "http://a.test") B @join__graph(name: "b" url: "http://b.test") }}
        type Ask {value} {{
          cow(tag: ID!): Cow @join__field(graph: A)
          any: Any @join__field(graph: A)
          offers: [Offer!]! @join__field(graph: B)
          again: Ask @join__field(graph: B)
        }}
        type Change {value} {{ sell(id: ID!): Cow @join__field(graph: B) feed: Ask @join__field(graph: A) }}
        type Cow implements Named {implements} {key} {{
          id: ID! {shared}
          name: String @join__field(graph: A)
          litres: Int {external}
          price(unit: Unit): Int @join__field(graph: B, requires: "litres")
        }}
        interface Named {value} {{ id: ID! }}
        type Barn {value} {{ size: Size unit: Unit }}
        union Any {value} {member} = Cow | Barn
        type Offer {value} {{ cow: Cow @join__field(graph: B, provides: "litres") size: Size }}
        type Size {value} {{ height: Int }}
        enum Unit {value} {{ PINT LITRE }}
        "#
    );
    Supergraph::parse(&sdl).unwrap_or_else(|error| panic!("join {number}: {error}\n{sdl}"))
}

const VERSIONS: [&Version; 5] = [&V0_1, &V0_2, &V0_3, &V0_4, &V0_5];

#[test]
fn every_version_gives_the_same_plans() {
    let operations = [
        "{ cow(tag: 1) { name price(unit: PINT) } any { __typename ... on Cow { litres } ... on Barn { unit size { height } } } }",
        "{ again { cow(tag: 1) { id } again { any { __typename } } __typename } __typename }",
        "mutation { sell(id: 1) { name price } feed { offers { size { height } cow { name } } } }",
    ];
    let plans = |version: &Version| {
        let supergraph = supergraph(version);
        operations.map(|text| plan(&supergraph, text)).join("\n")
    };
    let newest = plans(&V0_5);
    for version in VERSIONS {
        assert_eq!(plans(version), newest, "join {}", version.number);
    }
    assert!(
        !newest.contains("Ask") && !newest.contains("Change"),
        "{newest}"
    );
    insta::assert_snapshot!(newest, @r#"
    fetch 0 from a
      { cow(tag: 1) { name id litres } any { __typename ... on Cow { litres } ... on Barn { unit size { height } } } }

    fetch 1 from b after 0
      $representations at cow { __typename id litres }
      query($representations: [_Any!]!) { _entities(representations: $representations) { ... on Cow { price(unit: PINT) } } }

    fetch 0 from b
      { again { again { __typename } } }

    fetch 1 from a after 0
      at again
      { cow(tag: 1) { id } }

    fetch 2 from a after 0
      at again.again
      { any { __typename } }

    fetch 0 from b
      mutation { sell(id: 1) { id } }

    fetch 1 from a after 0
      $representations at sell { __typename id }
      query($representations: [_Any!]!) { _entities(representations: $representations) { ... on Cow { name litres } } }

    fetch 2 from b after 1
      $representations at sell { __typename id litres }
      query($representations: [_Any!]!) { _entities(representations: $representations) { ... on Cow { price } } }

    fetch 3 from a after 2
      mutation { feed { __typename } }

    fetch 4 from b after 3
      at feed
      { offers { size { height } cow { id } } }

    fetch 5 from a after 4
      $representations at feed.offers.@.cow { __typename id }
      query($representations: [_Any!]!) { _entities(representations: $representations) { ... on Cow { name } } }
    "#);
}

#[test]
fn what_is_provided_and_what_is_external() {
    for version in VERSIONS {
        let supergraph = supergraph(version);
        let fetches = |text: &str| plan(&supergraph, text).matches("fetch ").count();
        assert_eq!(
            fetches("{ offers { cow { litres } } }"),
            1,
            "join {}",
            version.number
        );
        assert_eq!(
            fetches("mutation { sell(id: 1) { litres } }"),
            2,
            "join {}",
            version.number
        );
    }
}

//! The world can be failed: each fault that a router could commit is committed here, and must
//! be noticed.

use serde_json::{Value, json};

use super::document::{Document, Selection, What};
use super::graphs::graph;
use super::invented::invent;
use super::operations::generate;
use super::random::Random;
use super::trial::{Call, Trial};
use super::values::World;
use super::violations::Kind;

fn trial(name: &str) -> Trial {
    Trial::new(name, &graph(name)).unwrap_or_else(|error| panic!("{error}"))
}

/// What a subgraph answers to a query without variables.
fn ask(world: &World, subgraph: &str, query: &str) -> Value {
    world.answer(subgraph, &json!({ "query": query }))["data"].take()
}

/// What a subgraph says of one entity.
fn enter(world: &World, subgraph: &str, selection: &str, representation: &Value) -> Value {
    let query =
        format!("query ($r: [_Any!]!) {{ _entities(representations: $r) {{ {selection} }} }}");
    let variables = json!({ "r": [representation] });
    let mut answer = world.answer(subgraph, &json!({ "query": query, "variables": variables }));
    answer["data"]["_entities"][0].take()
}

fn truth(world: &World, query: &str) -> Value {
    let truth = world.truth(query, &json!({}));
    truth.unwrap_or_else(|error| panic!("{error}")).data
}

fn kinds(world: &World) -> Vec<Kind> {
    let violations = world.take_violations();
    violations.iter().map(|violation| violation.kind).collect()
}

fn first<'v>(data: &'v Value, list: &str) -> &'v Value {
    let items = data[list].as_array().into_iter().flatten();
    let mut items = items.filter(|item| !item.is_null());
    items
        .next()
        .unwrap_or_else(|| panic!("no {list} in {data}"))
}

/// A world in which a query's list is not empty.
fn peopled(name: &str, query: &str, list: &str) -> Trial {
    let mut trial = trial(name);
    while truth(&trial.world, query)[list]
        .as_array()
        .is_none_or(Vec::is_empty)
    {
        trial.world.salt += 1;
    }
    trial
}

#[test]
fn keys_lead_back_to_their_object() {
    let query = "{ parcels { __typename code origin { gate city { zip } } } }";
    let trial = peopled("depot", query, "parcels");
    let world = &trial.world;
    let parcels = ask(world, "routes", query);
    let parcel = first(&parcels, "parcels");
    let same = "... on Parcel { __typename code origin { gate city { zip } } }";
    assert_eq!(enter(world, "tracking", same, parcel), *parcel);
    assert_eq!(kinds(world), []);

    let mut other = parcel.clone();
    other["origin"]["gate"] = json!(1);
    let mut partial = parcel.clone();
    partial["origin"]["city"] = json!({});
    let mut null = parcel.clone();
    null["code"] = Value::Null;
    let mut unknown = parcel.clone();
    unknown["__typename"] = json!("Letter");
    for wrong in [other, partial, null, unknown] {
        assert_eq!(enter(world, "tracking", same, &wrong), Value::Null);
        assert_eq!(kinds(world), [Kind::Entity], "{wrong}");
    }
}

#[test]
fn two_keys_must_name_one_object() {
    let query = "{ members { __typename card email } }";
    let mut trial = trial("library");
    let two = loop {
        let members = truth(&trial.world, query);
        let members = members["members"].as_array().cloned().unwrap_or_default();
        match members.as_slice() {
            [one, other, ..] if one != other => break [one.clone(), other.clone()],
            _ => trial.world.salt += 1,
        }
    };
    let world = &trial.world;
    let mut mixed = two[0].clone();
    mixed["email"] = two[1]["email"].clone();
    for (sent, expected) in [(&two[0], vec![]), (&mixed, vec![Kind::Entity])] {
        enter(world, "members", "... on Member { name }", sent);
        assert_eq!(kinds(world), expected);
    }
}

#[test]
fn a_value_depends_on_what_it_requires() {
    let query = "{ ward { __typename id vitals { pulse pressure { high low } } score } }";
    let trial = peopled("clinic", query, "ward");
    let world = &trial.world;
    let ward = truth(world, query);
    let patient = first(&ward, "ward");
    let score =
        |sent: &Value| enter(world, "triage", "... on Patient { score }", sent)["score"].take();
    assert_eq!(score(patient), patient["score"]);
    assert_eq!(kinds(world), []);

    let mut wrong = patient.clone();
    wrong["vitals"]["pressure"]["high"] = json!(-1);
    let mut partial = patient.clone();
    partial["vitals"]["pressure"] = json!({ "high": patient["vitals"]["pressure"]["high"] });
    let missing = json!({ "__typename": "Patient", "id": patient["id"] });
    for sent in [wrong, partial, missing] {
        assert_ne!(score(&sent), patient["score"], "{sent}");
        assert_eq!(kinds(world), [Kind::Requires], "{sent}");
    }
}

#[test]
fn a_value_depends_on_what_contexts_set() {
    let query = "{ stalls { rank goods { code price } } }";
    let mut trial = trial("bazaar");
    let (stall, good) = loop {
        let truth = truth(&trial.world, query);
        let (stall, good) = (&truth["stalls"][0], &truth["stalls"][0]["goods"][0]);
        if good.is_object() {
            break (stall.clone(), good.clone());
        }
        trial.world.salt += 1;
    };
    let world = &trial.world;
    let price = |rank: &Value| {
        let sent = json!({ "__typename": "Good", "code": good["code"] });
        let read = format!("... on Good {{ price(rank: {rank}) }}");
        enter(world, "prices", &read, &sent)["price"].take()
    };
    assert_eq!(price(&stall["rank"]), good["price"]);
    assert_ne!(price(&json!(-1)), good["price"]);
    assert_eq!(kinds(world), []);
}

#[test]
fn externals_are_known_only_where_provided() {
    let query = "{ latest { film { title director { name } } } }";
    let trial = peopled("cinema", query, "latest");
    let world = &trial.world;
    assert_eq!(ask(world, "reviews", query), truth(world, query));
    assert_eq!(kinds(world), []);

    let query = "{ latest { film { director { born } } } }";
    assert_ne!(ask(world, "reviews", query), truth(world, query));
    assert!(kinds(world).contains(&Kind::External));
}

#[test]
fn keys_are_complete_in_depth() {
    let query = "{ kits { __typename parts { code } } }";
    let trial = peopled("complex_entity_call", query, "kits");
    let world = &trial.world;
    let kits = truth(world, query);
    let kit = first(&kits, "kits");
    // `layout` has a key with numbers too, which is not there.
    let main = enter(world, "layout", "... on Kit { main { code } }", kit);
    assert!(main["main"]["code"].is_string(), "{main}");
    assert_eq!(kinds(world), []);
    let mut partial = kit.clone();
    partial["parts"][0] = json!({});
    enter(world, "layout", "... on Kit { main { code } }", &partial);
    assert_eq!(kinds(world), [Kind::Entity]);
}

#[test]
fn provisions_hold_for_their_types_alone() {
    let query = "{ window { ... on Bag { label } } }";
    let mut trial = trial("provides_type_conditions");
    while !truth(&trial.world, query)
        .to_string()
        .contains("label\":\"")
    {
        trial.world.salt += 1;
    }
    let world = &trial.world;
    assert_eq!(ask(world, "shop", query), truth(world, query));
    assert_eq!(kinds(world), []);
    ask(world, "shop", "{ window { ... on Bag { strap } } }");
    assert!(kinds(world).contains(&Kind::External));
}

#[test]
fn inventions_are_varied_and_repeatable() {
    let all: Vec<_> = (0..40).map(invent).collect();
    assert_eq!(all, (0..40).map(invent).collect::<Vec<_>>());
    let text: String = all.iter().flatten().map(|(_, sdl)| sdl.as_str()).collect();
    for part in [
        "@requires",
        "@provides",
        "@override",
        "@interfaceObject",
        "@external",
        "resolvable: false",
        "implements Named",
        "union Either = Size | E",
        "type Mutation",
        "marks { no }",
    ] {
        assert!(text.contains(part), "{part}");
    }
}

#[test]
fn overridden_fields_are_poison() {
    let query = "{ cars { price } }";
    let trial = peopled("garage", query, "cars");
    let world = &trial.world;
    assert_ne!(ask(world, "cars", query), truth(world, query));
    assert!(kinds(world).contains(&Kind::External));
}

#[test]
fn an_interface_object_knows_no_concrete_type() {
    let query = "{ titles { __typename id average } }";
    let trial = peopled("streaming", query, "titles");
    let world = &trial.world;
    let titles = truth(world, query);
    let concrete = first(&titles, "titles");
    let mut general = concrete.clone();
    general["__typename"] = json!("Title");
    let selection = "... on Title { __typename id average }";
    assert_eq!(enter(world, "ratings", selection, &general), general);
    assert_eq!(kinds(world), []);
    enter(world, "ratings", selection, concrete);
    assert_eq!(kinds(world), [Kind::Entity]);
}

#[test]
fn invalid_requests_are_refused() {
    let trial = trial("weather");
    let world = &trial.world;
    let requests = [
        ("north", json!({ "query": "{ week { rain } }" })),
        ("north", json!({ "query": "{ week { sky: degrees sky } }" })),
        (
            "north",
            json!({ "query": "query ($x: Int) { week { sky } }" }),
        ),
        (
            "north",
            json!({ "query": "query ($x: Place!) { now(at: $x) { sky } }" }),
        ),
        (
            "north",
            json!({ "query": "query A { week { sky } }", "operationName": "B" }),
        ),
        ("north", json!({ "query": "{ now(unit: K) { sky } }" })),
        ("west", json!({ "query": "{ week { sky } }" })),
        ("north", json!({})),
    ];
    for (subgraph, body) in requests {
        let answer = world.answer(subgraph, &body);
        assert!(answer["errors"].is_array(), "{body}");
        assert_eq!(kinds(world), [Kind::InvalidGraphql], "{body}");
    }
}

fn field(name: &str, arguments: &[&str], selections: Vec<Selection>) -> Selection {
    let arguments = arguments.iter().map(ToString::to_string).collect();
    Selection {
        what: What::Field(String::new(), name.to_owned(), arguments),
        is_composite: !selections.is_empty(),
        selections,
        ..Selection::leaf(name)
    }
}

#[test]
fn mutations_must_run_once_and_in_order() {
    let trial = trial("festival");
    let input = "input: { name: \"x\" }";
    let document = Document {
        kind: "mutation",
        variables: Vec::new(),
        selections: vec![
            field("addBand", &[input], vec![Selection::leaf("name")]),
            field("reset", &[], Vec::new()),
        ],
        fragments: Vec::new(),
    };
    let add = format!("addBand({input}) {{ name }}");
    let run = |parts: &[&str]| {
        let router = |_: &str, _: &Value, call: Call<'_>| {
            let mut data = json!({});
            for part in parts {
                let query = format!("mutation {{ {part} }}");
                let answer = call("bands", &json!({ "query": query }));
                for (name, value) in answer["data"].as_object().into_iter().flatten() {
                    data[name] = value.clone();
                }
            }
            let data = json!({ "addBand": data["addBand"], "reset": data["reset"] });
            Ok(json!({ "data": data }))
        };
        trial.judge(&router, &document)
    };
    assert_eq!(run(&[&add, "reset"]), Ok(()));
    assert!(run(&["reset", &add]).is_err());
    assert!(run(&[&add, "reset", "reset"]).is_err());
}

/// Gives the truth, then changes it.
fn tampering(
    world: &World,
    tamper: impl Fn(&mut Value),
) -> impl Fn(&str, &Value, Call<'_>) -> Result<Value, String> {
    move |operation, variables, _| {
        let truth = world.truth(operation, variables)?;
        let mut answer = json!({ "data": truth.data });
        tamper(&mut answer);
        Ok(answer)
    }
}

#[test]
fn wrong_answers_are_told_from_right_ones() {
    let twin = trial("zoo");
    let trial = trial("zoo");
    let document = Document {
        kind: "query",
        variables: Vec::new(),
        selections: vec![
            field("star", &[], vec![Selection::leaf("__typename")]),
            field("animals", &[], vec![Selection::leaf("__typename")]),
        ],
        fragments: Vec::new(),
    };
    let judged =
        |tamper: &dyn Fn(&mut Value)| trial.judge(&tampering(&twin.world, tamper), &document);
    assert_eq!(judged(&|_| ()), Ok(()));
    let wrong: [&dyn Fn(&mut Value); 6] = [
        &|answer| answer["data"] = Value::Null,
        &|answer| answer["data"]["animals"] = json!([{ "__typename": "Unicorn" }]),
        &|answer| answer["data"]["more"] = json!(1),
        &|answer| answer["errors"] = json!([]),
        &|answer| {
            let data = answer["data"].clone();
            answer["data"] = json!({ "animals": data["animals"], "star": data["star"] });
        },
        &|answer| {
            answer["data"]
                .as_object_mut()
                .and_then(|data| data.shift_remove("star"));
        },
    ];
    for tamper in wrong {
        assert!(judged(tamper).is_err());
    }
}

/// Takes every field of this name out.
fn drop_field(value: &mut Value, name: &str) {
    match value {
        Value::Object(fields) => {
            fields.shift_remove(name);
            fields
                .values_mut()
                .for_each(|value| drop_field(value, name));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| drop_field(item, name)),
        _ => {}
    }
}

#[test]
fn failures_are_made_small() {
    let twin = trial("zoo");
    let mut trial = trial("zoo");
    // The twin has one world only, so the trial must stay in the same.
    let router = tampering(&twin.world, |answer| drop_field(answer, "keeper"));
    let seeds = (0..2000).filter(|seed| seed % 7 == 0);
    let failure = trial
        .run(&router, seeds)
        .expect_err("no operation asks for keepers");
    assert!(failure.contains("keeper"), "{failure}");
    assert!(failure.lines().count() < 16, "{failure}");
}

#[test]
fn operations_are_varied_and_repeatable() {
    let trial = trial("auction");
    let model = &trial.world.model;
    let text = |seed| generate(model, seed).map(|document| document.to_string());
    let all: Vec<_> = (0..300).filter_map(text).collect();
    let again: Vec<_> = (0..300).filter_map(text).collect();
    assert_eq!(all, again);
    for part in [
        "... on",
        "...F",
        "@skip(if: $",
        "@include(if: t",
        "id: ",
        "(v0: ",
        "null",
    ] {
        let part = part.replace("(v0", "($v0");
        assert!(all.iter().any(|text| text.contains(&part)), "{part}");
    }
}

#[test]
fn numbers_are_spread() {
    let mut random = Random::new(1);
    let mut seen = [0; 10];
    for _ in 0..1000 {
        seen[random.below(10)] += 1;
    }
    assert!(
        seen.iter().all(|count| (60..140).contains(count)),
        "{seen:?}"
    );
}

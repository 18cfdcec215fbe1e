//! Random data against definitions so plain that they can be read.

use super::draft::{Draft, at, supergraph};
use super::fakes::{Fakes, answer, respond, text};
use crate::executor::{
    Answer, Call, CallError, Error, PathSegment, Program, Reply, Request, Subgraphs, run,
};
use apollo_compiler::executable::{ExecutableDocument, Selection, SelectionSet};
use apollo_compiler::{Name, ast::Type};
use futures_util::FutureExt;
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::future::{Future, ready};
use std::pin::Pin;
use std::sync::Arc;

const SELECTION: &str = "{
    count
    me {
        id name age active
        best { email strictTags }
        friend { tags grid roles friend { email } }
        reviews { id body author { name email } }
    }
    strict { id friends { score email } }
    matrix { email meta }
}";

/// A value as good as its type, now and then spoilt.
fn values(ty: &Type, selection: &SelectionSet) -> BoxedStrategy<Value> {
    let good = match ty {
        Type::List(inner) | Type::NonNullList(inner) => {
            prop::collection::vec(values(inner, selection), 0..4)
                .prop_map(Value::Array)
                .boxed()
        }
        Type::Named(_) | Type::NonNullNamed(_) if !selection.selections.is_empty() => {
            objects(selection)
        }
        Type::Named(name) | Type::NonNullNamed(name) => match name.as_str() {
            "Int" => prop_oneof![
                any::<i32>().prop_map(Value::from),
                Just(json!(7.0)),
                Just(json!(1u64 << 31))
            ]
            .boxed(),
            "Float" => any::<f32>().prop_map(Value::from).boxed(),
            "Boolean" => any::<bool>().prop_map(Value::from).boxed(),
            "ID" => prop_oneof![
                any::<i64>().prop_map(Value::from),
                "[a-z\"\\\\]{0,3}".prop_map(Value::from)
            ]
            .boxed(),
            "Role" => {
                prop::sample::select(vec![json!("ADMIN"), json!("USER"), json!("ROOT")]).boxed()
            }
            _ => "[a-z\"\\\\é]{0,3}".prop_map(Value::from).boxed(),
        },
    };
    let odd = prop::sample::select(vec![
        json!("x"),
        json!(1.5),
        json!(true),
        json!([]),
        json!({}),
    ]);
    prop_oneof![60 => good, 2 => Just(Value::Null), 1 => odd].boxed()
}

/// An object with all fields, some fields missing, in any order.
fn objects(selection: &SelectionSet) -> BoxedStrategy<Value> {
    let fields: Vec<_> = fields(selection)
        .map(|field| {
            (
                field.name.to_string(),
                values(field.ty(), &field.selection_set),
            )
        })
        .map(|(name, value)| (Just(name), prop::option::weighted(0.98, value)))
        .collect();
    let object = |fields: Vec<(String, Option<Value>)>| {
        Value::Object(
            fields
                .into_iter()
                .filter_map(|(name, value)| Some((name, value?)))
                .collect(),
        )
    };
    fields.prop_shuffle_all().prop_map(object).boxed()
}

/// Shuffling of what the strategies yield.
trait ShuffleAll {
    type Item;
    fn prop_shuffle_all(self) -> BoxedStrategy<Vec<Self::Item>>;
}

impl<S: Strategy + 'static> ShuffleAll for Vec<S> {
    type Item = S::Value;

    fn prop_shuffle_all(self) -> BoxedStrategy<Vec<S::Value>> {
        let order: Vec<usize> = (0..self.len()).collect();
        (self, Just(order).prop_shuffle())
            .prop_map(|(values, order)| {
                let mut values: Vec<Option<S::Value>> = values.into_iter().map(Some).collect();
                order
                    .into_iter()
                    .filter_map(|index| values[index].take())
                    .collect()
            })
            .boxed()
    }
}

fn fields(selection: &SelectionSet) -> impl Iterator<Item = &apollo_compiler::executable::Field> {
    selection
        .selections
        .iter()
        .filter_map(|selection| match selection {
            Selection::Field(field) => Some(&**field),
            Selection::FragmentSpread(_) | Selection::InlineFragment(_) => None,
        })
}

/// A non-null field without a value.
struct Gone;

/// CompleteValue of the specification, to the letter.
fn complete(ty: &Type, selection: &SelectionSet, value: Option<&Value>) -> Result<Value, Gone> {
    let completed = match (ty, value.unwrap_or(&Value::Null)) {
        (_, Value::Null) => None,
        (Type::List(inner) | Type::NonNullList(inner), Value::Array(items)) => {
            let items = items
                .iter()
                .map(|item| complete(inner, selection, Some(item)));
            items.collect::<Result<_, _>>().ok().map(Value::Array)
        }
        (Type::List(_) | Type::NonNullList(_), _) => None,
        (_, Value::Object(object)) if !selection.selections.is_empty() => {
            complete_object(selection, object).ok()
        }
        (_, _) if !selection.selections.is_empty() => None,
        (Type::Named(name) | Type::NonNullNamed(name), value) => complete_leaf(name, value),
    };
    match completed {
        Some(value) => Ok(value),
        None if ty.is_non_null() => Err(Gone),
        None => Ok(Value::Null),
    }
}

fn complete_object(selection: &SelectionSet, object: &Map<String, Value>) -> Result<Value, Gone> {
    let fields = fields(selection).map(|field| {
        let value = complete(
            field.ty(),
            &field.selection_set,
            object.get(field.name.as_str()),
        )?;
        Ok((field.name.to_string(), value))
    });
    fields.collect::<Result<_, _>>().map(Value::Object)
}

fn complete_leaf(name: &Name, value: &Value) -> Option<Value> {
    match name.as_str() {
        "Int" => {
            let number = value.as_f64().filter(|number| number.fract() == 0.0)?;
            let fits = (f64::from(i32::MIN)..=f64::from(i32::MAX)).contains(&number);
            fits.then(|| json!(number as i32))
        }
        "Float" => value.as_f64().map(|_| value.clone()),
        "String" => value.as_str().map(Value::from),
        "Boolean" => value.as_bool().map(Value::from),
        "ID" if value.is_i64() => Some(value.to_string().into()),
        "ID" => value.as_str().map(Value::from),
        "Role" => value
            .as_str()
            .filter(|value| ["ADMIN", "USER"].contains(value))
            .map(Value::from),
        _ => Some(value.clone()),
    }
}

fn selection() -> SelectionSet {
    let document =
        ExecutableDocument::parse_and_validate(supergraph().api(), SELECTION, "query.graphql")
            .unwrap();
    document.operations.get(None).unwrap().selection_set.clone()
}

/// Whether the response is null somewhere on the way to the error.
fn stands_at_a_null(data: &Value, error: &Error) -> bool {
    let mut here = data;
    for segment in &error.path {
        here = match segment {
            PathSegment::Key(key) => &here[key.as_str()],
            PathSegment::Index(index) => &here[*index],
        };
    }
    here.is_null()
}

proptest! {
    #[test]
    fn values_are_completed_as_specified(data in objects(&selection())) {
        let program = Draft::query().root("a", &[], SELECTION).output(SELECTION);
        let response = respond(&program, &Fakes::default().answer("a", json!({ "data": data }).to_string()));
        let expected = complete_object(&selection(), data.as_object().unwrap()).unwrap_or(Value::Null);
        prop_assert_eq!(str::from_utf8(response.data()).unwrap(), expected.to_string());
        for error in &response.errors {
            prop_assert!(stands_at_a_null(&expected, error), "{}", text(&response));
        }
        prop_assert!(!expected.is_null() || !response.errors.is_empty());
    }

    #[test]
    fn joined_data_is_the_same_as_if_one_subgraph_had_it_all(
        users in prop::collection::vec(user_refs(), 0..6),
        entities in prop::collection::btree_map(0u8..6, (any::<i32>(), prop::option::of("[a-z]{1,3}")), 0..6),
    ) {
        let world = World { users, entities };
        let request = Request { variables: &Map::new(), introspection: None, subgraphs: &world };
        let Reply::One(response) = run(&joined(), request).now_or_never().unwrap();
        prop_assert_eq!(text(&response), world.expected().to_string());
    }
}

/// A user of `a`, with its friends: ids, which may be null.
type UserRef = Option<(Option<u8>, Vec<Option<u8>>)>;

fn user_refs() -> impl Strategy<Value = UserRef> {
    let id = || prop::option::weighted(0.9, 0u8..6);
    prop::option::weighted(0.9, (id(), prop::collection::vec(id(), 0..4)))
}

/// Users in `a`; what `b` and `c` know of them: the age in `b`, in `c` the name, for which it requires the age.
struct World {
    users: Vec<UserRef>,
    entities: BTreeMap<u8, (i32, Option<String>)>,
}

fn joined() -> Arc<Program> {
    Draft::query()
        .root(
            "a",
            &[],
            "{ users { address { i: street } friends { address { i: street } } } }",
        )
        .entities(
            "b",
            &[0],
            vec![
                at("users", "{ address { street } }", "{ age }"),
                at("users.friends", "{ address { street } }", "{ age }"),
            ],
        )
        .batch(
            "c",
            &[1],
            vec![
                at(
                    "users.friends",
                    "{ address { street } age @requires }",
                    "{ x: name }",
                ),
                at(
                    "users",
                    "{ address { street } age @requires }",
                    "{ y: name }",
                ),
            ],
        )
        .output("{ users { age friends { name age } name } }")
}

impl World {
    fn entity(
        &self,
        representation: &Value,
        requires: Option<i32>,
    ) -> Option<&(i32, Option<String>)> {
        let id = representation["address"]["street"].as_str()?.parse().ok()?;
        let entity = self.entities.get(&id)?;
        assert!(requires.is_none_or(|_| representation["age"] == entity.0));
        Some(entity)
    }

    fn expected(&self) -> Value {
        let known = |id: &Option<u8>| id.and_then(|id| self.entities.get(&id));
        let age = |id: &Option<u8>| known(id).map(|entity| entity.0);
        let name = |id: &Option<u8>| known(id).and_then(|entity| entity.1.clone());
        let friend = |id: &Option<u8>| json!({"name": name(id), "age": age(id)});
        let user = |user: &UserRef| {
            let (id, friends) = user.as_ref()?;
            let friends: Vec<Value> = friends.iter().map(friend).collect();
            Some(json!({"age": age(id), "friends": friends, "name": name(id)}))
        };
        json!({"users": self.users.iter().map(user).collect::<Vec<_>>()})
    }

    fn answer(&self, subgraph: &str, variables: &Value) -> Value {
        let list = |name: &str| variables[name].as_array().unwrap().iter();
        match subgraph {
            "a" => {
                let address =
                    |id: &Option<u8>| json!({"address": {"i": id.map(|id| id.to_string())}});
                let user = |user: &UserRef| {
                    let (id, friends) = user.as_ref()?;
                    let mut user = address(id);
                    user["friends"] = friends.iter().map(address).collect();
                    Some(user)
                };
                json!({"users": self.users.iter().map(user).collect::<Vec<_>>()})
            }
            "b" => {
                let entity =
                    |of: &Value| self.entity(of, None).map(|entity| json!({"age": entity.0}));
                json!({"_entities": list("representations").map(entity).collect::<Vec<_>>()})
            }
            _ => {
                let named = |name: &str, key: &str| {
                    let entity = |of: &Value| {
                        self.entity(of, Some(0))
                            .map(|entity| json!({(key): entity.1}))
                    };
                    list(name).map(entity).collect::<Vec<_>>()
                };
                json!({"_e1": named("r1", "y"), "_e0": named("r0", "x")})
            }
        }
    }
}

impl Subgraphs for World {
    fn call<'a>(
        &'a self,
        call: Call,
    ) -> Pin<Box<dyn Future<Output = Result<Answer, CallError>> + Send + 'a>> {
        let body: Value = serde_json::from_slice(&call.body).unwrap();
        for list in body["variables"]
            .as_object()
            .into_iter()
            .flat_map(Map::values)
        {
            let list = list.as_array().unwrap();
            let repeated = (1..list.len()).any(|index| list[..index].contains(&list[index]));
            assert!(!repeated, "equal representations go once");
        }
        let data = self.answer(
            &supergraph().subgraph(call.subgraph).name,
            &body["variables"],
        );
        Box::pin(ready(Ok(answer(200, json!({ "data": data }).to_string()))))
    }
}

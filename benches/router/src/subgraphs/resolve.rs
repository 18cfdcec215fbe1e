//! Executes an operation over the fixture: fragments, aliases, variables, `@skip` and `@include`, `_entities`.
//!
//! It is as fast as it needs to be: every answer is computed once and then replayed.

use super::fixture::{Fixture, Object, Value};
use anyhow::{Context, Result};
use async_graphql_parser::Positioned;
use async_graphql_parser::types::{
    Directive, ExecutableDocument, Field, OperationDefinition, Selection, SelectionSet,
};
use async_graphql_value::Name;
use serde_json::{Map, Value as Json, json};

/// The body of the response to the body of a request.
pub(super) fn respond(fixture: &Fixture, body: &[u8]) -> Result<Vec<u8>> {
    let request: Json = serde_json::from_slice(body).context("the body is not JSON")?;
    let text = request["query"].as_str().context("no `query`")?;
    let document = async_graphql_parser::parse_query(text)?;
    let name = request["operationName"].as_str();
    let mut operations = document.operations.iter();
    let operation = operations
        .find(|(own, _)| name.is_none() || own.map(Name::as_str) == name)
        .map(|(_, operation)| &operation.node)
        .context("no such operation")?;
    let mut execution = Execution {
        fixture,
        document: &document,
        variables: variables(operation, &request["variables"]),
        out: br#"{"data":"#.to_vec(),
        path: Vec::new(),
        errors: Vec::new(),
    };
    execution.query(&operation.selection_set.node)?;
    let Execution {
        mut out, errors, ..
    } = execution;
    if !errors.is_empty() {
        out.extend_from_slice(br#","errors":"#);
        serde_json::to_writer(&mut out, &errors)?;
    }
    out.push(b'}');
    Ok(out)
}

/// What was sent, and defaults.
fn variables(operation: &OperationDefinition, sent: &Json) -> Map<String, Json> {
    let mut variables = sent.as_object().cloned().unwrap_or_default();
    for definition in &operation.variable_definitions {
        let name = definition.node.name.node.as_str();
        if let (false, Some(default)) =
            (variables.contains_key(name), &definition.node.default_value)
        {
            let default = default.node.clone().into_json().unwrap_or(Json::Null);
            variables.insert(name.to_owned(), default);
        }
    }
    variables
}

/// A field of the response and everything that was selected below it.
struct Collected<'a> {
    key: &'a str,
    field: &'a Field,
    below: Vec<&'a SelectionSet>,
}

/// An object, and what a representation says of it.
struct Row<'a> {
    of: &'a str,
    object: Option<&'a Object>,
    representation: Option<&'a Map<String, Json>>,
}

struct Execution<'a> {
    fixture: &'a Fixture,
    document: &'a ExecutableDocument,
    variables: Map<String, Json>,
    out: Vec<u8>,
    path: Vec<Json>,
    errors: Vec<Json>,
}

impl<'a> Execution<'a> {
    fn query(&mut self, selection: &'a SelectionSet) -> Result<()> {
        let query = Object {
            of: "Query",
            fields: self.fixture.query.clone(),
            lost: false,
        };
        let row = Row {
            of: "Query",
            object: Some(&query),
            representation: None,
        };
        self.object(&row, &[selection])
    }

    fn object(&mut self, row: &Row<'_>, selections: &[&'a SelectionSet]) -> Result<()> {
        let mut fields = Vec::new();
        for selection in selections {
            self.collect(row.of, selection, &mut fields)?;
        }
        self.out.push(b'{');
        for (index, field) in fields.iter().enumerate() {
            if index > 0 {
                self.out.push(b',');
            }
            self.out
                .extend_from_slice(format!("\"{}\":", field.key).as_bytes());
            self.path.push(Json::from(field.key));
            self.field(row, field)?;
            self.path.pop();
        }
        self.out.push(b'}');
        Ok(())
    }

    fn collect(
        &self,
        of: &str,
        from: &'a SelectionSet,
        into: &mut Vec<Collected<'a>>,
    ) -> Result<()> {
        for item in &from.items {
            if !self.included(item.node.directives()) {
                continue;
            }
            match &item.node {
                Selection::Field(field) => {
                    let (field, key) = (&field.node, field.node.response_key().node.as_str());
                    let below = &field.selection_set.node;
                    match into.iter_mut().find(|known| known.key == key) {
                        Some(known) => known.below.push(below),
                        None => into.push(Collected {
                            key,
                            field,
                            below: vec![below],
                        }),
                    }
                }
                Selection::InlineFragment(inline) => {
                    let condition = inline.node.type_condition.as_ref();
                    if condition.is_none_or(|on| self.fixture.is(of, &on.node.on.node)) {
                        self.collect(of, &inline.node.selection_set.node, into)?;
                    }
                }
                Selection::FragmentSpread(spread) => {
                    let name = &spread.node.fragment_name.node;
                    let fragment = self
                        .document
                        .fragments
                        .get(name)
                        .context("no such fragment")?;
                    if self
                        .fixture
                        .is(of, &fragment.node.type_condition.node.on.node)
                    {
                        self.collect(of, &fragment.node.selection_set.node, into)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Do `@skip` and `@include` let it in?
    fn included(&self, directives: &[Positioned<Directive>]) -> bool {
        directives.iter().all(|directive| {
            let condition = directive.node.get_argument("if");
            let holds = condition.is_some_and(|value| self.value(&value.node) == Json::Bool(true));
            match directive.node.name.node.as_str() {
                "skip" => !holds,
                "include" => holds,
                _ => true,
            }
        })
    }

    fn value(&self, value: &async_graphql_value::Value) -> Json {
        let variable = |name: Name| {
            let json = self
                .variables
                .get(name.as_str())
                .cloned()
                .unwrap_or(Json::Null);
            async_graphql_value::ConstValue::from_json(json)
        };
        let value = value.clone().into_const_with(variable);
        value
            .ok()
            .and_then(|value| value.into_json().ok())
            .unwrap_or(Json::Null)
    }

    fn argument(&self, field: &Field, name: &str) -> Json {
        let argument = field.get_argument(name);
        argument.map_or(Json::Null, |value| self.value(&value.node))
    }

    fn field(&mut self, row: &Row<'_>, field: &Collected<'a>) -> Result<()> {
        let name = field.field.name.node.as_str();
        if name == "__typename" {
            self.json(&Json::from(row.of))
        } else if name == "_entities" && row.of == "Query" {
            let representations = self.argument(field.field, "representations");
            self.entities(&representations, &field.below)
        } else if let Some(value) = row.object.and_then(|object| object.fields.get(name)) {
            let value = self.argued(value, field.field);
            self.complete(&value, row, &field.below)
        } else {
            let given = row.representation.and_then(|sent| sent.get(name));
            self.json(given.unwrap_or(&Json::Null))
        }
    }

    /// The value that arguments choose: `first` of a list, `id` of an entity.
    fn argued<'v>(&self, value: &'v Value, field: &Field) -> std::borrow::Cow<'v, Value> {
        use std::borrow::Cow;
        match (
            value,
            self.argument(field, "first").as_u64(),
            self.argument(field, "id").as_str(),
        ) {
            (Value::List(all), Some(first), _) => Cow::Owned(Value::List(
                all.iter().take(first as usize).cloned().collect(),
            )),
            (Value::Entity(of, _), _, Some(id)) => Cow::Owned(Value::Entity(of, id.to_owned())),
            _ => Cow::Borrowed(value),
        }
    }

    fn complete(&mut self, value: &Value, row: &Row<'_>, below: &[&'a SelectionSet]) -> Result<()> {
        let fixture = self.fixture;
        match value {
            Value::Json(json) => self.out.extend_from_slice(json.as_bytes()),
            Value::List(items) => {
                self.out.push(b'[');
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        self.out.push(b',');
                    }
                    self.path.push(Json::from(index));
                    self.complete(item, row, below)?;
                    self.path.pop();
                }
                self.out.push(b']');
            }
            Value::Object(object) => self.plain(object, below)?,
            Value::Entity(of, key) => match fixture.entity(of, key) {
                Some(object) => self.plain(object, below)?,
                None => self.out.extend_from_slice(b"null"),
            },
            Value::Sum(required) => {
                let number = |name: &&str| row.representation?.get(*name)?.as_i64();
                let numbers: Option<Vec<i64>> = required.iter().map(number).collect();
                let sum = numbers.map(|all| all.iter().sum::<i64>() + 1);
                self.json(&sum.map_or(Json::Null, Json::from))?;
            }
        }
        Ok(())
    }

    fn plain(&mut self, object: &Object, below: &[&'a SelectionSet]) -> Result<()> {
        let row = Row {
            of: object.of,
            object: Some(object),
            representation: None,
        };
        self.object(&row, below)
    }

    fn entities(&mut self, representations: &Json, below: &[&'a SelectionSet]) -> Result<()> {
        let representations = representations.as_array().context("no representations")?;
        self.out.push(b'[');
        for (index, representation) in representations.iter().enumerate() {
            if index > 0 {
                self.out.push(b',');
            }
            self.path.push(Json::from(index));
            self.entity(representation, below)?;
            self.path.pop();
        }
        self.out.push(b']');
        Ok(())
    }

    fn entity(&mut self, representation: &Json, below: &[&'a SelectionSet]) -> Result<()> {
        let representation = representation
            .as_object()
            .context("a representation is an object")?;
        let text = |name: &str| representation.get(name).and_then(Json::as_str);
        let of = text("__typename").context("a representation has `__typename`")?;
        let key = text("id")
            .or(text("upc"))
            .context("a representation has its key")?;
        match self.fixture.entity(of, key) {
            Some(object) if !object.lost => {
                let row = Row {
                    of: object.of,
                    object: Some(object),
                    representation: Some(representation),
                };
                self.object(&row, below)
            }
            found => {
                if found.is_some() {
                    let message = format!("{of} {key} is lost");
                    self.errors
                        .push(json!({"message": message, "path": self.path}));
                }
                self.json(&Json::Null)
            }
        }
    }

    fn json(&mut self, json: &Json) -> Result<()> {
        serde_json::to_writer(&mut self.out, json)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::subgraphs::{scale, shop};

    fn told(query: &str, variables: Json) -> String {
        let mut fixture = Fixture::default();
        shop::add(&mut fixture);
        scale::add(&mut fixture);
        let body = json!({"query": query, "variables": variables}).to_string();
        let answer = respond(&fixture, body.as_bytes()).expect("it is answered");
        String::from_utf8(answer).expect("it is text")
    }

    #[test]
    fn aliases_arguments_and_fragments() {
        let query = "{ a: user(id: \"2\") { ...F ... on Product { upc } b: id } topProducts(first: 1) { upc } }
            fragment F on User { id b: id }";
        assert_eq!(
            told(query, Json::Null),
            r#"{"data":{"a":{"id":"2","b":"2"},"topProducts":[{"upc":"1"}]}}"#
        );
    }

    #[test]
    fn conditions_and_defaults() {
        let query = "query($yes: Boolean = true, $no: Boolean!) {
            me { id @include(if: $yes) name @include(if: $no) ... @skip(if: $yes) { username } } }";
        assert_eq!(
            told(query, json!({"no": false})),
            r#"{"data":{"me":{"id":"1"}}}"#
        );
    }

    #[test]
    fn entities_sum_what_was_sent_with_them() {
        let query = "query($of: [_Any!]!) { e: _entities(representations: $of) {
            __typename ... on Product { shippingEstimate } } }";
        let product = json!({"__typename": "Product", "upc": "1", "price": 2, "weight": 3});
        let bare = json!({"__typename": "Product", "upc": "1"});
        assert_eq!(
            told(query, json!({"of": [product, bare]})),
            concat!(
                r#"{"data":{"e":[{"__typename":"Product","shippingEstimate":6},"#,
                r#"{"__typename":"Product","shippingEstimate":null}]}}"#
            )
        );
    }

    #[test]
    fn abstract_types_and_lost_entities() {
        let query = "query($of: [_Any!]!) { _entities(representations: $of) {
            ... on Entry { id } ... on Fragile { score } } }";
        let of = [
            json!({"__typename": "Poll", "id": "1"}),
            json!({"__typename": "Fragile", "id": "10"}),
            json!({"__typename": "Fragile", "id": "11"}),
        ];
        assert_eq!(
            told(query, json!({"of": of})),
            concat!(
                r#"{"data":{"_entities":[{"id":"1"},null,{"score":11}]},"#,
                r#""errors":[{"message":"Fragile 10 is lost","path":["_entities",1]}]}"#
            )
        );
    }
}

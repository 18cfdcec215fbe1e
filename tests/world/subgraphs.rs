//! The subgraphs: each answers a request over the world, as strictly as any real one might.
//! What a router should not have asked goes into the world's list of violations.

use std::rc::Rc;

use apollo_compiler::resolvers::{Execution, FieldError, ObjectValue, ResolveInfo, ResolvedValue};
use apollo_compiler::response::JsonMap;
use apollo_compiler::{ExecutableDocument, Name};
use serde_json::{Map, Value, json};

use super::entities::restricted;
use super::field_set::{FieldSet, Selection};
use super::model::{Access, Key, Subgraph};
use super::served;
use super::values::{Found, Object, World};
use super::violations::{Kind, Violation};

impl World {
    /// The answer of a subgraph to the body of a GraphQL request.
    pub fn answer(&self, subgraph: &str, body: &Value) -> Value {
        let Some(called) = self.model.subgraphs.get(subgraph) else {
            let text = "there is no such subgraph";
            return self.refused(subgraph, Kind::InvalidGraphql, text.to_owned());
        };
        let query = body
            .get("query")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let document =
            match ExecutableDocument::parse_and_validate(&called.schema, query, "request") {
                Ok(document) => document,
                Err(error) => {
                    let text = format!("{}\n{query}", error.errors);
                    return self.refused(subgraph, Kind::InvalidGraphql, text);
                }
            };
        let name = body.get("operationName").and_then(Value::as_str);
        let Ok(operation) = document.operations.get(name) else {
            let text = format!("no operation {name:?} in\n{query}");
            return self.refused(subgraph, Kind::InvalidGraphql, text);
        };
        let variables = variables(body);
        let root = self.root_of(operation.operation_type);
        let seen = Seen {
            world: self,
            subgraph: called,
            local: served::local_name(&self.model.supergraph, &root.ty, called.renames_roots),
            object: root,
            known: Vec::new(),
            sent: None,
        };
        let response = Execution::new(&called.schema, &document)
            .operation(operation)
            .raw_variable_values(&variables)
            .execute_sync(&seen);
        match response {
            Ok(response) => {
                for error in &response.errors {
                    let text = format!("{} at {:?} in\n{query}", error.message, error.path);
                    self.violation(subgraph, Kind::SubgraphError, text);
                }
                json!(response)
            }
            Err(error) => {
                let text = format!("{}\n{query}", error.message());
                self.refused(subgraph, Kind::InvalidGraphql, text)
            }
        }
    }

    fn root_of(&self, kind: apollo_compiler::ast::OperationType) -> Object {
        let root = self.model.supergraph.root_operation(kind);
        Object {
            ty: root.cloned().unwrap_or(apollo_compiler::name!("Query")),
            serial: 0,
        }
    }

    fn refused(&self, subgraph: &str, kind: Kind, text: String) -> Value {
        let answer = json!({ "errors": [{ "message": text }] });
        self.violation(subgraph, kind, text);
        answer
    }

    fn violation(&self, subgraph: &str, kind: Kind, text: String) {
        self.report(Violation {
            kind,
            subgraph: subgraph.to_owned(),
            text,
        });
    }
}

fn variables(body: &Value) -> JsonMap {
    let given = body.get("variables").cloned().unwrap_or_default();
    serde_json::from_value(given).unwrap_or_default()
}

/// An object as one subgraph sees it.
struct Seen<'w> {
    world: &'w World,
    subgraph: &'w Subgraph,
    object: Object,
    /// The subgraph's name of the object's type.
    local: String,
    /// What a `@provides` or a key on the way here lets the subgraph know.
    known: Vec<&'w FieldSet>,
    /// The representation the object was entered by.
    sent: Option<Rc<Value>>,
}

impl ObjectValue for Seen<'_> {
    fn type_name(&self) -> &str {
        &self.local
    }

    fn resolve_field<'a>(
        &'a self,
        info: &'a ResolveInfo<'a>,
    ) -> Result<ResolvedValue<'a>, FieldError> {
        let given = as_json(info.arguments());
        match info.field_name() {
            "_service" => Ok(ResolvedValue::object(Service(self.subgraph))),
            "_entities" => Ok(self.entities(&given)),
            field => self.field(field, &given),
        }
    }
}

impl<'w> Seen<'w> {
    fn entities<'a>(&'a self, given: &Map<String, Value>) -> ResolvedValue<'a> {
        let sent = given.get("representations").and_then(Value::as_array);
        let sent = sent.cloned().unwrap_or_default();
        let items: Vec<_> = sent.into_iter().map(|sent| self.entity(sent)).collect();
        ResolvedValue::list(items)
    }

    fn entity<'a>(&'a self, sent: Value) -> ResolvedValue<'a> {
        match self.world.entity(self.subgraph, &sent) {
            Ok(object) => self.shown(object, Vec::new(), Some(Rc::new(sent))),
            Err(text) => {
                self.violation(Kind::Entity, text);
                ResolvedValue::null()
            }
        }
    }

    fn field<'a>(
        &'a self,
        name: &str,
        given: &Map<String, Value>,
    ) -> Result<ResolvedValue<'a>, FieldError> {
        let Some(local) = self.subgraph.local_type(&self.world.model, &self.object.ty) else {
            return Err(self.failure(name));
        };
        let ty = &self.subgraph.types[local];
        let Some(field) = ty.fields.get(name) else {
            return Err(self.failure(name));
        };
        let below = self.known_below(&ty.keys, name);
        let is_known = match field.access {
            Access::Own => true,
            Access::External => below.is_some(),
            Access::Overridden => self.is_in_key(&ty.keys, name),
        };
        let found = if !is_known {
            let text = format!("{}.{name} is not this subgraph's to tell here", self.local);
            self.violation(Kind::External, text);
            self.world.poison(&self.object, name)
        } else if let Some(requires) = &field.requires {
            let inputs = self.inputs(name, requires);
            self.world.field_from(&self.object, name, given, &inputs)
        } else {
            self.world.field(&self.object, name, given)
        };
        if self.is_mutation() {
            self.world.note_mutation(name, given);
        }
        let mut known = below.unwrap_or_default();
        known.extend(&field.provides);
        self.resolved(found, &known)
    }

    /// What keys and provisions say of the object below a field; `None` when none names it.
    fn known_below(&self, keys: &'w [Key], field: &str) -> Option<Vec<&'w FieldSet>> {
        let applies = |on: &Name| self.world.is(&self.object, on);
        let sets = keys
            .iter()
            .map(|key| &key.fields)
            .chain(self.known.iter().copied());
        let found: Vec<_> = sets.filter_map(|set| set.below(field, &applies)).collect();
        (!found.is_empty()).then(|| found.concat())
    }

    fn is_in_key(&self, keys: &[Key], field: &str) -> bool {
        let applies = |on: &Name| self.world.is(&self.object, on);
        keys.iter()
            .any(|key| key.fields.below(field, &applies).is_some())
    }

    /// What was sent of a field's requirements, or is at hand, as far as it is there.
    fn inputs(&self, field: &str, requires: &FieldSet) -> String {
        let truth = self.world.project(&self.object, requires);
        let inputs = match self.sent.as_deref() {
            Some(sent) => restricted(sent, &truth),
            None if self.is_at_hand(&self.local, &self.known, requires) => truth.clone(),
            None => Value::Null,
        };
        if inputs != truth {
            let text = format!("{}.{field} requires {truth}, got {inputs}", self.local);
            self.violation(Kind::Requires, text);
        }
        inputs.to_string()
    }

    /// Whether the subgraph knows what a field requires without being sent it: it resolves it, or provides it on the way
    /// here.
    fn is_at_hand(&self, ty: &str, known: &[&FieldSet], requires: &FieldSet) -> bool {
        requires.0.iter().all(|selection| match selection {
            Selection::On { selections, .. } => self.is_at_hand(ty, known, selections),
            Selection::Field {
                name, selections, ..
            } => {
                let fields = self.subgraph.types.get(ty).map(|ty| &ty.fields);
                let Some(field) = fields.and_then(|fields| fields.get(name)) else {
                    return false;
                };
                let below = known.iter().filter_map(|set| set.below(name, &|_| true));
                let below: Vec<&FieldSet> = below.flatten().collect();
                let is_own = field.access == Access::Own && field.requires.is_none();
                (is_own || !below.is_empty())
                    && self.is_at_hand(field.ty.inner_named_type(), &below, selections)
            }
        })
    }

    fn is_mutation(&self) -> bool {
        let mutation = &self.world.model.supergraph.schema_definition.mutation;
        mutation
            .as_ref()
            .is_some_and(|root| root.name == self.object.ty)
    }

    fn resolved<'a>(
        &'a self,
        found: Found,
        known: &[&'w FieldSet],
    ) -> Result<ResolvedValue<'a>, FieldError> {
        Ok(match found {
            Found::Leaf(value) => ResolvedValue::leaf(value),
            Found::Object(object) => self.shown(object, known.to_vec(), None),
            Found::List(items) => {
                let items: Result<Vec<_>, _> = items
                    .into_iter()
                    .map(|item| self.resolved(item, known))
                    .collect();
                ResolvedValue::list(items?)
            }
        })
    }

    fn shown<'a>(
        &'a self,
        object: Object,
        known: Vec<&'w FieldSet>,
        sent: Option<Rc<Value>>,
    ) -> ResolvedValue<'a> {
        let model = &self.world.model;
        let local = match self.subgraph.local_type(model, &object.ty) {
            Some(name) => served::local_name(&model.supergraph, name, self.subgraph.renames_roots),
            None => object.ty.to_string(),
        };
        ResolvedValue::object(Seen {
            world: self.world,
            subgraph: self.subgraph,
            object,
            local,
            known,
            sent,
        })
    }

    fn failure(&self, field: &str) -> FieldError {
        FieldError {
            message: format!("{} has no field {field}", self.local),
        }
    }

    fn violation(&self, kind: Kind, text: String) {
        self.world.violation(&self.subgraph.name, kind, text);
    }
}

struct Service<'w>(&'w Subgraph);

impl ObjectValue for Service<'_> {
    fn type_name(&self) -> &str {
        "_Service"
    }

    fn resolve_field<'a>(
        &'a self,
        info: &'a ResolveInfo<'a>,
    ) -> Result<ResolvedValue<'a>, FieldError> {
        match info.field_name() {
            "sdl" => Ok(ResolvedValue::leaf(self.0.schema.to_string())),
            _ => Err(self.unknown_field_error(info)),
        }
    }
}

/// Arguments as plain JSON.
pub fn as_json(arguments: &JsonMap) -> Map<String, Value> {
    match json!(arguments) {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

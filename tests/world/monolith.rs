//! The truth: one execution of the client's operation on the API schema, over the same world.

use std::rc::Rc;

use apollo_compiler::ExecutableDocument;
use apollo_compiler::ast::OperationType;
use apollo_compiler::resolvers::{Execution, FieldError, ObjectValue, ResolveInfo, ResolvedValue};
use apollo_compiler::response::JsonMap;
use serde_json::{Value, json};

use super::contexts::Inside;
use super::subgraphs::as_json;
use super::values::{Found, Object, World};

/// What a router should answer, and the mutations it should run, in order.
pub struct Truth {
    pub data: Value,
    pub mutations: Vec<String>,
}

impl World {
    /// Executes an operation; an error means that the world, not the router, is wrong.
    pub fn truth(&self, query: &str, variables: &Value) -> Result<Truth, String> {
        let api = &self.model.api;
        let document = ExecutableDocument::parse_and_validate(api, query, "operation")
            .map_err(|error| format!("{}\n{query}", error.errors))?;
        let operation = document
            .operations
            .get(None)
            .map_err(|error| error.message().to_string())?;
        let variables: JsonMap = serde_json::from_value(variables.clone())
            .map_err(|error| format!("variables: {error}"))?;
        let root = Known {
            world: self,
            inside: Rc::new(Inside {
                object: Object {
                    ty: operation.object_type().clone(),
                    serial: 0,
                },
                of: None,
            }),
        };
        self.take_mutations();
        let response = Execution::new(api, &document)
            .operation(operation)
            .raw_variable_values(&variables)
            .execute_sync(&root)
            .map_err(|error| format!("{}\n{query}", error.message()))?;
        if let Some(error) = response.errors.first() {
            return Err(format!("{} at {:?}\n{query}", error.message, error.path));
        }
        let mut mutations = self.take_mutations();
        if operation.operation_type != OperationType::Mutation {
            mutations.clear();
        }
        Ok(Truth {
            data: json!(response.data),
            mutations,
        })
    }
}

struct Known<'w> {
    world: &'w World,
    inside: Rc<Inside>,
}

impl ObjectValue for Known<'_> {
    fn type_name(&self) -> &str {
        &self.inside.object.ty
    }

    fn resolve_field<'a>(
        &'a self,
        info: &'a ResolveInfo<'a>,
    ) -> Result<ResolvedValue<'a>, FieldError> {
        let object = &self.inside.object;
        let mut given = as_json(info.arguments());
        given.extend(self.world.set_by_contexts(&self.inside, info.field_name()));
        let mutation = &self.world.model.supergraph.schema_definition.mutation;
        if mutation.as_ref().is_some_and(|root| root.name == object.ty) {
            self.world.note_mutation(info.field_name(), &given);
        }
        let found = self.world.field(object, info.field_name(), &given);
        Ok(self.resolved(found))
    }
}

impl<'w> Known<'w> {
    fn resolved<'a>(&'a self, found: Found) -> ResolvedValue<'a> {
        match found {
            Found::Leaf(value) => ResolvedValue::leaf(value),
            Found::Object(object) => ResolvedValue::object(Known {
                world: self.world,
                inside: Rc::new(Inside {
                    object,
                    of: Some(Rc::clone(&self.inside)),
                }),
            }),
            Found::List(items) => {
                let items: Vec<_> = items.into_iter().map(|item| self.resolved(item)).collect();
                ResolvedValue::list(items)
            }
        }
    }
}

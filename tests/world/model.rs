//! What a supergraph says about its subgraphs: types, fields, keys, externals, requirements.
//!
//! It is read apart from Graphway's own `schema` layer, on purpose: a misreading there must not
//! be shared by the judge.

use apollo_compiler::ast::{DirectiveList, Type};
use apollo_compiler::schema::{ExtendedType, FieldDefinition};
use apollo_compiler::validation::Valid;
use apollo_compiler::{Name, Schema, schema};
use indexmap::IndexMap;

use super::contexts::{self, ContextArgument, Setters};
use super::field_set::FieldSet;
use super::join;
use super::links::Links;
use super::{api, served};

/// A supergraph, read.
pub struct Model {
    pub supergraph: Valid<Schema>,
    /// What clients see.
    pub api: Valid<Schema>,
    pub subgraphs: IndexMap<String, Subgraph>,
    pub setters: Setters,
    inaccessible: String,
}

/// One subgraph as the supergraph describes it.
pub struct Subgraph {
    pub name: String,
    pub types: IndexMap<Name, TypeIn>,
    /// Whether its root types have other names than the supergraph's. A router cannot know, so
    /// every second subgraph has it so.
    pub renames_roots: bool,
    /// Executable, with `_entities` and `_service`.
    pub schema: Valid<Schema>,
}

/// A type in one subgraph.
#[derive(Debug, Clone, Default)]
pub struct TypeIn {
    pub is_interface_object: bool,
    pub keys: Vec<Key>,
    pub fields: IndexMap<Name, FieldIn>,
    pub implements: Vec<Name>,
    /// The members of a union, the values of an enum.
    pub members: Vec<Name>,
}

#[derive(Debug, Clone)]
pub struct Key {
    pub fields: FieldSet,
    pub resolvable: bool,
}

/// A field in one subgraph.
#[derive(Debug, Clone)]
pub struct FieldIn {
    pub ty: Type,
    pub access: Access,
    pub requires: Option<FieldSet>,
    pub provides: Option<FieldSet>,
    /// Arguments that only this subgraph has, filled from a context.
    pub context_arguments: Vec<ContextArgument>,
}

/// Whether a subgraph can tell a field's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    Own,
    /// Only where a key or a `@provides` says so.
    External,
    /// Taken over by another subgraph.
    Overridden,
}

impl Model {
    /// Reads a supergraph's SDL.
    pub fn read(sdl: &str) -> Result<Self, String> {
        let supergraph = Schema::parse_and_validate(sdl, "supergraph.graphql")
            .map_err(|error| format!("the supergraph is not valid:\n{}", error.errors))?;
        let links = Links::read(&supergraph);
        let inaccessible = links.directive("inaccessible", "inaccessible");
        let api = api::schema(&supergraph, &links, &inaccessible)?;
        let types = join::read(&supergraph, &links)?;
        let setters = contexts::setters(&supergraph, &links);
        let mut subgraphs = IndexMap::new();
        for (index, (name, types)) in types.into_iter().enumerate() {
            let renames_roots = index % 2 == 1;
            let schema = served::schema(&supergraph, &types, renames_roots)
                .map_err(|error| format!("subgraph {name}: {error}"))?;
            let subgraph = Subgraph {
                name: name.clone(),
                types,
                renames_roots,
                schema,
            };
            subgraphs.insert(name, subgraph);
        }
        Ok(Model {
            supergraph,
            api,
            subgraphs,
            setters,
            inaccessible,
        })
    }

    pub fn is_inaccessible(&self, directives: &DirectiveList) -> bool {
        directives.has(&self.inaccessible)
    }

    pub fn is_inaccessible_type(&self, name: &str) -> bool {
        self.supergraph
            .types
            .get(name)
            .is_some_and(|ty| ty.directives().has(&self.inaccessible))
    }

    pub fn is_root(&self, name: &Name) -> bool {
        let mut roots = self.supergraph.schema_definition.iter_root_operations();
        roots.any(|(_, root)| root.name == *name)
    }

    /// The object types a type of the supergraph can be at run time.
    pub fn possible(&self, name: &str) -> Vec<Name> {
        match self.supergraph.types.get(name) {
            Some(ExtendedType::Object(object)) => vec![object.name.clone()],
            Some(ExtendedType::Union(union)) => {
                union.members.iter().map(|m| m.name.clone()).collect()
            }
            Some(ExtendedType::Interface(_)) => self
                .objects()
                .filter(|object| object.implements_interfaces.iter().any(|i| i.name == name))
                .map(|object| object.name.clone())
                .collect(),
            _ => Vec::new(),
        }
    }

    pub fn objects(&self) -> impl Iterator<Item = &schema::ObjectType> {
        self.supergraph
            .types
            .values()
            .filter_map(|ty| ty.as_object())
    }

    pub fn field(&self, parent: &str, field: &str) -> Option<&FieldDefinition> {
        let definition = match self.supergraph.types.get(parent)? {
            ExtendedType::Object(object) => object.fields.get(field)?,
            ExtendedType::Interface(interface) => interface.fields.get(field)?,
            _ => return None,
        };
        Some(definition)
    }
}

impl Subgraph {
    /// The object types of the supergraph that `name`, a type of this subgraph, can be.
    pub fn possible(&self, model: &Model, name: &str) -> Vec<Name> {
        let Some(ty) = self.types.get(name) else {
            return Vec::new();
        };
        if ty.is_interface_object {
            return model.possible(name);
        }
        match model.supergraph.types.get(name) {
            Some(ExtendedType::Object(object)) => vec![object.name.clone()],
            Some(ExtendedType::Union(_)) => ty
                .members
                .iter()
                .flat_map(|member| self.possible(model, member))
                .collect(),
            Some(ExtendedType::Interface(_)) => self
                .types
                .iter()
                .filter(|(_, other)| other.implements.iter().any(|i| i == name))
                .filter(|(other, _)| !self.is_interface(model, other))
                .flat_map(|(other, _)| self.possible(model, other))
                .collect(),
            _ => Vec::new(),
        }
    }

    fn is_interface(&self, model: &Model, name: &str) -> bool {
        matches!(
            model.supergraph.types.get(name),
            Some(ExtendedType::Interface(_))
        ) && !self.types[name].is_interface_object
    }

    /// What this subgraph calls an object of the supergraph's type: the type itself, or the
    /// interface object that stands for it.
    pub fn local_type(&self, model: &Model, object: &str) -> Option<&Name> {
        if let Some((name, _)) = self.types.get_key_value(object) {
            return Some(name);
        }
        let definition = model.supergraph.get_object(object)?;
        self.types
            .iter()
            .find(|(name, ty)| {
                ty.is_interface_object
                    && definition
                        .implements_interfaces
                        .iter()
                        .any(|i| i.name == **name)
            })
            .map(|(name, _)| name)
    }
}

impl FieldIn {
    pub fn of_type(ty: Type, access: Access) -> Self {
        FieldIn {
            ty,
            access,
            requires: None,
            provides: None,
            context_arguments: Vec::new(),
        }
    }
}

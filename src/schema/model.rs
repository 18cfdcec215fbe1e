//! The tables of a supergraph.

use super::{
    BySubgraph, Entrance, FieldId, FieldSet, Guard, Labels, Protection, SetField, SubgraphId,
    TypeId, TypeSet, annotations, prepared::Alike,
};
use apollo_compiler::{Name, Schema, ast, validation::Valid};
use indexmap::IndexMap;
use std::collections::{HashMap, HashSet};

/// A composed supergraph, immutable. Made by [`Supergraph::parse`] alone.
#[derive(Debug)]
pub struct Supergraph {
    pub(super) subgraphs: Vec<Subgraph>,
    pub(super) types: Vec<TypeDefinition>,
    pub(super) fields: Vec<FieldDefinition>,
    pub(super) type_ids: HashMap<Name, TypeId, foldhash::fast::RandomState>,
    pub(super) roots: Roots,
    pub(super) api: Valid<Schema>,
    /// By type: the ways to enter a subgraph with its objects.
    pub(super) entrances: Vec<Vec<Entrance>>,
    /// By type: the fields of its keys.
    pub(super) key_fields: Vec<Vec<SetField>>,
    /// By type: the interfaces its objects implement.
    pub(super) interfaces: Vec<Vec<TypeId>>,
    pub(super) alike: Alike,
    pub(super) annotations: annotations::Table,
    pub(super) protections: Vec<Protection>,
    /// The names of the labels of `@override`, sorted.
    pub(super) labels: Vec<String>,
    /// By field: the labels that an operation which selects it can depend on.
    pub(super) depends_on: Vec<Labels>,
    pub(super) contextual: Vec<(FieldId, SubgraphId)>,
    #[cfg(debug_assertions)]
    pub(super) served: super::prepared::Served,
}

/// A service that resolves part of the supergraph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subgraph {
    /// The name from `@join__graph(name:)`, as configuration refers to it.
    pub name: String,
    /// The URL in the supergraph; configuration may override it.
    pub url: String,
}

/// The root types, under whatever names.
#[derive(Clone, Copy, Debug, Default)]
pub struct Roots {
    pub query: Option<TypeId>,
    pub mutation: Option<TypeId>,
    pub subscription: Option<TypeId>,
}

/// What a named type is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TypeKind {
    Scalar,
    Object,
    Interface,
    Union,
    Enum,
    InputObject,
}

/// A named type of the supergraph.
#[derive(Debug)]
pub struct TypeDefinition {
    pub name: Name,
    pub kind: TypeKind,
    /// The fields of an object or interface.
    pub fields: IndexMap<Name, FieldId, foldhash::fast::RandomState>,
    /// The object types a value of this type can have; an object type has itself.
    pub possible: TypeSet,
    /// Those of `possible` that clients may see.
    pub visible: TypeSet,
    /// The values of an enum that clients may see.
    pub values: HashSet<Name>,
    /// How each subgraph that knows this type does.
    pub in_subgraphs: BySubgraph<TypeInSubgraph>,
}

/// How a subgraph knows a type.
#[derive(Clone, Debug, Default)]
pub struct TypeInSubgraph {
    /// An `@interfaceObject`: an object type there, an interface in the supergraph.
    pub interface_object: bool,
    pub keys: Vec<Key>,
    /// The object types that this subgraph can return where it declares this type. For an interface object: all that
    /// the supergraph knows.
    pub possible: TypeSet,
}

/// An entity key.
#[derive(Clone, Debug)]
pub struct Key {
    pub fields: FieldSet,
    /// Whether the subgraph answers `_entities` for it.
    pub resolvable: bool,
}

/// A field of an object or interface type.
#[derive(Debug)]
pub struct FieldDefinition {
    pub name: Name,
    pub parent: TypeId,
    pub ty: ast::Type,
    /// The named type inside `ty`.
    pub named: TypeId,
    /// How many lists `ty` has around it.
    pub lists: u8,
    /// How each subgraph that knows this field does.
    pub in_subgraphs: BySubgraph<FieldInSubgraph>,
}

/// How a subgraph knows a field.
#[derive(Clone, Debug, Default)]
pub struct FieldInSubgraph {
    /// Declared there but resolved elsewhere (`@external`, or overridden by another subgraph): readable only where a
    /// `@provides` says so.
    pub external: bool,
    /// An override that depends on a label: while this is not met, the field is as if external.
    pub guard: Option<Guard>,
    pub requires: Option<FieldSet>,
    pub provides: Option<FieldSet>,
    /// The field's type there, where it differs from the supergraph's.
    pub ty: Option<ast::Type>,
    /// Arguments that it takes from objects around its own.
    pub contexts: Vec<ContextArgument>,
}

/// An argument that a field takes from the nearest object around its own that sets a context. Clients do not see it.
#[derive(Clone, Debug, PartialEq)]
pub struct ContextArgument {
    pub name: Name,
    /// Its type in the subgraph.
    pub ty: ast::Type,
    /// By types that set the context: what to take of them. No two for one type.
    pub values: Vec<ContextValue>,
}

/// What objects of some types set a context to.
#[derive(Clone, Debug, PartialEq)]
pub struct ContextValue {
    pub types: TypeSet,
    /// At every level one field for each type, down to one leaf.
    pub fields: FieldSet,
}

impl Supergraph {
    /// The fields that take arguments from contexts, and the subgraphs where they do.
    pub fn contextual(&self) -> &[(FieldId, SubgraphId)] {
        &self.contextual
    }

    /// The subgraphs; [`SubgraphId`]s index this.
    pub fn subgraphs(&self) -> &[Subgraph] {
        &self.subgraphs
    }

    /// The ids of all subgraphs, ascending.
    pub fn subgraph_ids(&self) -> impl Iterator<Item = SubgraphId> + use<> {
        (0..self.subgraphs.len() as u16).map(SubgraphId)
    }

    /// The subgraph with this id.
    pub fn subgraph(&self, id: SubgraphId) -> &Subgraph {
        &self.subgraphs[id.index()]
    }

    /// The root types.
    pub fn roots(&self) -> Roots {
        self.roots
    }

    /// The schema clients see.
    pub fn api(&self) -> &Valid<Schema> {
        &self.api
    }

    /// The id of the type with this name.
    pub fn type_id(&self, name: &str) -> Option<TypeId> {
        self.type_ids.get(name).copied()
    }

    /// The type with this id.
    pub fn ty(&self, id: TypeId) -> &TypeDefinition {
        &self.types[id.index()]
    }

    /// The name of a type.
    pub fn type_name(&self, id: TypeId) -> &Name {
        &self.types[id.index()].name
    }

    /// The ids of all types, ascending.
    pub fn type_ids(&self) -> impl Iterator<Item = TypeId> + use<> {
        (0..self.types.len() as u32).map(TypeId)
    }

    /// The field with this id.
    pub fn field(&self, id: FieldId) -> &FieldDefinition {
        &self.fields[id.index()]
    }

    /// The field of an object or interface type by its name.
    pub fn field_of(&self, parent: TypeId, name: &str) -> Option<FieldId> {
        self.ty(parent).fields.get(name).copied()
    }

    /// The type as which `subgraph` knows objects of type `object`: itself, or an interface that is an
    /// `@interfaceObject` there.
    pub fn known_as(&self, object: TypeId, subgraph: SubgraphId) -> Option<TypeId> {
        if self.ty(object).in_subgraph(subgraph).is_some() {
            return Some(object);
        }
        let mut interfaces = self.interfaces_of(object).iter().copied();
        interfaces.find(|&interface| {
            let known = self.ty(interface).in_subgraph(subgraph);
            known.is_some_and(|known| known.interface_object)
        })
    }

    /// The interfaces by whose key `subgraph` resolves objects of type `object`, knowing their runtime type.
    pub fn entity_interfaces(
        &self,
        object: TypeId,
        subgraph: SubgraphId,
    ) -> impl Iterator<Item = TypeId> + '_ {
        let interfaces = self.interfaces_of(object).iter().copied();
        interfaces.filter(move |&interface| {
            let known = self.ty(interface).in_subgraph(subgraph);
            known.is_some_and(|known| {
                !known.interface_object
                    && known.keys.iter().any(|key| key.resolvable)
                    && known.possible.contains(object)
            })
        })
    }

    /// The labels that an operation which selects this field can depend on: its own, and those of what keys and
    /// `@requires` may need beside it.
    pub fn labels_behind(&self, field: FieldId) -> &Labels {
        &self.depends_on[field.index()]
    }

    /// Whether `value` is a value of the enum that clients may see.
    pub fn is_visible_enum_value(&self, enum_type: TypeId, value: &str) -> bool {
        self.ty(enum_type).values.contains(value)
    }
}

impl FieldInSubgraph {
    /// Whether its value depends on more than the object and its arguments: what it requires, or what contexts set.
    pub fn has_inputs(&self) -> bool {
        self.requires.is_some() || !self.contexts.is_empty()
    }
}

impl TypeDefinition {
    /// How `subgraph` knows this type, if it does.
    pub fn in_subgraph(&self, subgraph: SubgraphId) -> Option<&TypeInSubgraph> {
        self.in_subgraphs.get(subgraph)
    }

    /// Whether values of this type have no selection set.
    pub fn is_leaf(&self) -> bool {
        matches!(self.kind, TypeKind::Scalar | TypeKind::Enum)
    }

    /// Whether values of this type have a runtime type of another name.
    pub fn is_abstract(&self) -> bool {
        matches!(self.kind, TypeKind::Interface | TypeKind::Union)
    }
}

impl FieldDefinition {
    /// How `subgraph` knows this field, if it does.
    pub fn in_subgraph(&self, subgraph: SubgraphId) -> Option<&FieldInSubgraph> {
        self.in_subgraphs.get(subgraph)
    }

    /// The field's type as `subgraph` declares it.
    pub fn type_in(&self, subgraph: SubgraphId) -> &ast::Type {
        self.in_subgraph(subgraph)
            .and_then(|known| known.ty.as_ref())
            .unwrap_or(&self.ty)
    }
}

impl FieldInSubgraph {
    /// Whether the subgraph resolves the field while these labels are on.
    pub fn resolves(&self, on: &Labels) -> bool {
        !self.external && self.guard.is_none_or(|guard| guard.is_met(on))
    }
}

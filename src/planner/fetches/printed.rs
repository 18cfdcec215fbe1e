//! A selection set while it is printed, and the keys of its fields.
//!
//! Wire keys are chosen per selection set, whatever the client's aliases are, so that no two fields of it can clash
//! (GraphQL spec section 5.3.2, field selection merging).

use crate::planner::graph::{NodeId, Tree};
use crate::planner::plan::Read;
use crate::schema::{Argument, Supergraph, TypeId, TypeSet};
use apollo_compiler::ast;
use smallvec::SmallVec;
use std::{borrow::Cow, collections::HashMap, rc::Rc};

/// A selection set while it is printed.
#[derive(Default)]
pub(super) struct Printed<'a> {
    /// Fields by the type condition around them; none: on the type itself.
    parts: Vec<(Option<TypeId>, Vec<String>)>,
    pub(super) keys: WireKeys<'a>,
    pub(super) read: Read,
}

/// The response keys of a selection set, as far as merging it with another is concerned.
#[derive(Clone, Default)]
pub(super) struct Shape<'a>(Rc<[(Key<'a>, &'a ast::Type, Option<Shape<'a>>)]>);

/// A response key: mostly the name of a field.
pub(super) type Key<'a> = Cow<'a, str>;

impl Shape<'_> {
    /// Whether selections of both shapes can stand under one response key on disjoint types (GraphQL spec section
    /// 5.3.2, SameResponseShape).
    fn merges_with(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
            || self.0.iter().all(|(key, ty, below)| {
                let mut same_key = other.0.iter().filter(|(other, ..)| other == key);
                same_key.all(|(_, other, other_below)| {
                    same_shape((ty, below.as_ref()), (other, other_below.as_ref()))
                })
            })
    }
}

fn same_shape(
    (a, a_below): (&ast::Type, Option<&Shape>),
    (b, b_below): (&ast::Type, Option<&Shape>),
) -> bool {
    match (a_below, b_below) {
        (None, None) => a == b,
        (Some(a_below), Some(b_below)) => same_wrapping(a, b) && a_below.merges_with(b_below),
        _ => false,
    }
}

fn same_wrapping(a: &ast::Type, b: &ast::Type) -> bool {
    use ast::Type::{List, Named, NonNullList, NonNullNamed};
    match (a, b) {
        (Named(_), Named(_)) | (NonNullNamed(_), NonNullNamed(_)) => true,
        (List(a), List(b)) | (NonNullList(a), NonNullList(b)) => same_wrapping(a, b),
        _ => false,
    }
}

impl Printed<'_> {
    pub(super) fn add_typename(&mut self) {
        self.add(None, "__typename".to_owned());
        self.read.typename = Some("__typename".to_owned());
    }

    pub(super) fn add(&mut self, condition: Option<TypeId>, field: String) {
        self.part(condition).push(field);
    }

    /// Adds what may stand there already.
    pub(super) fn add_once(&mut self, condition: Option<TypeId>, field: String) {
        let fields = self.part(condition);
        if !fields.contains(&field) {
            fields.push(field);
        }
    }

    fn part(&mut self, condition: Option<TypeId>) -> &mut Vec<String> {
        let known = self.parts.iter().position(|(known, _)| *known == condition);
        let index = known.unwrap_or_else(|| {
            self.parts.push((condition, Vec::new()));
            self.parts.len() - 1
        });
        &mut self.parts[index].1
    }

    /// The selection set with its braces.
    pub(super) fn text(&self, supergraph: &Supergraph) -> String {
        let fields = self.parts.iter().flat_map(|(_, fields)| fields);
        let length: usize = fields.map(|field| field.len() + 1).sum();
        let mut text = String::with_capacity(length + 16 * self.parts.len() + 16);
        text.push('{');
        for (condition, fields) in &self.parts {
            if let Some(ty) = condition {
                text.extend([" ... on ", supergraph.type_name(*ty), " {"]);
            }
            for field in fields {
                text.push(' ');
                text.push_str(field);
            }
            if condition.is_some() {
                text.push_str(" }");
            }
        }
        text.push_str(if self.parts.is_empty() {
            " __typename }"
        } else {
            " }"
        });
        text
    }
}

/// A response key in a subgraph's answer.
pub(super) struct WireKey<'a> {
    pub(super) key: Key<'a>,
    /// Whether another node has it too, for other types.
    pub(super) is_shared: bool,
}

/// The response keys of a selection set.
#[derive(Default)]
pub(super) struct WireKeys<'a> {
    /// Keys in use; by those that are names of fields, how many other keys were made for the field.
    taken: HashMap<Key<'a>, usize, foldhash::fast::RandomState>,
    /// Of the field that is being printed: its key for each type that it has in the subgraph, and whether it stands on
    /// object types alone.
    keys: SmallVec<[(&'a ast::Type, Key<'a>); 1]>,
    on_objects: bool,
    /// By field name: the keys that fields of other types of the parent can share.
    partial: HashMap<&'a str, Vec<PartialKey<'a>>, foldhash::fast::RandomState>,
    shape: Vec<(Key<'a>, &'a ast::Type, Option<Shape<'a>>)>,
}

/// A key of fields with the same name and arguments, each for other types of the parent.
struct PartialKey<'a> {
    key: Key<'a>,
    arguments: &'a [Argument],
    types: TypeSet,
    on_objects: bool,
    shapes: Vec<(&'a ast::Type, Option<Shape<'a>>)>,
}

impl<'a> WireKeys<'a> {
    /// Begins a field. `on_objects`: it is printed inside conditions on object types alone, so that the same key on
    /// other objects never meets it.
    pub(super) fn begin(&mut self, on_objects: bool) {
        self.keys.clear();
        self.on_objects = on_objects;
    }

    /// A key for the field begun: its name, unless a field that cannot be merged with it has that key. `below`: the shape
    /// of its objects; none for leaves. Asked for once for each type that the field has in the subgraph.
    pub(super) fn choose(
        &mut self,
        tree: &Tree<'a>,
        node: NodeId,
        (ty, below): (&'a ast::Type, Option<Shape<'a>>),
    ) -> WireKey<'a> {
        if let Some((_, key)) = self.keys.iter().find(|(known, _)| *known == ty) {
            return WireKey {
                key: key.clone(),
                is_shared: false,
            };
        }
        let shared = self.share(tree, node, (ty, below.as_ref()));
        let is_shared = shared.is_some();
        let key = shared.unwrap_or_else(|| self.make(tree, node, (ty, below.as_ref())));
        self.keys.push((ty, key.clone()));
        self.shape.push((key.clone(), ty, below));
        WireKey { key, is_shared }
    }

    /// What merging has to know of the keys chosen.
    pub(super) fn shape(self) -> Shape<'a> {
        Shape(self.shape.into())
    }

    /// The key of the same field of other types, if the two can be merged.
    fn share(
        &mut self,
        tree: &Tree<'a>,
        node: NodeId,
        (ty, below): (&'a ast::Type, Option<&Shape<'a>>),
    ) -> Option<Key<'a>> {
        let this = tree.node(node);
        let mut keys = self.partial.get_mut(this.name.as_str())?.iter_mut();
        let free = keys.find(|known| {
            let mut shapes = known.shapes.iter();
            // Leaves that are the same field merge wherever they stand.
            (below.is_none() || (self.on_objects && known.on_objects))
                && !known.types.intersects(&this.types)
                && known.arguments == this.arguments
                && shapes.all(|(known, shape)| same_shape((known, shape.as_ref()), (ty, below)))
        })?;
        free.types.unite(&this.types);
        free.on_objects &= self.on_objects;
        if below.is_some() || free.shapes.iter().all(|(known, _)| *known != ty) {
            free.shapes.push((ty, below.cloned()));
        }
        Some(free.key.clone())
    }

    fn make(
        &mut self,
        tree: &Tree<'a>,
        node: NodeId,
        (ty, below): (&'a ast::Type, Option<&Shape<'a>>),
    ) -> Key<'a> {
        let this = tree.node(node);
        let name = this.name.as_str();
        let mut key = Cow::Borrowed(name);
        if let Some(made) = self.taken.get(name) {
            let mut number = *made;
            while self.taken.contains_key(&key) {
                number += 1;
                key = Cow::Owned(format!("_{number}_{name}"));
            }
            self.taken.insert(Cow::Borrowed(name), number);
        }
        self.taken.insert(key.clone(), 0);
        let parent = this.parent.map(|parent| &tree.node(parent).possible);
        if parent.is_some_and(|parent| !parent.is_subset(&this.types)) {
            let keys = self.partial.entry(name).or_default();
            keys.push(PartialKey {
                key: key.clone(),
                arguments: this.arguments,
                types: this.types.clone(),
                on_objects: self.on_objects,
                shapes: vec![(ty, below.cloned())],
            });
        }
        key
    }
}

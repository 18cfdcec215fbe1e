//! A selection set while it is printed, and its wire keys.

use crate::planner::graph::{NodeId, Tree};
use crate::planner::plan::Read;
use crate::schema::{Supergraph, TypeId};
use apollo_compiler::ast;

/// A selection set so far.
#[derive(Default)]
pub(super) struct Printed {
    /// Fields by the type condition around them; none: on the type itself.
    parts: Vec<(Option<TypeId>, Vec<String>)>,
    pub(super) shape: Shape,
    pub(super) read: Read,
}

/// The response keys of a selection set, as far as merging them with another's is concerned.
#[derive(Clone, Default)]
pub(super) struct Shape(Vec<WireKey>);

/// A response key in a subgraph's answer.
#[derive(Clone)]
struct WireKey {
    key: String,
    node: NodeId,
    ty: ast::Type,
    /// The shape of its objects; none for leaves.
    below: Option<Shape>,
}

impl Shape {
    /// Whether selections of both shapes can stand under one response key on disjoint types (GraphQL spec section 5.3.2,
    /// SameResponseShape).
    fn merges_with(&self, other: &Self) -> bool {
        self.0.iter().all(|a| {
            let same_key = other.0.iter().filter(|b| b.key == a.key);
            same_key
                .into_iter()
                .all(|b| same_shape((&a.ty, a.below.as_ref()), (&b.ty, b.below.as_ref())))
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

impl Printed {
    /// Asks for the runtime type.
    pub(super) fn add_typename(&mut self) {
        self.add(None, "__typename".to_owned());
        self.read.typename = Some("__typename".to_owned());
    }

    /// Adds the text of a field.
    pub(super) fn add(&mut self, condition: Option<TypeId>, field: String) {
        match self.parts.iter_mut().find(|(known, _)| *known == condition) {
            Some((_, fields)) => fields.push(field),
            None => self.parts.push((condition, vec![field])),
        }
    }

    /// A key for a field: its name, unless a field that cannot be merged with it has that key.
    pub(super) fn wire_key(
        &mut self,
        tree: &Tree,
        node: NodeId,
        (ty, below): (&ast::Type, Option<Shape>),
    ) -> String {
        let this = tree.node(node);
        let fits = |known: &WireKey| {
            let other = tree.node(known.node);
            let same_field = other.name == this.name && other.arguments == this.arguments;
            known.node == node && known.ty == *ty
                || same_field
                    && !other.types.intersects(&this.types)
                    && same_shape((&known.ty, known.below.as_ref()), (ty, below.as_ref()))
        };
        let mut key = this.name.to_string();
        let mut number = 0;
        while !self
            .shape
            .0
            .iter()
            .filter(|known| known.key == key)
            .all(fits)
        {
            number += 1;
            key = format!("_{number}_{}", this.name);
        }
        self.shape.0.push(WireKey {
            key: key.clone(),
            node,
            ty: ty.clone(),
            below,
        });
        key
    }

    /// The selection set with its braces.
    pub(super) fn text(&self, supergraph: &Supergraph) -> String {
        let mut text = String::from("{");
        for (condition, fields) in &self.parts {
            let fields = fields.join(" ");
            match condition {
                Some(ty) => text.push_str(&format!(
                    " ... on {} {{ {fields} }}",
                    supergraph.type_name(*ty)
                )),
                None => {
                    text.push(' ');
                    text.push_str(&fields);
                }
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

//! A selection set while it is printed, and the keys of its fields.
//!
//! Wire keys are chosen per selection set, whatever the client's aliases are, so that no two fields of it can clash
//! (GraphQL spec section 5.3.2, field selection merging).

use crate::planner::graph::{NodeId, Tree};
use crate::planner::plan::Read;
use crate::schema::{Argument, Supergraph, TypeId, TypeSet};
use apollo_compiler::{Name, ast};
use std::collections::{HashMap, HashSet};

/// A selection set while it is printed.
#[derive(Default)]
pub(super) struct Printed {
    /// Fields by the type condition around them; none: on the type itself.
    parts: Vec<(Option<TypeId>, Vec<String>)>,
    pub(super) keys: WireKeys,
    pub(super) read: Read,
}

impl Printed {
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

/// A response key in a subgraph's answer.
pub(super) struct WireKey {
    pub(super) key: String,
    /// Whether another node has it too, for other types.
    pub(super) is_shared: bool,
}

/// The response keys of a selection set.
#[derive(Default)]
pub(super) struct WireKeys {
    taken: HashSet<String>,
    /// By field name: how many keys were made for it.
    made: HashMap<Name, usize>,
    /// By node: its key for each type that the field has in the subgraph.
    of_node: HashMap<NodeId, Vec<(ast::Type, String)>>,
    /// By field name: the keys that leaves for other types of the parent can share.
    leaves: HashMap<Name, Vec<LeafKey>>,
}

/// A key of leaves with the same name and arguments, each for other types of the parent.
struct LeafKey {
    key: String,
    ty: ast::Type,
    arguments: Vec<Argument>,
    types: TypeSet,
}

impl WireKeys {
    /// A key for a field: its name, unless another field has that key.
    pub(super) fn choose(&mut self, tree: &Tree, node: NodeId, ty: &ast::Type) -> WireKey {
        let mut known = self.of_node.get(&node).into_iter().flatten();
        if let Some((_, key)) = known.find(|(known, _)| known == ty) {
            return WireKey {
                key: key.clone(),
                is_shared: false,
            };
        }
        let shared = self.share(tree, node, ty);
        let is_shared = shared.is_some();
        let key = shared.unwrap_or_else(|| self.make(tree, node, ty));
        let keys = self.of_node.entry(node).or_default();
        keys.push((ty.clone(), key.clone()));
        WireKey { key, is_shared }
    }

    /// The key of leaves that are the same field of other types.
    fn share(&mut self, tree: &Tree, node: NodeId, ty: &ast::Type) -> Option<String> {
        let this = tree.node(node);
        let mut keys = self.leaves.get_mut(&this.name)?.iter_mut();
        let free = keys.find(|known| {
            this.leaf
                && !known.types.intersects(&this.types)
                && known.ty == *ty
                && known.arguments == this.arguments
        })?;
        free.types = free.types.union(&this.types);
        Some(free.key.clone())
    }

    fn make(&mut self, tree: &Tree, node: NodeId, ty: &ast::Type) -> String {
        let this = tree.node(node);
        let made = self.made.entry(this.name.clone()).or_default();
        let mut key = match *made {
            0 => this.name.to_string(),
            number => format!("_{number}_{}", this.name),
        };
        while self.taken.contains(&key) {
            *made += 1;
            key = format!("_{made}_{}", this.name);
        }
        self.taken.insert(key.clone());
        *made += 1;
        let parent = this.parent.map(|parent| &tree.node(parent).possible);
        if this.leaf && parent.is_some_and(|parent| !parent.is_subset(&this.types)) {
            self.leaves
                .entry(this.name.clone())
                .or_default()
                .push(LeafKey {
                    key: key.clone(),
                    ty: ty.clone(),
                    arguments: this.arguments.clone(),
                    types: this.types.clone(),
                });
        }
        key
    }
}

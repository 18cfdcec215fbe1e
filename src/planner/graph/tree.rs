//! The positions that planning works on: what the client selects, and what keys and `@requires` need beside it.

use crate::schema::{Argument, FieldId, SetField, TypeId, TypeSet};
use apollo_compiler::{Name, ast};
use smallvec::SmallVec;
use std::collections::HashMap;

/// Index of a [`Node`] in [`Tree::nodes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(in crate::planner) struct NodeId(pub u32);

impl NodeId {
    /// The root object.
    pub(in crate::planner) const ROOT: Self = Self(0);

    pub(in crate::planner) fn index(self) -> usize {
        self.0 as usize
    }
}

/// All positions of one operation; parents come before their children.
#[derive(Debug, Default)]
pub(in crate::planner) struct Tree<'a> {
    pub nodes: Vec<Node<'a>>,
    /// The children of a node by their field's name, where there are many: a client may select thousands.
    by_name: HashMap<(NodeId, &'a str), Vec<NodeId>, foldhash::fast::RandomState>,
}

/// How many children are looked through one by one.
const FEW: usize = 8;

/// One class of the parent's types that a node is a field of.
#[derive(Clone, Copy, Debug)]
pub(in crate::planner) struct Part {
    /// The index of the class.
    pub class: usize,
    /// A type of it.
    pub object: TypeId,
    /// The field of that type.
    pub field: FieldId,
}

/// A field of the objects at another position.
#[derive(Debug)]
pub(in crate::planner) struct Node<'a> {
    pub parent: Option<NodeId>,
    pub name: &'a Name,
    pub arguments: &'a [Argument],
    /// The runtime types of the parent that it is a field of.
    pub types: TypeSet,
    /// These types by the parent's classes.
    pub parts: SmallVec<[Part; 1]>,
    pub ty: &'a ast::Type,
    pub named: TypeId,
    pub lists: u8,
    pub leaf: bool,
    /// The runtime types that objects here can have, whichever subgraph they come from.
    pub possible: TypeSet,
    /// `possible` in parts: the types of a part can be asked for in the same ways.
    pub classes: SmallVec<[TypeSet; 1]>,
    pub children: Vec<NodeId>,
    /// The response key; none for what only keys and `@requires` need.
    pub key: Option<&'a Name>,
    /// How many positions up the client's selections end; 0 for those themselves.
    pub internal: u8,
}

impl<'a> Tree<'a> {
    /// No node yet, with room for `count`.
    pub(super) fn with_room(count: usize) -> Self {
        Self {
            nodes: Vec::with_capacity(count),
            ..Self::default()
        }
    }

    pub(in crate::planner) fn node(&self, id: NodeId) -> &Node<'a> {
        &self.nodes[id.index()]
    }

    /// Adds a node below its parent.
    pub(in crate::planner) fn add(&mut self, node: Node<'a>) -> NodeId {
        let id = NodeId(self.nodes.len() as u32);
        if let Some(parent) = node.parent {
            let children = &mut self.nodes[parent.index()].children;
            children.push(id);
            match children.len() {
                few if few <= FEW => {}
                first if first == FEW + 1 => {
                    for child in children.clone() {
                        let name = match child == id {
                            true => node.name.as_str(),
                            false => self.nodes[child.index()].name.as_str(),
                        };
                        self.by_name.entry((parent, name)).or_default().push(child);
                    }
                }
                _ => {
                    let same = self.by_name.entry((parent, node.name.as_str()));
                    same.or_default().push(id);
                }
            }
        }
        self.nodes.push(node);
        id
    }

    /// The children of `parent` that hold `field` for objects of `types`, each with those of the types that it is to be
    /// taken for: a client may select a field several times, and any of these will do.
    pub(in crate::planner) fn matching(
        &self,
        parent: NodeId,
        field: &SetField,
        types: &TypeSet,
    ) -> SmallVec<[(NodeId, TypeSet); 2]> {
        let mut children = self.node(parent).children.as_slice();
        if children.len() > FEW {
            let named = self.by_name.get(&(parent, field.name.as_str()));
            children = named.map_or(&[], Vec::as_slice);
        }
        let mut left = types.clone();
        let mut found = SmallVec::new();
        for &child in children {
            let node = self.node(child);
            if *node.name == field.name
                && node.arguments == field.arguments
                && node.types.intersects(&left)
            {
                found.push((child, node.types.intersection(&left)));
                left = left.difference(&node.types);
                if left.is_empty() {
                    break;
                }
            }
        }
        found
    }

    /// Response keys (or field names, where the client sees none) from the root.
    pub(in crate::planner) fn path(&self, id: NodeId) -> String {
        let mut keys = Vec::new();
        let mut at = Some(id);
        while let Some(id) = at.filter(|&id| id != NodeId::ROOT) {
            let node = self.node(id);
            keys.push(node.key.unwrap_or(node.name).to_string());
            at = node.parent;
        }
        keys.reverse();
        keys.join(".")
    }

    /// Whether the runtime type of objects here is certain without asking.
    pub(in crate::planner) fn is_static(
        &self,
        supergraph: &crate::schema::Supergraph,
        id: NodeId,
    ) -> bool {
        !supergraph.ty(self.node(id).named).is_abstract()
    }
}

//! Prints what a fetch reads, and how to read it back.

use super::{
    Source,
    document::{Variables, position},
    group::{Group, Reads},
    printed::{Printed, WireKey},
    representation::{self, opening},
    unit::Unit,
};
use crate::planner::graph::{EntryTypename, NodeId};
use crate::planner::plan::{Read, ReadField, Target};
use crate::schema::{SubgraphId, TypeId, TypeSet};
use apollo_compiler::ast;

/// Where a field is printed: on which type condition, for which of the parent's types, with what type.
struct Spot {
    condition: Option<TypeId>,
    types: Option<TypeSet>,
    ty: ast::Type,
}

/// Prints the root fields of a group.
pub(super) fn print_root(
    source: &Source,
    group: &Group,
    variables: &mut Variables,
) -> (String, Read) {
    let mut reads = Reads::new();
    for entry in &group.entries {
        merge(&mut reads, &entry.reads);
    }
    let declared = source.graph.tree.node(group.position).named;
    let mut printer = Printer {
        source,
        subgraph: group.subgraph,
        reads: &reads,
        variables,
    };
    let printed = printer.object(group.position, declared);
    (printed.text(source.supergraph), printed.read)
}

/// Prints an `_entities` selection for a unit, with its targets.
pub(super) fn print_entities(
    source: &Source,
    (group, unit): (&Group, &Unit),
    variables: &mut Variables,
) -> (String, Vec<Target>) {
    let mut reads = Reads::new();
    for entry in &unit.entries {
        merge(&mut reads, &entry.reads);
    }
    let mut printer = Printer {
        source,
        subgraph: group.subgraph,
        reads: &reads,
        variables,
    };
    let printed = printer.entities(group.position, unit);
    let targets = targets(source, (group, unit), &printed.read);
    (printed.text(source.supergraph), targets)
}

fn merge(into: &mut Reads, more: &Reads) {
    for (node, types) in more {
        let known = into.entry(*node).or_default();
        *known = known.union(types);
    }
}

/// The targets of a unit: classes whose representations are equal share one.
fn targets(source: &Source, (group, unit): (&Group, &Unit), read: &Read) -> Vec<Target> {
    let mut drafts: Vec<representation::Draft> = Vec::new();
    for draft in unit
        .entries
        .iter()
        .filter_map(|entry| representation::draft(source, entry.fact))
    {
        match drafts.iter_mut().find(|known| known.class == draft.class) {
            Some(known) => known.join(draft),
            None => drafts.push(draft),
        }
    }
    let mut targets: Vec<(Target, TypeSet)> = Vec::new();
    for draft in drafts {
        let representation = draft.representation(source);
        match targets
            .iter_mut()
            .find(|(known, _)| known.representation == representation)
        {
            Some((_, types)) => *types = types.union(&draft.types),
            None => {
                let target = Target {
                    position: position(group.position),
                    types: None,
                    representation,
                    read: read.clone(),
                };
                targets.push((target, draft.types));
            }
        }
    }
    let possible = &source.graph.tree.node(group.position).possible;
    let mut entries = unit.entries.iter();
    let type_is_known = entries.all(|entry| source.knows_type(entry.fact));
    let finish = |(mut target, types): (Target, TypeSet)| {
        if type_is_known && !possible.is_subset(&types) {
            target.types = Some(types);
        }
        target
    };
    targets.into_iter().map(finish).collect()
}

struct Printer<'p, 's, 'a, 'v> {
    source: &'p Source<'s, 'a>,
    subgraph: SubgraphId,
    reads: &'p Reads,
    variables: &'p mut Variables<'v>,
}

impl Printer<'_, '_, '_, '_> {
    /// Prints what is read of objects that the subgraph declares as `declared`.
    fn object(&mut self, at: NodeId, declared: TypeId) -> Printed {
        let supergraph = self.source.supergraph;
        let mut printed = Printed::default();
        let known = supergraph.ty(declared).in_subgraph(self.subgraph);
        let opaque = known.is_some_and(|known| known.interface_object);
        // A subgraph may declare an object type where others declare a union: the row's type is asked for all the same.
        if !opaque && !self.source.graph.tree.is_static(supergraph, at) {
            printed.add_typename();
        }
        for child in self.children(at) {
            let types = &self.reads[&child];
            for spot in self.spots((declared, opaque), child, types) {
                self.field(&mut printed, child, spot);
            }
        }
        printed
    }

    /// Prints what is read of the entities of a unit.
    fn entities(&mut self, at: NodeId, unit: &Unit) -> Printed {
        let mut printed = Printed::default();
        let tree = &self.source.graph.tree;
        let mut own = TypeSet::default();
        let mut interfaces: Vec<(TypeId, TypeSet)> = Vec::new();
        let mut asks_type = false;
        for entry in &unit.entries {
            let (Some(opening), Some(state)) = (
                opening(self.source, entry.fact),
                self.source.graph.facts.state(entry.fact),
            ) else {
                continue;
            };
            let types = &tree.node(at).classes[opening.class];
            if state.opaque {
                match interfaces
                    .iter_mut()
                    .find(|(interface, _)| *interface == state.declared)
                {
                    Some((_, known)) => *known = known.union(types),
                    None => interfaces.push((state.declared, types.clone())),
                }
            } else {
                own = own.union(types);
                asks_type |= matches!(opening.typename, EntryTypename::Interface(_));
            }
        }
        if asks_type {
            printed.add_typename();
        }
        for child in self.children(at) {
            let types = self.reads[&child].clone();
            for (interface, classes) in interfaces
                .iter()
                .filter(|(_, classes)| classes.intersects(&types))
            {
                let Some(ty) = self.type_of(*interface, child) else {
                    continue;
                };
                let applies = classes.intersection(&types);
                let partial = !tree.node(at).possible.is_subset(&applies);
                let types = partial.then_some(applies);
                let spot = Spot {
                    condition: Some(*interface),
                    types,
                    ty,
                };
                self.field(&mut printed, child, spot);
            }
            for spot in self.concrete_spots(child, &types.intersection(&own)) {
                self.field(&mut printed, child, spot);
            }
        }
        printed
    }

    /// The children of a node that are read here.
    fn children(&self, at: NodeId) -> Vec<NodeId> {
        let children = self.source.graph.tree.node(at).children.iter().copied();
        children
            .filter(|child| self.reads.contains_key(child))
            .collect()
    }

    fn type_of(&self, on: TypeId, child: NodeId) -> Option<ast::Type> {
        let supergraph = self.source.supergraph;
        let id = supergraph.field_of(on, &self.source.graph.tree.node(child).name)?;
        let field = supergraph.field(id);
        field.in_subgraph(self.subgraph)?;
        Some(field.type_in(self.subgraph).clone())
    }

    /// Where `child` is printed inside an object of the declared type.
    fn spots(
        &self,
        (declared, opaque): (TypeId, bool),
        child: NodeId,
        types: &TypeSet,
    ) -> Vec<Spot> {
        let ty = self.source.supergraph.ty(declared);
        let direct = self.type_of(declared, child);
        if let Some(ty) = direct.clone().filter(|_| opaque || !ty.is_abstract()) {
            // What an interface object says of types that are read elsewhere is left alone.
            let tree = &self.source.graph.tree;
            let parent = tree.node(child).parent.map(|parent| tree.node(parent));
            let partial = opaque && parent.is_some_and(|at| !at.possible.is_subset(types));
            return vec![Spot {
                condition: None,
                types: partial.then(|| types.clone()),
                ty,
            }];
        }
        let returned = ty.in_subgraph(self.subgraph).map(|known| &known.possible);
        if let (Some(ty), Some(returned)) = (direct, returned)
            && returned.is_subset(types)
        {
            return vec![Spot {
                condition: None,
                types: None,
                ty,
            }];
        }
        let returned = returned.cloned().unwrap_or_default();
        self.concrete_spots(child, &types.intersection(&returned))
    }

    /// A spot per object type. Types whose field has another type in this subgraph are read under another key.
    fn concrete_spots(&self, child: NodeId, types: &TypeSet) -> Vec<Spot> {
        let spots = types.iter().filter_map(|object| {
            let ty = self.type_of(object, child)?;
            Some(Spot {
                condition: Some(object),
                types: Some(TypeSet::of(object)),
                ty,
            })
        });
        spots.collect()
    }

    /// Prints one field at one spot.
    fn field(&mut self, printed: &mut Printed, child: NodeId, spot: Spot) {
        let node = self.source.graph.tree.node(child);
        let below = if node.leaf {
            None
        } else {
            let declared = self.source.supergraph.type_id(spot.ty.inner_named_type());
            declared.map(|declared| self.object(child, declared))
        };
        let shape = below.as_ref().map(|below| below.keys.shape());
        let tree = &self.source.graph.tree;
        let WireKey { key, is_shared } = printed.keys.choose(tree, child, (&spot.ty, shape));
        let mut text = if node.name == key.as_str() {
            key.clone()
        } else {
            format!("{key}: {}", node.name)
        };
        self.variables.arguments(&node.arguments, &mut text);
        let read = below.map(|below| {
            text.push(' ');
            text.push_str(&below.text(self.source.supergraph));
            below.read
        });
        if is_shared {
            printed.add_once(spot.condition, text);
        } else {
            printed.add(spot.condition, text);
        }
        // What is read of one child stands together.
        let mut known = printed.read.fields.iter_mut().rev();
        let same = known
            .by_ref()
            .take_while(|field| field.position == position(child))
            .find(|field| field.key == key && field.read.is_some() == read.is_some());
        match (same, spot.types) {
            (Some(field), types) => {
                field.types = field
                    .types
                    .take()
                    .zip(types)
                    .map(|(known, more)| known.union(&more));
            }
            (None, types) => printed.read.fields.push(ReadField {
                key,
                types,
                position: position(child),
                read,
            }),
        }
    }
}

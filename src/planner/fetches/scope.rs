//! Prints what a fetch reads, and how to read it back.

use super::{
    Source,
    argument::{Placed, mark},
    document::{Variables, position},
    group::{Group, Reads},
    printed::{Printed, Shape, WireKey},
    representation::{self, opening},
    unit::Unit,
};
use crate::planner::graph::{EntryTypename, NodeId};
use crate::planner::plan::{Read, ReadField, Target};
use crate::schema::{SubgraphId, TypeId, TypeKind, TypeSet};
use apollo_compiler::{Name, ast};
use smallvec::{SmallVec, smallvec};
use std::{collections::HashMap, rc::Rc};

/// Where a field is printed: on which type condition, for which of the parent's types, with what type.
struct Spot<'a> {
    condition: Option<TypeId>,
    types: Option<TypeSet>,
    ty: &'a ast::Type,
}

type Spots<'a> = SmallVec<[Spot<'a>; 1]>;

/// Prints the root fields of a group.
pub(super) fn print_root(
    source: &Source,
    group: &Group,
    variables: &mut Variables,
) -> (String, Read) {
    let reads = Reads::of(group.entries.iter());
    let declared = source.graph.tree.node(group.position).named;
    let mut printer = Printer::new(source, (group.subgraph, &reads), variables);
    let printed = printer.object(group.position, declared);
    (printed.text(source.supergraph), printed.read)
}

/// Prints an `_entities` selection for a unit, with its targets.
pub(super) fn print_entities(
    source: &Source,
    (group, unit): (&Group, &Unit),
    variables: &mut Variables,
) -> (String, Vec<Target>) {
    let reads = Reads::of(unit.entries.iter().copied());
    let mut printer = Printer::new(source, (group.subgraph, &reads), variables);
    printer.contexts = unit.context_arguments();
    let printed = printer.entities(group.position, unit);
    let targets = targets(source, (group, unit), &printed.read);
    (printed.text(source.supergraph), targets)
}

/// The targets of a unit: classes whose representations are equal share one.
fn targets(source: &Source, (group, unit): (&Group, &Unit), read: &Read) -> Vec<Target> {
    let mut drafts: Vec<representation::Draft> = Vec::new();
    for draft in &unit.drafts {
        match drafts.iter_mut().find(|known| known.class == draft.class) {
            Some(known) => known.join(draft.clone()),
            None => drafts.push(draft.clone()),
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
                    contexts: Vec::new(),
                    read: read.clone(),
                };
                targets.push((target, draft.types));
            }
        }
    }
    // Types that are not looked for here may come all the same: they are not sent.
    let named = source.graph.tree.node(group.position).named;
    let possible = &source.supergraph.ty(named).possible;
    // The request waits for what each of its entries does.
    let mut entries = group.entries.iter();
    let type_is_known = entries.any(|entry| source.knows_type(entry.fact));
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
    /// Arguments that contexts set.
    contexts: Vec<Placed>,
    /// Whether what is printed is printed several times, for several types.
    repeats: bool,
    /// What may be printed again.
    known: HashMap<(NodeId, TypeId), Rc<Below<'a>>, foldhash::fast::RandomState>,
}

/// The selection set of a composite field.
struct Below<'a> {
    text: String,
    shape: Shape<'a>,
    read: Read,
}

/// The length from which a selection set that is printed again becomes a fragment.
const FRAGMENT_FROM: usize = 100;

impl<'p, 's, 'a, 'v> Printer<'p, 's, 'a, 'v> {
    fn new(
        source: &'p Source<'s, 'a>,
        (subgraph, reads): (SubgraphId, &'p Reads),
        variables: &'p mut Variables<'v>,
    ) -> Self {
        Self {
            source,
            subgraph,
            reads,
            variables,
            contexts: Vec::new(),
            repeats: false,
            known: HashMap::default(),
        }
    }

    /// Prints what is read of objects that the subgraph declares as `declared`.
    fn object(&mut self, at: NodeId, declared: TypeId) -> Printed<'a> {
        let supergraph = self.source.supergraph;
        let mut printed = Printed::default();
        let known = supergraph.ty(declared).in_subgraph(self.subgraph);
        let opaque = known.is_some_and(|known| known.interface_object);
        // A subgraph may declare an object type where others declare a union: the row's type is asked for all the same.
        if !opaque && !self.source.graph.tree.is_static(supergraph, at) {
            printed.add_typename();
        }
        let tree = &self.source.graph.tree;
        for &child in &tree.node(at).children {
            if let Some(types) = self.reads.types(child) {
                let spots = self.spots((declared, opaque), child, types);
                self.fields(&mut printed, child, spots);
            }
        }
        printed
    }

    /// Prints what is read of the entities of a unit.
    fn entities(&mut self, at: NodeId, unit: &Unit) -> Printed<'a> {
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
        let possible = &tree.node(at).possible;
        // By an interface's key, objects of any of its types may come.
        let around = if asks_type { possible } else { &own };
        for &child in &tree.node(at).children {
            let Some(types) = self.reads.types(child) else {
                continue;
            };
            let mut spots = Spots::new();
            for (interface, classes) in &interfaces {
                let ty = Some(*interface).filter(|_| classes.intersects(types));
                let Some(ty) = ty.and_then(|interface| self.type_of(interface, child)) else {
                    continue;
                };
                let applies = classes.intersection(types);
                spots.push(Spot {
                    condition: Some(*interface),
                    types: (!possible.is_subset(&applies)).then_some(applies),
                    ty,
                });
            }
            self.spots_by_type((child, &types.intersection(&own)), around, &mut spots);
            self.fields(&mut printed, child, spots);
        }
        printed
    }

    fn type_of(&self, on: TypeId, child: NodeId) -> Option<&'a ast::Type> {
        let supergraph = self.source.supergraph;
        let id = supergraph.field_of(on, self.source.graph.tree.node(child).name)?;
        let field = supergraph.field(id);
        field.in_subgraph(self.subgraph)?;
        Some(field.type_in(self.subgraph))
    }

    /// Where `child` is printed inside an object of the declared type.
    fn spots(
        &self,
        (declared, opaque): (TypeId, bool),
        child: NodeId,
        types: &TypeSet,
    ) -> Spots<'a> {
        let ty = self.source.supergraph.ty(declared);
        let direct = self.type_of(declared, child);
        if let Some(ty) = direct.filter(|_| opaque || !ty.is_abstract()) {
            // What an interface object says of types that are read elsewhere is left alone.
            let tree = &self.source.graph.tree;
            let parent = tree.node(child).parent.map(|parent| tree.node(parent));
            let partial = opaque && parent.is_some_and(|at| !at.possible.is_subset(types));
            return smallvec![Spot {
                condition: None,
                types: partial.then(|| types.clone()),
                ty,
            }];
        }
        let Some(returned) = ty.in_subgraph(self.subgraph) else {
            return Spots::new();
        };
        let returned = &returned.possible;
        match direct {
            Some(ty) if returned.is_subset(types) => smallvec![Spot {
                condition: None,
                types: None,
                ty,
            }],
            _ => {
                let mut spots = Spots::new();
                let types = types.intersection(returned);
                self.spots_by_type((child, &types), returned, &mut spots);
                spots
            }
        }
    }

    /// A spot for each object type, or for several by an interface that has the field: one whose other types cannot come
    /// up (`around` can). Types whose field has another type in this subgraph are read under another key.
    fn spots_by_type(
        &self,
        (child, types): (NodeId, &TypeSet),
        around: &TypeSet,
        spots: &mut Spots<'a>,
    ) {
        let mut left = types.clone();
        while let Some(object) = left.first() {
            let Some(ty) = self.type_of(object, child) else {
                left = left.difference(&TypeSet::of(object));
                continue;
            };
            let (condition, covered) = self
                .interface_for((child, ty), (object, &left), around)
                .unwrap_or_else(|| (object, TypeSet::of(object)));
            left = left.difference(&covered);
            spots.push(Spot {
                condition: Some(condition),
                types: Some(covered),
                ty,
            });
        }
    }

    /// The interface of `object` that covers most of `left`, two types at least.
    fn interface_for(
        &self,
        (child, ty): (NodeId, &ast::Type),
        (object, left): (TypeId, &TypeSet),
        around: &TypeSet,
    ) -> Option<(TypeId, TypeSet)> {
        let supergraph = self.source.supergraph;
        let mut best: Option<(TypeId, TypeSet)> = None;
        for &interface in supergraph.interfaces_of(object) {
            let known = supergraph.ty(interface).in_subgraph(self.subgraph);
            let Some(known) = known.filter(|known| !known.interface_object) else {
                continue;
            };
            let covered = known.possible.intersection(around);
            let most = best.as_ref().map_or(1, |(_, covered)| covered.len());
            let is_better = covered.len() > most
                && covered.is_subset(left)
                && self.type_of(interface, child) == Some(ty)
                && covered
                    .iter()
                    .all(|object| self.type_of(object, child) == Some(ty));
            if is_better {
                best = Some((interface, covered));
            }
        }
        best
    }

    /// Prints one field at its spots.
    fn fields(&mut self, printed: &mut Printed<'a>, child: NodeId, spots: Spots<'a>) {
        let repeated = self.repeats;
        self.repeats |= spots.len() > 1;
        printed
            .keys
            .begin(spots.iter().all(|spot| self.is_on_object(spot)));
        for spot in spots {
            self.field(printed, child, spot);
        }
        self.repeats = repeated;
    }

    fn is_on_object(&self, spot: &Spot) -> bool {
        let condition = spot.condition.map(|ty| self.source.supergraph.ty(ty));
        condition.is_some_and(|ty| ty.kind == TypeKind::Object)
    }

    fn field(&mut self, printed: &mut Printed<'a>, child: NodeId, spot: Spot<'a>) {
        let node = self.source.graph.tree.node(child);
        let below = self.below(child, spot.ty);
        let shape = below.as_ref().map(|(below, _)| below.shape.clone());
        let tree = &self.source.graph.tree;
        let WireKey { key, is_shared } = printed.keys.choose(tree, child, (spot.ty, shape));
        let mut text = key.clone().into_owned();
        if node.name.as_str() != key {
            text.push_str(": ");
            text.push_str(node.name);
        }
        let contexts = self.contexts_at(child, spot.types.as_ref());
        self.variables
            .arguments(node.arguments, contexts, &mut text);
        if let Some((below, fragment)) = &below {
            text.push(' ');
            match fragment {
                Some(name) => text.extend(["{ ...", name, " }"]),
                None => text.push_str(&below.text),
            }
        }
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
            .find(|field| field.key == key && field.read.is_some() == below.is_some());
        match (same, spot.types) {
            (Some(field), types) => {
                field.types = field
                    .types
                    .take()
                    .zip(types)
                    .map(|(known, more)| known.union(&more));
            }
            (None, types) => {
                let read = below.map(|(below, _)| match Rc::try_unwrap(below) {
                    Ok(below) => below.read,
                    Err(shared) => shared.read.clone(),
                });
                printed.read.fields.push(ReadField {
                    key: key.into_owned(),
                    types,
                    position: position(child),
                    read,
                });
            }
        }
    }

    /// The arguments that contexts set of a field of objects of some types: names, and what stands for their values.
    fn contexts_at(&self, child: NodeId, types: Option<&TypeSet>) -> Vec<(Name, String)> {
        let mut found: Vec<(Name, String)> = Vec::new();
        for one in self.contexts.iter().filter(|one| one.node == child) {
            let applies = types.is_none_or(|types| types.intersects(&one.types));
            if applies && found.iter().all(|(name, _)| *name != one.name) {
                found.push((one.name.clone(), mark(one.value)));
            }
        }
        found
    }

    /// The selection set of a composite field of type `ty`, and the fragment to print instead of it.
    fn below(&mut self, child: NodeId, ty: &ast::Type) -> Option<(Rc<Below<'a>>, Option<String>)> {
        if self.source.graph.tree.node(child).leaf {
            return None;
        }
        let supergraph = self.source.supergraph;
        let declared = supergraph.type_id(ty.inner_named_type())?;
        if let Some(known) = self.known.get(&(child, declared)) {
            let on = supergraph.type_name(declared);
            let long = known.text.len() >= FRAGMENT_FROM;
            let fragment = long.then(|| self.variables.fragment(on, &known.text));
            return Some((Rc::clone(known), fragment));
        }
        let printed = self.object(child, declared);
        let below = Rc::new(Below {
            text: printed.text(supergraph),
            shape: printed.keys.shape(),
            read: printed.read,
        });
        if self.repeats {
            self.known.insert((child, declared), Rc::clone(&below));
        }
        Some((below, None))
    }
}

//! Entries by key: which subgraphs can be entered at a position, and what each entry needs.

use super::{
    EntryTypename, Fact, FactId, MoveKind, NodeId, State,
    builder::{Builder, PendingEntry, REQUEST_COST, Reading, Wanted},
};
use crate::operation::Field;
use crate::schema::{FieldSet, Key, SetField, SubgraphId, TypeId, TypeSet};
use smallvec::SmallVec;

/// A way to enter a subgraph with objects of a type.
struct Door<'a> {
    /// The type as which the subgraph will know them: their own, or an interface.
    declared: TypeId,
    opaque: bool,
    key: &'a FieldSet,
    typename: EntryTypename,
}

impl<'a> Builder<'a> {
    /// The ways to enter `subgraph` with objects of type `object`.
    fn doors(&self, object: TypeId, subgraph: SubgraphId) -> Vec<Door<'a>> {
        let supergraph = self.supergraph;
        let mut doors = Vec::new();
        let Some(declared) = supergraph.known_as(object, subgraph) else {
            return doors;
        };
        let keys = |ty: TypeId| -> &'a [Key] {
            supergraph
                .ty(ty)
                .in_subgraph(subgraph)
                .map_or(&[], |known| known.keys.as_slice())
        };
        let opaque = declared != object;
        let typename = if opaque {
            EntryTypename::Interface(declared)
        } else {
            EntryTypename::Runtime
        };
        for key in keys(declared).iter().filter(|key| key.resolvable) {
            doors.push(Door {
                declared,
                opaque,
                key: &key.fields,
                typename,
            });
        }
        if !opaque {
            for interface in supergraph.entity_interfaces(object, subgraph) {
                let typename = EntryTypename::Interface(interface);
                for key in keys(interface).iter().filter(|key| key.resolvable) {
                    doors.push(Door {
                        declared,
                        opaque,
                        key: &key.fields,
                        typename,
                    });
                }
            }
        }
        doors
    }

    /// Adds to `wanted` what keys need at this position, and what the `@requires` of its fields do.
    pub(super) fn want_keys_and_requirements(
        &self,
        position: NodeId,
        fields: &'a [Field],
        wanted: &mut Vec<Wanted<'a>>,
    ) {
        let node = self.tree.node(position);
        let may_enter = node.internal <= self.hops && position != NodeId::ROOT;
        for object in node.possible.iter() {
            let mut names: Vec<&str> = fields
                .iter()
                .filter(|field| field.types.contains(object))
                .map(|field| field.name.as_str())
                .chain(
                    wanted
                        .iter()
                        .filter(|wanted| wanted.types.contains(object))
                        .map(|w| w.field.name.as_str()),
                )
                .collect();
            for subgraph in self.supergraph.subgraph_ids().filter(|_| may_enter) {
                for door in self.doors(object, subgraph) {
                    want(object, door.key, (&mut names, wanted));
                }
            }
            let mut next = 0;
            while let Some(&name) = names.get(next).filter(|_| may_enter) {
                next += 1;
                for subgraph in self.supergraph.subgraph_ids() {
                    let declared = self.supergraph.known_as(object, subgraph);
                    let field =
                        declared.and_then(|declared| self.supergraph.field_of(declared, name));
                    let known =
                        field.and_then(|id| self.supergraph.field(id).in_subgraph(subgraph));
                    if let Some(requires) = known.and_then(|known| known.requires.as_ref()) {
                        want(object, requires, (&mut names, wanted));
                    }
                }
            }
        }
    }

    /// Runtime types that have to be asked for. (`Exists` is added with the inline states.)
    pub(super) fn add_meta_facts(&mut self, position: NodeId) {
        if self.tree.is_static(self.supergraph, position) {
            return;
        }
        for _ in 0..self.tree.node(position).classes.len() {
            let fact = self.facts.add(Fact::Typename);
            self.typenames[position.index()].push(fact);
            for state_fact in self.states[position.index()].clone() {
                if self
                    .facts
                    .state(state_fact)
                    .is_some_and(|state| !state.opaque)
                {
                    self.facts
                        .connect(fact, [state_fact], (0, MoveKind::Within));
                }
            }
        }
    }

    /// Entries by key into every subgraph that has something to offer here.
    pub(super) fn add_entries(&mut self, position: NodeId) {
        let node = self.tree.node(position);
        if position == NodeId::ROOT || node.internal > self.hops {
            return;
        }
        let classes: Vec<(usize, TypeId)> = node
            .classes
            .iter()
            .enumerate()
            .filter_map(|(index, class)| Some((index, class.iter().next()?)))
            .collect();
        for (class, object) in classes {
            for subgraph in self.supergraph.subgraph_ids() {
                let doors = self.doors(object, subgraph);
                let Some(first) = doors.first() else { continue };
                let state = State {
                    position,
                    class: Some(class),
                    subgraph,
                    declared: first.declared,
                    opaque: first.opaque,
                    view: Vec::new(),
                    only: None,
                };
                let children = &self.tree.node(position).children;
                let offers = children.iter().any(|&child| {
                    self.tree.node(child).types.contains(object)
                        && self.reading(&state, child, object) == Reading::Plain
                });
                let tells_type = !state.opaque && !self.tree.is_static(self.supergraph, position);
                if offers || tells_type {
                    let fact = self.facts.add(Fact::State(state));
                    self.states[position.index()].push(fact);
                    if tells_type {
                        let typename = self.typenames[position.index()][class];
                        self.facts.connect(typename, [fact], (0, MoveKind::Within));
                    }
                    self.pend(fact, (position, class), doors, None);
                }
            }
        }
    }

    /// Entries for fields with `@requires`: one per field, class and subgraph.
    pub(super) fn add_requirements(&mut self, position: NodeId) {
        for child in self.tree.node(position).children.clone() {
            for (class, object) in self.classes_of(child) {
                for subgraph in self.supergraph.subgraph_ids() {
                    self.add_requirement((position, class), (child, object), subgraph);
                }
            }
        }
    }

    fn add_requirement(
        &mut self,
        (position, class): (NodeId, usize),
        (child, object): (NodeId, TypeId),
        subgraph: SubgraphId,
    ) {
        let doors = self.doors(object, subgraph);
        let Some(first) = doors.first() else { return };
        let state = State {
            position,
            class: Some(class),
            subgraph,
            declared: first.declared,
            opaque: first.opaque,
            view: Vec::new(),
            only: Some(child),
        };
        let known = self.known_field(&state, &self.tree.node(child).name, object);
        let Some(requires) = known
            .filter(|known| !known.external)
            .and_then(|known| known.requires.as_ref())
        else {
            return;
        };
        let fact = self.facts.add(Fact::State(state));
        // Whatever else is read there can ride along.
        let plain = self.states[position.index()]
            .iter()
            .copied()
            .find(|&other| {
                self.facts.state(other).is_some_and(|other| {
                    (other.class, other.subgraph, other.only) == (Some(class), subgraph, None)
                })
            });
        if let Some(plain) = plain {
            self.facts.connect(plain, [fact], (0, MoveKind::Within));
        }
        self.states[position.index()].push(fact);
        self.pend(fact, (position, class), doors, Some(requires));
    }

    fn pend(
        &mut self,
        fact: FactId,
        (position, class): (NodeId, usize),
        doors: Vec<Door<'a>>,
        requires: Option<&'a FieldSet>,
    ) {
        for Door { key, typename, .. } in doors {
            self.pending.push(PendingEntry {
                fact,
                position,
                class,
                key,
                typename,
                requires,
            });
        }
    }

    /// Connects every entry to the values it needs. Called when all positions are built.
    pub(super) fn connect_entries(&mut self) {
        for entry in std::mem::take(&mut self.pending) {
            let mut inputs: SmallVec<[FactId; 4]> = SmallVec::new();
            let at = (entry.position, entry.class);
            let complete = self.inputs(at, &entry.key.fields, &mut inputs)
                && entry
                    .requires
                    .is_none_or(|requires| self.inputs(at, &requires.fields, &mut inputs));
            if !complete {
                continue;
            }
            if entry.typename == EntryTypename::Runtime {
                inputs.extend(
                    self.typenames[entry.position.index()]
                        .get(entry.class)
                        .copied(),
                );
            }
            inputs.sort_unstable();
            inputs.dedup();
            let kind = MoveKind::Enter {
                key: entry.key,
                typename: entry.typename,
                requires: entry.requires,
            };
            self.facts.connect(entry.fact, inputs, (REQUEST_COST, kind));
        }
    }

    /// Collects the facts behind `fields` for a class of a position; false if one of them has no node.
    fn inputs(
        &self,
        (position, class): (NodeId, usize),
        fields: &[SetField],
        into: &mut SmallVec<[FactId; 4]>,
    ) -> bool {
        let types = &self.tree.node(position).classes[class];
        fields
            .iter()
            .filter(|field| field.types.intersects(types))
            .all(|field| {
                let nodes = self.tree.matching(position, field, types);
                let found = !nodes.is_empty();
                found
                    && nodes
                        .into_iter()
                        .all(|node| self.node_inputs((node, class), field, into))
            })
    }

    fn node_inputs(
        &self,
        (node, class): (NodeId, usize),
        field: &SetField,
        into: &mut SmallVec<[FactId; 4]>,
    ) -> bool {
        if self.tree.node(node).leaf {
            let value = self.values[node.index()].get(class).copied().flatten();
            into.extend(value);
            return value.is_some();
        }
        into.extend(self.exists[node.index()]);
        into.extend(self.typenames[node.index()].iter().copied());
        (0..self.tree.node(node).classes.len())
            .all(|below| self.inputs((node, below), &field.fields, into))
    }
}

/// Adds the fields of `set` to what is wanted for objects of type `object`.
fn want<'a>(
    object: TypeId,
    set: &'a FieldSet,
    (names, wanted): (&mut Vec<&'a str>, &mut Vec<Wanted<'a>>),
) {
    for field in set
        .fields
        .iter()
        .filter(|field| field.types.contains(object))
    {
        if !names.contains(&field.name.as_str()) {
            names.push(field.name.as_str());
        }
        match wanted
            .iter_mut()
            .find(|known| std::ptr::eq(known.field, field))
        {
            Some(known) => {
                known.types.insert(object);
            }
            None => wanted.push(Wanted {
                types: TypeSet::of(object),
                field,
            }),
        }
    }
}

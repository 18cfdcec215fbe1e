//! Entries by key: which subgraphs can be entered at a position, and what each entry needs.

use super::{
    EntryTypename, Fact, FactId, MoveKind, NodeId, Part, State,
    builder::{Builder, PendingEntry, REQUEST_COST, Reading, Wanted},
};
use crate::operation::Field;
use crate::planner::Error;
use crate::schema::{Entrance, FieldInSubgraph, SetField, TypeId, TypeSet};
use smallvec::SmallVec;

impl<'a> Builder<'a, '_> {
    /// Adds to `wanted` what keys need of a class of a position's types, and what the `@requires` of their fields do.
    /// What stands in `wanted` before `from` is wanted of any class.
    pub(super) fn want_keys_and_requirements(
        &self,
        (position, class): (NodeId, &TypeSet),
        fields: &'a [Field],
        (wanted, from): (&mut Vec<Wanted<'a>>, usize),
    ) {
        let (supergraph, node) = (self.supergraph, self.tree.node(position));
        let Some(object) = class.first() else {
            return;
        };
        if node.internal > self.hops || position == NodeId::ROOT {
            return;
        }
        let entrances = supergraph.entrances(object);
        let asked = fields.iter().filter(|field| field.types.contains(object));
        let inherited = wanted[..from].iter();
        let inherited = inherited.filter(|wanted| wanted.types.contains(object));
        let mut names: SmallVec<[&str; 16]> = asked
            .map(|field| field.name.as_str())
            .chain(inherited.map(|wanted| wanted.field.name.as_str()))
            .collect();
        let keys = supergraph.key_fields(object);
        want((object, class), keys, (&mut names, wanted));
        let entrances = entrances.iter().filter(|entrance| entrance.has_inputs);
        if entrances.clone().next().is_none() {
            return;
        }
        let mut next = 0;
        while let Some(&name) = names.get(next) {
            next += 1;
            let mut declared = None;
            for entrance in entrances.clone() {
                let known = (entrance.subgraph, entrance.declared);
                if declared.replace(known) == Some(known) {
                    continue;
                }
                let field = supergraph.field_of(entrance.declared, name);
                let known =
                    field.and_then(|id| supergraph.field(id).in_subgraph(entrance.subgraph));
                let known = known.filter(|known| known.resolves(self.labels));
                if let Some(requires) = known.and_then(|known| known.requires.as_ref()) {
                    want((object, class), &requires.fields, (&mut names, wanted));
                }
            }
        }
    }

    /// Runtime types that have to be asked for. (`Exists` is added with the inline states.)
    pub(super) fn add_meta_facts(&mut self, position: NodeId) {
        if self.tree.is_static(self.supergraph, position) {
            return;
        }
        let states = std::mem::take(&mut self.states[position.index()]);
        for _ in 0..self.tree.node(position).classes.len() {
            let fact = self.facts.add(Fact::Typename);
            self.typenames[position.index()].push(fact);
            for &whole in &states.whole {
                if self.facts.state(whole).is_some_and(|state| !state.opaque) {
                    self.facts.connect(fact, [whole], (0, MoveKind::Within));
                }
            }
        }
        self.states[position.index()] = states;
    }

    /// Entries by key into every subgraph that has something to offer here.
    pub(super) fn add_entries(&mut self, position: NodeId) {
        if position == NodeId::ROOT || self.tree.node(position).internal > self.hops {
            return;
        }
        let is_static = self.tree.is_static(self.supergraph, position);
        for class in 0..self.tree.node(position).classes.len() {
            let Some(object) = self.tree.node(position).classes[class].first() else {
                continue;
            };
            let entrances = self.supergraph.entrances(object);
            for doors in entrances.chunk_by(|a, b| a.subgraph == b.subgraph) {
                let state = entered((position, class), object, &doors[0]);
                let offers = self.tree.node(position).children.iter().any(|&child| {
                    let mut parts = self.tree.node(child).parts.iter();
                    parts
                        .find(|part| part.class == class)
                        .is_some_and(|part| self.reading(&state, child, part) == Reading::Plain)
                });
                let tells_type = !state.opaque && !is_static;
                if offers || tells_type {
                    let fact = self.facts.add(Fact::State(state));
                    self.states[position.index()].add(Some(class), fact);
                    if tells_type {
                        let typename = self.typenames[position.index()][class];
                        self.facts.connect(typename, [fact], (0, MoveKind::Within));
                    }
                    self.pend(fact, (position, class, object), (doors, None));
                }
            }
        }
    }

    /// Entries for fields with inputs (`@requires`, contexts): one per field, class and subgraph.
    pub(super) fn add_requirements(&mut self, position: NodeId) {
        for index in 0..self.tree.node(position).children.len() {
            let child = self.tree.node(position).children[index];
            for part in 0..self.tree.node(child).parts.len() {
                let part = self.tree.node(child).parts[part];
                let entrances = self.supergraph.entrances(part.object);
                let doors = entrances.chunk_by(|a, b| a.subgraph == b.subgraph);
                for doors in doors.filter(|doors| doors[0].has_inputs) {
                    self.add_requirement((position, child), &part, doors);
                }
            }
        }
    }

    fn add_requirement(
        &mut self,
        (position, child): (NodeId, NodeId),
        part: &Part,
        doors: &'a [Entrance],
    ) {
        let (class, object, subgraph) = (part.class, part.object, doors[0].subgraph);
        let mut state = entered((position, class), object, &doors[0]);
        state.only = Some(child);
        let known = self.known_field(&state, child, part);
        let Some(known) = known.filter(|known| known.resolves(self.labels) && known.has_inputs())
        else {
            return;
        };
        let fact = self.facts.add(Fact::State(state));
        // Whatever else is read there can ride along.
        let mut others = self.states[position.index()]
            .of_class(class)
            .iter()
            .copied();
        let plain = others.find(|&other| {
            let other = self.facts.state(other);
            other.is_some_and(|other| (other.subgraph, other.only) == (subgraph, None))
        });
        if let Some(plain) = plain {
            self.facts.connect(plain, [fact], (0, MoveKind::Within));
        }
        self.states[position.index()].add(Some(class), fact);
        self.pend(fact, (position, class, object), (doors, Some(known)));
    }

    fn pend(
        &mut self,
        fact: FactId,
        (position, class, object): (NodeId, usize, TypeId),
        (doors, field): (&'a [Entrance], Option<&'a FieldInSubgraph>),
    ) {
        for door in doors {
            self.pending.push(PendingEntry {
                fact,
                position,
                class,
                key: self.supergraph.key(door),
                typename: if door.keyed == object {
                    EntryTypename::Runtime
                } else {
                    EntryTypename::Interface(door.keyed)
                },
                field,
            });
        }
    }

    /// Connects every entry to the values it needs. Called when all positions are built.
    pub(super) fn connect_entries(&mut self) -> Result<(), Error> {
        for entry in std::mem::take(&mut self.pending) {
            let before = self.facts.size();
            let mut inputs: SmallVec<[FactId; 4]> = SmallVec::new();
            let at = (entry.position, entry.class);
            let complete = self.inputs(at, &entry.key.fields, &mut inputs)
                && entry
                    .field
                    .is_none_or(|field| self.field_inputs(at, field, &mut inputs));
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
                field: entry.field,
            };
            self.facts.connect(entry.fact, inputs, (REQUEST_COST, kind));
            self.budget.spend(self.facts.size() - before)?;
        }
        Ok(())
    }

    /// Collects the facts behind what a field requires and what contexts set for it.
    fn field_inputs(
        &self,
        at: (NodeId, usize),
        field: &FieldInSubgraph,
        into: &mut SmallVec<[FactId; 4]>,
    ) -> bool {
        let mut contexts = field.contexts.iter();
        contexts.all(|argument| self.context_inputs(at.0, argument, into))
            && field
                .requires
                .as_ref()
                .is_none_or(|requires| self.inputs(at, &requires.fields, into))
    }

    /// Collects the facts behind `fields` for a class of a position; false if one of them has no node.
    pub(super) fn inputs(
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
                        .all(|(node, _)| self.node_inputs((node, class), field, into))
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

/// The state of a class that is entered through `door`.
fn entered<'a>((position, class): (NodeId, usize), object: TypeId, door: &Entrance) -> State<'a> {
    State {
        position,
        class: Some(class),
        subgraph: door.subgraph,
        declared: door.declared,
        opaque: door.declared != object,
        view: Vec::new(),
        only: None,
    }
}

/// Adds fields of a set to what is wanted for a class, `object` being one of its types.
fn want<'a>(
    (object, class): (TypeId, &TypeSet),
    fields: &'a [SetField],
    (names, wanted): (&mut SmallVec<[&'a str; 16]>, &mut Vec<Wanted<'a>>),
) {
    for field in fields.iter().filter(|field| field.types.contains(object)) {
        if !names.contains(&field.name.as_str()) {
            names.push(field.name.as_str());
        }
        let same = |known: &&mut Wanted| std::ptr::eq(known.field, field);
        match wanted.iter_mut().find(same) {
            Some(known) => known.types = known.types.union(class),
            None => wanted.push(Wanted {
                types: class.clone(),
                field,
            }),
        }
    }
}

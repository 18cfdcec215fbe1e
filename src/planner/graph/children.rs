//! The children of a position: nodes, values and inline states.

use super::{
    Draft, DraftField, DraftValue, Fact, FactId, MoveKind, Node, NodeId, Part, State, States,
    builder::{Builder, Reading, Wanted},
};
use crate::operation::Field;
use crate::schema::{Argument, SetField, SubgraphId, TypeId, TypeSet};
use apollo_compiler::Name;
use smallvec::{SmallVec, smallvec};

impl<'a> Builder<'a, '_> {
    /// Adds a node for each field the client selects (several where subgraphs treat its types differently). Returns
    /// the draft of the output and (index of the field, node).
    pub(super) fn add_fields(
        &mut self,
        position: NodeId,
        fields: &'a [Field],
    ) -> (Draft<'a>, Vec<(usize, NodeId)>) {
        let mut draft = Draft::default();
        let mut chosen = Vec::new();
        let possible = &self.supergraph.ty(self.tree.node(position).named).possible;
        for (index, field) in fields.iter().enumerate() {
            let meta = match field {
                _ if field.is_typename() => Some(DraftValue::Typename),
                _ if field.denied => Some(DraftValue::Denied(&field.ty)),
                _ if field.is_introspection() => Some(DraftValue::Introspection),
                _ => None,
            };
            if let Some(value) = meta {
                let types = (!possible.is_subset(&field.types)).then(|| field.types.clone());
                draft.fields.push(DraftField {
                    key: &field.key,
                    types,
                    value,
                });
                continue;
            }
            let shape = Shape {
                name: &field.name,
                arguments: &field.arguments,
                key: Some(&field.key),
            };
            for (types, node) in self.add_nodes(position, &shape, &field.types) {
                chosen.push((index, node));
                let types = (!possible.is_subset(&types)).then_some(types);
                let value = DraftValue::Node(node, Draft::default());
                draft.fields.push(DraftField {
                    key: &field.key,
                    types,
                    value,
                });
            }
        }
        (draft, chosen)
    }

    /// Adds nodes for what keys and requirements need and the client does not select already. Returns what is wanted
    /// below each node.
    pub(super) fn add_wanted(
        &mut self,
        position: NodeId,
        wanted: &[Wanted<'a>],
    ) -> Vec<(NodeId, Wanted<'a>)> {
        let mut below = Vec::new();
        for Wanted { types, field } in wanted {
            let found = self.tree.matching(position, field, types);
            let mut missing = types.clone();
            for (_, covered) in &found {
                missing = missing.difference(covered);
            }
            let nodes = found.into_iter().map(|(node, _)| node);
            let mut nodes: SmallVec<[NodeId; 2]> = nodes.collect();
            if !missing.is_empty() {
                let shape = Shape {
                    name: &field.name,
                    arguments: &field.arguments,
                    key: None,
                };
                nodes.extend(
                    self.add_nodes(position, &shape, &missing)
                        .into_iter()
                        .map(|(_, node)| node),
                );
            }
            for node in nodes {
                for nested in &field.fields {
                    below.push((
                        node,
                        Wanted {
                            types: nested.types.clone(),
                            field: nested,
                        },
                    ));
                }
            }
        }
        below
    }

    /// Adds the nodes of one field: one for a leaf, whose values are told apart by class anyway; for objects one per
    /// group of classes that subgraphs treat alike.
    fn add_nodes(
        &mut self,
        position: NodeId,
        shape: &Shape<'a>,
        types: &TypeSet,
    ) -> Vec<(TypeSet, NodeId)> {
        let supergraph = self.supergraph;
        let parent = self.tree.node(position);
        let mut groups = self.groups(position, shape.name, types);
        // Types that cannot come up here have a response key all the same; nothing fills it.
        let rest = types.difference(&parent.possible);
        let unreal = rest.first();
        match (groups.first_mut(), unreal) {
            (_, None) => {}
            (Some((group, _)), Some(_)) => *group = group.union(&rest),
            (None, Some(_)) => groups.push((rest, SmallVec::new())),
        }
        let internal = if shape.key.is_some() {
            0
        } else {
            parent.internal.saturating_add(1)
        };
        let mut nodes = Vec::new();
        for (types, parts) in groups {
            let of_type = |object| supergraph.field_of(object, shape.name);
            let first = parts.first().map(|part| part.field);
            let Some(id) = first.or_else(|| types.iter().find_map(of_type)) else {
                continue;
            };
            let field = supergraph.field(id);
            let ty = supergraph.ty(field.named);
            let node = self.tree.add(Node {
                parent: Some(position),
                name: &field.name,
                arguments: shape.arguments,
                types: types.clone(),
                parts,
                ty: &field.ty,
                named: field.named,
                lists: field.lists,
                leaf: ty.is_leaf(),
                possible: TypeSet::default(),
                classes: SmallVec::new(),
                children: Vec::new(),
                key: shape.key,
                internal,
            });
            nodes.push((types, node));
        }
        nodes
    }

    /// The classes among `types` that one node of the field `name` can be for.
    fn groups(
        &self,
        position: NodeId,
        name: &str,
        types: &TypeSet,
    ) -> SmallVec<[(TypeSet, Parts); 1]> {
        let supergraph = self.supergraph;
        let classes = self.tree.node(position).classes.iter().enumerate();
        let mut groups: SmallVec<[(TypeSet, Parts); 1]> = SmallVec::new();
        for (class, types) in classes.filter(|(_, class)| class.intersects(types)) {
            let Some(object) = types.first() else {
                continue;
            };
            let Some(field) = supergraph.field_of(object, name) else {
                continue;
            };
            let is_leaf = |part: &Part| {
                let named = supergraph.field(part.field).named;
                supergraph.ty(named).is_leaf()
            };
            let part = Part {
                class,
                object,
                field,
            };
            let group = groups.iter_mut().find(|(_, parts)| {
                let other = parts[0];
                let types = (other.object, object);
                (is_leaf(&part) && is_leaf(&other))
                    || (supergraph.field_kind(other.field) == supergraph.field_kind(field)
                        && supergraph.owners_enter_alike(types, name))
            });
            match group {
                Some((group, parts)) => {
                    *group = group.union(types);
                    parts.push(part);
                }
                None => groups.push((types.clone(), smallvec![part])),
            }
        }
        groups
    }

    /// The values of a leaf, and the states that can read them.
    pub(super) fn add_values(&mut self, node: NodeId) {
        let Some(position) = self.tree.node(node).parent else {
            return;
        };
        let classes = self.tree.node(position).classes.len();
        let mut values: SmallVec<[Option<FactId>; 1]> = smallvec![None; classes];
        let states = std::mem::take(&mut self.states[position.index()]);
        for index in 0..self.tree.node(node).parts.len() {
            let part = self.tree.node(node).parts[index];
            let class = part.class;
            let fact = self.facts.add(Fact::Value { node, class });
            values[class] = Some(fact);
            for id in states.reading(class) {
                if let Some(state) = self.facts.state(id)
                    && self.reading(state, node, &part) == Reading::Plain
                {
                    self.facts.connect(fact, [id], (1, MoveKind::Within));
                }
            }
        }
        self.states[position.index()] = states;
        self.values[node.index()] = values;
    }

    /// The states of a composite child inside its parent's fetches, and from them its possible types.
    pub(super) fn add_inline_states(&mut self, child: NodeId) {
        let Some(position) = self.tree.node(child).parent else {
            return;
        };
        let exists = self.facts.add(Fact::Exists);
        self.exists[child.index()] = Some(exists);
        let parts = self.tree.node(child).parts.clone();
        let Some(first) = parts.first() else {
            return;
        };
        let states = std::mem::take(&mut self.states[position.index()]);
        let reads = |builder: &Self, id: FactId, part: &Part| {
            let state = builder.facts.state(id);
            state.is_some_and(|state| builder.reading(state, child, part) == Reading::Plain)
        };
        for &whole in &states.whole {
            if parts.iter().all(|part| reads(self, whole, part)) {
                self.inline(child, &[whole], first);
            }
        }
        for &entered in states.of_class(first.class) {
            if reads(self, entered, first)
                && let Some(all) = self.entered_alike(&states, entered, &parts)
                && all
                    .iter()
                    .zip(&parts)
                    .all(|(id, part)| reads(self, *id, part))
            {
                self.inline(child, &all, first);
            }
        }
        self.states[position.index()] = states;
        self.narrow(child);
    }

    /// The states of all classes that are entered like `first` is for its class.
    fn entered_alike(
        &self,
        states: &States,
        first: FactId,
        parts: &[Part],
    ) -> Option<SmallVec<[FactId; 4]>> {
        let how = |id: FactId| Some((self.facts.state(id)?.subgraph, self.facts.state(id)?.only));
        let wanted = how(first)?;
        let alike = |part: &Part| {
            let mut others = states.of_class(part.class).iter().copied();
            others.find(|&other| how(other) == Some(wanted))
        };
        parts.iter().map(alike).collect()
    }

    /// Adds (or finds) the state of `child` inside the fetches of `parents`, which agree in their subgraph.
    fn inline(&mut self, child: NodeId, parents: &[FactId], part: &Part) {
        let Some(parent) = parents.first().and_then(|fact| self.facts.state(*fact)) else {
            return;
        };
        let node = self.tree.node(child);
        let subgraph = parent.subgraph;
        let field = if parent.opaque && parent.declared != part.object {
            self.supergraph.field_of(parent.declared, node.name)
        } else {
            Some(part.field)
        };
        let Some(field) = field.map(|id| self.supergraph.field(id)) else {
            return;
        };
        let Some(declared) = self
            .supergraph
            .type_id(field.type_in(subgraph).inner_named_type())
        else {
            return;
        };
        let provides = field
            .in_subgraph(subgraph)
            .and_then(|known| known.provides.as_ref());
        let inherited = parent.view.iter().filter(|seen| {
            let mut parts = node.parts.iter();
            seen.name == *node.name
                && seen.arguments == node.arguments
                && parts.all(|part| seen.types.contains(part.object))
        });
        let mut view: Vec<&'a SetField> = inherited.flat_map(|seen| &seen.fields).collect();
        view.extend(provides.iter().flat_map(|set| &set.fields));
        let known = self.supergraph.ty(declared).in_subgraph(subgraph);
        let opaque = known.is_some_and(|known| known.interface_object);
        let same = self.states[child.index()].iter().find(|&fact| {
            self.facts.state(fact).is_some_and(|state| {
                (state.subgraph, state.declared) == (subgraph, declared)
                    && state.view.len() == view.len()
                    && state
                        .view
                        .iter()
                        .zip(&view)
                        .all(|(a, b)| std::ptr::eq(*a, *b))
            })
        });
        let fact = same.unwrap_or_else(|| {
            let state = State {
                position: child,
                class: None,
                subgraph,
                declared,
                opaque,
                view,
                only: None,
            };
            let fact = self.facts.add(Fact::State(state));
            self.states[child.index()].add(None, fact);
            fact
        });
        self.facts
            .connect(fact, parents.iter().copied(), (1, MoveKind::Within));
        if let (None, Some(exists)) = (same, self.exists[child.index()]) {
            self.facts.connect(exists, [fact], (0, MoveKind::Within));
        }
    }

    /// Only types that every subgraph can return here are looked for: whichever of them is asked, the answer is the
    /// same. (Apollo's and Hive's planners do likewise, and clients may depend on it.)
    fn narrow(&mut self, child: NodeId) {
        let mut possible = self
            .supergraph
            .ty(self.tree.node(child).named)
            .possible
            .clone();
        for fact in self.states[child.index()].iter() {
            if let Some(state) = self.facts.state(fact)
                && !state.opaque
            {
                possible = possible.intersection(&self.returned(state.declared, state.subgraph));
            }
        }
        self.tree.nodes[child.index()].possible = possible;
    }

    /// The object types that a subgraph returns where it declares `declared`.
    fn returned(&self, declared: TypeId, subgraph: SubgraphId) -> TypeSet {
        let ty = self.supergraph.ty(declared);
        ty.in_subgraph(subgraph)
            .map(|known| known.possible.clone())
            .unwrap_or_default()
    }
}

/// The classes that one node is for.
type Parts = SmallVec<[Part; 1]>;

/// What makes fields the same field.
struct Shape<'a> {
    name: &'a Name,
    arguments: &'a [Argument],
    key: Option<&'a Name>,
}

//! The children of a position: classes of types, nodes, values and inline states.

use super::{
    Draft, DraftField, DraftValue, Fact, FactId, MoveKind, Node, NodeId, State, alike,
    builder::{Builder, Reading, Wanted},
};
use crate::operation::Field;
use crate::schema::{Argument, SetField, SubgraphId, TypeId, TypeSet};
use apollo_compiler::Name;

impl<'a> Builder<'a> {
    /// Splits a position's types into classes that are asked for, known and entered in the same way.
    pub(super) fn classify(&mut self, position: NodeId, fields: &[Field], wanted: &[Wanted]) {
        let possible = self.tree.node(position).possible.clone();
        let mut names: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
        names.extend(wanted.iter().map(|wanted| wanted.field.name.as_str()));
        names.sort_unstable();
        names.dedup();
        let mut classes: Vec<(TypeId, TypeSet)> = Vec::new();
        for object in possible.iter() {
            let known = classes.iter_mut().find(|(first, _)| {
                let asked = fields
                    .iter()
                    .all(|field| field.types.contains(*first) == field.types.contains(object))
                    && self.wants_alike(wanted, *first, object);
                asked
                    && alike::entries(self.supergraph, *first, object)
                    && names
                        .iter()
                        .all(|name| alike::fields(self.supergraph, (*first, object), name))
            });
            match known {
                Some((_, class)) => {
                    class.insert(object);
                }
                None => classes.push((object, TypeSet::of(object))),
            }
        }
        self.tree.nodes[position.index()].classes =
            classes.into_iter().map(|(_, class)| class).collect();
    }

    fn wants_alike(&self, wanted: &[Wanted], a: TypeId, b: TypeId) -> bool {
        let fields = |object: TypeId| {
            wanted
                .iter()
                .filter(move |wanted| wanted.types.contains(object))
        };
        let covered = |from: TypeId, by: TypeId| {
            fields(from).all(|one| {
                fields(by).any(|other| {
                    one.field.name == other.field.name
                        && one.field.arguments == other.field.arguments
                })
            })
        };
        covered(a, b) && covered(b, a)
    }

    /// Adds a node for each field the client selects (several where subgraphs treat its types differently). Returns
    /// the draft of the output and (index of the field, node).
    pub(super) fn add_fields(
        &mut self,
        position: NodeId,
        fields: &'a [Field],
    ) -> (Draft, Vec<(usize, NodeId)>) {
        let mut draft = Draft::default();
        let mut chosen = Vec::new();
        let possible = &self.supergraph.ty(self.tree.node(position).named).possible;
        for (index, field) in fields.iter().enumerate() {
            let meta = match field {
                _ if field.is_typename() => Some(DraftValue::Typename),
                _ if field.is_introspection() => Some(DraftValue::Introspection),
                _ => None,
            };
            if let Some(value) = meta {
                let types = (!possible.is_subset(&field.types)).then(|| field.types.clone());
                draft.fields.push(DraftField {
                    key: field.key.clone(),
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
                    key: field.key.clone(),
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
            let covered = found.iter().fold(TypeSet::default(), |all, node| {
                all.union(&self.tree.node(*node).types)
            });
            let missing = types.difference(&covered);
            let mut nodes = found;
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
        shape: &Shape,
        types: &TypeSet,
    ) -> Vec<(TypeSet, NodeId)> {
        let supergraph = self.supergraph;
        let parent = self.tree.node(position);
        let mut groups: Vec<(TypeId, TypeSet)> = Vec::new();
        for class in parent
            .classes
            .iter()
            .filter(|class| class.intersects(types))
        {
            let Some(first) = class.iter().next() else {
                continue;
            };
            let group = groups.iter_mut().find(|(other, _)| {
                let leaf = self.is_leaf(first, shape.name) && self.is_leaf(*other, shape.name);
                leaf || (alike::fields(supergraph, (*other, first), shape.name)
                    && alike::entries(supergraph, *other, first))
            });
            match group {
                Some((_, group)) => *group = group.union(class),
                None => groups.push((first, class.clone())),
            }
        }
        // Types that cannot come up here have a response key all the same; nothing fills it.
        let rest = types.difference(&parent.possible);
        let unreal = rest.iter().next();
        match (groups.first_mut(), unreal) {
            (_, None) => {}
            (Some((_, group)), Some(_)) => *group = group.union(&rest),
            (None, Some(first)) => groups.push((first, rest)),
        }
        let internal = if shape.key.is_some() {
            0
        } else {
            parent.internal + 1
        };
        let mut nodes = Vec::new();
        for (first, types) in groups {
            let Some(id) = supergraph.field_of(first, shape.name) else {
                continue;
            };
            let field = supergraph.field(id);
            let ty = supergraph.ty(field.named);
            let node = self.tree.add(Node {
                parent: Some(position),
                name: field.name.clone(),
                arguments: shape.arguments.to_vec(),
                types: types.clone(),
                ty: field.ty.clone(),
                named: field.named,
                lists: field.lists,
                leaf: ty.is_leaf(),
                possible: TypeSet::default(),
                classes: Vec::new(),
                children: Vec::new(),
                key: shape.key.cloned(),
                internal,
            });
            nodes.push((types, node));
        }
        nodes
    }

    fn is_leaf(&self, object: TypeId, name: &str) -> bool {
        let field = self
            .supergraph
            .field_of(object, name)
            .map(|id| self.supergraph.field(id));
        field.is_some_and(|field| self.supergraph.ty(field.named).is_leaf())
    }

    /// The values of a leaf, and the states that can read them.
    pub(super) fn add_values(&mut self, node: NodeId) {
        let Some(position) = self.tree.node(node).parent else {
            return;
        };
        self.values[node.index()] = vec![None; self.tree.node(position).classes.len()];
        for (class, object) in self.classes_of(node) {
            let fact = self.facts.add(Fact::Value { node, class });
            self.values[node.index()][class] = Some(fact);
            for state_fact in self.states[position.index()].clone() {
                let Some(state) = self.facts.state(state_fact) else {
                    continue;
                };
                if state.class.is_none_or(|of| of == class)
                    && self.reading(state, node, object) == Reading::Plain
                {
                    self.facts
                        .connect(fact, [state_fact], (1, MoveKind::Within));
                }
            }
        }
    }

    /// The states of a composite child inside its parent's fetches, and from them its possible types.
    pub(super) fn add_inline_states(&mut self, child: NodeId) {
        let Some(position) = self.tree.node(child).parent else {
            return;
        };
        let exists = self.facts.add(Fact::Exists);
        self.exists[child.index()] = Some(exists);
        let classes = self.classes_of(child);
        if classes.is_empty() {
            return;
        }
        let states = self.states[position.index()].clone();
        for &fact in &states {
            let Some(state) = self.facts.state(fact) else {
                continue;
            };
            let whole = state.class.is_none();
            if whole
                && classes
                    .iter()
                    .all(|(_, object)| self.reading(state, child, *object) == Reading::Plain)
            {
                self.inline(child, &[fact], classes[0].1);
            }
        }
        for subgraph in self.supergraph.subgraph_ids() {
            for only in [None, Some(child)] {
                let entered = |(class, object): &(usize, TypeId)| {
                    states.iter().copied().find(|&fact| {
                        self.facts.state(fact).is_some_and(|state| {
                            (state.class, state.subgraph, state.only)
                                == (Some(*class), subgraph, only)
                                && self.reading(state, child, *object) == Reading::Plain
                        })
                    })
                };
                if let Some(facts) = classes.iter().map(entered).collect::<Option<Vec<FactId>>>() {
                    self.inline(child, &facts, classes[0].1);
                }
            }
        }
        self.narrow(child);
    }

    /// Adds (or finds) the state of `child` inside the fetches of `parents`, which agree in their subgraph.
    fn inline(&mut self, child: NodeId, parents: &[FactId], object: TypeId) {
        let Some(parent) = parents.first().and_then(|fact| self.facts.state(*fact)) else {
            return;
        };
        let node = self.tree.node(child);
        let subgraph = parent.subgraph;
        let declared_on = if parent.opaque {
            parent.declared
        } else {
            object
        };
        let Some(field) = self
            .supergraph
            .field_of(declared_on, &node.name)
            .map(|id| self.supergraph.field(id))
        else {
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
        let inherited = parent
            .view
            .iter()
            .filter(|seen| seen.name == node.name && seen.arguments == node.arguments);
        let mut view: Vec<&'a SetField> = inherited.flat_map(|seen| &seen.fields).collect();
        view.extend(provides.iter().flat_map(|set| &set.fields));
        let known = self.supergraph.ty(declared).in_subgraph(subgraph);
        let opaque = known.is_some_and(|known| known.interface_object);
        let same = self.states[child.index()].iter().copied().find(|&fact| {
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
            self.states[child.index()].push(fact);
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
        for fact in &self.states[child.index()] {
            if let Some(state) = self.facts.state(*fact)
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

/// What makes fields the same field.
struct Shape<'a> {
    name: &'a Name,
    arguments: &'a [Argument],
    key: Option<&'a Name>,
}

//! Building of an operation's graph, from the root down.

use super::{
    Draft, DraftValue, Fact, FactId, Facts, MoveKind, Node, NodeId, State, States, Terminal, Tree,
    builder::{Builder, REQUEST_COST, Wanted},
    contexts,
};
use crate::operation::{Field, Operation, Selections};
use crate::planner::{Budget, Error};
use crate::schema::{SubgraphId, Supergraph, TypeId, TypeSet};
use apollo_compiler::{Name, ast, name};
use smallvec::{SmallVec, smallvec};

/// Positions before an operation is refused.
const POSITIONS_MAX: usize = 50_000;

/// Everything that planning one operation searches.
#[derive(Debug)]
pub(in crate::planner) struct Graph<'a> {
    pub tree: Tree<'a>,
    pub facts: Facts<'a>,
    /// What the plan must establish, in the order of the response.
    pub terminals: Vec<Terminal>,
    /// What the client sees of the root.
    pub output: Draft<'a>,
    /// By node: the states at it.
    pub states: Vec<States>,
    /// By node: the facts of its runtime types, by class.
    pub typenames: Vec<SmallVec<[FactId; 1]>>,
}

/// Builds the graph of `operation`. `hops`: how many positions beyond the client's own selections may be entered by
/// keys of their own (a key may need a field that is itself a hop away).
pub(in crate::planner) fn build<'a>(
    supergraph: &'a Supergraph,
    operation: &'a Operation,
    (hops, budget): (u8, &Budget),
) -> Result<Graph<'a>, Error> {
    // Keys take a few positions more; a field has two facts or three.
    let positions = (operation.selections.count() * 3 / 2 + 8).min(POSITIONS_MAX);
    let mut builder = Builder {
        supergraph,
        labels: &operation.labels,
        forbidden: &operation.forbidden,
        tree: Tree::with_room(positions),
        facts: Facts::with_room(positions * 2),
        states: Vec::with_capacity(positions),
        values: Vec::with_capacity(positions),
        typenames: Vec::with_capacity(positions),
        exists: Vec::with_capacity(positions),
        pending: Vec::new(),
        terminals: Vec::new(),
        hops,
        contexts: contexts::used(supergraph, operation),
        budget,
    };
    let root = builder.tree.add(root(operation));
    builder.grow_tables();
    let output = builder.expand(root, Some(&operation.selections), Vec::new())?;
    builder.connect_entries()?;
    builder.facts.seal();
    Ok(Graph {
        tree: builder.tree,
        facts: builder.facts,
        terminals: builder.terminals,
        output,
        states: builder.states,
        typenames: builder.typenames,
    })
}

fn root<'a>(operation: &Operation) -> Node<'a> {
    static NAME: Name = name!("root");
    static TYPE: ast::Type = ast::Type::Named(name!("root"));
    let types = TypeSet::of(operation.root);
    Node {
        parent: None,
        name: &NAME,
        arguments: &[],
        types: types.clone(),
        ty: &TYPE,
        named: operation.root,
        lists: 0,
        leaf: false,
        possible: types.clone(),
        classes: smallvec![types],
        parts: SmallVec::new(),
        children: Vec::new(),
        key: None,
        internal: 0,
    }
}

impl<'a> Builder<'a, '_> {
    /// Lets every subgraph that knows the root type be entered at `position`.
    pub(super) fn enter_root(&mut self, position: NodeId, root: TypeId, only: Option<NodeId>) {
        for subgraph in self.supergraph.subgraph_ids() {
            let mut children = match &only {
                Some(only) => std::slice::from_ref(only).iter(),
                None => self.tree.node(position).children.iter(),
            };
            if !children.any(|&child| self.owns(child, subgraph)) {
                continue;
            }
            let state = State {
                position,
                class: None,
                subgraph,
                declared: root,
                opaque: false,
                view: Vec::new(),
                only,
            };
            let fact = self.facts.add(Fact::State(state));
            self.states[position.index()].add(None, fact);
            let inputs = self.exists[position.index()].filter(|_| position != NodeId::ROOT);
            self.facts
                .connect(fact, inputs, (REQUEST_COST, MoveKind::EnterRoot));
        }
    }

    /// Whether a subgraph resolves a root field itself.
    fn owns(&self, child: NodeId, subgraph: SubgraphId) -> bool {
        self.tree.node(child).parts.iter().any(|part| {
            let known = self.supergraph.field(part.field).in_subgraph(subgraph);
            known.is_some_and(|known| known.resolves(self.labels))
        })
    }

    /// Builds everything below `position`: what the client selects there and what `wanted` needs.
    pub(super) fn expand(
        &mut self,
        position: NodeId,
        selections: Option<&'a Selections>,
        mut wanted: Vec<Wanted<'a>>,
    ) -> Result<Draft<'a>, Error> {
        if self.tree.nodes.len() > POSITIONS_MAX {
            return Err(Error::TooLarge {
                limit: POSITIONS_MAX,
            });
        }
        let fields = selections.map_or(&[][..], |selections| selections.fields.as_slice());
        self.want_contexts(position, &mut wanted);
        let before = self.facts.size();
        self.classify(position, fields, &mut wanted)?;
        let (mut draft, chosen) = self.add_fields(position, fields);
        let mut internal = self.add_wanted(position, &wanted);
        internal.sort_by_key(|(node, _)| *node);
        self.grow_tables();
        self.add_meta_facts(position);
        self.add_root_entries(position);
        self.add_entries(position);
        self.add_requirements(position);
        let children = self.tree.node(position).children.clone();
        let mut internal = internal.into_iter().peekable();
        for &child in &children {
            if self.tree.node(child).leaf {
                self.add_values(child)
            } else {
                self.add_inline_states(child)
            }
        }
        self.budget.spend(self.facts.size() - before)?;
        self.check_origins(position, &chosen)?;
        self.add_terminals(position, fields, &chosen);
        // Nodes, what was chosen and the draft's fields are in one order.
        let mut drafts = draft.fields.iter_mut();
        for child in children {
            if self.tree.node(child).leaf {
                continue;
            }
            let field = chosen
                .binary_search_by_key(&child, |(_, node)| *node)
                .ok()
                .map(|at| &fields[chosen[at].0]);
            let mut below = Vec::new();
            while let Some((_, wanted)) = internal.next_if(|(node, _)| *node <= child) {
                below.push(wanted);
            }
            let output = self.expand(child, field.map(|field| &field.selections), below)?;
            let below = field.and_then(|_| {
                drafts.find_map(|field| match &mut field.value {
                    DraftValue::Node(node, below) if *node == child => Some(below),
                    _ => None,
                })
            });
            if let Some(below) = below {
                *below = output;
            }
        }
        Ok(draft)
    }

    /// Mutations enter the root once per field; a position that holds the query type again is entered like the root.
    fn add_root_entries(&mut self, position: NodeId) {
        let roots = self.supergraph.roots();
        let named = self.tree.node(position).named;
        if position == NodeId::ROOT && roots.mutation == Some(named) {
            for child in self.tree.node(position).children.clone() {
                self.enter_root(position, named, Some(child));
            }
        } else if roots.query == Some(named) {
            self.enter_root(position, named, None);
        }
    }

    fn check_origins(&self, position: NodeId, chosen: &[(usize, NodeId)]) -> Result<(), Error> {
        for one in chosen.chunk_by(|a, b| a.0 == b.0) {
            let nodes: Vec<NodeId> = one.iter().map(|(_, node)| *node).collect();
            if !self.has_one_origin(position, &nodes) {
                let parent = self.supergraph.type_name(self.tree.node(position).named);
                return Err(Error::Unreachable {
                    coordinate: format!("{parent}.{}", self.tree.node(nodes[0]).name),
                    path: self.tree.path(nodes[0]),
                    tried: self.half_origins(position, &nodes),
                });
            }
        }
        Ok(())
    }

    /// What the client asked for at `position` must be established.
    fn add_terminals(&mut self, position: NodeId, fields: &[Field], chosen: &[(usize, NodeId)]) {
        if self.tree.node(position).possible.is_empty() {
            return; // Nothing comes up here.
        }
        for &(_, node) in chosen {
            if self.tree.node(node).leaf {
                let facts: Vec<FactId> = self.values[node.index()]
                    .iter()
                    .flatten()
                    .copied()
                    .collect();
                self.terminals
                    .extend(facts.into_iter().map(|fact| Terminal { fact, node }));
            } else if let Some(fact) = self.exists[node.index()]
                && !self.tree.node(node).parts.is_empty()
            {
                self.terminals.push(Terminal { fact, node });
            }
        }
        let possible = &self.supergraph.ty(self.tree.node(position).named).possible;
        let visible = &self.supergraph.ty(self.tree.node(position).named).visible;
        let shown = visible.difference(self.forbidden);
        let depends_on_type = fields
            .iter()
            .any(|field| field.is_typename() || !possible.is_subset(&field.types))
            || (!fields.is_empty() && !possible.is_subset(&shown))
            || chosen
                .iter()
                .any(|(_, node)| !possible.is_subset(&self.tree.node(*node).types));
        if depends_on_type {
            let facts = self.typenames[position.index()].clone();
            self.terminals
                .extend(facts.into_iter().map(|fact| Terminal {
                    fact,
                    node: position,
                }));
        }
    }
}

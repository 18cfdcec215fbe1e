//! Why a field is out of reach: what each subgraph that has to do with it lacks.

use super::set_text;
use crate::operation::Operation;
use crate::planner::error::{Error, Missing, Tried};
use crate::planner::graph::{Fact, FactId, Graph, NodeId, Part};
use crate::planner::search::{Costs, Lost};
use crate::schema::{Entrance, Labels, SetField, SubgraphId, Supergraph, TypeId, TypeSet};
use std::collections::BTreeSet;

/// The error for what could not be established.
pub(in crate::planner) fn unreachable(
    (supergraph, operation): (&Supergraph, &Operation),
    graph: &Graph,
    lost: &Lost,
) -> Error {
    let search = Search {
        supergraph,
        labels: &operation.labels,
        graph,
        costs: &Costs::new(&graph.facts, &lost.barred),
        lost: lost.terminal.fact,
    };
    let node = lost.terminal.node;
    match &graph.facts.facts[lost.terminal.fact.index()] {
        Fact::Typename => search.runtime_type(node),
        Fact::Value { class, .. } => search.field(node, Some(*class)),
        Fact::Exists | Fact::State(_) => search.field(node, None),
    }
}

struct Search<'s, 'a> {
    supergraph: &'s Supergraph,
    labels: &'s Labels,
    graph: &'s Graph<'a>,
    costs: &'s Costs,
    lost: FactId,
}

impl Search<'_, '_> {
    /// The error for a field of the types of a class, or of all of them.
    fn field(&self, node: NodeId, class: Option<usize>) -> Error {
        let at = self.graph.tree.node(node);
        let position = at.parent.unwrap_or(NodeId::ROOT);
        let mut parts = at.parts.iter();
        let part = parts.find(|part| class.is_none_or(|class| part.class == class));
        let of = part.map_or(self.graph.tree.node(position).named, |part| part.object);
        let mut tried = Vec::new();
        for subgraph in self.supergraph.subgraph_ids() {
            let missing = part.map(|part| self.missing((position, node), part, subgraph));
            for missing in missing.into_iter().flatten() {
                self.add(&mut tried, subgraph, missing);
            }
        }
        Error::Unreachable {
            coordinate: format!("{}.{}", self.supergraph.type_name(of), at.name),
            path: self.graph.tree.path(node),
            tried,
        }
    }

    /// The error for the runtime type of objects that only interface objects return.
    fn runtime_type(&self, position: NodeId) -> Error {
        let node = self.graph.tree.node(position);
        let mut classes = self.graph.typenames[position.index()].iter();
        let class = classes.position(|fact| *fact == self.lost).unwrap_or(0);
        let mut tried = Vec::new();
        if let Some(object) = node.classes.get(class).and_then(TypeSet::first) {
            for subgraph in self.supergraph.subgraph_ids() {
                let missing = match self.supergraph.known_as(object, subgraph) {
                    None => Vec::new(),
                    Some(declared) if declared != object => vec![Missing::InterfaceObject],
                    Some(_) => self.locked((position, class, object), subgraph, None),
                };
                for missing in missing {
                    self.add(&mut tried, subgraph, missing);
                }
            }
        }
        let path = self.graph.tree.path(position);
        Error::Unreachable {
            coordinate: format!("{}.__typename", self.supergraph.type_name(node.named)),
            path: format!("{path}.__typename"),
            tried,
        }
    }

    fn add(&self, tried: &mut Vec<Tried>, subgraph: SubgraphId, missing: Missing) {
        let name = self.supergraph.subgraph(subgraph).name.clone();
        match tried.iter_mut().find(|known| known.missing == missing) {
            Some(known) if known.subgraphs.contains(&name) => {}
            Some(known) => known.subgraphs.push(name),
            None => tried.push(Tried {
                subgraphs: vec![name],
                missing,
            }),
        }
    }

    /// What a subgraph lacks to resolve a field; nothing for one that does not know the type.
    fn missing(
        &self,
        (position, node): (NodeId, NodeId),
        part: &Part,
        subgraph: SubgraphId,
    ) -> Vec<Missing> {
        let name = &self.graph.tree.node(node).name;
        let Some(declared) = self.supergraph.known_as(part.object, subgraph) else {
            let field = self.supergraph.field(part.field);
            let own = field.in_subgraph(subgraph);
            let own = own.map(|_| Missing::Key { requires: None });
            return own.into_iter().collect();
        };
        let field = self.supergraph.field_of(declared, name);
        match field.and_then(|field| self.supergraph.field(field).in_subgraph(subgraph)) {
            None => vec![Missing::Field],
            Some(known) if known.external => vec![Missing::External],
            Some(known) if !known.resolves(self.labels) => vec![Missing::Label],
            Some(_) if position == NodeId::ROOT => vec![Missing::RunsOnce],
            Some(known) => {
                let requires = known.requires.as_ref().map(|set| set.fields.as_slice());
                self.locked((position, part.class, part.object), subgraph, requires)
            }
        }
    }

    /// Why a subgraph cannot be entered for objects of a class.
    fn locked(
        &self,
        (position, class, object): (NodeId, usize, TypeId),
        subgraph: SubgraphId,
        requires: Option<&[SetField]>,
    ) -> Vec<Missing> {
        let doors = self.supergraph.entrances(object).iter();
        let doors: Vec<&Entrance> = doors.filter(|door| door.subgraph == subgraph).collect();
        if doors.is_empty() {
            return vec![self.no_door((position, object), subgraph, requires)];
        }
        let types = &self.graph.tree.node(position).classes[class];
        let mut missing = Vec::new();
        for door in doors {
            let fields = &self.supergraph.key(door).fields;
            if let Some(lost) = self.lost_in((position, types), fields) {
                let key = set_text::text(self.supergraph, door.keyed, fields);
                let field = lost.path.clone();
                missing.push(self.or_circular(&lost, Missing::KeyField { key, field }));
            }
        }
        if let Some(fields) = requires.filter(|_| missing.is_empty())
            && let Some(lost) = self.lost_in((position, types), fields)
        {
            let requires = set_text::text(self.supergraph, object, fields);
            let field = lost.path.clone();
            missing.push(self.or_circular(&lost, Missing::Requires { requires, field }));
        }
        missing
    }

    /// What stands for a key that a subgraph does not have, or does not resolve.
    fn no_door(
        &self,
        (position, object): (NodeId, TypeId),
        subgraph: SubgraphId,
        requires: Option<&[SetField]>,
    ) -> Missing {
        if let Some(missing) = self.shut(position, subgraph) {
            return missing;
        }
        let declared = self.supergraph.known_as(object, subgraph);
        let declared = declared.unwrap_or(object);
        let known = self.supergraph.ty(declared).in_subgraph(subgraph);
        match known.and_then(|known| known.keys.first()) {
            Some(key) => Missing::Resolvable {
                key: set_text::text(self.supergraph, declared, &key.fields.fields),
            },
            None => Missing::Key {
                requires: requires.map(|fields| set_text::text(self.supergraph, object, fields)),
            },
        }
    }

    /// What keeps a subgraph from returning the objects of a position, if it could return them and does not.
    fn shut(&self, position: NodeId, subgraph: SubgraphId) -> Option<Missing> {
        let facts = &self.graph.facts;
        let within = |at: NodeId| {
            let mut states = self.graph.states[at.index()].whole.iter().copied();
            states.find(|state| {
                let state = facts.state(*state);
                state.is_some_and(|state| state.subgraph == subgraph)
            })
        };
        // One that does return them would have to be entered for what a `@requires` asks for.
        let mut at = within(position).filter(|state| !self.costs.is_reachable(*state))?;
        // Up to where its fetch would begin.
        while let Some(&above) = facts
            .made_by(at)
            .first()
            .and_then(|step| facts.inputs(*step).first())
        {
            at = above;
            if facts.state(at)?.class.is_some() {
                break;
            }
        }
        let start = facts.state(at)?.position;
        Some(match start == NodeId::ROOT {
            // A root is always open, but a mutation's field is asked of one subgraph.
            true => Missing::RunsOnce,
            false => Missing::Parent {
                path: self.graph.tree.path(start),
            },
        })
    }

    /// The first field of a set that cannot be established.
    fn lost_in(&self, (at, types): (NodeId, &TypeSet), fields: &[SetField]) -> Option<LostField> {
        let tree = &self.graph.tree;
        for field in fields.iter().filter(|field| field.types.intersects(types)) {
            let nodes = tree.matching(at, field, types);
            if nodes.is_empty() {
                let path = format!("{}.{}", tree.path(at), field.name);
                let facts = Vec::new();
                return Some(LostField { path, facts });
            }
            for (node, _) in nodes {
                let facts = self.facts_of(node, (at, types));
                let is_lost = |fact: &FactId| !self.costs.is_reachable(*fact);
                let is_lost = match tree.node(node).leaf {
                    true => facts.is_empty() || facts.iter().any(is_lost),
                    false => facts.iter().all(is_lost),
                };
                if is_lost {
                    let path = tree.path(node);
                    return Some(LostField { path, facts });
                }
                let below = (node, &tree.node(node).possible);
                if let Some(lost) = self.lost_in(below, &field.fields) {
                    return Some(lost);
                }
            }
        }
        None
    }

    /// A leaf's values for the classes among `types`; the states of a composite field, any of which is enough.
    fn facts_of(&self, node: NodeId, (at, types): (NodeId, &TypeSet)) -> Vec<FactId> {
        if !self.graph.tree.node(node).leaf {
            return self.graph.states[node.index()].iter().collect();
        }
        let classes = &self.graph.tree.node(at).classes;
        let facts = self.graph.facts.facts.iter().enumerate();
        let values = facts.filter(|(_, fact)| match fact {
            Fact::Value { node: of, class } => *of == node && classes[*class].intersects(types),
            _ => false,
        });
        values.map(|(index, _)| FactId(index as u32)).collect()
    }

    /// Whether what is lost waits for what was to be established.
    fn or_circular(&self, lost: &LostField, otherwise: Missing) -> Missing {
        let facts = &self.graph.facts;
        let mut seen: BTreeSet<FactId> = lost.facts.iter().copied().collect();
        let mut open = lost.facts.clone();
        while let Some(fact) = open.pop() {
            if fact == self.lost {
                let field = lost.path.clone();
                return Missing::Circular { field };
            }
            let inputs = facts.made_by(fact).iter();
            let inputs = inputs.flat_map(|&step| facts.inputs(step));
            let lost = inputs.filter(|input| !self.costs.is_reachable(**input));
            open.extend(lost.filter(|input| seen.insert(**input)));
        }
        otherwise
    }
}

/// A field of a key or a `@requires` that cannot be established, and the facts behind it.
struct LostField {
    path: String,
    facts: Vec<FactId>,
}

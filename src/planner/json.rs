//! A plan as JSON, in the shape that Apollo's tools read (`queryPlan`), so that viewers made for it show ours.
//!
//! That shape is a tree and ours is a graph, so the tree says when fetches *may* start, by levels: a `Sequence` of
//! `Parallel`s. What a fetch really waits for stands beside it, in `after`. Another difference: one request of ours may
//! fill several places, where that shape has a place for each fetch. Then there is a `Flatten` for each place around
//! the same fetch: nodes with one `id` are one request.

use super::plan::{
    Entities, Fetch, FetchKind, Plan, PositionId, Representation, RepresentationField, Target,
    Typename,
};
use crate::schema::{Supergraph, TypeSet};
use serde_json::{Value, json};

impl Plan {
    /// The plan as a `QueryPlan` node.
    pub fn to_json(&self, supergraph: &Supergraph) -> Value {
        let tree = Tree {
            plan: self,
            supergraph,
        };
        let levels = self.levels().into_iter().map(|level| {
            let nodes = level.into_iter().flat_map(|fetch| tree.nodes(fetch));
            several("Parallel", nodes.collect())
        });
        json!({ "kind": "QueryPlan", "node": several("Sequence", levels.collect()) })
    }

    /// The fetches by how many others must come before each of them, one after the other.
    fn levels(&self) -> Vec<Vec<&Fetch>> {
        let mut levels: Vec<Vec<&Fetch>> = Vec::new();
        let mut level_of = vec![0; self.fetches.len()];
        for (index, fetch) in self.fetches.iter().enumerate() {
            let after = fetch.after.iter();
            let level = after.map(|earlier| level_of[earlier.0 as usize] + 1).max();
            level_of[index] = level.unwrap_or(0);
            levels.resize(levels.len().max(level_of[index] + 1), Vec::new());
            levels[level_of[index]].push(fetch);
        }
        levels
    }
}

/// Several nodes under one, none as null, one as itself.
fn several(kind: &str, mut nodes: Vec<Value>) -> Value {
    match nodes.len() {
        0 => Value::Null,
        1 => nodes.remove(0),
        _ => json!({ "kind": kind, "nodes": nodes }),
    }
}

struct Tree<'a> {
    plan: &'a Plan,
    supergraph: &'a Supergraph,
}

impl Tree<'_> {
    /// A node for each place that a fetch fills.
    fn nodes(&self, fetch: &Fetch) -> Vec<Value> {
        match &fetch.kind {
            FetchKind::Root { at, .. } if *at == PositionId(0) => vec![self.fetch(fetch)],
            FetchKind::Root { at, .. } => vec![self.flatten(*at, self.fetch(fetch))],
            FetchKind::Entities(fields) => {
                let places = fields.iter().flat_map(|field| self.places(fetch, field));
                places.collect()
            }
        }
    }

    /// A node for each position that an `_entities` field fills.
    fn places(&self, fetch: &Fetch, field: &Entities) -> Vec<Value> {
        let mut places: Vec<(PositionId, Vec<Value>)> = Vec::new();
        for target in &field.targets {
            let requires = self.requires(target);
            match places.iter_mut().find(|(at, _)| *at == target.position) {
                Some((_, known)) => known.extend(requires),
                None => places.push((target.position, requires)),
            }
        }
        let node = |(at, requires): (PositionId, Vec<Value>)| {
            let mut node = self.fetch(fetch);
            node["requires"] = requires.into();
            node["entities"] = json!({ "key": field.key, "variable": field.variable });
            let rewrites = self.context_rewrites(field, at);
            if !rewrites.is_empty() {
                node["contextRewrites"] = rewrites.into();
            }
            self.flatten(at, node)
        };
        places.into_iter().map(node).collect()
    }

    /// Where context variables take their values from: a way up from the entities, then down to a leaf.
    fn context_rewrites(&self, field: &Entities, at: PositionId) -> Vec<Value> {
        let mut rewrites = Vec::new();
        let targets = field.targets.iter().filter(|target| target.position == at);
        for (variable, sources) in targets.flat_map(|one| field.contexts.iter().zip(&one.contexts))
        {
            for source in sources {
                let mut path = vec!["..".to_owned(); self.plan.steps_up(at, source.position)];
                if let Some(types) = &source.types {
                    path.push(format!("... on {}", self.names(types).join("|")));
                }
                let mut next = source.fields.first();
                while let Some(field) = next {
                    path.push(field.name.to_string());
                    next = field.fields.first();
                }
                let rewrite =
                    json!({ "kind": "KeyRenamer", "path": path, "renameKeyTo": variable.name });
                if !rewrites.contains(&rewrite) {
                    rewrites.push(rewrite);
                }
            }
        }
        rewrites
    }

    fn flatten(&self, at: PositionId, node: Value) -> Value {
        let path = self.plan.path(at);
        let path: Vec<&str> = path.split('.').collect();
        json!({ "kind": "Flatten", "path": path, "node": node })
    }

    fn fetch(&self, fetch: &Fetch) -> Value {
        let names = |ids: &[super::FetchId]| -> Vec<String> {
            ids.iter().map(|id| id.0.to_string()).collect()
        };
        let variables: Vec<&str> = fetch.variables.iter().map(|name| name.as_str()).collect();
        json!({
            "kind": "Fetch",
            "serviceName": self.supergraph.subgraph(fetch.subgraph).name,
            "requires": [],
            "variableUsages": variables,
            "operation": &*fetch.document,
            "operationName": null,
            "operationKind": fetch.operation.to_string(),
            "id": fetch.id.0.to_string(),
            "after": names(&fetch.after),
        })
    }

    /// What is sent for the rows of a target: a selection for each type that they may have.
    fn requires(&self, target: &Target) -> Vec<Value> {
        let Representation { typename, fields } = &target.representation;
        let mut selections = vec![field("__typename", Vec::new())];
        selections.extend(self.selections(fields));
        let types = match typename {
            Typename::Fixed(name) => vec![name.as_str()],
            Typename::Runtime => self.types_at(target),
        };
        if types.is_empty() {
            return vec![json!({ "kind": "InlineFragment", "selections": selections })];
        }
        let fragments = types.into_iter().map(|ty| fragment(ty, selections.clone()));
        fragments.collect()
    }

    /// The names of the types that a target is about; none where that is every type.
    fn types_at(&self, target: &Target) -> Vec<&str> {
        match &target.types {
            Some(types) => self.names(types),
            None => {
                let position = &self.plan.positions[target.position.0 as usize];
                let only = position.object.map(|ty| self.supergraph.type_name(ty));
                only.into_iter().map(|name| name.as_str()).collect()
            }
        }
    }

    fn selections(&self, fields: &[RepresentationField]) -> Vec<Value> {
        let selections = fields.iter().flat_map(|one| {
            let mut below = Vec::new();
            below.extend(one.typename.then(|| field("__typename", Vec::new())));
            below.extend(self.selections(&one.fields));
            let selection = field(&one.name, below);
            match &one.types {
                None => vec![selection],
                Some(types) => {
                    let names = self.names(types).into_iter();
                    names
                        .map(|ty| fragment(ty, vec![selection.clone()]))
                        .collect()
                }
            }
        });
        selections.collect()
    }

    fn names(&self, types: &TypeSet) -> Vec<&str> {
        let names = types
            .iter()
            .map(|ty| self.supergraph.type_name(ty).as_str());
        names.collect()
    }
}

fn field(name: &str, selections: Vec<Value>) -> Value {
    match selections.is_empty() {
        true => json!({ "kind": "Field", "name": name }),
        false => json!({ "kind": "Field", "name": name, "selections": selections }),
    }
}

fn fragment(ty: &str, selections: Vec<Value>) -> Value {
    json!({ "kind": "InlineFragment", "typeCondition": ty, "selections": selections })
}

//! The last step: what the client sees, and positions without those that nothing uses.

use super::{Source, document::position};
use crate::planner::graph::{Draft, DraftValue, NodeId};
use crate::planner::plan::{
    Fetch, FetchKind, Leaf, Output, OutputField, OutputValue, Plan, Position, PositionId, Read,
    RepresentationField, Target,
};
use crate::schema::{Supergraph, TypeId, TypeKind};

/// Completes a plan.
pub(super) fn finish(source: &Source, mut fetches: Vec<Fetch>) -> Plan {
    let mut output = output(source, &source.graph.output);
    let tree = &source.graph.tree;
    let mut used = vec![false; tree.nodes.len()];
    used[NodeId::ROOT.index()] = true;
    let mut note = |at: &mut PositionId| used[at.0 as usize] = true;
    visit(&mut fetches, &mut output, &mut note);
    for index in (0..used.len()).rev().filter(|index| *index > 0) {
        if let Some(parent) = tree.nodes[index].parent.filter(|_| used[index]) {
            used[parent.index()] = true;
        }
    }
    let (positions, renumbered) = positions(source, &used);
    let mut rename = |at: &mut PositionId| *at = renumbered[at.0 as usize];
    visit(&mut fetches, &mut output, &mut rename);
    Plan {
        kind: source.operation.kind,
        positions,
        fetches,
        output,
        forbidden: source.operation.forbidden.clone(),
    }
}

/// The positions in use, and for every node its new number.
fn positions(source: &Source, used: &[bool]) -> (Vec<Position>, Vec<PositionId>) {
    let tree = &source.graph.tree;
    let mut renumbered = vec![PositionId(0); used.len()];
    let mut positions: Vec<Position> = Vec::new();
    for (index, node) in tree
        .nodes
        .iter()
        .enumerate()
        .filter(|(index, _)| used[*index])
    {
        renumbered[index] = PositionId(positions.len() as u32);
        let parent = node.parent.map(|parent| renumbered[parent.index()]);
        let slot = parent.map_or(0, |parent| {
            let parent = &mut positions[parent.0 as usize];
            parent.slots += 1;
            parent.slots - 1
        });
        let is_object = source.supergraph.ty(node.named).kind == TypeKind::Object;
        positions.push(Position {
            parent,
            slot,
            slots: 0,
            field: node.name.clone(),
            lists: node.lists,
            object: is_object.then_some(node.named),
            named: node.named,
            fields: node.parts.iter().map(|part| part.field).collect(),
            arguments: node.arguments.to_vec(),
        });
    }
    (positions, renumbered)
}

fn output(source: &Source, draft: &Draft) -> Output {
    let field = |field: &crate::planner::graph::DraftField| {
        let value = match &field.value {
            DraftValue::Typename => OutputValue::Typename,
            DraftValue::Introspection => OutputValue::Introspection,
            DraftValue::Denied(ty) => OutputValue::Denied { ty: (*ty).clone() },
            DraftValue::Node(node, below) => {
                let at = source.graph.tree.node(*node);
                let (position, ty) = (position(*node), at.ty.clone());
                if at.leaf {
                    OutputValue::Leaf {
                        position,
                        ty,
                        leaf: leaf(source.supergraph, at.named),
                    }
                } else {
                    let visible = &source.supergraph.ty(at.named).visible;
                    let possible = visible.difference(&source.operation.forbidden);
                    OutputValue::Object {
                        position,
                        ty,
                        possible,
                        output: output(source, below),
                    }
                }
            }
        };
        OutputField {
            key: field.key.clone(),
            types: field.types.clone(),
            value,
        }
    };
    Output {
        fields: draft.fields.iter().map(field).collect(),
    }
}

/// How values of a leaf type are checked.
pub(in crate::planner) fn leaf(supergraph: &Supergraph, named: TypeId) -> Leaf {
    let ty = supergraph.ty(named);
    match (ty.kind, ty.name.as_str()) {
        (TypeKind::Enum, _) => Leaf::Enum(named),
        (_, "Int") => Leaf::Int,
        (_, "Float") => Leaf::Float,
        (_, "String") => Leaf::String,
        (_, "Boolean") => Leaf::Boolean,
        (_, "ID") => Leaf::Id,
        _ => Leaf::Any,
    }
}

/// Calls `apply` on every position that a plan mentions.
fn visit(fetches: &mut [Fetch], output: &mut Output, apply: &mut dyn FnMut(&mut PositionId)) {
    for fetch in fetches {
        match &mut fetch.kind {
            FetchKind::Root { at, read } => {
                apply(at);
                visit_read(read, apply);
            }
            FetchKind::Entities(fields) => {
                let targets = fields.iter_mut().flat_map(|field| &mut field.targets);
                targets.for_each(|target| visit_target(target, apply));
            }
        }
    }
    visit_output(output, apply);
}

fn visit_target(target: &mut Target, apply: &mut dyn FnMut(&mut PositionId)) {
    apply(&mut target.position);
    visit_read(&mut target.read, apply);
    visit_representation(&mut target.representation.fields, apply);
    for source in target.contexts.iter_mut().flatten() {
        apply(&mut source.position);
        visit_representation(&mut source.fields, apply);
    }
}

fn visit_read(read: &mut Read, apply: &mut dyn FnMut(&mut PositionId)) {
    for field in &mut read.fields {
        apply(&mut field.position);
        if let Some(read) = &mut field.read {
            visit_read(read, apply);
        }
    }
}

fn visit_representation(
    fields: &mut [RepresentationField],
    apply: &mut dyn FnMut(&mut PositionId),
) {
    for field in fields {
        apply(&mut field.position);
        visit_representation(&mut field.fields, apply);
    }
}

fn visit_output(output: &mut Output, apply: &mut dyn FnMut(&mut PositionId)) {
    for field in &mut output.fields {
        match &mut field.value {
            OutputValue::Leaf { position, .. } => apply(position),
            OutputValue::Object {
                position, output, ..
            } => {
                apply(position);
                visit_output(output, apply);
            }
            OutputValue::Typename | OutputValue::Introspection | OutputValue::Denied { .. } => {}
        }
    }
}

//! Objects of a subgraph's answer, and what is asked of them.

use super::{Subject, readings::Known};
use crate::planner::plan::PositionId;
use crate::schema::{Argument, SetField, SubgraphId, TypeId, TypeSet};
use apollo_compiler::{
    ExecutableDocument, Node,
    executable::{Field, Selection, SelectionSet},
};

/// One fetch.
#[derive(Clone, Copy)]
pub(super) struct Asking<'a> {
    pub(super) subject: Subject<'a>,
    pub(super) document: &'a ExecutableDocument,
    pub(super) fetch: usize,
    pub(super) subgraph: SubgraphId,
}

/// Objects of an answer, before what is asked of them is looked at.
pub(super) struct Objects<'a> {
    pub(super) position: PositionId,
    pub(super) known: Known,
    pub(super) sets: Vec<&'a SelectionSet>,
    /// What a `@provides` around them adds.
    pub(super) view: Vec<&'a SetField>,
    /// Whether they are entities, sent with what their fields require.
    pub(super) are_entities: bool,
    /// Whether they are read into other positions too, each taking its own part.
    pub(super) is_shared: bool,
}

/// A field of a document, for objects of some types.
pub(super) struct Asked<'a> {
    pub(super) types: TypeSet,
    pub(super) field: &'a Node<Field>,
}

impl<'a> Asking<'a> {
    pub(super) fn name(&self, position: PositionId) -> String {
        self.subject.at(self.fetch, position)
    }

    /// The arguments of a field without those that contexts set, which come last.
    pub(super) fn arguments(&self, asked: &Asked<'a>) -> &'a [Argument] {
        let supergraph = self.subject.supergraph;
        let local = asked.types.first();
        let field = local.and_then(|local| supergraph.field_of(local, &asked.field.name));
        let known = field.and_then(|id| supergraph.field(id).in_subgraph(self.subgraph));
        let is_set = |argument: &Argument| {
            let mut contexts = known.iter().flat_map(|known| &known.contexts);
            contexts.any(|context| context.name == argument.name)
        };
        let all = asked.field.arguments.as_slice();
        let own = all.iter().take_while(|argument| !is_set(argument));
        &all[..own.count()]
    }

    /// As what the subgraph knows objects where it declares `named`.
    pub(super) fn known(&self, named: TypeId) -> Known {
        let ty = self.subject.supergraph.ty(named);
        match ty.in_subgraph(self.subgraph) {
            Some(known) if known.interface_object => Known::As(named),
            known => Known::Types(
                known
                    .map(|known| known.possible.clone())
                    .unwrap_or_default(),
            ),
        }
    }

    /// The fields of selection sets, with the types that are asked for them.
    pub(super) fn flatten(&self, objects: &Objects<'a>) -> Vec<Asked<'a>> {
        let mut asked = Vec::new();
        let types = objects.known.types();
        let sets = objects.sets.iter().rev();
        let mut open: Vec<(&SelectionSet, TypeSet)> =
            sets.map(|set| (*set, types.clone())).collect();
        while let Some((set, types)) = open.pop() {
            for selection in &set.selections {
                let (condition, below) = match selection {
                    Selection::Field(field) => {
                        let types = types.clone();
                        asked.push(Asked { types, field });
                        continue;
                    }
                    Selection::InlineFragment(fragment) => {
                        (fragment.type_condition.as_ref(), &fragment.selection_set)
                    }
                    Selection::FragmentSpread(spread) => {
                        let Some(fragment) = spread.fragment_def(self.document) else {
                            continue;
                        };
                        (Some(fragment.type_condition()), &fragment.selection_set)
                    }
                };
                let supergraph = self.subject.supergraph;
                let condition = condition.and_then(|name| supergraph.type_id(name));
                let types = match condition {
                    Some(condition) => types.intersection(&self.known(condition).types()),
                    None => types.clone(),
                };
                open.push((below, types));
            }
        }
        asked
    }
}

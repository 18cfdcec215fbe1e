//! The types that can be relied on at a position: those that every subgraph which could return its objects can return.
//! Fields of others are null whatever is fetched (`docs/architecture.md`, the first of the three rules).
//!
//! The subgraphs counted here may be more than those that could be asked, never fewer: what is demanded is certain.

use super::{Subject, asked::Wanted};
use crate::planner::plan::{Position, PositionId};
use crate::schema::{SubgraphId, TypeId, TypeSet};

/// By position.
pub(super) struct Narrowed {
    pub(super) types: Vec<TypeSet>,
    /// By position: all types that the schema allows there.
    possible: Vec<TypeSet>,
    /// By position: which subgraphs could return its objects, by their ids.
    origins: Vec<Vec<bool>>,
}

impl Narrowed {
    pub(super) fn new(subject: &Subject, wanted: &Wanted) -> Self {
        let mut narrowed = Self {
            types: Vec::new(),
            possible: Vec::new(),
            origins: Vec::new(),
        };
        let subgraphs = subject.supergraph.subgraphs().len();
        for (index, position) in subject.plan.positions.iter().enumerate() {
            let Some(parent) = position.parent else {
                narrowed.types.push(TypeSet::of(subject.operation.root));
                narrowed.possible.push(TypeSet::of(subject.operation.root));
                narrowed.origins.push(vec![true; subgraphs]);
                continue;
            };
            narrowed.add(subject, wanted, (index, position, parent));
        }
        narrowed
    }

    fn add(
        &mut self,
        subject: &Subject,
        wanted: &Wanted,
        (index, position, parent): (usize, &Position, PositionId),
    ) {
        let supergraph = subject.supergraph;
        let around = &self.possible[parent.0 as usize];
        let shown = around.intersection(&wanted.shown[index]);
        let around = if shown.is_empty() { around } else { &shown };
        let named = wanted.named[index].or(position.object);
        let mut possible = named.map(|named| supergraph.ty(named).possible.clone());
        if possible.is_none() {
            let fields = around
                .iter()
                .filter_map(|object| supergraph.field_of(object, &position.field));
            let all = fields.map(|field| &supergraph.ty(supergraph.field(field).named).possible);
            possible = all.cloned().reduce(|all, more| all.union(&more));
        }
        let possible = possible.unwrap_or_default();
        let mut types = possible.clone();
        let mut origins = vec![false; supergraph.subgraphs().len()];
        for object in around.iter() {
            for subgraph in supergraph.subgraph_ids() {
                let is_around = self.origins[parent.0 as usize][subgraph.index()];
                if let Some(returned) =
                    returned(subject, (object, subgraph), (&position.field, is_around))
                {
                    origins[subgraph.index()] = true;
                    if let Returned::Types(returned) = returned {
                        types = types.intersection(returned);
                    }
                }
            }
        }
        self.types.push(types);
        self.possible.push(possible);
        self.origins.push(origins);
    }
}

/// What a subgraph can return in a field.
enum Returned<'a> {
    /// Interface objects.
    Anything,
    Types(&'a TypeSet),
}

/// What a subgraph can return in a field of objects of type `object`, if it can be asked.
fn returned<'a>(
    subject: &Subject<'a>,
    (object, subgraph): (TypeId, SubgraphId),
    (name, is_around): (&str, bool),
) -> Option<Returned<'a>> {
    let supergraph = subject.supergraph;
    let doors = supergraph.entrances(object).iter();
    let is_entered = doors.filter(|door| door.subgraph == subgraph).count() > 0;
    let is_root = supergraph.roots().query == Some(object);
    let declared = supergraph.known_as(object, subgraph)?;
    let field = supergraph.field(supergraph.field_of(declared, name)?);
    let known = field.in_subgraph(subgraph)?;
    let is_origin = is_around || (is_entered || is_root) && !known.external;
    let named = supergraph.type_id(field.type_in(subgraph).inner_named_type());
    let named = named.filter(|_| is_origin)?;
    let known = supergraph.ty(named).in_subgraph(subgraph);
    Some(match known {
        Some(known) if !known.interface_object => Returned::Types(&known.possible),
        _ => Returned::Anything,
    })
}

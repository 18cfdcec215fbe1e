//! Representations: what an entry sends of the objects it is made for.

use super::{
    Source,
    argument::{Argument, Value, around},
    document::position,
};
use crate::planner::graph::{ContextSource, EntryTypename, FactId, MoveKind, NodeId};
use crate::planner::plan::{self, Representation, RepresentationField, Typename};
use crate::schema::{FieldInSubgraph, FieldSet, SetField, TypeSet};

/// The representation of one entry, for a class of types.
#[derive(Clone, PartialEq)]
pub(super) struct Draft {
    pub(super) class: usize,
    pub(super) types: TypeSet,
    pub(super) typename: EntryTypename,
    /// The subgraph cannot tell the objects' types.
    pub(super) opaque: bool,
    pub(super) fields: Vec<RepresentationField>,
    /// What the field that the entry is made for takes from contexts.
    pub(super) arguments: Vec<Argument>,
}

impl Draft {
    /// Whether both can be one: for other classes always, for the same class if no name means two things. What contexts
    /// set must come from the same objects: then there are not many more different sets of arguments.
    pub(super) fn agrees(&self, other: &Self) -> bool {
        let is_one = self.class != other.class
            || (self.typename == other.typename && agree(&self.fields, &other.fields));
        is_one && around(&self.arguments) == around(&other.arguments)
    }

    /// Adds what another entry for the same class sends.
    pub(super) fn join(&mut self, other: Self) {
        join(&mut self.fields, other.fields);
    }

    pub(super) fn representation(&self, source: &Source) -> Representation {
        let typename = match self.typename {
            EntryTypename::Runtime => Typename::Runtime,
            EntryTypename::Interface(interface) => {
                Typename::Fixed(source.supergraph.type_name(interface).clone())
            }
        };
        Representation {
            typename,
            fields: self.fields.clone(),
        }
    }
}

/// What the entry behind `fact` sends; none for roots.
pub(super) fn draft(source: &Source, fact: FactId) -> Option<Draft> {
    let opening = opening(source, fact)?;
    let state = source.graph.facts.state(fact)?;
    let at = state.position;
    let types = source.graph.tree.node(at).classes[opening.class].clone();
    let rows = Rows {
        at,
        types: &types,
        is_class: true,
    };
    let mut fields = fields(source, &rows, (&opening.key.fields, true));
    if let Some(requires) = opening.field.and_then(|field| field.requires.as_ref()) {
        join(
            &mut fields,
            self::fields(source, &rows, (&requires.fields, false)),
        );
    }
    Some(Draft {
        class: opening.class,
        types,
        typename: opening.typename,
        opaque: state.opaque,
        fields,
        arguments: arguments(source, fact),
    })
}

/// The arguments from contexts of the field that an entry is made for.
fn arguments(source: &Source, entry: FactId) -> Vec<Argument> {
    let tree = &source.graph.tree;
    let state = source.graph.facts.state(entry);
    let field = opening(source, entry).and_then(|opening| opening.field);
    let (Some(state), Some(field)) = (state, field) else {
        return Vec::new();
    };
    let argument = |argument| {
        let sources = tree.context_sources(state.position, argument)?;
        let sources = sources.into_iter().map(|from| plan::ContextSource {
            position: position(from.at),
            fields: context_value(source, &from),
            types: from.types,
        });
        Some(Argument {
            node: state.only?,
            name: argument.name.clone(),
            value: Value {
                ty: argument.ty.clone(),
                sources: sources.collect(),
            },
        })
    };
    field.contexts.iter().filter_map(argument).collect()
}

/// What objects set a context to.
fn context_value(source: &Source, from: &ContextSource) -> Vec<RepresentationField> {
    let node = source.graph.tree.node(from.at);
    let rows = Rows {
        at: from.at,
        types: from.types.as_ref().unwrap_or(&node.possible),
        is_class: false,
    };
    fields(source, &rows, (from.fields, false))
}

/// The objects that fields are collected for.
struct Rows<'t> {
    at: NodeId,
    types: &'t TypeSet,
    /// They are one class, and the set is that of one of its types: what it sends, all do.
    is_class: bool,
}

/// The fields of a set, over the nodes that hold them.
fn fields(
    source: &Source,
    rows: &Rows,
    (set, key): (&[SetField], bool),
) -> Vec<RepresentationField> {
    let tree = &source.graph.tree;
    let mut fields = Vec::new();
    for wanted in set
        .iter()
        .filter(|wanted| wanted.types.intersects(rows.types))
    {
        let types = if rows.is_class {
            rows.types.clone()
        } else {
            wanted.types.intersection(rows.types)
        };
        for (node, applies) in tree.matching(rows.at, wanted, &types) {
            let below = tree.node(node);
            let nested = if below.leaf {
                Vec::new()
            } else {
                let rows = Rows {
                    at: node,
                    types: &below.possible,
                    is_class: false,
                };
                self::fields(source, &rows, (&wanted.fields, key))
            };
            let field = RepresentationField {
                name: wanted.name.clone(),
                types: (!rows.types.is_subset(&applies)).then_some(applies),
                position: position(node),
                key,
                fields: nested,
                typename: !below.leaf && source.supergraph.ty(below.named).is_abstract(),
            };
            join(&mut fields, vec![field]);
        }
    }
    fields
}

fn agree(a: &[RepresentationField], b: &[RepresentationField]) -> bool {
    a.iter().all(|x| {
        let same_name = b.iter().filter(|y| y.name == x.name && overlap(x, y));
        same_name
            .clone()
            .all(|y| x.position == y.position && agree(&x.fields, &y.fields))
    })
}

fn overlap(a: &RepresentationField, b: &RepresentationField) -> bool {
    match (&a.types, &b.types) {
        (Some(a), Some(b)) => a.intersects(b),
        _ => true,
    }
}

fn join(into: &mut Vec<RepresentationField>, more: Vec<RepresentationField>) {
    for field in more {
        match into
            .iter_mut()
            .find(|known| known.name == field.name && known.position == field.position)
        {
            Some(known) => {
                known.types = match (known.types.take(), field.types) {
                    (Some(a), Some(b)) => Some(a.union(&b)),
                    _ => None,
                };
                known.key |= field.key;
                join(&mut known.fields, field.fields);
            }
            None => into.push(field),
        }
    }
}

/// How an entry is made.
pub(super) struct Opening<'a> {
    pub(super) class: usize,
    pub(super) key: &'a FieldSet,
    pub(super) typename: EntryTypename,
    /// The field that it is made for, if it is made for one.
    pub(super) field: Option<&'a FieldInSubgraph>,
}

/// How the entry behind a fact is made; none for roots.
pub(super) fn opening<'a>(source: &Source<'_, 'a>, fact: FactId) -> Option<Opening<'a>> {
    let step = source.selection.chosen[fact.index()]?;
    let state = source.graph.facts.state(fact)?;
    match source.graph.facts.kind(step) {
        MoveKind::Enter {
            key,
            typename,
            field,
        } => Some(Opening {
            class: state.class?,
            key,
            typename,
            field,
        }),
        _ => None,
    }
}

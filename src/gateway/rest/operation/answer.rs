//! What an operation can answer, told by its selections and the schema: objects with which members, lists of what, which
//! of it may be null.
//!
//! A place in the result is looked up here when the configuration is read, and OpenAPI tells it to clients.

use super::{config::Shape, dotted::Dotted};
use crate::schema::{Supergraph, TypeId};
use apollo_compiler::{
    ExecutableDocument, Name, Node,
    ast::{self, Type},
    executable::{Field, Selection, SelectionSet},
};
use indexmap::IndexMap;
use std::collections::HashSet;

/// A value of the answer.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::gateway::rest) struct Answer {
    pub(in crate::gateway::rest) nullable: bool,
    pub(in crate::gateway::rest) description: Option<String>,
    pub(in crate::gateway::rest) kind: Kind,
}

#[derive(Clone, Debug, PartialEq)]
pub(in crate::gateway::rest) enum Kind {
    /// A scalar or an enum.
    Leaf(Name),
    /// The name of one of these types.
    Typename(Vec<Name>),
    List(Box<Answer>),
    Object(Members),
    /// Objects of several types that are asked for different things.
    Either(Vec<Members>),
    /// What differs from one type to the next.
    Any,
}

/// The members of an object.
pub(in crate::gateway::rest) type Members = IndexMap<String, Member>;

/// One of them.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::gateway::rest) struct Member {
    pub(in crate::gateway::rest) value: Answer,
    /// Whether `@skip` or `@include` may leave it out.
    pub(in crate::gateway::rest) optional: bool,
}

/// Selection sets on one object, each with whether a condition stands before it.
type Sets<'a> = Vec<(&'a SelectionSet, bool)>;

/// A field that is selected under a response key, or several that are merged.
#[derive(Default)]
struct Merged<'a> {
    fields: Vec<&'a Field>,
    below: Sets<'a>,
    optional: bool,
}

struct Reading<'a> {
    supergraph: &'a Supergraph,
    document: &'a ExecutableDocument,
}

impl Answer {
    /// What `selections`, an operation's, answer.
    pub(in crate::gateway::rest) fn of(
        supergraph: &Supergraph,
        document: &ExecutableDocument,
        selections: &SelectionSet,
    ) -> Self {
        let reading = Reading {
            supergraph,
            document,
        };
        Self {
            nullable: false,
            description: None,
            kind: reading.objects(&selections.ty, &vec![(selections, false)]),
        }
    }

    /// What there is at a place. In lists, it is looked for in every item. None: nothing ever is.
    pub(in crate::gateway::rest) fn at(&self, place: &Dotted) -> Option<Self> {
        self.below(place.steps())
    }

    /// What a shape makes of it. Fails with the place that is not there, and the names that lead to it in the shape.
    pub(in crate::gateway::rest) fn shaped(
        &self,
        shape: &Shape,
    ) -> Result<Self, (Vec<String>, Dotted)> {
        let members = match shape {
            Shape::At(place) => {
                return self.at(place).ok_or_else(|| (Vec::new(), place.clone()));
            }
            Shape::Object(members) => members,
        };
        let shaped = members.iter().map(|(name, shape)| {
            let value = self.shaped(shape).map_err(|(mut names, place)| {
                names.insert(0, name.clone());
                (names, place)
            })?;
            let optional = false;
            Ok((name.clone(), Member { value, optional }))
        });
        Ok(Self {
            nullable: false,
            description: None,
            kind: Kind::Object(shaped.collect::<Result<_, _>>()?),
        })
    }

    /// Whether a place is within a list.
    pub(super) fn has_list_before(&self, place: &Dotted) -> bool {
        let steps = place.steps();
        let mut above = (0..steps.len()).filter_map(|length| self.below(&steps[..length]));
        above.any(|above| matches!(above.kind, Kind::List(_)))
    }

    /// Whether it is an object, and has a place for a member `errors`.
    pub(super) fn takes_errors(&self) -> bool {
        match &self.kind {
            Kind::Object(members) => !members.contains_key("errors"),
            Kind::Either(alternatives) => {
                let mut alternatives = alternatives.iter();
                alternatives.all(|members| !members.contains_key("errors"))
            }
            _ => false,
        }
    }

    fn below(&self, steps: &[String]) -> Option<Self> {
        let [step, rest @ ..] = steps else {
            return Some(self.clone());
        };
        let mut found = match &self.kind {
            Kind::Leaf(_) | Kind::Typename(_) | Kind::Any => return None,
            Kind::List(item) => Self {
                nullable: false,
                description: None,
                kind: Kind::List(Box::new(item.below(steps)?)),
            },
            Kind::Object(members) => below_member(members, step, rest)?,
            Kind::Either(alternatives) => {
                let found = alternatives
                    .iter()
                    .filter_map(|members| below_member(members, step, rest));
                let found: Vec<Self> = found.collect();
                let (first, others) = found.split_first()?;
                let alike = others.iter().all(|other| other.kind == first.kind);
                Self {
                    nullable: found.len() < alternatives.len()
                        || found.iter().any(|found| found.nullable),
                    description: first.description.clone(),
                    kind: if alike { first.kind.clone() } else { Kind::Any },
                }
            }
        };
        found.nullable |= self.nullable;
        Some(found)
    }
}

fn below_member(members: &Members, step: &str, rest: &[String]) -> Option<Answer> {
    let member = members.get(step)?;
    let mut found = member.value.below(rest)?;
    found.nullable |= member.optional;
    Some(found)
}

impl<'a> Reading<'a> {
    /// What is answered for a field of this type.
    fn value(&self, ty: &Type, merged: &Merged<'a>) -> Answer {
        let kind = match ty {
            Type::List(item) | Type::NonNullList(item) => {
                Kind::List(Box::new(self.value(item, merged)))
            }
            Type::Named(name) | Type::NonNullNamed(name) if merged.below.is_empty() => {
                Kind::Leaf(name.clone())
            }
            Type::Named(name) | Type::NonNullNamed(name) => self.objects(name, &merged.below),
        };
        Answer {
            nullable: !ty.is_non_null(),
            description: None,
            kind,
        }
    }

    /// What is answered for objects of this type, whatever each is.
    fn objects(&self, ty: &Name, sets: &Sets<'a>) -> Kind {
        let Some(id) = self.supergraph.type_id(ty) else {
            return Kind::Object(Members::new());
        };
        let mut alternatives: Vec<(Members, Vec<Name>)> = Vec::new();
        for object in self.supergraph.ty(id).visible.iter() {
            let members = self.members(object, sets);
            let name = self.supergraph.type_name(object).clone();
            match alternatives.iter_mut().find(|(known, _)| *known == members) {
                Some((_, names)) => names.push(name),
                None => alternatives.push((members, vec![name])),
            }
        }
        let mut alternatives = alternatives.into_iter().map(|(mut members, names)| {
            for member in members.values_mut() {
                if let Kind::Typename(types) = &mut member.value.kind {
                    types.clone_from(&names);
                }
            }
            members
        });
        match alternatives.len() {
            0 | 1 => Kind::Object(alternatives.next().unwrap_or_default()),
            _ => Kind::Either(alternatives.collect()),
        }
    }

    /// The members of objects of one type. Which type `__typename` says is left open.
    fn members(&self, object: TypeId, sets: &Sets<'a>) -> Members {
        let mut merged: IndexMap<&Name, Merged<'a>> = IndexMap::new();
        self.collect(object, sets, &mut merged);
        let name = self.supergraph.type_name(object);
        let members = merged.into_iter().map(|(key, mut merged)| {
            if let [only] = merged.below.as_mut_slice() {
                // What is left out together is there together.
                only.1 = false;
            }
            let value = match merged.fields.first() {
                Some(field) if field.name == "__typename" => Answer {
                    nullable: false,
                    description: None,
                    kind: Kind::Typename(Vec::new()),
                },
                Some(field) => self.field(name, field, &merged),
                None => self.value(&Type::Named(name.clone()), &merged),
            };
            let optional = merged.optional;
            (key.to_string(), Member { value, optional })
        });
        members.collect()
    }

    /// A field as objects of this type have it: an interface's may say less.
    fn field(&self, object: &Name, field: &Field, merged: &Merged<'a>) -> Answer {
        let own = self.supergraph.api().type_field(object, &field.name);
        let definition: &ast::FieldDefinition = match own {
            Ok(definition) => definition,
            Err(_) => &field.definition,
        };
        Answer {
            description: definition.description.as_ref().map(Node::to_string),
            ..self.value(&definition.ty, merged)
        }
    }

    fn collect(
        &self,
        object: TypeId,
        sets: &Sets<'a>,
        merged: &mut IndexMap<&'a Name, Merged<'a>>,
    ) {
        let mut entered: HashSet<(&Name, bool)> = HashSet::new();
        let mut pending: Vec<(&Selection, bool)> = Vec::new();
        for (set, optional) in sets.iter().rev() {
            push(&mut pending, set, *optional);
        }
        while let Some((selection, optional)) = pending.pop() {
            let conditions = selection.directives();
            let optional = optional || conditions.has("skip") || conditions.has("include");
            match selection {
                Selection::Field(field) => {
                    let key = merged.entry(field.response_key()).or_default();
                    key.optional = optional && (key.fields.is_empty() || key.optional);
                    key.fields.push(field);
                    if !field.selection_set.is_empty() {
                        key.below.push((&field.selection_set, optional));
                    }
                }
                Selection::InlineFragment(fragment) => {
                    let applies = fragment.type_condition.as_ref();
                    if applies.is_none_or(|condition| self.is(object, condition)) {
                        push(&mut pending, &fragment.selection_set, optional);
                    }
                }
                Selection::FragmentSpread(spread) => {
                    if let Some(fragment) = self.document.fragments.get(&spread.fragment_name)
                        && entered.insert((&spread.fragment_name, optional))
                        && self.is(object, fragment.type_condition())
                    {
                        push(&mut pending, &fragment.selection_set, optional);
                    }
                }
            }
        }
    }

    /// Whether objects of a type are of the type that a fragment is for.
    fn is(&self, object: TypeId, condition: &Name) -> bool {
        let condition = self.supergraph.type_id(condition);
        condition.is_some_and(|condition| self.supergraph.ty(condition).possible.contains(object))
    }
}

/// Puts the selections of a set on a stack, the first on top.
fn push<'a>(pending: &mut Vec<(&'a Selection, bool)>, set: &'a SelectionSet, optional: bool) {
    let selections = set.selections.iter().rev();
    pending.extend(selections.map(|selection| (selection, optional)));
}

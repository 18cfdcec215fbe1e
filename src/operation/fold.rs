//! Settles conditions and expands fragments: GraphQL's CollectFields (spec section 6.3.2), once per object position
//! instead of once per object, for all runtime types at a time.

use super::{
    Error, Field, Operation, OperationKind, Selections, Variable,
    measure::{DEPTH_MAX, STEPS_MAX},
    permits::Permits,
};
use crate::schema::{Labels, Supergraph, TypeId, TypeSet};
use apollo_compiler::{ExecutableDocument, Name, ast, executable};
use indexmap::IndexMap;
use std::collections::HashMap;

/// What is known of a request: the values of the operation's condition variables, the labels that are on, and what its caller
/// does not meet.
pub(super) struct Settled<'a> {
    pub(super) variables: HashMap<Name, bool>,
    pub(super) labels: &'a Labels,
    pub(super) permits: Permits<'a>,
}

/// Folds an operation for a request.
pub(super) fn fold(
    supergraph: &Supergraph,
    (executable, operation): (&ExecutableDocument, &executable::Operation),
    settled: Settled<'_>,
) -> Result<Operation, Error> {
    let Settled {
        variables,
        labels,
        permits,
    } = settled;
    let roots = supergraph.roots();
    let kind = OperationKind::from(operation.operation_type);
    let root = match kind {
        OperationKind::Query => roots.query,
        OperationKind::Mutation => roots.mutation,
        OperationKind::Subscription => roots.subscription,
    };
    let root = root.ok_or(Error::NoOperation)?;
    let mut folding = Folding {
        supergraph,
        document: executable,
        variables,
        permits,
        forbidden: TypeSet::default(),
        steps: 0,
    };
    let types = TypeSet::of(root);
    let selections = folding.selections((root, &types), &[&operation.selection_set], 0)?;
    Ok(Operation {
        kind,
        name: operation.name.clone(),
        root,
        selections,
        labels: labels.clone(),
        forbidden: folding.forbidden,
        variables: operation
            .variables
            .iter()
            .map(|variable| declaration(variable))
            .collect(),
    })
}

fn declaration(variable: &ast::VariableDefinition) -> Variable {
    let default = variable
        .default_value
        .as_ref()
        .map(|value| format!(" = {}", value.serialize().no_indent()));
    Variable {
        name: variable.name.clone(),
        declaration: format!(
            "${}: {}{}",
            variable.name,
            variable.ty,
            default.unwrap_or_default()
        ),
    }
}

struct Folding<'a> {
    supergraph: &'a Supergraph,
    document: &'a ExecutableDocument,
    variables: HashMap<Name, bool>,
    permits: Permits<'a>,
    /// Object types that could come up, and of which the caller may have nothing.
    forbidden: TypeSet,
    steps: usize,
}

/// A selection of a response key, with the types that it applies to and its place in the document's order.
struct Contribution<'a> {
    field: &'a executable::Field,
    /// The type that it is selected on.
    on: Option<TypeId>,
    types: TypeSet,
    order: usize,
}

/// Types that a response key selects in the same way.
struct Class<'a> {
    types: TypeSet,
    order: usize,
    ty: ast::Type,
    contributions: Vec<&'a executable::Field>,
    /// The types that they are selected on.
    on: Vec<TypeId>,
}

impl<'a> Folding<'a> {
    /// Folds selection sets that are selected together on objects of the declared type `on`, whose runtime types can
    /// be `possible`.
    fn selections(
        &mut self,
        (on, possible): (TypeId, &TypeSet),
        sets: &[&'a executable::SelectionSet],
        depth: usize,
    ) -> Result<Selections, Error> {
        if depth > DEPTH_MAX {
            return Err(Error::RecursionLimit { limit: DEPTH_MAX });
        }
        let keys = self.collect(sets, possible)?;
        let mut fields: Vec<(usize, Field)> = Vec::new();
        for (key, contributions) in keys {
            for class in self.classes(on, &contributions) {
                let Some(class) = self.permitted(key, class, &mut fields) else {
                    continue;
                };
                let named = self.supergraph.type_id(class.ty.inner_named_type());
                let Some((&first, named)) = class.contributions.first().zip(named) else {
                    continue;
                };
                let below: Vec<&executable::SelectionSet> = class
                    .contributions
                    .iter()
                    .map(|field| &field.selection_set)
                    .filter(|set| !set.is_empty())
                    .collect();
                let introspection = matches!(first.name.as_str(), "__schema" | "__type");
                let selections = if below.is_empty() || introspection {
                    Selections::default()
                } else {
                    let possible = self.known_types(named);
                    self.selections((named, &possible), &below, depth + 1)?
                };
                let (name, arguments) = (first.name.clone(), first.arguments.clone());
                let field = Field {
                    key: key.clone(),
                    name,
                    arguments,
                    types: class.types,
                    ty: class.ty,
                    named,
                    selections,
                    denied: false,
                };
                fields.push((class.order, field));
            }
        }
        fields.sort_by_key(|(order, _)| *order);
        Ok(Selections {
            fields: merge_equal(fields.into_iter().map(|(_, field)| field)),
        })
    }

    /// A class without the types whose field the caller may not have; those are added to `fields` as denied.
    fn permitted(
        &mut self,
        key: &Name,
        mut class: Class<'a>,
        fields: &mut Vec<(usize, Field)>,
    ) -> Option<Class<'a>> {
        let &first = class.contributions.first()?;
        if self.permits.all() || first.name.starts_with("__") {
            return Some(class);
        }
        let mut is_denied = |ty: TypeId| {
            let field = self.supergraph.field_of(ty, &first.name);
            field.is_some_and(|field| self.permits.deny_field(self.supergraph, field, first))
        };
        let mut denied = TypeSet::default();
        if class.on.iter().any(|on| is_denied(*on)) {
            denied = class.types.clone();
        } else {
            class
                .types
                .iter()
                .filter(|object| is_denied(*object))
                .for_each(|object| {
                    denied.insert(object);
                });
        }
        if denied.is_empty() {
            return Some(class);
        }
        class.types = class.types.difference(&denied);
        if let Some(named) = self.supergraph.type_id(class.ty.inner_named_type()) {
            let field = Field {
                key: key.clone(),
                name: first.name.clone(),
                arguments: first.arguments.clone(),
                types: denied,
                ty: class.ty.clone(),
                named,
                selections: Selections::default(),
                denied: true,
            };
            fields.push((class.order, field));
        }
        (!class.types.is_empty()).then_some(class)
    }

    /// The object types that a value of a type can have, without those of which the caller may have nothing.
    fn known_types(&mut self, named: TypeId) -> TypeSet {
        let mut possible = self.supergraph.ty(named).possible.clone();
        if !self.permits.all() {
            let mut forbidden = TypeSet::default();
            for object in possible.iter() {
                if self.permits.deny_type(self.supergraph, object) {
                    forbidden.insert(object);
                }
            }
            possible = possible.difference(&forbidden);
            self.forbidden = self.forbidden.union(&forbidden);
        }
        possible
    }

    /// Every field that applies, by response key.
    fn collect(
        &mut self,
        sets: &[&'a executable::SelectionSet],
        possible: &TypeSet,
    ) -> Result<IndexMap<&'a Name, Vec<Contribution<'a>>>, Error> {
        let mut keys: IndexMap<&Name, Vec<Contribution>> = IndexMap::new();
        let mut entered: HashMap<&Name, TypeSet> = HashMap::new();
        let mut order = 0;
        let selections = sets.iter().rev().flat_map(|set| {
            set.selections
                .iter()
                .rev()
                .map(|selection| (*set, selection))
        });
        let mut pending: Vec<_> = selections
            .map(|(set, selection)| (set, selection, possible.clone()))
            .collect();
        while let Some((on, selection, types)) = pending.pop() {
            self.steps += 1;
            if self.steps > STEPS_MAX {
                return Err(Error::TooComplex { limit: STEPS_MAX });
            }
            if !self.is_included(selection) || types.is_empty() {
                continue;
            }
            let (condition, set) = match selection {
                executable::Selection::Field(field) => {
                    order += 1;
                    keys.entry(field.response_key())
                        .or_default()
                        .push(Contribution {
                            field,
                            on: self.supergraph.type_id(&on.ty),
                            types,
                            order,
                        });
                    continue;
                }
                executable::Selection::InlineFragment(fragment) => {
                    (fragment.type_condition.as_ref(), &fragment.selection_set)
                }
                executable::Selection::FragmentSpread(spread) => {
                    let Some(fragment) = self.document.fragments.get(&spread.fragment_name) else {
                        continue;
                    };
                    (Some(fragment.type_condition()), &fragment.selection_set)
                }
            };
            let condition = condition.and_then(|name| self.supergraph.type_id(name));
            let mut types = condition.map_or(types.clone(), |id| {
                types.intersection(&self.supergraph.ty(id).possible)
            });
            if let executable::Selection::FragmentSpread(spread) = selection {
                // What a fragment adds for types it was already spread on is there already.
                let seen = entered.entry(&spread.fragment_name).or_default();
                types = types.difference(seen);
                *seen = seen.union(&types);
            }
            pending.extend(
                set.selections
                    .iter()
                    .rev()
                    .map(|selection| (set, selection, types.clone())),
            );
        }
        Ok(keys)
    }

    fn is_included(&self, selection: &executable::Selection) -> bool {
        let directives = selection.directives();
        let is = |name: &str, wanted: bool| {
            let Some(directive) = directives.get(name) else {
                return true;
            };
            let value = directive.specified_argument_by_name("if");
            let value = value.and_then(|value| match value.as_variable() {
                Some(variable) => self.variables.get(variable).copied(),
                None => value.to_bool(),
            });
            value.unwrap_or(false) == wanted
        };
        is("include", true) && is("skip", false)
    }

    /// Partitions the types that a response key applies to by the selections that apply to them.
    fn classes(&self, on: TypeId, contributions: &[Contribution<'a>]) -> Vec<Class<'a>> {
        let mut classes: Vec<Class<'a>> = Vec::new();
        for contribution in contributions {
            let mut rest = contribution.types.clone();
            for index in 0..classes.len() {
                let shared = classes[index].types.intersection(&rest);
                if shared.is_empty() {
                    continue;
                }
                rest = rest.difference(&shared);
                let class = &mut classes[index];
                let without = class.types.difference(&shared);
                let mut joined = class.contributions.clone();
                joined.push(contribution.field);
                let mut on = class.on.clone();
                on.extend(contribution.on);
                if without.is_empty() {
                    class.contributions = joined;
                    class.on = on;
                } else {
                    class.types = without;
                    let (order, ty) = (class.order, class.ty.clone());
                    classes.push(Class {
                        types: shared,
                        order,
                        ty,
                        contributions: joined,
                        on,
                    });
                }
            }
            for (ty, types) in self.by_type(on, contribution.field, &rest) {
                classes.push(Class {
                    types,
                    order: contribution.order,
                    ty,
                    contributions: vec![contribution.field],
                    on: contribution.on.into_iter().collect(),
                });
            }
        }
        classes
    }

    /// Splits `types` by the type that the field has on them.
    fn by_type(
        &self,
        on: TypeId,
        field: &executable::Field,
        types: &TypeSet,
    ) -> Vec<(ast::Type, TypeSet)> {
        if types.is_empty() {
            return Vec::new();
        }
        let mut split: Vec<(ast::Type, TypeSet)> = Vec::new();
        let supergraph = self.supergraph;
        // Meta fields are on no type. Inside a fragment on an interface, the object's own field counts.
        let single = supergraph
            .field_of(on, &field.name)
            .filter(|_| !supergraph.ty(on).is_abstract())
            .map(|id| &supergraph.field(id).ty);
        if let Some(ty) = single.or(field.name.starts_with("__").then_some(&field.definition.ty)) {
            return vec![(ty.clone(), types.clone())];
        }
        for object in types.iter() {
            let ty = supergraph
                .field_of(object, &field.name)
                .map(|id| &supergraph.field(id).ty);
            let ty = ty.unwrap_or(&field.definition.ty);
            match split.iter_mut().find(|(known, _)| known == ty) {
                Some((_, types)) => {
                    types.insert(object);
                }
                None => split.push((ty.clone(), TypeSet::of(object))),
            }
        }
        split
    }
}

/// Joins neighbours that differ in their types only.
fn merge_equal(fields: impl Iterator<Item = Field>) -> Vec<Field> {
    let mut merged: Vec<Field> = Vec::new();
    for field in fields {
        if let Some(last) = merged.last_mut()
            && (&last.key, &last.name, &last.arguments, &last.ty)
                == (&field.key, &field.name, &field.arguments, &field.ty)
            && last.denied == field.denied
            && last.selections == field.selections
        {
            last.types = last.types.union(&field.types);
            continue;
        }
        merged.push(field);
    }
    merged
}

//! What the world must know of a field before it can give a value: which values all subgraphs
//! that have the field can live with, and whether it carries its object's identity.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use apollo_compiler::Name;
use apollo_compiler::ast::Type;
use apollo_compiler::schema::ExtendedType;
use indexmap::IndexMap;

use super::field_set::{FieldSet, Selection};
use super::model::{Access, FieldIn, Model, Subgraph};

/// One field of one object type.
#[derive(Debug)]
pub struct Facts {
    /// By list level, outermost first: whether null is out of the question.
    pub non_null: Vec<bool>,
    pub named: Name,
    /// Possible object types, or possible enum values, that every subgraph knows.
    pub candidates: Vec<Name>,
    /// Part of a key: the value leads back to the object.
    pub carries: bool,
    /// The inputs the value depends on, where all subgraphs that resolve it agree on them.
    pub requires: Option<FieldSet>,
}

/// The facts of a supergraph.
pub struct AllFacts {
    fields: IndexMap<(Name, Name), Facts>,
    families: HashMap<Name, Vec<Name>>,
    entities: HashSet<Name>,
}

impl AllFacts {
    pub fn read(model: &Model) -> Self {
        let carrying = carrying_fields(model);
        let mut fields = IndexMap::new();
        for object in model.objects() {
            for (field, definition) in &object.fields {
                let coordinate = (object.name.clone(), field.clone());
                let carries = carrying.contains(&coordinate);
                let facts = facts(model, &coordinate, &definition.ty, carries);
                fields.insert(coordinate, facts);
            }
        }
        let mut all = AllFacts {
            fields,
            families: families(model),
            entities: entities(model),
        };
        all.forget_circular_requirements(model);
        all
    }

    pub fn of(&self, object: &str, field: &str) -> Option<&Facts> {
        let name = |text: &str| Name::new(text).ok();
        self.fields.get(&(name(object)?, name(field)?))
    }

    /// The types among which an identity decides, in a fixed order. Most types are alone.
    pub fn family(&self, object: &Name) -> Vec<Name> {
        let family = self.families.get(object).cloned();
        family.unwrap_or_else(|| vec![object.clone()])
    }

    pub fn is_entity(&self, object: &Name) -> bool {
        self.entities.contains(object)
    }

    /// A value cannot be a function of inputs that are, at type level, a function of itself:
    /// such fields do not depend on what they require.
    fn forget_circular_requirements(&mut self, model: &Model) {
        let mut edges: BTreeMap<(Name, Name), BTreeSet<(Name, Name)>> = BTreeMap::new();
        for (coordinate, facts) in &self.fields {
            if let Some(requires) = &facts.requires {
                let mut read = BTreeSet::new();
                let start = std::slice::from_ref(&coordinate.0);
                coordinates(model, start, requires, &mut read);
                edges.insert(coordinate.clone(), read);
            }
        }
        let circular: Vec<_> = edges
            .keys()
            .filter(|start| {
                let mut seen = HashSet::new();
                let mut open: Vec<&(Name, Name)> = edges[*start].iter().collect();
                while let Some(next) = open.pop() {
                    if next == *start {
                        return true;
                    }
                    if seen.insert(next) {
                        open.extend(edges.get(next).into_iter().flatten());
                    }
                }
                false
            })
            .cloned()
            .collect();
        for coordinate in circular {
            if let Some(facts) = self.fields.get_mut(&coordinate) {
                facts.requires = None;
            }
        }
    }
}

/// The subgraphs that have a field of an object type, under the object's own name or an
/// interface object's.
fn holders<'m>(
    model: &'m Model,
    (object, field): &(Name, Name),
) -> Vec<(&'m Subgraph, &'m FieldIn)> {
    let mut holders = Vec::new();
    for subgraph in model.subgraphs.values() {
        let here = subgraph
            .local_type(model, object)
            .and_then(|local| subgraph.types[local].fields.get(field));
        holders.extend(here.map(|field| (subgraph, field)));
    }
    holders
}

fn facts(model: &Model, coordinate: &(Name, Name), ty: &Type, carries: bool) -> Facts {
    let holders: Vec<_> = holders(model, coordinate)
        .into_iter()
        .filter(|(_, field)| field.access != Access::Overridden)
        .collect();
    let mut non_null = levels(ty);
    for (_, field) in &holders {
        for (level, strict) in non_null.iter_mut().zip(levels(&field.ty)) {
            *level |= strict;
        }
    }
    if carries {
        non_null.fill(true);
    }
    let named = ty.inner_named_type().clone();
    let mut choices = vec![model.choices(&named)];
    for (subgraph, field) in &holders {
        choices.push(subgraph.choices(model, field.ty.inner_named_type()));
    }
    let mut candidates = common(&choices);
    if candidates.iter().any(|name| !model.is_hidden(&named, name)) {
        candidates.retain(|name| !model.is_hidden(&named, name));
    }
    candidates.sort();
    let resolvers: Vec<_> = holders
        .iter()
        .filter(|(_, field)| field.access == Access::Own)
        .map(|(_, field)| &field.requires)
        .collect();
    let requires = match resolvers.split_first() {
        Some((first, rest)) if rest.iter().all(|other| other == first) => (*first).clone(),
        _ => None,
    };
    Facts {
        non_null,
        named,
        candidates,
        carries,
        requires: requires.filter(|_| !carries),
    }
}

impl Model {
    /// What a value of a type can be: object types or enum values; nothing for scalars.
    fn choices(&self, named: &Name) -> Vec<Name> {
        match self.supergraph.types.get(named) {
            Some(ExtendedType::Enum(values)) => values.values.keys().cloned().collect(),
            _ => self.possible(named),
        }
    }

    fn is_hidden(&self, named: &Name, choice: &Name) -> bool {
        match self.supergraph.types.get(named) {
            Some(ExtendedType::Enum(values)) => values
                .values
                .get(choice)
                .is_some_and(|value| self.is_inaccessible(&value.directives)),
            _ => self.is_inaccessible_type(choice),
        }
    }
}

impl Subgraph {
    fn choices(&self, model: &Model, named: &Name) -> Vec<Name> {
        match model.supergraph.types.get(named) {
            Some(ExtendedType::Enum(_)) => self
                .types
                .get(named)
                .map(|ty| ty.members.clone())
                .unwrap_or_default(),
            _ => self.possible(model, named),
        }
    }
}

fn common(choices: &[Vec<Name>]) -> Vec<Name> {
    let Some((first, rest)) = choices.split_first() else {
        return Vec::new();
    };
    let shared = first
        .iter()
        .filter(|name| rest.iter().all(|other| other.contains(name)));
    shared.cloned().collect()
}

fn levels(ty: &Type) -> Vec<bool> {
    let mut levels = vec![ty.is_non_null()];
    let mut ty = ty;
    while ty.is_list() {
        ty = ty.item_type();
        levels.push(ty.is_non_null());
    }
    levels
}

fn carrying_fields(model: &Model) -> BTreeSet<(Name, Name)> {
    let mut carrying = BTreeSet::new();
    for subgraph in model.subgraphs.values() {
        for (name, ty) in &subgraph.types {
            let possible = subgraph.possible(model, name);
            for key in &ty.keys {
                coordinates(model, &possible, &key.fields, &mut carrying);
            }
        }
    }
    carrying
}

/// Collects every (object type, field) that a field set can read.
fn coordinates(
    model: &Model,
    objects: &[Name],
    set: &FieldSet,
    found: &mut BTreeSet<(Name, Name)>,
) {
    for selection in &set.0 {
        match selection {
            Selection::Field {
                name, selections, ..
            } => {
                for object in objects {
                    let Some(field) = model.field(object, name) else {
                        continue;
                    };
                    found.insert((object.clone(), name.clone()));
                    let below = model.possible(field.ty.inner_named_type());
                    coordinates(model, &below, selections, found);
                }
            }
            Selection::On {
                condition,
                selections,
            } => {
                let narrowed: Vec<_> = match condition {
                    None => objects.to_vec(),
                    Some(condition) => {
                        let possible = model.possible(condition);
                        let both = objects.iter().filter(|object| possible.contains(object));
                        both.cloned().collect()
                    }
                };
                coordinates(model, &narrowed, selections, found);
            }
        }
    }
}

fn entities(model: &Model) -> HashSet<Name> {
    let mut entities = HashSet::new();
    for subgraph in model.subgraphs.values() {
        for (name, ty) in &subgraph.types {
            if !ty.keys.is_empty() {
                entities.extend(subgraph.possible(model, name));
            }
        }
    }
    entities
}

/// Groups the implementations of entity interfaces: a subgraph with only the interface's key
/// must be able to tell the type from it.
fn families(model: &Model) -> HashMap<Name, Vec<Name>> {
    let mut group: BTreeMap<Name, usize> = BTreeMap::new();
    for (index, object) in model.objects().enumerate() {
        group.insert(object.name.clone(), index);
    }
    for subgraph in model.subgraphs.values() {
        for (name, ty) in &subgraph.types {
            let is_interface = model.supergraph.get_interface(name).is_some();
            if !is_interface || (ty.keys.is_empty() && !ty.is_interface_object) {
                continue;
            }
            let members = model.possible(name);
            let Some(target) = members.first().map(|first| group[first]) else {
                continue;
            };
            let joined: Vec<usize> = members.iter().map(|member| group[member]).collect();
            for current in group.values_mut().filter(|g| joined.contains(*g)) {
                *current = target;
            }
        }
    }
    let mut members: BTreeMap<usize, Vec<Name>> = BTreeMap::new();
    for (name, index) in &group {
        members.entry(*index).or_default().push(name.clone());
    }
    members
        .into_values()
        .filter(|family| family.len() > 1)
        .flat_map(|family| {
            family
                .clone()
                .into_iter()
                .map(move |name| (name, family.clone()))
        })
        .collect()
}

//! Which override labels an operation can depend on, worked out per field once.
//!
//! A plan asks who resolves the fields that the client selects, and those that keys, `@requires` and contexts need beside
//! them. So a field leads to what its `@requires` and contexts name and to the types around and below it, and a type to what
//! its keys name.

use super::{FieldId, LabelId, Labels, SetField, TypeId, model::Supergraph};

/// By field: the labels that an operation which selects it can depend on.
pub(super) fn labels(supergraph: &Supergraph) -> Vec<Labels> {
    let mut labels = vec![Labels::default(); supergraph.fields.len()];
    if supergraph.labels.is_empty() {
        return labels;
    }
    let led_from = Reach::new(supergraph).led_from;
    for (label, _) in supergraph.labels() {
        let mut reached = vec![false; led_from.len()];
        let mut pending: Vec<usize> = guarded(supergraph, label).collect();
        while let Some(place) = pending.pop() {
            if std::mem::replace(&mut reached[place], true) {
                continue;
            }
            if let Some(labels) = labels.get_mut(place) {
                labels.insert(label);
            }
            pending.extend(&led_from[place]);
        }
    }
    labels
}

/// The fields that a label decides about.
fn guarded(supergraph: &Supergraph, label: LabelId) -> impl Iterator<Item = usize> + '_ {
    let fields = supergraph.fields.iter().enumerate();
    let has = move |field: &super::FieldDefinition| {
        let mut known = field.in_subgraphs.iter();
        known.any(|(_, known)| known.guard.is_some_and(|guard| guard.label == label))
    };
    fields
        .filter(move |(_, field)| has(field))
        .map(|(index, _)| index)
}

/// What leads to what. A place is a field or, behind all of these, a type.
struct Reach<'a> {
    supergraph: &'a Supergraph,
    /// By place: the places that lead to it.
    led_from: Vec<Vec<usize>>,
}

impl<'a> Reach<'a> {
    fn new(supergraph: &'a Supergraph) -> Self {
        let places = supergraph.fields.len() + supergraph.types.len();
        let mut reach = Self {
            supergraph,
            led_from: vec![Vec::new(); places],
        };
        for index in 0..supergraph.fields.len() {
            reach.add_field(FieldId(index as u32));
        }
        for id in supergraph.type_ids() {
            reach.add_type(id);
        }
        reach
    }

    fn of_type(&self, id: TypeId) -> usize {
        self.supergraph.fields.len() + id.index()
    }

    fn leads(&mut self, from: usize, to: usize) {
        self.led_from[to].push(from);
    }

    fn add_field(&mut self, id: FieldId) {
        let supergraph = self.supergraph;
        let (from, field) = (id.index(), supergraph.field(id));
        self.leads(from, self.of_type(field.parent));
        self.leads(from, self.of_type(field.named));
        for (_, known) in field.in_subgraphs.iter() {
            let contexts = known.contexts.iter().flat_map(|argument| &argument.values);
            let contexts = contexts.map(|value| &value.fields);
            for set in known.requires.iter().chain(contexts) {
                self.add_set(from, &set.fields);
            }
        }
        // An interface's field is read as that of the objects, and an interface object's the other way around.
        for object in supergraph.ty(field.parent).possible.iter() {
            if let Some(of_object) = supergraph.field_of(object, &field.name) {
                self.leads(from, of_object.index());
                self.leads(of_object.index(), from);
            }
        }
    }

    fn add_type(&mut self, id: TypeId) {
        let (supergraph, from) = (self.supergraph, self.of_type(id));
        for object in supergraph.ty(id).possible.iter() {
            self.leads(from, self.of_type(object));
        }
        self.add_set(from, supergraph.key_fields(id));
    }

    fn add_set(&mut self, from: usize, set: &'a [SetField]) {
        let mut pending: Vec<&SetField> = set.iter().collect();
        while let Some(selected) = pending.pop() {
            for parent in selected.types.iter().chain([selected.parent]) {
                if let Some(field) = self.supergraph.field_of(parent, &selected.name) {
                    self.leads(from, field.index());
                }
            }
            pending.extend(&selected.fields);
        }
    }
}

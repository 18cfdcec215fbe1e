//! Reads every fetch.

use super::{
    Subject, allowed,
    objects::{Asked, Asking, Objects},
    readings::{Entry, Known, Reader, ReaderId, Readings, Reads},
    shape,
};
use crate::planner::plan::{Entities, FetchKind, PositionId, Read, ReadField, Target, Typename};
use crate::schema::{SetField, TypeId, TypeSet};
use apollo_compiler::{
    ExecutableDocument, Node,
    executable::{Field, SelectionSet},
    validation::Valid,
};
use std::collections::{BTreeMap, HashMap};

/// The indices of fields asked for, what is provided below them, and the types that are asked for them.
type Alike<'a> = (Vec<usize>, Vec<&'a SetField>, TypeSet);

/// Reads every fetch.
pub(super) fn read<'a>(
    subject: &Subject<'a>,
    documents: &'a [Valid<ExecutableDocument>],
) -> Result<Readings<'a>, String> {
    let mut readings = Readings {
        subject: *subject,
        readers: Vec::new(),
        entries: Vec::new(),
        read_by: vec![Vec::new(); subject.plan.positions.len()],
        arguments: vec![None; subject.plan.positions.len()],
    };
    for (index, (fetch, document)) in subject.plan.fetches.iter().zip(documents).enumerate() {
        let mut reading = Reading {
            readings: &mut readings,
            asking: Asking {
                subject: *subject,
                document,
                fetch: index,
                subgraph: fetch.subgraph,
            },
        };
        match &fetch.kind {
            FetchKind::Root { at, read } => reading.root(*at, read)?,
            FetchKind::Entities(all) => all.iter().try_for_each(|one| reading.entities(one))?,
        }
    }
    Ok(readings)
}

/// Reading of one fetch.
struct Reading<'r, 'a> {
    readings: &'r mut Readings<'a>,
    asking: Asking<'a>,
}

impl<'a> Reading<'_, 'a> {
    fn operation(&self) -> Option<&'a SelectionSet> {
        let operation = self.asking.document.operations.get(None).ok()?;
        Some(&operation.selection_set)
    }

    fn root(&mut self, at: PositionId, read: &'a Read) -> Result<(), String> {
        let supergraph = self.asking.subject.supergraph;
        let set = self.operation();
        let Some(root) = set.and_then(|set| supergraph.type_id(&set.ty)) else {
            return Err(format!("{} reads no root", self.asking.name(at)));
        };
        let objects = Objects {
            position: at,
            known: Known::Types(TypeSet::of(root)),
            sets: set.into_iter().collect(),
            view: Vec::new(),
            are_entities: false,
            is_shared: false,
        };
        let reader = self.objects(objects, read)?;
        self.enter(at, None, reader);
        Ok(())
    }

    fn entities(&mut self, entities: &'a Entities) -> Result<(), String> {
        let fields = self.operation().into_iter().flat_map(SelectionSet::fields);
        let mut asked = fields.filter(|field| *field.response_key() == *entities.key);
        let field = asked.next();
        let is_entities = |field: &&Node<Field>| {
            let variable = field.specified_argument_by_name("representations");
            let variable = variable.and_then(|value| value.as_variable());
            field.name == "_entities" && variable.is_some_and(|name| *name == *entities.variable)
        };
        let Some(field) = field.filter(is_entities) else {
            let (name, key) = (self.asking.subject.fetch(self.asking.fetch), &entities.key);
            return Err(format!("{name} does not ask for its entities as {key}"));
        };
        let mut known: Vec<(&Target, ReaderId)> = Vec::new();
        for target in &entities.targets {
            let position = target.position;
            let typename = &target.representation.typename;
            let same = known.iter().find(|(other, _)| {
                other.position == position
                    && other.representation.typename == *typename
                    && other.read == target.read
            });
            let reader = match same {
                Some((_, reader)) => *reader,
                None => {
                    let objects = Objects {
                        position,
                        known: self.entities_known(typename),
                        sets: vec![&field.selection_set],
                        view: Vec::new(),
                        are_entities: true,
                        is_shared: false,
                    };
                    self.objects(objects, &target.read)?
                }
            };
            known.push((target, reader));
            self.enter(position, Some(target), reader);
        }
        Ok(())
    }

    fn enter(&mut self, position: PositionId, target: Option<&'a Target>, reader: ReaderId) {
        self.readings.entries.push(Entry {
            fetch: self.asking.fetch,
            position,
            target,
            reader,
        });
    }

    fn entities_known(&self, typename: &Typename) -> Known {
        let supergraph = self.asking.subject.supergraph;
        let objects = || {
            let all = supergraph.type_ids();
            let known = |id: &TypeId| {
                let ty = supergraph.ty(*id);
                !ty.is_abstract() && ty.in_subgraph(self.asking.subgraph).is_some()
            };
            all.filter(known).collect()
        };
        match typename {
            Typename::Runtime => Known::Types(objects()),
            Typename::Fixed(name) => match supergraph.type_id(name) {
                Some(named) => self.asking.known(named),
                None => Known::Types(TypeSet::default()),
            },
        }
    }

    fn objects(&mut self, objects: Objects<'a>, read: &'a Read) -> Result<ReaderId, String> {
        let asked = self.asking.flatten(&objects);
        let mut by_key: HashMap<&str, Vec<&Asked>, foldhash::fast::RandomState> =
            HashMap::default();
        for one in &asked {
            let key = one.field.response_key().as_str();
            by_key.entry(key).or_default().push(one);
        }
        let requires = allowed::check(&self.asking, &objects, &asked)?;
        shape::check(&self.asking, &objects, &asked, read)?;
        let mut keys: HashMap<&str, usize, foldhash::fast::RandomState> = HashMap::default();
        for field in &read.fields {
            *keys.entry(&field.key).or_default() += 1;
        }
        let mut fields: HashMap<PositionId, Vec<Reads>, _> = HashMap::default();
        for field in &read.fields {
            let asked = by_key.get(field.key.as_str());
            let asked = asked.map_or(&[][..], Vec::as_slice);
            let is_shared = keys[field.key.as_str()] > 1;
            let below = self.field(&objects, (asked, is_shared), field)?;
            let types = field.types.as_ref();
            fields
                .entry(field.position)
                .or_default()
                .push(Reads { types, below });
        }
        let id = ReaderId(self.readings.readers.len() as u32);
        for field in &read.fields {
            let read_by = &mut self.readings.read_by[field.position.0 as usize];
            if read_by.last() != Some(&id) {
                read_by.push(id);
            }
        }
        self.readings.readers.push(Reader {
            fetch: self.asking.fetch,
            position: objects.position,
            is_typed: read.typename.is_some() && matches!(objects.known, Known::Types(_)),
            known: objects.known,
            fields,
            requires,
        });
        Ok(id)
    }

    /// What reads below a field, by the object's type in the subgraph.
    fn field(
        &mut self,
        objects: &Objects<'a>,
        (asked, is_shared): (&[&Asked<'a>], bool),
        field: &'a ReadField,
    ) -> Result<Vec<(TypeSet, Option<ReaderId>)>, String> {
        let place = &self.asking.subject.plan.positions[field.position.0 as usize];
        let path = self.asking.subject.path(field.position);
        let wrong = |what: &str, reading: &Self| {
            let name = reading.asking.name(objects.position);
            Err(format!("{name} reads {} into {path}, {what}", field.key))
        };
        if place.parent != Some(objects.position) {
            return wrong("which is elsewhere", self);
        }
        let mut by_type: BTreeMap<TypeId, Vec<usize>> = BTreeMap::new();
        let applies = |one: &Asked| match (&field.types, &objects.known) {
            (Some(types), Known::Types(_)) => types.intersects(&one.types),
            _ => true,
        };
        for (index, one) in asked.iter().enumerate().filter(|(_, one)| applies(one)) {
            if one.field.name != place.field {
                return wrong("which is another field", self);
            }
            let known = &mut self.readings.arguments[field.position.0 as usize];
            let arguments = self.asking.arguments(one);
            if *known.get_or_insert(arguments) != arguments {
                return wrong("which has other arguments elsewhere", self);
            }
            if one.field.selection_set.is_empty() == field.read.is_some() {
                return wrong("which has another shape", self);
            }
            for local in one.types.iter() {
                by_type.entry(local).or_default().push(index);
            }
        }
        if let (Some(types), Known::Types(_)) = (&field.types, &objects.known) {
            by_type.retain(|local, _| types.contains(*local));
        }
        let Some(read) = &field.read else {
            return Ok(vec![(by_type.into_keys().collect(), None)]);
        };
        let alike = self.alike(objects, asked, by_type);
        let mut below = Vec::new();
        for (fields, view, types) in alike {
            let first = asked[fields[0]].field;
            let named = first.definition.ty.inner_named_type();
            let named = self.asking.subject.supergraph.type_id(named);
            let sets = fields
                .iter()
                .map(|&index| &asked[index].field.selection_set);
            let objects = Objects {
                position: field.position,
                known: named.map_or(Known::Types(TypeSet::default()), |named| {
                    self.asking.known(named)
                }),
                sets: sets.collect(),
                view,
                are_entities: false,
                is_shared: objects.is_shared || is_shared,
            };
            let reader = Some(self.objects(objects, read)?);
            below.push((types, reader));
        }
        Ok(below)
    }

    /// Types together whose fields and what is provided below them are the same.
    fn alike(
        &self,
        objects: &Objects<'a>,
        asked: &[&Asked<'a>],
        by_type: BTreeMap<TypeId, Vec<usize>>,
    ) -> Vec<Alike<'a>> {
        let mut alike: Vec<Alike> = Vec::new();
        for (local, here) in by_type {
            let view = allowed::below(&self.asking, objects, (local, asked[here[0]].field));
            let same = alike.iter_mut().find(|(other, seen, _)| {
                *other == here && seen.len() == view.len() && {
                    let mut pairs = seen.iter().zip(&view);
                    pairs.all(|(a, b)| std::ptr::eq(*a, *b))
                }
            });
            match same {
                Some((_, _, types)) => {
                    types.insert(local);
                }
                None => alike.push((here, view, TypeSet::of(local))),
            }
        }
        alike
    }
}

//! What each fetch reads: its document and its shape together.

use super::{Subject, allowed};
use crate::planner::plan::{Entities, FetchKind, PositionId, Read, ReadField, Target, Typename};
use crate::schema::{Argument, FieldSet, SetField, SubgraphId, TypeId, TypeSet};
use apollo_compiler::{
    ExecutableDocument, Name, Node,
    executable::{Field, Selection, SelectionSet},
    validation::Valid,
};
use std::collections::{BTreeMap, HashMap};

/// Index in [`Readings::readers`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct ReaderId(pub(super) u32);

/// What all fetches read.
pub(super) struct Readings<'a> {
    pub(super) subject: Subject<'a>,
    pub(super) readers: Vec<Reader<'a>>,
    pub(super) entries: Vec<Entry<'a>>,
    /// By position: what reads it.
    pub(super) read_by: Vec<Vec<ReaderId>>,
    /// By position: the arguments it is read with.
    pub(super) arguments: Vec<Option<&'a [Argument]>>,
}

/// Where a fetch starts to read: at a root, or at the rows of a target.
pub(super) struct Entry<'a> {
    pub(super) fetch: usize,
    pub(super) position: PositionId,
    pub(super) target: Option<&'a Target>,
    pub(super) reader: ReaderId,
}

/// Objects of one fetch's answer, read into the rows of a position.
pub(super) struct Reader<'a> {
    pub(super) fetch: usize,
    pub(super) known: Known,
    /// Whether it tells the rows' runtime types.
    pub(super) is_typed: bool,
    fields: HashMap<PositionId, Vec<Reads<'a>>, foldhash::fast::RandomState>,
    /// What fields require, by the types (as the subgraph knows them) that are asked for them.
    pub(super) requires: Vec<(TypeSet, &'a FieldSet)>,
}

/// As what a subgraph knows objects.
#[derive(Clone, Debug)]
pub(super) enum Known {
    /// By their own types, of which it can return these.
    Types(TypeSet),
    /// As an interface object.
    As(TypeId),
}

/// How a position is read.
struct Reads<'a> {
    /// None: for rows of all types.
    types: Option<&'a TypeSet>,
    /// By the object's type in the subgraph: what reads below; none for leaves.
    below: Vec<(TypeSet, Option<ReaderId>)>,
}

/// A field of a document, for objects of some types.
pub(super) struct Asked<'a> {
    pub(super) types: TypeSet,
    pub(super) field: &'a Node<Field>,
}

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
            document,
            fetch: index,
            subgraph: fetch.subgraph,
        };
        match &fetch.kind {
            FetchKind::Root { at, read } => reading.root(*at, read)?,
            FetchKind::Entities(all) => all.iter().try_for_each(|one| reading.entities(one))?,
        }
    }
    Ok(readings)
}

impl Readings<'_> {
    pub(super) fn reader(&self, id: ReaderId) -> &Reader<'_> {
        &self.readers[id.0 as usize]
    }

    /// Whether `reader` reads `position` of a row of type `object`, and what reads below it. A row of a type that is not
    /// known (`is_known`) takes every field.
    pub(super) fn below(
        &self,
        reader: ReaderId,
        position: PositionId,
        (object, is_known): (TypeId, bool),
    ) -> impl Iterator<Item = Option<ReaderId>> {
        let reader = self.reader(reader);
        let local = reader.known.local(object);
        let reads = reader.fields.get(&position).into_iter().flatten();
        let reads = reads.filter(move |reads| {
            !is_known || reads.types.is_none_or(|types| types.contains(object))
        });
        let below = reads.flat_map(|reads| &reads.below);
        below.filter_map(move |(types, below)| types.contains(local?).then_some(*below))
    }

    /// Type names, as messages list them.
    pub(super) fn names(&self, types: &TypeSet) -> String {
        let names = types.iter().map(|ty| self.subject.supergraph.type_name(ty));
        names.map(Name::as_str).collect::<Vec<_>>().join(", ")
    }
}

impl Known {
    /// The type by which the subgraph knows an object; none where it returns no such objects.
    pub(super) fn local(&self, object: TypeId) -> Option<TypeId> {
        match self {
            Self::Types(types) => types.contains(object).then_some(object),
            Self::As(interface) => Some(*interface),
        }
    }

    fn types(&self) -> TypeSet {
        match self {
            Self::Types(types) => types.clone(),
            Self::As(interface) => TypeSet::of(*interface),
        }
    }
}

/// Reading of one fetch.
pub(super) struct Reading<'r, 'a> {
    pub(super) readings: &'r mut Readings<'a>,
    document: &'a ExecutableDocument,
    pub(super) fetch: usize,
    pub(super) subgraph: SubgraphId,
}

/// Objects of an answer, before what is asked of them is looked at.
pub(super) struct Objects<'a> {
    pub(super) position: PositionId,
    pub(super) known: Known,
    sets: Vec<&'a SelectionSet>,
    /// What a `@provides` around them adds.
    pub(super) view: Vec<&'a SetField>,
    /// Whether they are entities, sent with what their fields require.
    pub(super) are_entities: bool,
    /// Whether they are read into other positions too, each taking its own part.
    is_shared: bool,
}

impl<'a> Reading<'_, 'a> {
    fn operation(&self) -> Option<&'a SelectionSet> {
        let operation = self.document.operations.get(None).ok()?;
        Some(&operation.selection_set)
    }

    fn root(&mut self, at: PositionId, read: &'a Read) -> Result<(), String> {
        let supergraph = self.readings.subject.supergraph;
        let set = self.operation();
        let Some(root) = set.and_then(|set| supergraph.type_id(&set.ty)) else {
            return Err(format!("{} reads no root", self.name(at)));
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
            let (name, key) = (self.readings.subject.fetch(self.fetch), &entities.key);
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
            fetch: self.fetch,
            position,
            target,
            reader,
        });
    }

    fn entities_known(&self, typename: &Typename) -> Known {
        let supergraph = self.readings.subject.supergraph;
        let objects = || {
            let all = supergraph.type_ids();
            let known = |id: &TypeId| {
                let ty = supergraph.ty(*id);
                !ty.is_abstract() && ty.in_subgraph(self.subgraph).is_some()
            };
            all.filter(known).collect()
        };
        match typename {
            Typename::Runtime => Known::Types(objects()),
            Typename::Fixed(name) => match supergraph.type_id(name) {
                Some(named) => self.known(named),
                None => Known::Types(TypeSet::default()),
            },
        }
    }

    /// As what the subgraph knows objects where it declares `named`.
    fn known(&self, named: TypeId) -> Known {
        let ty = self.readings.subject.supergraph.ty(named);
        match ty.in_subgraph(self.subgraph) {
            Some(known) if known.interface_object => Known::As(named),
            known => Known::Types(
                known
                    .map(|known| known.possible.clone())
                    .unwrap_or_default(),
            ),
        }
    }

    pub(super) fn name(&self, position: PositionId) -> String {
        self.readings.subject.at(self.fetch, position)
    }

    fn objects(&mut self, objects: Objects<'a>, read: &'a Read) -> Result<ReaderId, String> {
        let asked = self.flatten(&objects);
        let mut by_key: HashMap<&str, Vec<&Asked>, foldhash::fast::RandomState> =
            HashMap::default();
        for one in &asked {
            let key = one.field.response_key().as_str();
            by_key.entry(key).or_default().push(one);
        }
        let requires = allowed::check(self, &objects, &asked)?;
        self.check_shape(&objects, &asked, read)?;
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
            fetch: self.fetch,
            is_typed: read.typename.is_some() && matches!(objects.known, Known::Types(_)),
            known: objects.known,
            fields,
            requires,
        });
        Ok(id)
    }

    /// The fields of selection sets, with the types that are asked for them.
    fn flatten(&self, objects: &Objects<'a>) -> Vec<Asked<'a>> {
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
                let supergraph = self.readings.subject.supergraph;
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

    /// Everything asked for is read, `__typename` is asked for where it is read, and no row gets two values of one key.
    fn check_shape(&self, objects: &Objects, asked: &[Asked], read: &Read) -> Result<(), String> {
        let wrong = |what: String| Err(format!("{} {what}", self.name(objects.position)));
        let mut read_keys: HashMap<&str, Vec<&ReadField>, foldhash::fast::RandomState> =
            HashMap::default();
        for field in &read.fields {
            let same = read_keys.entry(&field.key).or_default();
            let overlaps = |other: &&ReadField| match (&other.types, &field.types) {
                (Some(a), Some(b)) => a.intersects(b),
                _ => true,
            };
            if let Some(other) = same.iter().find(|other| overlaps(other)) {
                let (key, path) = (&field.key, self.readings.subject.path(other.position));
                return wrong(format!("reads {key} twice, once into {path}"));
            }
            same.push(field);
        }
        let is_read = |one: &Asked| {
            let reads = read_keys.get(one.field.response_key().as_str());
            let mut reads = reads.into_iter().flatten();
            reads.any(|field| match (&field.types, &objects.known) {
                (Some(types), Known::Types(_)) => types.intersects(&one.types),
                _ => true,
            })
        };
        let types = objects.known.types();
        for one in asked {
            let key = one.field.response_key();
            let is_typename = one.field.name == "__typename";
            if !is_typename && !objects.is_shared && one.types.intersects(&types) && !is_read(one) {
                return wrong(format!("asks for {key}, which it does not read"));
            }
        }
        if let Some(key) = &read.typename {
            let told = asked
                .iter()
                .filter(|one| one.field.name == "__typename" && *one.field.response_key() == **key);
            let told = told.fold(TypeSet::default(), |all, one| all.union(&one.types));
            if !types.is_subset(&told) {
                return wrong(format!("reads types from {key}, which it does not ask for"));
            }
        }
        Ok(())
    }

    /// What reads below a field, by the object's type in the subgraph.
    fn field(
        &mut self,
        objects: &Objects<'a>,
        (asked, is_shared): (&[&Asked<'a>], bool),
        field: &'a ReadField,
    ) -> Result<Vec<(TypeSet, Option<ReaderId>)>, String> {
        let place = &self.readings.subject.plan.positions[field.position.0 as usize];
        let path = self.readings.subject.path(field.position);
        let wrong = |what: &str, reading: &Self| {
            let name = reading.name(objects.position);
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
            if *known.get_or_insert(&one.field.arguments) != one.field.arguments.as_slice() {
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
        if field.read.is_none() {
            return Ok(vec![(by_type.into_keys().collect(), None)]);
        }
        let mut alike: Vec<Alike> = Vec::new();
        for (local, here) in by_type {
            let view = allowed::below(self, objects, (local, asked[here[0]].field));
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
        let mut below = Vec::new();
        for (fields, view, types) in alike {
            let reader = match &field.read {
                None => None,
                Some(read) => {
                    let first = asked[fields[0]].field;
                    let named = first.definition.ty.inner_named_type();
                    let named = self.readings.subject.supergraph.type_id(named);
                    let sets = fields
                        .iter()
                        .map(|&index| &asked[index].field.selection_set);
                    let objects = Objects {
                        position: field.position,
                        known: named
                            .map_or(Known::Types(TypeSet::default()), |named| self.known(named)),
                        sets: sets.collect(),
                        view,
                        are_entities: false,
                        is_shared: objects.is_shared || is_shared,
                    };
                    Some(self.objects(objects, read)?)
                }
            };
            below.push((types, reader));
        }
        Ok(below)
    }
}

//! The executor once more, slow and obvious: a tree in which every place has its own objects, one fetch after the other,
//! what a subgraph sent taken apart by serde. Where it and the executor disagree, one of them is wrong.

mod place;
mod represent;
mod write;

use super::draft::supergraph;
use crate::executor::ErrorCode;
use crate::executor::Limits;
use crate::planner::{
    Entities, Fetch, FetchKind, Output, OutputValue, Plan, PositionId, Read, ReadField, Target,
};
use crate::schema::{TypeId, TypeKind, TypeSet};
use place::{Path, Place};
use represent::represent;
use serde_json::{Value, value::RawValue};
use std::collections::BTreeMap;

/// By `_entities` field, the representations that a fetch sends; none for root fields.
pub(super) type Sent = Vec<Vec<String>>;

/// What a run comes to.
#[derive(Debug, PartialEq)]
pub(super) struct Outcome {
    /// The requests, in order: which fetch, and what it sent.
    pub calls: Vec<(usize, Sent)>,
    pub data: String,
    /// `code at path`, sorted.
    pub errors: Vec<String>,
}

/// Carries out a plan; `answer` gives the body of each answer.
pub(super) fn run(plan: &Plan, answer: &dyn Fn(usize, &Sent) -> Vec<u8>) -> Outcome {
    let mut run = Run {
        plan,
        shown: BTreeMap::new(),
        errors: Vec::new(),
    };
    run.note_shown(&plan.output);
    let mut root = Row {
        ty: plan.positions[0].object,
        cells: BTreeMap::new(),
    };
    let mut calls = Vec::new();
    for (index, fetch) in plan.fetches.iter().enumerate() {
        let asked = run.asked(&root, fetch);
        if asked.is_nothing() {
            continue;
        }
        let sent = asked.sent();
        let body = answer(index, &sent);
        calls.push((index, sent));
        run.take(&mut root, &asked, &body);
    }
    let data = run.written(&root);
    let mut errors: Vec<String> = run.errors.iter().map(Told::text).collect();
    errors.sort();
    Outcome {
        calls,
        data,
        errors,
    }
}

/// An object at one place.
#[derive(Clone, Default)]
struct Row {
    ty: Option<TypeId>,
    cells: BTreeMap<PositionId, Cell>,
}

#[derive(Clone)]
enum Cell {
    Null,
    /// As it was sent.
    Leaf(String),
    Row(Row),
    List(Vec<Cell>),
    /// Neither what it should be nor null.
    Misshapen,
}

/// An error, as far as it is compared.
struct Told {
    code: ErrorCode,
    path: Path,
}

impl Told {
    fn text(&self) -> String {
        format!("{:?} at {}", self.code, self.path.join("."))
    }
}

struct Run<'p> {
    plan: &'p Plan,
    /// The response keys of positions that clients see.
    shown: BTreeMap<PositionId, String>,
    errors: Vec<Told>,
}

/// What a fetch asks.
enum Asked<'p> {
    /// Root fields, for the rows at these places.
    Root(PositionId, &'p Read, Vec<Place>),
    Entities(Vec<AskedOf<'p>>),
}

/// What an `_entities` field is asked.
struct AskedOf<'p> {
    field: &'p Entities,
    sent: Vec<String>,
    joined: Vec<Joined<'p>>,
}

/// The entity of a representation goes to a place.
struct Joined<'p> {
    representation: usize,
    target: &'p Target,
    place: Place,
}

impl Asked<'_> {
    fn is_nothing(&self) -> bool {
        match self {
            Self::Root(_, _, places) => places.is_empty(),
            Self::Entities(fields) => fields.iter().all(|field| field.joined.is_empty()),
        }
    }

    fn sent(&self) -> Sent {
        match self {
            Self::Root(..) => Vec::new(),
            Self::Entities(fields) => fields.iter().map(|field| field.sent.clone()).collect(),
        }
    }
}

/// The fetch gave nothing.
struct Failed;

/// What an answer held.
#[derive(Default)]
struct Answered<'p> {
    errors: Value,
    fresh: Vec<(Place, Row, &'p Read)>,
    findings: Vec<Finding>,
}

/// What is wrong with an `_entities` field, by index.
enum Finding {
    NoList(usize),
    /// So many came.
    Short(usize, usize),
    /// This one is neither an object nor null.
    Odd(usize, usize),
}

type Object<'t> = BTreeMap<String, &'t RawValue>;

/// What serde makes of a text that should be JSON.
fn parsed<'t, T: serde::Deserialize<'t>>(text: &'t str) -> Result<T, Failed> {
    serde_json::from_str(text).map_err(|_| Failed)
}

impl<'p> Run<'p> {
    fn note_shown(&mut self, output: &Output) {
        for field in &output.fields {
            match &field.value {
                OutputValue::Leaf { position, .. } => {
                    self.shown.insert(*position, field.key.to_string());
                }
                OutputValue::Object {
                    position, output, ..
                } => {
                    self.shown.insert(*position, field.key.to_string());
                    self.note_shown(output);
                }
                OutputValue::Typename | OutputValue::Introspection | OutputValue::Denied { .. } => {
                }
            }
        }
    }

    fn asked(&self, root: &Row, fetch: &'p Fetch) -> Asked<'p> {
        match &fetch.kind {
            FetchKind::Root { at, read } => Asked::Root(*at, read, self.places(root, *at)),
            FetchKind::Entities(fields) => Asked::Entities(
                fields
                    .iter()
                    .map(|field| self.asked_of(root, field))
                    .collect(),
            ),
        }
    }

    fn asked_of(&self, root: &Row, field: &'p Entities) -> AskedOf<'p> {
        let (mut sent, mut joined) = (Vec::new(), Vec::new());
        for target in &field.targets {
            for place in self.places(root, target.position) {
                let Some(text) = represent(place.row(root), target) else {
                    continue;
                };
                let known = sent.iter().position(|known| *known == text);
                let representation = known.unwrap_or(sent.len());
                if known.is_none() {
                    sent.push(text);
                }
                joined.push(Joined {
                    representation,
                    target,
                    place,
                });
            }
        }
        AskedOf {
            field,
            sent,
            joined,
        }
    }

    fn take(&mut self, root: &mut Row, asked: &Asked<'p>, body: &[u8]) {
        let Ok(answered) = self.answered(root, asked, body) else {
            return self.fail(asked);
        };
        let mut uneven = Vec::new();
        for (place, from, read) in answered.fresh {
            let whereabouts = (&place, &mut uneven);
            self.merge(place.row_mut(root), (from, read), whereabouts);
        }
        let before = self.errors.len();
        self.subgraph_errors(root, asked, answered.errors);
        let reported = self.errors.len() > before;
        for path in uneven {
            self.tell(ErrorCode::Malformed, path);
        }
        for finding in answered.findings {
            self.finding(asked, finding, reported);
        }
    }

    fn answered(&self, root: &Row, asked: &Asked<'p>, body: &[u8]) -> Result<Answered<'p>, Failed> {
        let envelope: Object = parsed(str::from_utf8(body).map_err(|_| Failed)?)?;
        let mut answered = Answered::default();
        let data = envelope.get("data").filter(|data| data.get() != "null");
        if let Some(data) = data {
            let data: Object = parsed(data.get())?;
            match asked {
                Asked::Root(at, read, places) => {
                    for place in places {
                        let known = self.plan.positions[at.0 as usize].object;
                        let row = self.row(&data, read, known)?;
                        answered.fresh.push((place.clone(), row, *read));
                    }
                }
                Asked::Entities(fields) => {
                    for (index, field) in fields.iter().enumerate() {
                        let list = data.get(&field.field.key).map(|list| list.get());
                        self.entities(root, (index, field, list), &mut answered)?;
                    }
                }
            }
        }
        if let Some(errors) = envelope.get("errors") {
            answered.errors = parsed(errors.get())?;
        }
        let no_errors = match &answered.errors {
            Value::Null => true,
            Value::Array(errors) => errors.is_empty(),
            _ => false,
        };
        match data.is_none() && no_errors {
            true => Err(Failed),
            false => Ok(answered),
        }
    }

    fn entities(
        &self,
        root: &Row,
        (index, asked, list): (usize, &AskedOf<'p>, Option<&str>),
        answered: &mut Answered<'p>,
    ) -> Result<(), Failed> {
        let Some(list) = list.filter(|list| list.starts_with('[')) else {
            answered.findings.push(Finding::NoList(index));
            return Ok(());
        };
        let list: Vec<&RawValue> = parsed(list)?;
        for (representation, entity) in list.iter().enumerate() {
            let is_meant = |joined: &&Joined| joined.representation == representation;
            match entity.get().as_bytes()[0] {
                b'n' => {}
                b'{' => {
                    for Joined { target, place, .. } in asked.joined.iter().filter(is_meant) {
                        let entity: Object = parsed(entity.get())?;
                        let row = self.row(&entity, &target.read, place.row(root).ty)?;
                        answered.fresh.push((place.clone(), row, &target.read));
                    }
                }
                _ => answered.findings.push(Finding::Odd(index, representation)),
            }
        }
        if list.len() < asked.sent.len() {
            answered.findings.push(Finding::Short(index, list.len()));
        }
        Ok(())
    }

    fn row(&self, object: &Object, read: &Read, known: Option<TypeId>) -> Result<Row, Failed> {
        let told = read.typename.as_ref().and_then(|key| object.get(key));
        let told = told.and_then(|name| object_type(name.get()));
        let mut row = Row {
            ty: known.or(told),
            cells: BTreeMap::new(),
        };
        for field in &read.fields {
            if let Some(value) = object.get(&field.key)
                && applies(field.types.as_ref(), row.ty)
            {
                let lists = self.plan.positions[field.position.0 as usize].lists;
                let cell = self.cell(value.get(), field, lists)?;
                row.cells.insert(field.position, cell);
            }
        }
        Ok(row)
    }

    fn cell(&self, text: &str, field: &ReadField, lists: u8) -> Result<Cell, Failed> {
        Ok(match (text.as_bytes()[0], &field.read) {
            (b'n', _) => Cell::Null,
            (_, None) if depth(text) > Limits::default().depth => Cell::Misshapen,
            (_, None) => Cell::Leaf(text.to_owned()),
            (b'[', Some(_)) if lists > 0 => {
                let items: Vec<&RawValue> = parsed(text)?;
                let items = items.iter();
                let cells = items.map(|item| self.cell(item.get(), field, lists - 1));
                Cell::List(cells.collect::<Result<_, _>>()?)
            }
            (b'{', Some(read)) if lists == 0 => {
                let known = self.plan.positions[field.position.0 as usize].object;
                Cell::Row(self.row(&parsed(text)?, read, known)?)
            }
            _ => Cell::Misshapen,
        })
    }

    /// A null never replaces a value; lists are joined item by item, as far as both go.
    fn merge(
        &self,
        into: &mut Row,
        (mut from, read): (Row, &Read),
        (place, uneven): (&Place, &mut Vec<Path>),
    ) {
        into.ty = into.ty.or(from.ty);
        for field in &read.fields {
            if !applies(field.types.as_ref(), into.ty) {
                continue;
            }
            let Some(new) = from.cells.remove(&field.position) else {
                continue;
            };
            let merged = match into.cells.remove(&field.position) {
                None => new,
                Some(Cell::Leaf(there)) if matches!(new, Cell::Null) => Cell::Leaf(there),
                Some(_) if field.read.is_none() => new,
                Some(there) => {
                    let below = self.below(place, field.position);
                    self.merge_cells((there, new), field, (&below, uneven))
                }
            };
            into.cells.insert(field.position, merged);
        }
    }

    fn merge_cells(
        &self,
        both: (Cell, Cell),
        field: &ReadField,
        (place, uneven): (&Place, &mut Vec<Path>),
    ) -> Cell {
        match (both, &field.read) {
            ((Cell::Row(mut into), Cell::Row(from)), Some(read)) => {
                self.merge(&mut into, (from, read), (place, uneven));
                Cell::Row(into)
            }
            ((Cell::List(into), Cell::List(from)), _) => {
                if into.len() != from.len() && !uneven.contains(&place.field_path()) {
                    uneven.push(place.field_path());
                }
                let items = into.into_iter().zip(from).enumerate();
                let merged = items.map(|(index, both)| {
                    self.merge_cells(both, field, (&place.item(index), uneven))
                });
                Cell::List(merged.collect())
            }
            ((there @ (Cell::Row(_) | Cell::List(_)), _), _) => there,
            ((_, new), _) => new,
        }
    }
}

/// The object type that a JSON text names.
fn object_type(text: &str) -> Option<TypeId> {
    let name: String = serde_json::from_str(text).ok()?;
    let ty = supergraph().type_id(&name)?;
    (supergraph().ty(ty).kind == TypeKind::Object).then_some(ty)
}

/// Whether something is wanted of an object of this type; of unknown types everything is.
fn applies(types: Option<&TypeSet>, ty: Option<TypeId>) -> bool {
    match (types, ty) {
        (Some(types), Some(ty)) => types.contains(ty),
        _ => true,
    }
}

/// How deep arrays and objects nest in a JSON text.
fn depth(text: &str) -> usize {
    let (mut depth, mut most, mut in_string, mut escaped) = (0usize, 0, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => {
                depth += 1;
                most = most.max(depth);
            }
            b']' | b'}' if !in_string => depth -= 1,
            _ => {}
        }
    }
    most
}

//! Carries out a plan in the slowest and most obvious way, over trees of values: what the plan's
//! own words say, one fetch after the other. Where the executor and this disagree, the executor
//! is wrong; where both fail, the plan is.

use std::collections::BTreeMap;

use apollo_compiler::ast::Type;
use graphway::planner::{
    ContextSource, Entities, FetchKind, Output, OutputValue, Plan, PositionId, Read, ReadField,
    Representation, RepresentationField, Target, Typename,
};
use graphway::schema::{Supergraph, TypeId, TypeSet};
use serde_json::{Map, Value, json};

use super::trial::Call;

/// The response to a plan's operation, given coerced variables.
pub fn interpret(
    supergraph: &Supergraph,
    plan: &Plan,
    variables: &Map<String, Value>,
    call: Call<'_>,
) -> Value {
    let mut run = Interpreter {
        supergraph,
        plan,
        errors: Vec::new(),
    };
    let mut root = Row {
        ty: plan.positions[0].object,
        ..Row::default()
    };
    for fetch in &plan.fetches {
        let mut sent = Map::new();
        for name in &fetch.variables {
            if let Some(value) = variables.get(name.as_str()) {
                sent.insert(name.to_string(), value.clone());
            }
        }
        let name = &supergraph.subgraph(fetch.subgraph).name;
        match &fetch.kind {
            FetchKind::Root { at, read } => {
                let data = run.send(name, (&fetch.document, sent), call);
                run.each_row(&mut root, *at, &mut |run, row| run.read(row, read, &data));
            }
            FetchKind::Entities(all) => {
                let asked: Vec<Asked> = all.iter().map(|one| run.asked(&root, one)).collect();
                // Rows for which contexts set other values are asked for one after the other.
                let rounds = asked.iter().map(|asked| asked.copies.len()).max();
                for round in 0..rounds.unwrap_or(0) {
                    let takes_part = |asked: &Asked| usize::from(round < asked.copies.len());
                    let counts: Vec<usize> = asked.iter().map(takes_part).collect();
                    let mut sent = sent.clone();
                    for (entities, asked) in all.iter().zip(&asked) {
                        asked.send(entities, round, &mut sent);
                    }
                    let document = match &fetch.template {
                        Some(template) => template.document(&counts),
                        None => fetch.document.to_string(),
                    };
                    let data = run.send(name, (&document, sent), call);
                    for (entities, asked) in all.iter().zip(&asked) {
                        run.receive(&mut root, (entities, asked, round), &data[&entities.key]);
                    }
                }
            }
        }
    }
    let data = run.written(&root, &plan.output).unwrap_or(Value::Null);
    if run.errors.is_empty() {
        json!({ "data": data })
    } else {
        json!({ "errors": run.errors, "data": data })
    }
}

/// An object under construction.
#[derive(Default)]
struct Row {
    ty: Option<TypeId>,
    cells: BTreeMap<PositionId, Cell>,
}

enum Cell {
    Leaf(Value),
    Row(Row),
    List(Vec<Cell>),
}

const NULL: Cell = Cell::Leaf(Value::Null);

struct Interpreter<'p> {
    supergraph: &'p Supergraph,
    plan: &'p Plan,
    errors: Vec<Value>,
}

type Visit<'v> = &'v mut dyn FnMut(&mut Interpreter<'_>, &mut Row);

impl Interpreter<'_> {
    fn object_type(&self, name: &Value) -> Option<TypeId> {
        let ty = self.supergraph.type_id(name.as_str()?)?;
        (!self.supergraph.ty(ty).is_abstract()).then_some(ty)
    }

    /// Visits every row at a position.
    fn each_row(&mut self, root: &mut Row, position: PositionId, visit: Visit<'_>) {
        let mut path = vec![position];
        while let Some(parent) = self.plan.positions[path[0].0 as usize].parent {
            path.insert(0, parent);
        }
        self.descend(root, &path[1..], visit);
    }

    fn descend(&mut self, row: &mut Row, path: &[PositionId], visit: Visit<'_>) {
        match path.split_first() {
            None => visit(self, row),
            Some((next, rest)) => {
                if let Some(cell) = row.cells.get_mut(next) {
                    self.descend_cell(cell, rest, visit);
                }
            }
        }
    }

    fn descend_cell(&mut self, cell: &mut Cell, path: &[PositionId], visit: Visit<'_>) {
        match cell {
            Cell::Leaf(_) => {}
            Cell::Row(row) => self.descend(row, path, visit),
            Cell::List(items) => {
                for item in items {
                    self.descend_cell(item, path, visit);
                }
            }
        }
    }

    fn read(&mut self, row: &mut Row, read: &Read, value: &Value) {
        let told = read.typename.as_ref().map(|key| &value[key]);
        let told = told.and_then(|name| self.object_type(name));
        row.ty = row.ty.or(told);
        for field in &read.fields {
            let ty = told.or(row.ty);
            if applies(field.types.as_ref(), ty).unwrap_or(true)
                && let Some(value) = value.get(&field.key)
            {
                let cell = row.cells.entry(field.position).or_insert(NULL);
                self.fill(cell, field, value);
            }
        }
    }

    fn fill(&mut self, cell: &mut Cell, field: &ReadField, value: &Value) {
        match (value, &field.read) {
            (Value::Null, _) => {}
            (value, None) => *cell = Cell::Leaf(value.clone()),
            (Value::Array(items), Some(_)) => {
                if !matches!(cell, Cell::List(cells) if cells.len() == items.len()) {
                    *cell = Cell::List(items.iter().map(|_| NULL).collect());
                }
                if let Cell::List(cells) = cell {
                    for (cell, item) in cells.iter_mut().zip(items) {
                        self.fill(cell, field, item);
                    }
                }
            }
            (value, Some(read)) => {
                if !matches!(cell, Cell::Row(_)) {
                    let ty = self.plan.positions[field.position.0 as usize].object;
                    *cell = Cell::Row(Row {
                        ty,
                        ..Row::default()
                    });
                }
                if let Cell::Row(row) = cell {
                    self.read(row, read, value);
                }
            }
        }
    }

    fn send(
        &mut self,
        subgraph: &str,
        (document, variables): (&str, Map<String, Value>),
        call: Call<'_>,
    ) -> Value {
        let body = json!({ "query": document, "variables": variables });
        let mut answer = call(subgraph, &body);
        if let Some(Value::Array(errors)) = answer.get_mut("errors") {
            self.errors.append(errors);
        }
        answer["data"].take()
    }

    /// What rows ask of an `_entities` field.
    fn asked(&self, root: &Row, entities: &Entities) -> Asked {
        let mut asked = Asked::default();
        for target in &entities.targets {
            let mut rows = Vec::new();
            for lineage in self.lineages(root, target.position) {
                let row = lineage[lineage.len() - 1];
                let representation = self.represent(row, target);
                let set = entities.contexts.iter().zip(&target.contexts);
                let set = set.map(|(variable, sources)| {
                    let value = self.set_by(&lineage, sources);
                    (!(value.is_null() && variable.ty.is_non_null())).then_some(value)
                });
                let one = representation.zip(set.collect::<Option<Vec<_>>>());
                if let Some((representation, set)) = &one {
                    asked.note(representation, set);
                }
                rows.push(one);
            }
            asked.rows.push(rows);
        }
        asked
    }

    fn receive(
        &mut self,
        root: &mut Row,
        (entities, asked, round): (&Entities, &Asked, usize),
        received: &Value,
    ) {
        let Some((set, sent)) = asked.copies.get(round) else {
            return;
        };
        for (target, rows) in entities.targets.iter().zip(&asked.rows) {
            let mut rows = rows.iter();
            self.each_row(root, target.position, &mut |run, row| {
                let Some(Some((representation, of_row))) = rows.next() else {
                    return;
                };
                if let Some(index) = sent.iter().position(|sent| sent == representation)
                    && of_row == set
                    && received[index].is_object()
                {
                    run.read(row, &target.read, &received[index]);
                }
            });
        }
    }

    /// The rows at a position, each after those it is inside of.
    fn lineages<'r>(&self, root: &'r Row, position: PositionId) -> Vec<Vec<&'r Row>> {
        let Some(parent) = self.plan.positions[position.0 as usize].parent else {
            return vec![vec![root]];
        };
        let mut lineages = Vec::new();
        for lineage in self.lineages(root, parent) {
            let mut rows = Vec::new();
            if let Some(cell) = lineage[lineage.len() - 1].cells.get(&position) {
                rows_in(cell, &mut rows);
            }
            let longer = rows.into_iter().map(|row| [&lineage[..], &[row]].concat());
            lineages.extend(longer);
        }
        lineages
    }

    /// What the nearest row around another sets a context to.
    fn set_by(&self, lineage: &[&Row], sources: &[ContextSource]) -> Value {
        let set = sources.iter().find_map(|source| {
            let mut depth = 0;
            let mut at = source.position;
            while let Some(parent) = self.plan.positions[at.0 as usize].parent {
                at = parent;
                depth += 1;
            }
            let row = lineage[depth];
            let is_set = applies(source.types.as_ref(), row.ty).unwrap_or(false);
            is_set.then(|| leaf_of(row, &source.fields))
        });
        set.unwrap_or(Value::Null)
    }

    fn represent(&self, row: &Row, target: &Target) -> Option<Value> {
        if !applies(target.types.as_ref(), row.ty).unwrap_or(false) {
            return None;
        }
        let Representation { typename, fields } = &target.representation;
        let name = match typename {
            Typename::Fixed(name) => name,
            Typename::Runtime => self.supergraph.type_name(row.ty?),
        };
        let mut out = Map::new();
        out.insert("__typename".to_owned(), json!(name.as_str()));
        self.represent_fields(row, fields, &mut out)?;
        Some(Value::Object(out))
    }

    fn represent_fields(
        &self,
        row: &Row,
        fields: &[RepresentationField],
        out: &mut Map<String, Value>,
    ) -> Option<()> {
        for field in fields {
            if !applies(field.types.as_ref(), row.ty).unwrap_or(false) {
                continue;
            }
            let cell = row.cells.get(&field.position).unwrap_or(&NULL);
            let value = self.represent_cell(cell, field)?;
            if field.key && value.is_null() {
                return None;
            }
            out.insert(field.name.to_string(), value);
        }
        Some(())
    }

    fn represent_cell(&self, cell: &Cell, field: &RepresentationField) -> Option<Value> {
        match cell {
            Cell::Leaf(value) => Some(value.clone()),
            Cell::List(items) => {
                let items = items.iter().map(|item| self.represent_cell(item, field));
                items.collect::<Option<Vec<_>>>().map(Value::Array)
            }
            Cell::Row(row) => {
                let mut out = Map::new();
                if field.typename {
                    let name = self.supergraph.type_name(row.ty?);
                    out.insert("__typename".to_owned(), json!(name.as_str()));
                }
                self.represent_fields(row, &field.fields, &mut out)?;
                Some(Value::Object(out))
            }
        }
    }

    /// What the client sees of a row; `None` where a null cannot stand.
    fn written(&self, row: &Row, output: &Output) -> Option<Value> {
        let mut out = Map::new();
        for field in &output.fields {
            if !applies(field.types.as_ref(), row.ty).unwrap_or(false) {
                continue;
            }
            let value = match &field.value {
                OutputValue::Typename => json!(self.supergraph.type_name(row.ty?).as_str()),
                OutputValue::Leaf { position, ty, .. } => {
                    let cell = row.cells.get(position).unwrap_or(&NULL);
                    written_cell(cell, ty, &|_| None)?
                }
                OutputValue::Object {
                    position,
                    ty,
                    possible,
                    output,
                } => {
                    let cell = row.cells.get(position).unwrap_or(&NULL);
                    written_cell(cell, ty, &|row| {
                        applies(Some(possible), row.ty)
                            .unwrap_or(true)
                            .then(|| self.written(row, output))?
                    })?
                }
                OutputValue::Introspection | OutputValue::Denied { .. } => Value::Null,
            };
            out.insert(field.key.to_string(), value);
        }
        Some(Value::Object(out))
    }
}

/// What one row asks: its representation, and what contexts set for it.
type OfRow = (Value, Vec<Value>);

/// What rows ask of an `_entities` field.
#[derive(Default)]
struct Asked {
    /// By target and row.
    rows: Vec<Vec<Option<OfRow>>>,
    /// By what contexts set: the representations, equal ones once.
    copies: Vec<(Vec<Value>, Vec<Value>)>,
}

impl Asked {
    fn note(&mut self, representation: &Value, set: &[Value]) {
        let mut copies = self.copies.iter_mut();
        match copies.find(|(known, _)| known == set) {
            Some((_, sent)) if sent.contains(representation) => {}
            Some((_, sent)) => sent.push(representation.clone()),
            None => {
                let copy = (set.to_vec(), vec![representation.clone()]);
                self.copies.push(copy);
            }
        }
    }

    /// The variables of an `_entities` field.
    fn send(&self, entities: &Entities, round: usize, variables: &mut Map<String, Value>) {
        let copy = self.copies.get(round);
        let sent = copy.map(|(_, sent)| sent.clone()).unwrap_or_default();
        variables.insert(entities.variable.clone(), Value::Array(sent));
        let set = copy.into_iter().flat_map(|(set, _)| set);
        for (variable, value) in entities.contexts.iter().zip(set) {
            variables.insert(variable.name.clone(), value.clone());
        }
    }
}

/// The leaf that fields of a row lead to.
fn leaf_of(row: &Row, fields: &[RepresentationField]) -> Value {
    let mut fields = fields.iter();
    let field = fields.find(|field| applies(field.types.as_ref(), row.ty).unwrap_or(false));
    let below = |cell: &Cell, field: &RepresentationField| leaf_in(cell, &field.fields);
    let found = field.and_then(|field| Some(below(row.cells.get(&field.position)?, field)));
    found.unwrap_or(Value::Null)
}

fn leaf_in(cell: &Cell, fields: &[RepresentationField]) -> Value {
    match cell {
        Cell::Leaf(value) => value.clone(),
        Cell::Row(row) => leaf_of(row, fields),
        Cell::List(items) => items.iter().map(|item| leaf_in(item, fields)).collect(),
    }
}

/// Whether a type is among some; `None` when the type is not known.
fn applies(types: Option<&TypeSet>, ty: Option<TypeId>) -> Option<bool> {
    match (types, ty) {
        (None, _) => Some(true),
        (Some(types), Some(ty)) => Some(types.contains(ty)),
        (Some(_), None) => None,
    }
}

fn rows_in<'r>(cell: &'r Cell, rows: &mut Vec<&'r Row>) {
    match cell {
        Cell::Leaf(_) => {}
        Cell::Row(row) => rows.push(row),
        Cell::List(items) => items.iter().for_each(|item| rows_in(item, rows)),
    }
}

fn written_cell(cell: &Cell, ty: &Type, object: &dyn Fn(&Row) -> Option<Value>) -> Option<Value> {
    let value = match cell {
        Cell::Leaf(value) => Some(value.clone()).filter(|value| !value.is_null()),
        Cell::Row(row) => object(row),
        Cell::List(items) => {
            let items = items.iter();
            let items = items.map(|item| written_cell(item, ty.item_type(), object));
            items.collect::<Option<Vec<_>>>().map(Value::Array)
        }
    };
    if value.is_none() && ty.is_non_null() {
        return None;
    }
    Some(value.unwrap_or(Value::Null))
}

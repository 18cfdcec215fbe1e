//! Carries out a plan in the slowest and most obvious way, over trees of values: what the plan's
//! own words say, one fetch after the other. Where the executor and this disagree, the executor
//! is wrong; where both fail, the plan is.

use std::collections::BTreeMap;

use apollo_compiler::ast::Type;
use graphway::planner::{
    FetchKind, Output, OutputValue, Plan, PositionId, Read, ReadField, Representation,
    RepresentationField, Target, Typename,
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
        let represented = match &fetch.kind {
            FetchKind::Root { .. } => Vec::new(),
            FetchKind::Entities(all) => {
                let lists: Vec<_> = all
                    .iter()
                    .map(|entities| run.represented(&root, &entities.targets))
                    .collect();
                for (entities, list) in all.iter().zip(&lists) {
                    sent.insert(entities.variable.clone(), Value::Array(list.clone()));
                }
                if lists.iter().all(Vec::is_empty) {
                    continue;
                }
                lists
            }
        };
        let body = json!({ "query": &*fetch.document, "variables": sent });
        let name = &supergraph.subgraph(fetch.subgraph).name;
        let mut answer = call(name, &body);
        if let Some(Value::Array(errors)) = answer.get_mut("errors") {
            run.errors.append(errors);
        }
        let data = answer["data"].take();
        match &fetch.kind {
            FetchKind::Root { at, read } => {
                run.each_row(&mut root, *at, &mut |run, row| run.read(row, read, &data));
            }
            FetchKind::Entities(all) => {
                for (entities, list) in all.iter().zip(&represented) {
                    for target in &entities.targets {
                        run.receive(&mut root, target, list, &data[&entities.key]);
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

    /// The representations of some targets, equal ones once.
    fn represented(&mut self, root: &Row, targets: &[Target]) -> Vec<Value> {
        let mut all = Vec::new();
        for target in targets {
            for row in self.rows(root, target.position) {
                let sent = self.represent(row, target);
                all.extend(sent.filter(|sent| !all.contains(sent)));
            }
        }
        all
    }

    fn receive(&mut self, root: &mut Row, target: &Target, sent: &[Value], entities: &Value) {
        self.each_row(root, target.position, &mut |run, row| {
            let Some(representation) = run.represent(row, target) else {
                return;
            };
            if let Some(index) = sent.iter().position(|sent| *sent == representation)
                && entities[index].is_object()
            {
                run.read(row, &target.read, &entities[index]);
            }
        });
    }

    fn rows<'r>(&self, root: &'r Row, position: PositionId) -> Vec<&'r Row> {
        let Some(parent) = self.plan.positions[position.0 as usize].parent else {
            return vec![root];
        };
        let mut rows = Vec::new();
        for row in self.rows(root, parent) {
            if let Some(cell) = row.cells.get(&position) {
                rows_in(cell, &mut rows);
            }
        }
        rows
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
                OutputValue::Introspection => Value::Null,
            };
            out.insert(field.key.to_string(), value);
        }
        Some(Value::Object(out))
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

//! Places in the tree, and where errors stand.

use super::{Asked, AskedOf, Cell, Finding, Joined, Row, Run, Told, applies};
use crate::executor::ErrorCode;
use crate::planner::{PositionId, Read};
use serde_json::Value;

/// Response keys and indices.
pub(super) type Path = Vec<String>;

/// Where a row is.
#[derive(Clone, Default)]
pub(super) struct Place {
    /// The cells that lead to it from the root, and which items of their lists.
    steps: Vec<(PositionId, Vec<usize>)>,
    /// What clients see of that.
    path: Path,
    /// Whether clients see no more than that.
    hidden: bool,
}

impl Place {
    pub(super) fn row<'r>(&self, root: &'r Row) -> &'r Row {
        self.steps.iter().fold(root, |row, (position, indices)| {
            let cell = indices.iter().fold(&row.cells[position], |cell, index| {
                let Cell::List(items) = cell else {
                    panic!("a list is here")
                };
                &items[*index]
            });
            let Cell::Row(row) = cell else {
                panic!("a row is here")
            };
            row
        })
    }

    pub(super) fn row_mut<'r>(&self, root: &'r mut Row) -> &'r mut Row {
        self.steps.iter().fold(root, |row, (position, indices)| {
            let first = row.cells.get_mut(position).unwrap();
            let cell = indices.iter().fold(first, |cell, index| {
                let Cell::List(items) = cell else {
                    panic!("a list is here")
                };
                &mut items[*index]
            });
            let Cell::Row(row) = cell else {
                panic!("a row is here")
            };
            row
        })
    }

    pub(super) fn item(&self, index: usize) -> Self {
        let mut item = self.clone();
        if let Some((_, indices)) = item.steps.last_mut() {
            indices.push(index);
        }
        if !item.hidden {
            item.path.push(index.to_string());
        }
        item
    }

    /// The path of the list that this is, without the items of lists around it.
    pub(super) fn field_path(&self) -> Path {
        let indices = self.steps.last().map_or(0, |(_, indices)| indices.len());
        let indices = if self.hidden { 0 } else { indices };
        self.path[..self.path.len() - indices].to_vec()
    }
}

impl Run<'_> {
    pub(super) fn tell(&mut self, code: ErrorCode, path: Path) {
        self.errors.push(Told { code, path });
    }

    /// The place of a field of the row at a place.
    pub(super) fn below(&self, place: &Place, position: PositionId) -> Place {
        let mut below = place.clone();
        below.steps.push((position, Vec::new()));
        match self.shown.get(&position).filter(|_| !below.hidden) {
            Some(key) => below.path.push(key.clone()),
            None => below.hidden = true,
        }
        below
    }

    fn chain(&self, position: PositionId) -> Vec<PositionId> {
        let mut chain = vec![position];
        while let Some(parent) = self.plan.positions[chain[0].0 as usize].parent {
            chain.insert(0, parent);
        }
        chain.split_off(1)
    }

    /// Where the rows at a position are.
    pub(super) fn places(&self, root: &Row, position: PositionId) -> Vec<Place> {
        let mut here = vec![Place::default()];
        for position in self.chain(position) {
            let mut below = Vec::new();
            for place in &here {
                if let Some(cell) = place.row(root).cells.get(&position) {
                    add_places(cell, self.below(place, position), &mut below);
                }
            }
            here = below;
        }
        here
    }

    /// The path of a position up to the first list, or what clients see of it.
    fn to_first_list(&self, position: PositionId) -> Path {
        let mut path = Path::new();
        for position in self.chain(position) {
            let Some(key) = self.shown.get(&position) else {
                break;
            };
            path.push(key.clone());
            if self.plan.positions[position.0 as usize].lists > 0 {
                break;
            }
        }
        path
    }

    pub(super) fn fail(&mut self, asked: &Asked<'_>) {
        for path in self.filled(asked) {
            self.tell(ErrorCode::Malformed, path);
        }
    }

    /// What a fetch was to fill: root fields, or else what is around, up to the first list.
    fn filled(&self, asked: &Asked<'_>) -> Vec<Path> {
        match asked {
            Asked::Root(at, read, _) if at.0 == 0 => {
                let shown = read.fields.iter();
                let shown = shown.filter_map(|field| self.shown.get(&field.position));
                let paths = unique(shown.map(|key| vec![key.clone()]));
                if paths.is_empty() {
                    vec![Path::new()]
                } else {
                    paths
                }
            }
            Asked::Root(at, ..) => vec![self.to_first_list(*at)],
            Asked::Entities(fields) => {
                unique(fields.iter().flat_map(|field| self.filled_by(field)))
            }
        }
    }

    fn filled_by(&self, asked: &AskedOf<'_>) -> Vec<Path> {
        let positions = asked.joined.iter().map(|joined| joined.target.position);
        unique(positions.map(|position| self.to_first_list(position)))
    }

    pub(super) fn subgraph_errors(&mut self, root: &Row, asked: &Asked<'_>, errors: Value) {
        let errors = match errors {
            Value::Null => return,
            Value::Array(errors) => errors,
            _ => return self.fail(asked),
        };
        for error in errors {
            let Value::Object(error) = error else {
                self.fail(asked);
                continue;
            };
            let wire = error.get("path").and_then(Value::as_array);
            let wire = wire.map_or(&[][..], Vec::as_slice);
            for path in self.stands_at(root, asked, wire) {
                self.tell(ErrorCode::Subgraph, path);
            }
        }
    }

    fn stands_at(&self, root: &Row, asked: &Asked<'_>, wire: &[Value]) -> Vec<Path> {
        let fields = match asked {
            Asked::Root(at, ..) if wire.is_empty() => return vec![self.to_first_list(*at)],
            Asked::Root(_, read, places) => {
                let follow = |place| self.follow(root, (place, read), wire);
                return places.iter().map(follow).collect();
            }
            Asked::Entities(fields) => fields,
        };
        let key = wire.first().and_then(Value::as_str);
        let Some(field) = fields.iter().find(|asked| Some(&*asked.field.key) == key) else {
            return self.filled(asked);
        };
        let index = wire.get(1).and_then(Value::as_u64);
        let is_meant = |joined: &&Joined| Some(joined.representation as u64) == index;
        let follow =
            |joined: &Joined| self.follow(root, (&joined.place, &joined.target.read), &wire[2..]);
        let paths: Vec<Path> = field.joined.iter().filter(is_meant).map(follow).collect();
        if paths.is_empty() {
            return self.filled_by(field);
        }
        paths
    }

    /// As far as clients see what a wire path leads to.
    fn follow(&self, root: &Row, (place, read): (&Place, &Read), wire: &[Value]) -> Path {
        let mut path = place.path.clone();
        let (mut row, mut read) = (Some(place.row(root)), Some(read));
        let mut steps = wire.iter().peekable();
        while let Some(key) = steps.next().and_then(Value::as_str) {
            let ty = row.and_then(|row| row.ty);
            let fields = read.into_iter().flat_map(|read| &read.fields);
            let mut fields = fields
                .filter(|field| field.key == key && applies(field.types.as_ref(), ty))
                .filter_map(|field| Some((field, self.shown.get(&field.position)?)));
            let Some((field, shown)) = fields.next() else {
                break;
            };
            path.push(shown.clone());
            let mut cell = row.and_then(|row| row.cells.get(&field.position));
            while let Some(index) = steps.peek().and_then(|step| step.as_u64()) {
                steps.next();
                path.push(index.to_string());
                cell = match cell {
                    Some(Cell::List(items)) => items.get(index as usize),
                    _ => None,
                };
            }
            row = match cell {
                Some(Cell::Row(row)) => Some(row),
                _ => None,
            };
            read = field.read.as_ref();
        }
        path
    }

    pub(super) fn finding(&mut self, asked: &Asked<'_>, finding: Finding, reported: bool) {
        let Asked::Entities(fields) = asked else {
            return;
        };
        let places = |index: usize, concerns: &dyn Fn(usize) -> bool| -> Vec<Path> {
            let joined = fields[index].joined.iter();
            let joined = joined.filter(|joined| concerns(joined.representation));
            joined.map(|joined| joined.place.path.clone()).collect()
        };
        let paths = match finding {
            Finding::NoList(_) if reported => Vec::new(),
            Finding::NoList(index) => self.filled_by(&fields[index]),
            Finding::Short(index, received) => places(index, &|at| at >= received),
            Finding::Odd(index, odd) => places(index, &|at| at == odd),
        };
        for path in paths {
            self.tell(ErrorCode::Malformed, path);
        }
    }
}

fn add_places(cell: &Cell, place: Place, places: &mut Vec<Place>) {
    match cell {
        Cell::Row(_) => places.push(place),
        Cell::List(items) => {
            for (index, item) in items.iter().enumerate() {
                add_places(item, place.item(index), places);
            }
        }
        Cell::Null | Cell::Leaf(_) | Cell::Misshapen => {}
    }
}

fn unique(paths: impl Iterator<Item = Path>) -> Vec<Path> {
    paths.fold(Vec::new(), |mut unique, path| {
        if !unique.contains(&path) {
            unique.push(path);
        }
        unique
    })
}

//! Where the errors of a fetch belong in the client's response.
//!
//! A failed fetch is one error for each path it was to fill, up to the first list. A subgraph's own error is followed
//! from its wire path to the field that clients see, or to what is around that field if they do not; an error in an
//! entity stands at every place that shows the entity.

use super::call::{Destination, Unset};
use super::compile::Program;
use super::entities::{Join, Joins};
use super::errors::Errors;
use super::merge::Findings;
use super::read::Failure;
use super::rows::{Datum, RowId, Rows};
use super::shape::Shape;
use super::{Error, ErrorCode, PathSegment, walk};
use crate::planner::PositionId;
use crate::schema::SubgraphId;
use indexmap::IndexSet;
use serde_json::{Map, Value};
use std::collections::HashMap;

/// Errors of one fetch that are listed; more are only counted.
const LISTED_ERRORS: usize = 100;

type Path = Vec<PathSegment>;

/// Gives the errors of one fetch their places.
pub(super) struct Placing<'a> {
    program: &'a Program,
    rows: &'a Rows,
    subgraph: SubgraphId,
    destination: &'a Destination,
    /// By position, as far as needed: the paths of the rows there.
    paths: HashMap<PositionId, HashMap<RowId, Vec<Path>>>,
    errors: Errors,
}

/// An error, but for its place.
struct Report {
    code: ErrorCode,
    message: String,
    extensions: Map<String, Value>,
}

impl From<Failure> for Report {
    fn from(failure: Failure) -> Self {
        Self {
            code: failure.code,
            message: failure.message,
            extensions: Map::new(),
        }
    }
}

impl<'a> Placing<'a> {
    pub(super) fn new(
        program: &'a Program,
        rows: &'a Rows,
        subgraph: SubgraphId,
        destination: &'a Destination,
    ) -> Self {
        Self {
            program,
            rows,
            subgraph,
            destination,
            paths: HashMap::new(),
            errors: Errors::with_limit(LISTED_ERRORS),
        }
    }

    pub(super) fn finish(self) -> Vec<Error> {
        self.errors.finish()
    }

    /// Reports that the whole fetch gave nothing.
    pub(super) fn failure(&mut self, failure: Failure) {
        let report = failure.into();
        for path in self.filled_paths() {
            self.add(&report, path);
        }
    }

    /// Reports rows that were not asked for, because an argument must not be null.
    pub(super) fn unset(&mut self, unset: &[Unset]) {
        for Unset { row, position, ty } in unset {
            let report = Report {
                code: ErrorCode::UnexpectedNull,
                message: format!(
                    "an argument of type `{ty}` is set by a context, and that is null"
                ),
                extensions: Map::new(),
            };
            for path in self.row_paths(*row, *position) {
                self.add(&report, path);
            }
        }
    }

    /// Reports the `errors` of a subgraph's response.
    pub(super) fn subgraph_errors(&mut self, errors: Value) {
        let Value::Array(errors) = errors else {
            return self.failure(Failure::malformed("errors is not a list"));
        };
        for error in errors {
            self.subgraph_error(error);
        }
    }

    /// Reports what was found while reading, after the subgraph's own errors: where there are such, it is no news that
    /// whole lists of entities are missing.
    pub(super) fn findings(&mut self, findings: Findings) {
        let reported = !self.errors.list().is_empty();
        // A row at several places is merged into as often, and reported at all of them.
        let uneven: IndexSet<(RowId, PositionId)> = findings.uneven.into_iter().collect();
        for (row, position) in uneven {
            let field = &self.program.position(position).field;
            let message = format!("subgraphs disagree on the length of the list `{field}`");
            let report = Failure::malformed(message).into();
            for path in self.field_paths(row, position) {
                self.add(&report, path);
            }
        }
        let Destination::Entities(joins) = self.destination else {
            return;
        };
        for (index, representation) in findings.odd {
            let message = "the subgraph sent something else than an entity";
            self.of_entities((&joins[index], message), |at| at == representation);
        }
        for (index, received) in findings.short {
            let joins = &joins[index];
            match received {
                Some(received) => {
                    let message = "the subgraph sent too few entities";
                    self.of_entities((joins, message), |at| at >= received);
                }
                None if reported => {}
                None => {
                    let message = format!("there is no list `{}`", joins.key());
                    let report = Failure::malformed(message).into();
                    for path in target_paths(self.program, joins) {
                        self.add(&report, path);
                    }
                }
            }
        }
    }

    /// Reports something of the representations that it is true of.
    fn of_entities(&mut self, (joins, message): (&Joins, &str), concerns: impl Fn(usize) -> bool) {
        let report = Failure::malformed(message).into();
        let joined = joins.all().iter();
        for join in joined.filter(|join| concerns(join.representation)) {
            for path in self.row_paths(join.row, joins.target(join).position) {
                self.add(&report, path);
            }
        }
    }

    fn subgraph_error(&mut self, error: Value) {
        let Value::Object(mut error) = error else {
            return self.failure(Failure::malformed("an error is not an object"));
        };
        let report = Report {
            code: ErrorCode::Subgraph,
            message: match error.remove("message") {
                Some(Value::String(message)) => message,
                _ => "an error without a message".to_owned(),
            },
            extensions: match error.remove("extensions") {
                Some(Value::Object(extensions)) => extensions,
                _ => Map::new(),
            },
        };
        let wire_path = match error.remove("path") {
            Some(Value::Array(path)) => path,
            _ => Vec::new(),
        };
        for path in self.places(&wire_path) {
            self.add(&report, path);
        }
    }

    /// All places of what stands at a path of the subgraph's response.
    fn places(&mut self, wire_path: &[Value]) -> Vec<Path> {
        match self.destination {
            Destination::Root { at, .. } if wire_path.is_empty() => {
                vec![walk::path_to_first_list(self.program, *at)]
            }
            Destination::Root {
                at, rows, shape, ..
            } => {
                let rows = rows.iter().map(|row| (*row, *at, &**shape));
                self.follow_all(rows, wire_path)
            }
            Destination::Entities(joins) => {
                let key = wire_path.first().and_then(Value::as_str);
                match joins.iter().find(|joins| Some(joins.key()) == key) {
                    Some(joins) => self.places_of_entity(joins, &wire_path[1..]),
                    None => self.filled_paths(),
                }
            }
        }
    }

    /// All places of what stands at a path of an `_entities` field.
    fn places_of_entity(&mut self, joins: &Joins, wire_path: &[Value]) -> Vec<Path> {
        let entity = wire_path.first().and_then(Value::as_u64);
        let joined = entity.map_or(&[][..], |index| joins.of(index as usize));
        if joined.is_empty() {
            return target_paths(self.program, joins);
        }
        let rows = joined.iter().map(|join: &Join| {
            let target = joins.target(join);
            (join.row, target.position, &target.shape)
        });
        self.follow_all(rows, &wire_path[1..])
    }

    /// Follows a wire path from every place of some rows: each with its position and what was read of it.
    fn follow_all<'s>(
        &mut self,
        rows: impl Iterator<Item = (RowId, PositionId, &'s Shape)>,
        wire_path: &[Value],
    ) -> Vec<Path> {
        let mut places = Vec::new();
        for (row, position, shape) in rows {
            for before in self.row_paths(row, position) {
                places.push(self.follow(before, (shape, row), wire_path));
            }
        }
        places
    }

    /// Extends the path of `row` by a wire path, as far as clients see what it leads to.
    fn follow(&self, mut path: Path, (shape, row): (&Shape, RowId), wire_path: &[Value]) -> Path {
        let mut shape = Some(shape);
        let mut row = Some(row);
        let mut steps = wire_path.iter().peekable();
        while let Some(key) = steps.next().and_then(Value::as_str) {
            let object = row.and_then(|row| self.rows.object(row));
            let uses = shape.and_then(|shape| Some(&shape.keys[shape.find(key)?].uses));
            let mut shown = uses
                .into_iter()
                .flatten()
                .filter(|one| one.applies_to(object));
            let Some((field, key)) =
                shown.find_map(|field| Some((field, self.program.shown_as(field.position)?)))
            else {
                break;
            };
            path.push(PathSegment::Key(key.clone()));
            let mut datum = row.map_or(Datum::Absent, |row| self.rows.get(row, field.slot));
            while let Some(index) = steps.peek().and_then(|step| step.as_u64()) {
                steps.next();
                path.push(PathSegment::Index(index as usize));
                datum = match datum {
                    Datum::List(list) => self.rows.items(list).get(index as usize).copied(),
                    _ => None,
                }
                .unwrap_or(Datum::Absent);
            }
            row = match datum {
                Datum::Object(row) => Some(row),
                _ => None,
            };
            shape = field.composite.as_ref().map(|composite| &composite.shape);
        }
        path
    }

    /// The paths that the fetch was to fill, up to their first lists: of entities, those of the objects around.
    fn filled_paths(&self) -> Vec<Path> {
        match self.destination {
            Destination::Entities(joins) => {
                let paths = joins
                    .iter()
                    .flat_map(|joins| target_paths(self.program, joins));
                unique(paths)
            }
            Destination::Root { at, shape, .. } => {
                let base = walk::path_to_first_list(self.program, *at);
                let chain = self.program.chain(*at);
                let in_list = chain.iter().any(|id| self.program.position(*id).lists > 0);
                if in_list || base.len() < chain.len() {
                    return vec![base];
                }
                let fields = shape.keys.iter().flat_map(|key| &key.uses);
                let keys = fields.filter_map(|field| self.program.shown_as(field.position));
                let paths = keys.map(|key| [&*base, &[PathSegment::Key(key.clone())]].concat());
                let paths = unique(paths);
                if paths.is_empty() { vec![base] } else { paths }
            }
        }
    }

    fn field_paths(&mut self, row: RowId, position: PositionId) -> Vec<Path> {
        let parent = self.program.position(position).parent.unwrap_or(position);
        let mut paths = self.row_paths(row, parent);
        if let Some(key) = self.program.shown_as(position) {
            let key = PathSegment::Key(key.clone());
            paths.iter_mut().for_each(|path| path.push(key.clone()));
        }
        paths
    }

    /// The paths of all places where a row is.
    fn row_paths(&mut self, row: RowId, position: PositionId) -> Vec<Path> {
        let paths = self.paths.entry(position).or_insert_with(|| {
            let mut paths: HashMap<RowId, Vec<Path>> = HashMap::new();
            for (row, path) in walk::paths_at(self.program, self.rows, position) {
                paths.entry(row).or_default().push(path);
            }
            paths
        });
        paths
            .get(&row)
            .cloned()
            .unwrap_or_else(|| vec![Path::new()])
    }

    fn add(&mut self, report: &Report, path: Path) {
        self.errors.add(Error {
            code: report.code,
            message: report.message.clone(),
            path,
            subgraph: Some(self.subgraph),
            extensions: report.extensions.clone(),
        });
    }
}

/// The paths, up to their first lists, of the rows that have a part in an `_entities` field.
fn target_paths(program: &Program, joins: &Joins) -> Vec<Path> {
    let positions = joins.all().iter().map(|join| joins.target(join).position);
    let positions: IndexSet<PositionId> = positions.collect();
    unique(
        positions
            .into_iter()
            .map(|position| walk::path_to_first_list(program, position)),
    )
}

fn unique(paths: impl Iterator<Item = Path>) -> Vec<Path> {
    paths.fold(Vec::new(), |mut unique, path| {
        if !unique.contains(&path) {
            unique.push(path);
        }
        unique
    })
}

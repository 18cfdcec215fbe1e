//! Rows → the text of the response's `data`, in one pass.
//!
//! A value is written at once and taken back, by truncation, when it turns out that a non-null field in it has none.
//! <https://spec.graphql.org/draft/#sec-Handling-Execution-Errors>

use super::compile::Program;
use super::errors::{self, Errors};
use super::leaf::{self, item_type};
use super::rows::{Datum, RowId, Rows, Unfit};
use super::{Error, ErrorCode, Limits, PathSegment, Response};
use crate::planner::{Leaf, Output, OutputField, OutputValue, PositionId};
use crate::schema::TypeSet;
use apollo_compiler::{Name, ast::Type};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::sync::atomic::Ordering;

/// Room for what may come after the data.
const ROOM: usize = 64;

/// Errors found while writing that are listed; more are only counted.
const LISTED_ERRORS: usize = 1000;

/// Writes a response up to and with its `data`: `{"data":…`. Returns what is wrong with it, too; `earlier` are the errors
/// known before. `json` is where to: [`room`].
pub(super) fn write(
    (program, rows): (&Program, &Rows),
    introspection: Option<&Map<String, Value>>,
    earlier: &[Error],
    json: Vec<u8>,
) -> (Vec<u8>, Vec<Error>) {
    let mut writer = Writer {
        program,
        rows,
        introspection,
        earlier,
        errors: Errors::with_limit(LISTED_ERRORS),
        json,
    };
    writer.json.extend_from_slice(Response::HEAD);
    if writer.object(RowId::ROOT, &program.output, None).is_err() {
        writer.json.truncate(Response::HEAD.len());
        writer.json.extend_from_slice(b"null");
    }
    program.note_length(writer.json.len());
    (writer.json, writer.errors.finish())
}

/// Room for a response as long as the longest one until now.
pub(super) fn room(program: &Program) -> Vec<u8> {
    Vec::with_capacity(program.largest.load(Ordering::Relaxed) + ROOM)
}

struct Writer<'a> {
    program: &'a Program,
    rows: &'a Rows,
    introspection: Option<&'a Map<String, Value>>,
    earlier: &'a [Error],
    errors: Errors,
    json: Vec<u8>,
}

/// Where in the response the writer is; the last step first, as it lies on the stack.
#[derive(Clone, Copy)]
struct Trail<'t> {
    before: Option<&'t Trail<'t>>,
    step: Step<'t>,
}

#[derive(Clone, Copy)]
enum Step<'t> {
    Key(&'t Name),
    Index(usize),
}

/// Why there is no value. What was written of it is still to be taken back.
enum Missing {
    /// There is none, and whether that is an error is for the type to say.
    Silently,
    /// An error tells why.
    WithError,
}

type Written = Result<(), Missing>;

/// A leaf field.
#[derive(Clone, Copy)]
struct LeafField<'a> {
    position: PositionId,
    leaf: &'a Leaf,
}

/// A composite field.
#[derive(Clone, Copy)]
struct ObjectField<'a> {
    position: PositionId,
    possible: &'a TypeSet,
    output: &'a Output,
}

impl<'a> Writer<'a> {
    fn object(&mut self, row: RowId, output: &'a Output, trail: Option<&Trail<'_>>) -> Written {
        let object = self.rows.object(row);
        self.json.push(b'{');
        let mut first = true;
        for field in &output.fields {
            if let Some(types) = &field.types
                && !object.is_some_and(|object| types.contains(object))
            {
                continue;
            }
            if !first {
                self.json.push(b',');
            }
            first = false;
            self.json.push(b'"');
            self.json.extend_from_slice(field.key.as_bytes());
            self.json.extend_from_slice(b"\":");
            self.field(row, field, trail)?;
        }
        self.json.push(b'}');
        Ok(())
    }

    fn field(&mut self, row: RowId, field: &'a OutputField, trail: Option<&Trail<'_>>) -> Written {
        let here = Trail {
            before: trail,
            step: Step::Key(&field.key),
        };
        let datum = |position| self.rows.get(row, self.program.position(position).slot);
        match &field.value {
            OutputValue::Typename => return self.typename(row, &here),
            OutputValue::Introspection => self.introspection(&field.key),
            OutputValue::Denied { ty } => {
                let denied = self.denied(&here);
                self.nullable(ty, self.json.len(), denied, &here)?;
            }
            OutputValue::Leaf { position, ty, leaf } => {
                let field = LeafField {
                    position: *position,
                    leaf,
                };
                match datum(*position) {
                    Datum::Leaf { text, fits: true } => {
                        self.json.extend_from_slice(self.rows.text(text));
                    }
                    Datum::Leaf { text, .. } => {
                        self.leaf(ty, field, self.rows.text(text), &here)?
                    }
                    Datum::Unfit(why) => {
                        let unfit = self.over(field.position, why, "a leaf", &here);
                        self.nullable(ty, self.json.len(), unfit, &here)?
                    }
                    _ => self.nullable(ty, self.json.len(), Err(Missing::Silently), &here)?,
                }
            }
            OutputValue::Object {
                position,
                ty,
                possible,
                output,
            } => {
                let field = ObjectField {
                    position: *position,
                    possible,
                    output,
                };
                self.composite(ty, field, datum(*position), &here)?;
            }
        }
        Ok(())
    }

    /// What the caller may not have.
    fn denied(&mut self, trail: &Trail<'_>) -> Written {
        let message = "Unauthorized field or type".to_owned();
        self.error(ErrorCode::Unauthorized, message, trail);
        Err(Missing::WithError)
    }

    fn typename(&mut self, row: RowId, trail: &Trail<'_>) -> Written {
        let Some(object) = self.rows.object(row) else {
            self.error(
                ErrorCode::WrongType,
                "the type of this object is not known".to_owned(),
                trail,
            );
            return Err(Missing::WithError);
        };
        self.json.push(b'"');
        self.json
            .extend_from_slice(self.program.supergraph.type_name(object).as_bytes());
        self.json.push(b'"');
        Ok(())
    }

    fn introspection(&mut self, key: &Name) {
        match self
            .introspection
            .and_then(|answers| answers.get(key.as_str()))
        {
            // Writing JSON values to memory cannot fail.
            Some(answer) => serde_json::to_writer(&mut self.json, answer).unwrap_or_default(),
            None => self.json.extend_from_slice(b"null"),
        }
    }

    fn composite(
        &mut self,
        ty: &Type,
        field: ObjectField<'a>,
        datum: Datum,
        trail: &Trail<'_>,
    ) -> Written {
        let start = self.json.len();
        let written = match (datum, item_type(ty)) {
            (Datum::Absent | Datum::Null, _) => Err(Missing::Silently),
            (Datum::Object(row), None) => self.object_of_type(row, field, trail),
            (Datum::List(list), Some(inner)) => {
                let items = self.rows.items(list).iter().enumerate();
                self.list(items, trail, |writer, item, trail| {
                    writer.composite(inner, field, *item, trail)
                })
            }
            (Datum::Unfit(why), Some(_)) => self.over(field.position, why, "a list", trail),
            (_, Some(_)) => self.unfit(field.position, "a list", trail),
            (_, None) => self.unfit(field.position, "an object", trail),
        };
        self.nullable(ty, start, written, trail)
    }

    fn object_of_type(&mut self, row: RowId, field: ObjectField<'a>, trail: &Trail<'_>) -> Written {
        match self.rows.object(row) {
            Some(object) if self.program.forbidden.contains(object) => self.denied(trail),
            Some(object) if !field.possible.contains(object) => Err(Missing::Silently),
            _ => self.object(row, field.output, Some(trail)),
        }
    }

    fn leaf(&mut self, ty: &Type, field: LeafField<'a>, text: &[u8], trail: &Trail<'_>) -> Written {
        let start = self.json.len();
        let written = match item_type(ty) {
            _ if text == b"null" => Err(Missing::Silently),
            None => leaf::write(&self.program.supergraph, field.leaf, text, &mut self.json)
                .or_else(|expected| self.unfit(field.position, &expected.to_string(), trail)),
            Some(inner) => match serde_json::from_slice::<Vec<&RawValue>>(text) {
                Ok(items) => self.list(
                    items.into_iter().enumerate(),
                    trail,
                    |writer, item, trail| writer.leaf(inner, field, item.get().as_bytes(), trail),
                ),
                Err(_) => self.unfit(field.position, "a list", trail),
            },
        };
        self.nullable(ty, start, written, trail)
    }

    fn list<T>(
        &mut self,
        items: impl Iterator<Item = (usize, T)>,
        trail: &Trail<'_>,
        mut write: impl FnMut(&mut Self, T, &Trail<'_>) -> Written,
    ) -> Written {
        self.json.push(b'[');
        for (index, item) in items {
            if index > 0 {
                self.json.push(b',');
            }
            let here = Trail {
                before: Some(trail),
                step: Step::Index(index),
            };
            write(self, item, &here)?;
        }
        self.json.push(b']');
        Ok(())
    }

    /// Completes a value that was written from `start` on, or was not: null where the type allows it.
    fn nullable(
        &mut self,
        ty: &Type,
        start: usize,
        written: Written,
        trail: &Trail<'_>,
    ) -> Written {
        let Err(missing) = written else { return Ok(()) };
        self.json.truncate(start);
        if !ty.is_non_null() {
            self.json.extend_from_slice(b"null");
            return Ok(());
        }
        if let Missing::Silently = missing
            && !self.is_explained(trail)
        {
            self.error(
                ErrorCode::UnexpectedNull,
                "there is no value for a non-null field".to_owned(),
                trail,
            );
        }
        Err(Missing::WithError)
    }

    fn is_explained(&self, trail: &Trail<'_>) -> bool {
        if self.earlier.is_empty() {
            return false;
        }
        let here = trail.path();
        self.earlier
            .iter()
            .any(|error| errors::explains(&error.path, &here))
    }

    /// A value over a limit, or not `expected` at all.
    fn over(
        &mut self,
        position: PositionId,
        why: Unfit,
        expected: &str,
        trail: &Trail<'_>,
    ) -> Written {
        let Limits { depth, list_items } = self.program.limits;
        match why {
            Unfit::Shape => self.unfit(position, expected, trail),
            Unfit::Deep => {
                let most = format!("one of at most {depth} levels");
                self.unfit(position, &most, trail)
            }
            Unfit::Long => {
                let most = format!("a list of at most {list_items} items");
                self.unfit(position, &most, trail)
            }
        }
    }

    fn unfit(&mut self, position: PositionId, expected: &str, trail: &Trail<'_>) -> Written {
        let field = &self.program.position(position).field;
        self.error(
            ErrorCode::WrongType,
            format!("the value of `{field}` is not {expected}"),
            trail,
        );
        Err(Missing::WithError)
    }

    fn error(&mut self, code: ErrorCode, message: String, trail: &Trail<'_>) {
        self.errors.add(Error {
            code,
            message,
            path: trail.path(),
            subgraph: None,
            extensions: Map::new(),
        });
    }
}

impl Trail<'_> {
    fn path(&self) -> Vec<PathSegment> {
        let mut path = Vec::new();
        let mut here = Some(self);
        while let Some(trail) = here {
            path.push(match trail.step {
                Step::Key(key) => PathSegment::Key(key.clone()),
                Step::Index(index) => PathSegment::Index(index),
            });
            here = trail.before;
        }
        path.reverse();
        path
    }
}

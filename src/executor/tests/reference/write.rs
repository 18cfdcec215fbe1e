//! The tree → the text of the response's `data`, by the specification's words.

use super::{Cell, Path, Row, Run, supergraph};
use crate::executor::ErrorCode;
use crate::planner::{Leaf, Output, OutputValue};
use apollo_compiler::ast::Type;
use serde_json::{Value, value::RawValue};

/// There is no value; whether an error tells why.
struct Missing {
    explained: bool,
}

type Written = Result<String, Missing>;

const SILENTLY: Missing = Missing { explained: false };

impl Run<'_> {
    pub(super) fn written(&mut self, root: &Row) -> String {
        // Errors of fetches explain nulls, those of values do not.
        let earlier: Vec<Path> = self.errors.iter().map(|told| told.path.clone()).collect();
        let mut writer = Writer { run: self, earlier };
        let plan = writer.run.plan;
        let written = writer.object(root, &plan.output, &Path::new());
        written.unwrap_or_else(|_| "null".to_owned())
    }
}

struct Writer<'w, 'p> {
    run: &'w mut Run<'p>,
    earlier: Vec<Path>,
}

impl Writer<'_, '_> {
    fn object(&mut self, row: &Row, output: &Output, path: &Path) -> Written {
        let mut fields = Vec::new();
        for field in &output.fields {
            if let Some(types) = &field.types
                && !row.ty.is_some_and(|ty| types.contains(ty))
            {
                continue;
            }
            let path = with(path, field.key.as_str());
            let value = match &field.value {
                OutputValue::Introspection | OutputValue::Denied { .. } => "null".to_owned(),
                OutputValue::Typename => match row.ty {
                    Some(ty) => format!("\"{}\"", supergraph().type_name(ty)),
                    None => return Err(self.unfit(&path)),
                },
                OutputValue::Leaf { position, ty, leaf } => {
                    let written = match row.cells.get(position) {
                        Some(Cell::Leaf(text)) => self.leaf(text, (ty, leaf), &path),
                        Some(Cell::Misshapen) => Err(self.unfit(&path)),
                        _ => Err(SILENTLY),
                    };
                    self.completed(written, ty, &path)?
                }
                OutputValue::Object {
                    position,
                    ty,
                    possible,
                    output,
                } => {
                    let mut object = |writer: &mut Self, row: &Row, path: &Path| match row.ty {
                        Some(ty) if !possible.contains(ty) => Err(SILENTLY),
                        _ => writer.object(row, output, path),
                    };
                    self.composite(row.cells.get(position), (ty, &mut object), &path)?
                }
            };
            fields.push(format!("\"{}\":{value}", field.key));
        }
        Ok(format!("{{{}}}", fields.join(",")))
    }

    #[allow(clippy::type_complexity, reason = "how to write an object")]
    fn composite(
        &mut self,
        cell: Option<&Cell>,
        (ty, object): (&Type, &mut dyn FnMut(&mut Self, &Row, &Path) -> Written),
        path: &Path,
    ) -> Written {
        let written = match (cell, ty.is_list()) {
            (None | Some(Cell::Null), _) => Err(SILENTLY),
            (Some(Cell::Row(row)), false) => object(self, row, path),
            (Some(Cell::List(items)), true) => {
                let items = items.iter().enumerate();
                let items = items.map(|(index, item)| {
                    let path = with(path, index);
                    self.composite(Some(item), (ty.item_type(), object), &path)
                });
                items.collect::<Result<Vec<_>, _>>().map(list)
            }
            _ => Err(self.unfit(path)),
        };
        self.completed(written, ty, path)
    }

    fn leaf(&mut self, text: &str, (ty, leaf): (&Type, &Leaf), path: &Path) -> Written {
        if text == "null" {
            return self.completed(Err(SILENTLY), ty, path);
        }
        let written = match ty.is_list() {
            false => scalar(text, leaf).ok_or_else(|| self.unfit(path)),
            true => match serde_json::from_str::<Vec<&RawValue>>(text) {
                Err(_) => Err(self.unfit(path)),
                Ok(items) => {
                    let items = items.into_iter().enumerate();
                    let items = items.map(|(index, item)| {
                        let path = with(path, index);
                        self.leaf(item.get(), (ty.item_type(), leaf), &path)
                    });
                    items.collect::<Result<Vec<_>, _>>().map(list)
                }
            },
        };
        self.completed(written, ty, path)
    }

    /// Null where the type allows it; else an error, unless one explains it.
    fn completed(&mut self, written: Written, ty: &Type, path: &Path) -> Written {
        let missing = match written {
            Ok(text) => return Ok(text),
            Err(missing) => missing,
        };
        if !ty.is_non_null() {
            return Ok("null".to_owned());
        }
        let tells = |error: &Path| error.iter().zip(path).all(|(a, b)| a == b);
        if !missing.explained && !self.earlier.iter().any(tells) {
            self.run.tell(ErrorCode::UnexpectedNull, path.clone());
        }
        Err(Missing { explained: true })
    }

    fn unfit(&mut self, path: &Path) -> Missing {
        self.run.tell(ErrorCode::WrongType, path.clone());
        Missing { explained: true }
    }
}

fn with(path: &Path, step: impl ToString) -> Path {
    [&path[..], &[step.to_string()]].concat()
}

fn list(items: Vec<String>) -> String {
    format!("[{}]", items.join(","))
}

/// A scalar as clients get it.
fn scalar(text: &str, leaf: &Leaf) -> Option<String> {
    let (is_string, is_number) = (
        text.starts_with('"'),
        text.starts_with(|first: char| first == '-' || first.is_ascii_digit()),
    );
    let fits = match leaf {
        Leaf::Any => true,
        Leaf::String => is_string,
        Leaf::Float => is_number,
        Leaf::Boolean => text == "true" || text == "false",
        Leaf::Int => {
            let number = text.parse::<f64>().ok().filter(|_| is_number)?;
            let in_range = (f64::from(i32::MIN)..=f64::from(i32::MAX)).contains(&number);
            let fits = number.fract() == 0.0 && in_range;
            return fits.then(|| (number as i32).to_string());
        }
        Leaf::Id if is_string => true,
        Leaf::Id => {
            let is_integer = is_number && !text.contains(['.', 'e', 'E']);
            return is_integer.then(|| format!("\"{text}\""));
        }
        Leaf::Enum(id) => match serde_json::from_str(text) {
            Ok(Value::String(value)) => supergraph().is_visible_enum_value(*id, &value),
            _ => false,
        },
    };
    fits.then(|| text.to_owned())
}

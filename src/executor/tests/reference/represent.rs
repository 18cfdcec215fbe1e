//! What rows send to be joined.

use super::{Cell, Row, supergraph};
use crate::planner::{RepresentationField, Target, Typename};

/// The representation of a row for a target, if there is one.
pub(super) fn represent(row: &Row, target: &Target) -> Option<String> {
    if let Some(types) = &target.types
        && !row.ty.is_some_and(|ty| types.contains(ty))
    {
        return None;
    }
    let name = match &target.representation.typename {
        Typename::Fixed(name) => name.as_str(),
        Typename::Runtime => supergraph().type_name(row.ty?).as_str(),
    };
    let mut parts = vec![format!("\"__typename\":\"{name}\"")];
    represent_fields(row, &target.representation.fields, &mut parts)?;
    Some(format!("{{{}}}", parts.join(",")))
}

fn represent_fields(
    row: &Row,
    fields: &[RepresentationField],
    parts: &mut Vec<String>,
) -> Option<()> {
    for field in fields {
        if let Some(types) = &field.types
            && !row.ty.is_some_and(|ty| types.contains(ty))
        {
            continue;
        }
        let value = represent_cell(row.cells.get(&field.position), field)?;
        parts.push(format!("\"{}\":{value}", field.name));
    }
    Some(())
}

fn represent_cell(cell: Option<&Cell>, field: &RepresentationField) -> Option<String> {
    Some(match cell {
        None | Some(Cell::Null | Cell::Misshapen) => {
            return (!field.key).then(|| "null".to_owned());
        }
        Some(Cell::Leaf(text)) => text.clone(),
        Some(Cell::List(items)) => {
            let items = items.iter();
            let items = items.map(|item| represent_cell(Some(item), field));
            format!("[{}]", items.collect::<Option<Vec<_>>>()?.join(","))
        }
        Some(Cell::Row(row)) => {
            let mut parts = Vec::new();
            if let Some(ty) = row.ty.filter(|_| field.typename) {
                parts.push(format!("\"__typename\":\"{}\"", supergraph().type_name(ty)));
            }
            represent_fields(row, &field.fields, &mut parts)?;
            format!("{{{}}}", parts.join(","))
        }
    })
}

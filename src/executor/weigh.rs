//! What an answer cost the subgraph that gave it: its objects and leaves, weighed.

use super::rows::{Datum, RowId, Rows};
use super::shape::{Shape, Use};
use crate::planner::Weight;
use serde::de::IgnoredAny;

/// Weighs answers.
#[derive(Clone, Copy)]
pub(super) struct Scales<'a> {
    /// By position.
    pub weights: &'a [Weight],
    pub rows: &'a Rows,
}

impl Scales<'_> {
    /// What is in an object that was read by this shape.
    pub(super) fn object(&self, shape: &Shape, row: RowId) -> f64 {
        let uses = shape.keys.iter().flat_map(|key| &key.uses);
        uses.map(|field| self.field(field, row)).sum()
    }

    fn field(&self, field: &Use, row: RowId) -> f64 {
        if let (Some(types), Some(object)) = (&field.types, self.rows.object(row))
            && !types.contains(object)
        {
            return 0.0;
        }
        let weight = self.weights[field.position.0 as usize];
        let (values, inside) = self.value(field, weight.each, self.rows.get(row, field.slot));
        // Arguments may make a field cheaper, but not what is below.
        (weight.arguments + values).max(0.0) + inside
    }

    /// What a field's values cost, and what is in them.
    fn value(&self, field: &Use, each: f64, value: Datum) -> (f64, f64) {
        match value {
            Datum::Object(row) => {
                let inside = field.composite.as_ref();
                let inside = inside.map(|composite| self.object(&composite.shape, row));
                (each, inside.unwrap_or(0.0))
            }
            Datum::List(list) => {
                let items = self.rows.items(list).iter();
                items.fold((0.0, 0.0), |(values, inside), item| {
                    let item = self.value(field, each, *item);
                    (values + item.0, inside + item.1)
                })
            }
            // Leaves are free, most of them.
            Datum::Leaf { text, .. } if each > 0.0 => {
                let text = self.rows.text(text);
                match serde_json::from_slice::<Vec<IgnoredAny>>(text) {
                    Ok(items) => (each * items.len() as f64, 0.0),
                    Err(_) => (each, 0.0),
                }
            }
            Datum::Leaf { .. } | Datum::Absent | Datum::Null | Datum::Unfit(_) => (0.0, 0.0),
        }
    }
}

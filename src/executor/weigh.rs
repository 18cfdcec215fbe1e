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
        weight.arguments + self.value(field, weight.each, self.rows.get(row, field.slot))
    }

    fn value(&self, field: &Use, each: f64, value: Datum) -> f64 {
        match value {
            Datum::Object(row) => {
                let inside = field.composite.as_ref();
                each + inside.map_or(0.0, |composite| self.object(&composite.shape, row))
            }
            Datum::List(list) => {
                let items = self.rows.items(list).iter();
                items.map(|item| self.value(field, each, *item)).sum()
            }
            // Leaves are free, most of them.
            Datum::Leaf { text, .. } if each > 0.0 => {
                let text = self.rows.text(text);
                match serde_json::from_slice::<Vec<IgnoredAny>>(text) {
                    Ok(items) => each * items.len() as f64,
                    Err(_) => each,
                }
            }
            Datum::Leaf { .. } | Datum::Absent | Datum::Null | Datum::Unfit(_) => 0.0,
        }
    }
}

//! Where in the output a row was written, so that the same row at another place is copied from there.

use super::rows::{RowId, Rows};
use crate::planner::Output;
use std::{ops::Range, ptr};

/// What of the output is written and stands.
pub(super) struct Copies<'a> {
    /// By row. Empty if no row is at several places.
    written: Vec<Option<Written<'a>>>,
    /// The rows that have an entry, as they lie in the output.
    order: Vec<RowId>,
}

#[derive(Clone, Copy)]
struct Written<'a> {
    /// A row is shown by one output at each of its places, but for fields that have several aliases.
    output: &'a Output,
    start: usize,
    end: usize,
}

impl<'a> Copies<'a> {
    pub(super) fn new(rows: &Rows) -> Self {
        let count = if rows.shared { rows.count() } else { 0 };
        Self {
            written: vec![None; count],
            order: Vec::new(),
        }
    }

    /// Where a row stands already, shown in this way.
    pub(super) fn find(&self, row: RowId, output: &Output) -> Option<Range<usize>> {
        let written = (*self.written.get(row.index())?)?;
        ptr::eq(written.output, output).then_some(written.start..written.end)
    }

    /// Remembers a row that was just written.
    pub(super) fn note(&mut self, row: RowId, output: &'a Output, at: Range<usize>) {
        if let Some(entry) = self.written.get_mut(row.index()) {
            *entry = Some(Written {
                output,
                start: at.start,
                end: at.end,
            });
            self.order.push(row);
        }
    }

    /// Forgets what stood after the first `length` bytes, for it is taken back.
    pub(super) fn truncate(&mut self, length: usize) {
        while let Some(row) = self.order.last() {
            let entry = &mut self.written[row.index()];
            if entry.is_some_and(|written| written.end <= length) {
                break;
            }
            *entry = None;
            self.order.pop();
        }
    }
}

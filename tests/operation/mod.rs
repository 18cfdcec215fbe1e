//! Client documents: what is refused and why, how large they are, their variables and conditions.

mod conditions;
mod limits;
mod measures;
mod permits;
mod variables;

use crate::kit;
use graphway::operation::{Document, Error};

/// Prepares a document over the sample.
fn prepare(text: &str) -> Result<Document, Error> {
    kit::prepare(kit::sample(), text)
}

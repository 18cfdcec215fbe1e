//! Chooses how each terminal is established.
//!
//! Costs are least-cost derivations in the AND/OR graph (Knuth's generalisation of Dijkstra's algorithm, 1977): a fact
//! costs its cheapest move's weight plus the dearest of that move's inputs. Selecting a fact fixes its derivation and
//! makes it free, so what follows prefers to share it. A derivation only uses facts whose derivations are fixed
//! already, so the selected facts are acyclic by construction, and every terminal that can be reached is.

mod costs;
mod derive;
mod queue;
mod select;
mod stages;

pub(super) use costs::Costs;
pub(super) use select::{Failure, Lost, Search, Selection};

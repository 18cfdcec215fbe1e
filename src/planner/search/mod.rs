//! Chooses how each terminal is established.
//!
//! Costs are least-cost derivations in the AND/OR graph (Knuth's generalisation of Dijkstra's algorithm, 1977): a fact
//! costs its cheapest move's weight plus the dearest of that move's inputs. They tell what can be reached, and one way to
//! it that is not circular. Terminals are then derived one by one out of what is selected, by the moves that add least to
//! the plan; a derivation that would need itself is given up for the cheapest one. So the selected facts are acyclic by
//! construction, and every terminal that can be reached is.

mod costs;
mod derive;
mod queue;
mod select;
mod stages;

pub(super) use costs::Costs;
pub(super) use select::{Failure, Lost, Search, Selection};

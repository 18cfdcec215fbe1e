//! The three planners behind one trait.
//!
//! Each prepares an operation as far as its own interface lets it (parsing, validation, its normal form), and then plans
//! it. What is measured as planning is `plan` alone.

mod apollo;
mod checked;
mod external;
mod graphway;
mod hive;

pub use apollo::Apollo;
pub use graphway::Graphway;
pub use hive::Hive;

use anyhow::Result;
use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// A query planner with a supergraph loaded.
pub trait Planner: Sized {
    type Operation;
    type Plan;

    /// Reads a supergraph SDL.
    fn load(sdl: &str) -> Result<Self>;

    /// Everything between the text of an operation and planning it, validation included.
    fn prepare(&self, text: &str) -> Result<Self::Operation>;

    /// Plans, without any cache.
    fn plan(&self, operation: &Self::Operation) -> Result<Self::Plan>;

    /// What there is to compare of a plan.
    fn outline(&self, plan: &Self::Plan) -> Outline;

    /// What Apollo's checker has against the plan, if it can judge it.
    fn complaint(&self, text: &str, plan: &Self::Plan) -> Option<String>;
}

/// What there is to compare of a plan.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Outline {
    /// HTTP requests, after batching.
    pub requests: usize,
    /// The longest chain of requests that wait for each other.
    pub depth: usize,
    /// The text of all the operations sent to subgraphs.
    pub bytes: usize,
    /// The plan for people.
    pub text: String,
    /// What Apollo's checker has against the plan, if it was asked.
    pub complaint: Option<String>,
}

/// Names of the three.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, ValueEnum, Serialize, Deserialize)]
pub enum Kind {
    Graphway,
    Hive,
    Apollo,
}

impl Kind {
    /// Ours first.
    pub const ALL: [Self; 3] = [Self::Graphway, Self::Hive, Self::Apollo];

    /// For tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Graphway => "Graphway",
            Self::Hive => "Hive",
            Self::Apollo => "Apollo",
        }
    }
}

/// A peer's plan as far as it is measured: a tree with requests' texts at its leaves.
enum Node<'p> {
    Request(&'p str),
    /// One after the other.
    Sequence(Vec<Node<'p>>),
    /// At the same time.
    Parallel(Vec<Node<'p>>),
    /// Either one or the other: the worse counts.
    Either(Vec<Node<'p>>),
}

impl Node<'_> {
    const NOTHING: Self = Self::Sequence(Vec::new());

    fn outline(&self, text: String) -> Outline {
        let [requests, depth, bytes] = self.measured();
        Outline {
            requests,
            depth,
            bytes,
            text,
            complaint: None,
        }
    }

    /// Requests, depth and bytes.
    fn measured(&self) -> [usize; 3] {
        let (add, most) = (usize::saturating_add, Ord::max);
        let (nodes, combine): (_, [fn(usize, usize) -> usize; 3]) = match self {
            Self::Request(text) => return [1, 1, text.len()],
            Self::Sequence(nodes) => (nodes, [add, add, add]),
            Self::Parallel(nodes) => (nodes, [add, most, add]),
            Self::Either(nodes) => (nodes, [most, most, add]),
        };
        let measured = nodes.iter().map(Self::measured);
        measured.fold([0; 3], |all, one| {
            std::array::from_fn(|index| combine[index](all[index], one[index]))
        })
    }
}

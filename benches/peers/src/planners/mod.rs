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

/// Requests and depth of a plan that is a tree of sequences and parallel blocks.
#[derive(Clone, Copy, Debug, Default)]
struct Shape {
    requests: usize,
    depth: usize,
}

impl Shape {
    const REQUEST: Self = Self {
        requests: 1,
        depth: 1,
    };

    /// One after the other.
    fn then(self, next: Self) -> Self {
        Self {
            requests: self.requests + next.requests,
            depth: self.depth + next.depth,
        }
    }

    /// At the same time.
    fn beside(self, other: Self) -> Self {
        Self {
            requests: self.requests + other.requests,
            depth: self.depth.max(other.depth),
        }
    }

    /// Either one or the other: the worse counts.
    fn or(self, other: Self) -> Self {
        Self {
            requests: self.requests.max(other.requests),
            depth: self.depth.max(other.depth),
        }
    }
}

//! What an explanation says, as data.

use crate::planner::FetchId;
use serde::{Serialize, Serializer};

/// Why a plan is as it is. Made by [`crate::planner::explain()`].
///
/// Paths are response keys joined by dots; what the client does not select stands in them by its field's name. A path
/// ends in type names in parentheses where it is about some types of the objects around it only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    /// What the plan costs.
    pub plan: Size,
    pub fetches: Vec<FetchReasons>,
    /// Whether there was too much to compare: alternatives, savings and provisions are missing then.
    pub is_cut: bool,
}

/// What a plan costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Size {
    pub requests: usize,
    /// How many requests follow one another, at the most.
    pub stages: usize,
    /// How many fields the requests read.
    pub fields: usize,
}

/// Why there is a fetch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FetchReasons {
    /// As in the plan.
    #[serde(rename = "id", serialize_with = "as_text")]
    pub fetch: FetchId,
    pub subgraph: String,
    /// The first is 1.
    pub stage: usize,
    /// What the client asked for and gets from it.
    pub answers: Vec<String>,
    /// What later fetches need of it.
    pub brings: Vec<Passed>,
    pub entered: Vec<Entered>,
    /// What it needs of earlier fetches.
    pub waits_for: Vec<Passed>,
    /// What a `@provides` lets it read.
    pub provided: Vec<Provided>,
    /// What no other subgraph could answer, or bring where the client asked for nothing of it.
    pub only_here: Vec<String>,
    /// The subgraphs that could have answered fields of it, the best first.
    pub alternatives: Vec<Alternative>,
    /// What would make it unnecessary, as far as that makes the plan smaller.
    pub saved_if: Option<Saving>,
}

/// What one fetch passes to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Passed {
    /// The other fetch.
    #[serde(rename = "id", serialize_with = "as_text")]
    pub fetch: FetchId,
    /// Nothing where a mutation's fields only run one after the other.
    pub needs: Vec<Need>,
}

/// A value that a fetch needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Need {
    pub path: String,
    pub purpose: Purpose,
}

/// What a value is needed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Purpose {
    Key,
    Requires,
    /// What an object further up sets a context to.
    Context,
    /// The `__typename` of a representation.
    Type,
    /// Whether there are objects at all.
    Existence,
}

/// A way in which a fetch enters its subgraph.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entered {
    /// The path of the objects; empty for the root.
    pub at: String,
    /// The types it is for, where there are others.
    pub types: Vec<String>,
    /// None: by root fields.
    pub key: Option<String>,
    /// The fields that need more than the key.
    pub requires: Vec<Required>,
}

/// A field and its `@requires`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Required {
    /// `Type.field`.
    pub field: String,
    pub requires: String,
}

/// What a `@provides` lets a fetch read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Provided {
    /// `Type.field` that has the `@provides`.
    pub by: String,
    pub fields: Vec<String>,
    /// What the plan would cost if it did not; none if there were no plan.
    pub without: Option<Size>,
}

/// Another subgraph for some fields of a fetch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Alternative {
    pub subgraph: String,
    /// What it can answer of what the fetch answers.
    pub fields: Vec<String>,
    /// What the plan costs when it does.
    pub plan: Size,
}

/// What would make a fetch unnecessary.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Saving {
    /// All of them together.
    pub changes: Vec<Change>,
    /// What the plan would cost then.
    pub plan: Size,
}

/// Something that subgraphs could do otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "change", rename_all = "camelCase")]
pub enum Change {
    /// The subgraph, which returns the objects anyway, resolves or provides these fields (each `Type.field`).
    Resolve {
        subgraph: String,
        fields: Vec<String>,
    },
    /// These fields need no `@requires`.
    RequireNothing { fields: Vec<String> },
}

/// Ids as the plan's JSON has them.
fn as_text<S: Serializer>(id: &FetchId, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&id.0)
}

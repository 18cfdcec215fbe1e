//! What a new snapshot makes of the operations that clients use most, before it is served.
//!
//! Each is prepared and planned on it, under the conditions it was lately asked for under. That tells which of them would
//! fail and which would take other requests to subgraphs, and the new snapshot begins with their plans.

use super::{
    documents::Documents,
    prepared::{Prepared, Shape},
};
use serde::{Deserialize, Serialize};
use std::time::{Duration, Instant};

/// How many operations are listed of those that would fail, or change.
const LISTED_MAX: usize = 20;
/// For all of them together. What is left is planned when it is asked for.
const TIME_MAX: Duration = Duration::from_secs(5);

/// The `rollout` section.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// How many operations are tried, the most used ones. 0: none.
    pub operations: usize,
    pub on_failure: OnFailure,
    /// How many snapshots can be gone back to.
    pub keep: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            operations: 100,
            on_failure: OnFailure::Warn,
            keep: 5,
        }
    }
}

/// What becomes of a snapshot on which operations would fail that work.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnFailure {
    /// It is served, and the log says which.
    #[default]
    Warn,
    /// It is not served.
    Refuse,
}

/// What came of it.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Rehearsal {
    /// How many operations were tried.
    pub operations: usize,
    /// Those that would fail; at most 20 are listed.
    pub failing: Vec<Failing>,
    pub failing_count: usize,
    /// The part of all their requests that would fail, in percent.
    pub failing_percent: f64,
    /// Those whose requests to subgraphs change; at most 20 are listed.
    pub changed: Vec<Changed>,
    pub changed_count: usize,
}

/// An operation that would fail.
#[derive(Clone, Debug, Serialize)]
pub struct Failing {
    /// Its name, for its text may hold secrets.
    pub operation: String,
    pub uses: u64,
    pub error: String,
}

/// An operation that would be answered in another way.
#[derive(Clone, Debug, Serialize)]
pub struct Changed {
    pub operation: String,
    pub uses: u64,
    pub before: Shape,
    pub after: Shape,
}

/// Tries the most used operations of one snapshot on another.
pub(super) fn rehearse(current: &Documents, next: &Documents, count: usize) -> Rehearsal {
    let began = Instant::now();
    let mut rehearsal = Rehearsal::default();
    let (mut uses, mut uses_failing) = (0, 0);
    for known in current.most_used(count) {
        if began.elapsed() > TIME_MAX {
            break;
        }
        rehearsal.operations += 1;
        uses += known.uses();
        match next.adopt(current, &known) {
            Ok(after) => note_change(&mut rehearsal, &known, after),
            Err(error) => {
                uses_failing += known.uses();
                rehearsal.failing_count += 1;
                if rehearsal.failing.len() < LISTED_MAX {
                    rehearsal.failing.push(Failing {
                        operation: known.shown_name(),
                        uses: known.uses(),
                        error: error.to_string(),
                    });
                }
            }
        }
    }
    rehearsal.failing_percent = 100.0 * uses_failing as f64 / uses.max(1) as f64;
    rehearsal
}

fn note_change(rehearsal: &mut Rehearsal, known: &Prepared, after: Option<Shape>) {
    let (Some(before), Some(after)) = (known.shape(), after) else {
        return;
    };
    if before == after {
        return;
    }
    rehearsal.changed_count += 1;
    if rehearsal.changed.len() < LISTED_MAX {
        rehearsal.changed.push(Changed {
            operation: known.shown_name(),
            uses: known.uses(),
            before,
            after,
        });
    }
}

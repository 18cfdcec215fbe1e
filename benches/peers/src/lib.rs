//! Graphway's query planner beside Hive's and Apollo's: how long each takes, and how good its plans are.
//!
//! A workspace of its own, which no test and no step of CI builds. `docs/planner.md` says how to run it.

pub mod planners;

pub mod worker;

pub mod process;

pub mod graphs;

pub mod cases;

pub mod table;

pub mod document;

pub mod generate;

pub mod shrink;

pub mod quality;

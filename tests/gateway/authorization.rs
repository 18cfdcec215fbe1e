//! What callers may have of a graph that demands something of them: through interfaces, unions, fragments, requirements.
//!
//! The supergraph is `protected.graphql`. Its directives have names of their own, and `User.digest` requires what is protected
//! without saying so itself, as composition let through once.

use crate::operation_kit::subject;
use graphway::{
    config::{self, Environment},
    executor::{self, Answer, Call, CallError, Reply, Subgraphs},
    operation::{self, ParserLimits},
    planner,
    schema::{Claim, Supergraph},
};

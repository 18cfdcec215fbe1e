//! Subgraph SDLs in, one supergraph SDL out.
//!
//! What it is: [`SupergraphConfig::parse`] reads rover's `supergraph.yaml`, [`read_subgraphs`] gathers the SDLs it
//! names, and [`compose`] merges them with the `apollo-federation` crate. Whatever is wrong comes back as a list of
//! [`Diagnostic`]s that print with the line at fault.
//!
//! Why a layer of its own: the composer is another project's crate under another licence (Elastic-2.0), behind the
//! cargo feature `compose`. It crosses into Graphway as SDL text only, so that it can be left out or replaced.
//!
//! What it must not know: how Graphway serves a supergraph, and how to speak HTTP (the caller of [`read_subgraphs`]
//! brings a function that introspects).

mod config;
mod environment;
mod sources;

mod composer;
mod names;
mod syntax;

mod complaint;
mod locate;
mod print;

mod diagnostic;
mod nearest;
mod render;
mod text;

pub use composer::{Composition, SubgraphSdl, compose};
pub use config::{Introspection, SchemaSource, SubgraphSource, SupergraphConfig};
pub use diagnostic::{Diagnostic, Location, Severity};
pub use render::Style;
pub use sources::read_subgraphs;

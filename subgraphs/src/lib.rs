//! The sample shop: three subgraphs, users, orders and products, that together exercise what federation offers.
//!
//! It exists so that the router has something real to serve on a fresh machine, and experiments something to strain.
//! The router runs it in its own process through this page alone: `bind` a subgraph, `serve` it; `sdl` is what gets
//! composed. It must not know the router.

#[cfg(test)]
mod asking;
mod orders;
mod products;
mod random;
mod refusal;
mod server;
mod shop;
mod users;
mod values;

use std::fmt;
use std::str::FromStr;

use async_graphql::SDLExportOptions;

pub use server::{Bound, Settings, bind};

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Subgraph {
    Users,
    Orders,
    Products,
}

impl Subgraph {
    pub const ALL: [Subgraph; 3] = [Subgraph::Users, Subgraph::Orders, Subgraph::Products];

    pub const fn name(self) -> &'static str {
        match self {
            Subgraph::Users => "users",
            Subgraph::Orders => "orders",
            Subgraph::Products => "products",
        }
    }

    /// Where `supergraph/supergraph.yaml` expects it.
    pub const fn port(self) -> u16 {
        match self {
            Subgraph::Users => 4001,
            Subgraph::Orders => 4002,
            Subgraph::Products => 4003,
        }
    }

    /// The schema as composition reads it, the same text that `_service { sdl }` answers.
    pub fn sdl(self) -> String {
        let options = SDLExportOptions::new().federation().compose_directive();
        match self {
            Subgraph::Users => users::schema().sdl_with_options(options),
            Subgraph::Orders => orders::schema().sdl_with_options(options),
            Subgraph::Products => products::schema().sdl_with_options(options),
        }
    }
}

impl fmt::Display for Subgraph {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

/// The text names none of the three.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UnknownSubgraph(String);

impl fmt::Display for UnknownSubgraph {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = Subgraph::ALL.map(Subgraph::name).join(", ");
        write!(out, "there is no subgraph {}; there are {names}", self.0)
    }
}

impl std::error::Error for UnknownSubgraph {}

impl FromStr for Subgraph {
    type Err = UnknownSubgraph;

    fn from_str(text: &str) -> Result<Subgraph, UnknownSubgraph> {
        Subgraph::ALL
            .into_iter()
            .find(|subgraph| subgraph.name() == text)
            .ok_or_else(|| UnknownSubgraph(text.to_owned()))
    }
}

#[cfg(test)]
mod tests;

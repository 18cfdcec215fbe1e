//! What gateway tests are made of: a router on a free port, subgraphs that say what a test has them say, a client that
//! sends exactly what it is told, and pages that put the three together.
//!
//! Everything is on loopback and nothing waits for a time to pass: a slow subgraph is one that never answers.

mod certificates;
mod client;
mod encrypted;
mod http;
#[cfg(feature = "compose")]
mod linked;
mod page;
mod process;
mod redis;
mod router;
mod sample;
mod scenario;
mod subgraph;
mod together;

pub use certificates::{Authority, Folder, Identity};
pub use client::{Client, wire};
pub use encrypted::{Encrypted, Speech};
pub use http::Message;
#[cfg(feature = "compose")]
pub use linked::{linked, subgraphs};
pub use page::{Block, Page};
pub use process::Process;
pub use redis::{FakeRedis, Mood};
pub use router::Router;
pub use sample::{JOIN, SAMPLE_SDL, on_small_stack, prepare, sample};
pub use scenario::{play, refusing_address, refusing_socket};
pub use subgraph::{Answer, Exchange, Fake};
pub use together::{Asking, Worker, answer_together};

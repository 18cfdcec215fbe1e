//! Sockets only: listeners, workers, HTTP/1 and HTTP/2, health, the orderly end.
//!
//! [`Listeners::bind`] takes the addresses, [`serve`] accepts on them until it is told to stop. One thread accepts and
//! hands each connection to the worker that has the fewest; a worker is a thread with a runtime of its own, and a
//! connection with all its requests stays on it. What a request means is the gateway's to know.

mod acceptor;
mod admin;
mod config;
mod connection;
mod health;
mod listeners;
mod scan;
mod seats;
mod stall;
mod streams;
mod talk;
mod vigil;
mod wire;
mod worker;

pub use acceptor::{ServeError, serve};
pub use config::{AdminConfig, Config, HealthConfig, HttpConfig, ShutdownConfig};
pub use health::Health;
pub use listeners::{BindError, Listeners};
pub use scan::{Fault, Limits as HeadLimits, Scanner};

//! Where what happens is written to. Lower layers only emit `tracing` events; this layer sends them somewhere.

mod config;
mod log;

pub use config::{Config, Exporters, Format, Logging, Stdout};
pub use log::{FilterError, init};

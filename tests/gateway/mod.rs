//! The gateway and the server, from the outside.

mod config;
mod pages;
mod rate_limit;
mod server;

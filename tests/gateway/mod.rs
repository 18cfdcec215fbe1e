//! The gateway and the server, from the outside.

mod config;
mod pages;
mod server;

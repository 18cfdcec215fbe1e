//! The gateway and the server, from the outside.

mod authentication;
mod command;
mod config;
mod pages;
mod server;

//! The gateway and the server, from the outside.

mod access;
mod apollo_keys;
mod authentication;
mod authorization;
mod check;
mod codes;
mod command;
mod compression;
mod config;
mod config_schema;
mod deduplication;
mod http2;
mod ide;
mod overload;
mod override_labels;
mod pages;
mod protected;
mod rate_limit;
mod rates;
mod rollout;
mod server;

//! Of the gateway, the rules by which limits count: what the script is compared with.

#[path = "../../../src/gateway/calendar.rs"]
mod calendar;
mod rates;

//! What outlives a reload: snapshots refer to it, the gateway owns it.

use super::{
    authentication::{KeySources, Logins, Passwords},
    history::History,
    overload::Overloads,
    planning::Planning,
    rate_limit::RateLimits,
    rates,
    rest::Cache,
    writes::Writes,
};
use crate::upstream::Registry;
use std::sync::Arc;

/// Kept by name and settings, so that a reload that leaves them alone loses nothing.
pub(super) struct Lasting {
    pub(super) registry: Registry,
    pub(super) key_sources: Arc<KeySources>,
    pub(super) logins: Arc<Logins>,
    pub(super) passwords: Arc<Passwords>,
    pub(super) planning: Arc<Planning>,
    pub(super) rate_limits: RateLimits,
    pub(super) rates: rates::Lasting,
    pub(super) cache: Arc<Cache>,
    pub(super) writes: Arc<Writes>,
    pub(super) history: History,
    pub(super) overloads: Overloads,
}

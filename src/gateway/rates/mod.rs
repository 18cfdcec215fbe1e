//! How many requests one caller may send: rate limits of policies, and the rates and quotas of plans.
//!
//! A [`Limit`](limit::Limit) counts by a [rule], here or in Redis ([`store`]), for each of its [keys](key). [`Standings`] are
//! what they say of a request: they are asked in stages, each as soon as what it goes by is known, and those of a stage
//! together. Rules are told the time and tables are bounded, so all of it can be tested without waiting. What protects the
//! router whoever asks is `ratelimit.global`, which is not here.

mod bucket;
mod config;
mod counter;
mod fields;
mod key;
mod limit;
mod limits;
mod quota;
mod redis_config;
mod resolver;
mod rule;
mod standings;
mod store;
mod table;
mod window;

pub use config::Plans;
pub(super) use config::{PolicyLimits, Style};
pub(super) use key::{Facts, Stage};
pub(super) use limits::{Lasting, Rates, RouteLimits, Settings};
pub use redis_config::Config as RedisConfig;
pub(super) use standings::Standings;

//! Turning requests away while something is mended.

use super::path_pattern::PathPattern;
use crate::gateway::{Code, Network, Refusal, gate::Target};
use serde::Deserialize;
use std::{net::IpAddr, time::Duration};

/// `maintenance`, of the whole gateway or of a route.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    pub enabled: bool,
    /// What `Retry-After` says.
    pub retry_after: Duration,
    /// What clients are told.
    pub message: String,
    pub allow: Allow,
}

/// Who gets through all the same.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Allow {
    pub addresses: Vec<Network>,
    pub paths: Vec<PathPattern>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            enabled: false,
            retry_after: Duration::from_mins(5),
            message: "This service is being mended and will be back".to_owned(),
            allow: Allow::default(),
        }
    }
}

impl Config {
    /// Turns a request away, unless it gets through.
    pub(in crate::gateway) fn check(
        &self,
        client: IpAddr,
        target: &Target<'_>,
    ) -> Result<(), Refusal> {
        if !self.enabled {
            return Ok(());
        }
        let Allow { addresses, paths } = &self.allow;
        if addresses.iter().any(|network| network.contains(client))
            || paths.iter().any(|path| path.matches(target.path.as_str()))
        {
            return Ok(());
        }
        Err(Refusal {
            retry_after: u32::try_from(self.retry_after.as_secs()).ok(),
            ..Refusal::new(Code::Maintenance, self.message.clone())
        })
    }
}

//! The upstreams in use, so that a reload keeps what they have learnt.

use super::{
    Config, Control, TlsError, Upstream, WeightedEndpoint, checking, resolving, tls::Material,
};
use std::{
    io,
    sync::{Arc, Mutex, PoisonError, Weak},
};

/// Hands out upstreams by name and settings. One that is still in use under the same settings is shared, with its
/// balance and health; one whose settings changed begins anew.
#[derive(Debug, Default)]
pub struct Registry {
    known: Mutex<Vec<Weak<Upstream>>>,
    /// Where endpoints are looked after.
    control: Arc<Control>,
}

/// Why an upstream cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum UpstreamError {
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error("cannot start the thread that looks after endpoints: {0}")]
    Thread(#[from] io::Error),
}

impl Registry {
    /// No upstreams yet. Those that come are looked after there.
    pub fn new(control: Arc<Control>) -> Self {
        Self {
            known: Mutex::default(),
            control,
        }
    }

    /// The upstream with this name, these endpoints and these settings; for others, by way of [`super::Outbound`].
    pub(super) fn upstream(
        &self,
        name: &str,
        endpoints: Vec<WeightedEndpoint>,
        config: Config,
    ) -> Result<Arc<Upstream>, UpstreamError> {
        let material = Material::load(&config.tls)?;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|upstream| upstream.strong_count() > 0);
        let mut in_use = known.iter().filter_map(Weak::upgrade);
        if let Some(same) =
            in_use.find(|upstream| upstream.is(name, &endpoints, (&config, &material)))
        {
            return Ok(same);
        }
        let is_checked = config.health_check.is_some();
        let is_resolved = config.dns.is_some();
        let upstream = Upstream::with(name.to_owned(), endpoints, config, material)?;
        let upstream = Arc::new(upstream);
        if is_checked {
            self.control
                .spawn(checking::keep(Arc::downgrade(&upstream)))?;
        }
        if is_resolved {
            self.control
                .spawn(resolving::keep(Arc::downgrade(&upstream)))?;
        }
        known.push(Arc::downgrade(&upstream));
        Ok(upstream)
    }

    /// Those in use, by name.
    pub fn upstreams(&self) -> Vec<Arc<Upstream>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let mut upstreams: Vec<_> = known.iter().filter_map(Weak::upgrade).collect();
        upstreams.sort_by(|a, b| a.name().cmp(b.name()));
        upstreams
    }

    /// Brings their gauges up to date.
    pub fn refresh_gauges(&self) {
        for upstream in self.upstreams() {
            upstream.refresh();
        }
    }
}

//! The upstreams in use, so that a reload keeps what they have learnt.

use super::{Config, Endpoint, Upstream};
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// Hands out upstreams by name and settings. One that is still in use under the same settings is shared, with its
/// balance and health; one whose settings changed begins anew.
#[derive(Debug, Default)]
pub struct Registry(Mutex<Vec<Weak<Upstream>>>);

impl Registry {
    /// The upstream with this name, these endpoints and these settings.
    pub fn upstream(&self, name: &str, endpoints: Vec<Endpoint>, config: Config) -> Arc<Upstream> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|upstream| upstream.strong_count() > 0);
        let same = known
            .iter()
            .filter_map(Weak::upgrade)
            .find(|upstream| upstream.is(name, &endpoints, &config));
        same.unwrap_or_else(|| {
            let upstream = Arc::new(Upstream::new(name, endpoints, config));
            known.push(Arc::downgrade(&upstream));
            upstream
        })
    }
}

//! What of signing in outlives a reload.

use super::{
    super::{
        jwks::{Error, KeySources},
        login_config::Login,
        signed::Nonces,
    },
    provider::Provider,
    refreshes::Refreshes,
};
use crate::upstream::{Control, Egress};
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// Providers in use, answers of theirs that have come in, and sessions that are being renewed.
pub(in crate::gateway) struct Logins {
    known: Mutex<Vec<Weak<Provider>>>,
    control: Arc<Control>,
    sources: Arc<KeySources>,
    /// States of attempts that have come to an end.
    pub(super) states: Nonces,
    pub(super) refreshes: Refreshes,
}

impl Logins {
    /// None yet.
    pub(in crate::gateway) fn new(control: Arc<Control>, sources: Arc<KeySources>) -> Self {
        Self {
            known: Mutex::default(),
            control,
            sources,
            states: Nonces::new(),
            refreshes: Refreshes::default(),
        }
    }

    /// The provider with these settings. One that is in use is shared, with what it has said.
    pub(super) fn provider(
        &self,
        config: &Login,
        egress: &Arc<Egress>,
    ) -> Result<Arc<Provider>, Error> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|provider| provider.strong_count() > 0);
        let mut in_use = known.iter().filter_map(Weak::upgrade);
        if let Some(same) = in_use.find(|provider| provider.is_of(config, egress)) {
            return Ok(same);
        }
        let provider = Provider::open(config, egress, (&self.control, &self.sources))?;
        known.push(Arc::downgrade(&provider));
        Ok(provider)
    }
}

//! Who sends a request, as far as that was proven.

use serde_json::{Map, Value};
use std::sync::Arc;

/// The sender of a request.
///
/// It is not `Debug`: claims are personal, and what can be printed gets into logs.
#[derive(Clone, Default)]
pub(in crate::gateway) struct Caller(Option<Arc<Map<String, Value>>>);

impl Caller {
    /// Whoever a valid token speaks of.
    pub(in crate::gateway) fn with_claims(claims: Arc<Map<String, Value>>) -> Self {
        Self(Some(claims))
    }

    /// Whether nothing is proven.
    pub(in crate::gateway) fn is_anonymous(&self) -> bool {
        self.0.is_none()
    }

    /// All that the token says; none if nothing is proven.
    pub(in crate::gateway) fn claims(&self) -> Option<&Map<String, Value>> {
        self.0.as_deref()
    }

    /// What the token says under this name. Of those who have none, nothing is known.
    pub(in crate::gateway) fn claim(&self, name: &str) -> Option<&Value> {
        self.0.as_ref()?.get(name)
    }
}

//! The `policies` section, and where policies are named.

use crate::gateway::{Network, authentication::Way, overload::Priority, rates::PolicyLimits};
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;

/// Policies by name.
pub type Policies = BTreeMap<String, Policy>;

/// `policies.NAME`: what is demanded of requests.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// Any one of these must be taken. None: what `authentication.router.jwt` and `authorization` say.
    #[serde(deserialize_with = "given")]
    pub auth: Option<Vec<Way>>,
    /// Who those are that show nothing.
    #[serde(deserialize_with = "given")]
    pub anonymous: Option<String>,
    #[serde(deserialize_with = "given")]
    pub allow_groups: Option<Vec<String>>,
    #[serde(deserialize_with = "given")]
    pub deny_groups: Option<Vec<String>>,
    #[serde(deserialize_with = "given")]
    pub addresses: Option<Addresses>,
    /// Who is refused first when there are too many requests.
    pub priority: Option<Priority>,
    /// How much one caller may send.
    pub rate_limit: PolicyLimits,
}

/// `policies.NAME.addresses`: where requests may come from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Addresses {
    /// None: anywhere.
    #[serde(deserialize_with = "given")]
    pub allow: Option<Vec<Network>>,
    /// And not from here.
    pub deny: Vec<Network>,
}

/// What stands behind a key that is there. To YAML, nothing is a value too; here it would open what the key is to close, as
/// soon as somebody comments out the list below it.
fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// The `graphql` section.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Graphql {
    /// What stands before the graph, and before the OpenAPI document that tells of it.
    pub policies: Vec<String>,
}

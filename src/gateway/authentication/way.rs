//! A way to show who one is, as a policy lists it: one method, or several of which each is wanted.

use super::Method;
use serde::{
    Deserialize, Deserializer,
    de::{Error, IntoDeserializer, MapAccess, Visitor, value::MapAccessDeserializer},
};
use std::{fmt, slice};

/// One of `policies.NAME.auth`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// `jwt`.
    One(Method),
    /// `{ all: [jwt, api_key] }`.
    All(Vec<Method>),
}

impl Way {
    /// What must be shown, all of it.
    pub(in crate::gateway) fn methods(&self) -> &[Method] {
        match self {
            Self::One(method) => slice::from_ref(method),
            Self::All(methods) => methods,
        }
    }
}

impl<'de> Deserialize<'de> for Way {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Not `untagged`, which would lose the places of errors.
        deserializer.deserialize_any(WayVisitor)
    }
}

struct WayVisitor;

impl<'de> Visitor<'de> for WayVisitor {
    type Value = Way;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a way, or `{ all: [jwt, api_key] }`")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Way, E> {
        Method::deserialize(name.into_deserializer()).map(Way::One)
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<Way, A::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Written {
            all: Vec<Method>,
        }
        let Written { all } = Written::deserialize(MapAccessDeserializer::new(entries))?;
        Ok(Way::All(all))
    }
}

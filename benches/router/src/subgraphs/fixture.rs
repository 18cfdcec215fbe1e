//! What the subgraphs know: objects by type and key, and the fields of `Query`.
//!
//! One fixture stands behind every subgraph. A router asks each only for what the supergraph says it has.

use std::collections::HashMap;

/// The value of a field.
#[derive(Clone)]
pub(super) enum Value {
    /// As it stands in the response.
    Json(String),
    List(Vec<Value>),
    Object(Object),
    /// The object of a type with a key.
    Entity(&'static str, String),
    /// The sum of required fields and one, from the representation: null without them, so a router that forgot to
    /// send them is found out.
    Sum(&'static [&'static str]),
}

impl Value {
    pub(super) fn text(text: &str) -> Self {
        Self::Json(serde_json::Value::from(text).to_string())
    }

    pub(super) fn number(number: usize) -> Self {
        Self::Json(number.to_string())
    }

    /// Entities with these keys.
    pub(super) fn entities<K: ToString>(
        of: &'static str,
        keys: impl IntoIterator<Item = K>,
    ) -> Self {
        let entity = |key: K| Self::Entity(of, key.to_string());
        Self::List(keys.into_iter().map(entity).collect())
    }
}

/// An object of a type.
#[derive(Clone)]
pub(super) struct Object {
    pub(super) of: &'static str,
    pub(super) fields: HashMap<&'static str, Value>,
    /// Asked for as an entity, it is not found, with an error.
    pub(super) lost: bool,
}

impl Object {
    pub(super) fn new<const N: usize>(
        of: &'static str,
        fields: [(&'static str, Value); N],
    ) -> Self {
        Self {
            of,
            fields: HashMap::from(fields),
            lost: false,
        }
    }
}

/// All of it.
#[derive(Default)]
pub(super) struct Fixture {
    pub(super) entities: HashMap<&'static str, HashMap<String, Object>>,
    pub(super) query: HashMap<&'static str, Value>,
    /// The abstract types that objects belong to, by the name of their type.
    pub(super) abstracts: HashMap<&'static str, &'static [&'static str]>,
}

impl Fixture {
    pub(super) fn add(&mut self, key: impl ToString, object: Object) {
        let objects = self.entities.entry(object.of).or_default();
        objects.insert(key.to_string(), object);
    }

    pub(super) fn entity(&self, of: &str, key: &str) -> Option<&Object> {
        self.entities.get(of)?.get(key)
    }

    /// Is an object of type `of` a `condition`?
    pub(super) fn is(&self, of: &str, condition: &str) -> bool {
        let abstracts = || {
            self.abstracts
                .get(of)
                .is_some_and(|all| all.contains(&condition))
        };
        of == condition || abstracts()
    }
}

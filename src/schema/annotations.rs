//! What a supergraph says beside who resolves what: demands on callers, costs, tags, and the graph's own directives.
//!
//! None of it changes a plan.

use super::{Argument, FieldId, TypeId};
use apollo_compiler::Name;
use std::{collections::HashMap, sync::Arc};

/// A place that directives stand at.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    Schema,
    Type(TypeId),
    Field(FieldId),
    /// An argument of a field.
    Argument(FieldId, Name),
    /// A field of an input object.
    InputField(TypeId, Name),
    /// A value of an enum.
    Value(TypeId, Name),
}

/// What stands at a place.
#[derive(Clone, Debug, Default)]
pub struct Annotations {
    /// Demanded at this place alone; see [`super::Supergraph::effective_demand`].
    pub demand: Demand,
    /// `@cost(weight:)`.
    pub cost: Option<i32>,
    pub list_size: Option<Box<ListSize>>,
    /// The names of its `@tag`s.
    pub tags: Vec<String>,
    /// Directives that mean nothing here: the graph's own.
    pub carried: Vec<Carried>,
}

/// `@listSize`: how many items a list is taken to have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListSize {
    pub assumed_size: Option<i32>,
    /// Arguments that say how many items are asked for.
    pub slicing_arguments: Vec<String>,
    /// The fields of the returned object that are the lists; empty: the field itself is.
    pub sized_fields: Vec<String>,
    /// Whether operations must give exactly one of the slicing arguments.
    pub require_one_slicing_argument: bool,
}

/// A directive that composition carried along (`@composeDirective`, `@join__directive`).
#[derive(Clone, Debug)]
pub struct Carried {
    pub directive: Arc<Origin>,
    /// As written.
    pub arguments: Vec<Argument>,
}

/// Which directive it is, under whatever name the supergraph has it.
#[derive(Debug, PartialEq, Eq)]
pub struct Origin {
    /// The specification's URL; none: the supergraph links to none.
    pub url: Option<String>,
    /// Its name in the specification.
    pub name: String,
}

/// Where something stands.
pub(super) type Table = HashMap<Place, Annotations, foldhash::fast::RandomState>;

/// A specification that protects data: to serve the supergraph without enforcing it would give the data away.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{url}` (for: SECURITY)")]
pub struct Protection {
    pub url: String,
    /// The directive's name in the specification, without `@`.
    pub directive: &'static str,
}

/// What a caller must show: all of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Demand {
    /// Whether they must have shown who they are.
    pub authenticated: bool,
    /// Scopes they must have, each of these.
    pub scopes: Vec<AnyOf>,
    /// Policies that must hold for them, each of these.
    pub policies: Vec<AnyOf>,
}

/// One thing that a caller must show.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Claim {
    /// Who they are.
    Identity,
    /// Scopes that they have.
    Scopes(AnyOf),
    /// Policies that hold for them.
    Policies(AnyOf),
}

/// Lists of names: all names of at least one list are demanded. Nobody meets an empty one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AnyOf(pub Vec<Vec<String>>);

impl Demand {
    /// Whether nothing is demanded.
    pub fn is_none(&self) -> bool {
        !self.authenticated && self.scopes.is_empty() && self.policies.is_empty()
    }

    /// What it takes: every one of these.
    pub fn claims(&self) -> impl Iterator<Item = Claim> + '_ {
        let identity = self.authenticated.then_some(Claim::Identity);
        let scopes = self.scopes.iter().cloned().map(Claim::Scopes);
        let policies = self.policies.iter().cloned().map(Claim::Policies);
        identity.into_iter().chain(scopes).chain(policies)
    }

    /// Demands also what `other` does.
    pub fn add(&mut self, other: &Self) {
        self.authenticated |= other.authenticated;
        for (all, more) in [
            (&mut self.scopes, &other.scopes),
            (&mut self.policies, &other.policies),
        ] {
            for one in more {
                if !all.contains(one) {
                    all.push(one.clone());
                }
            }
        }
    }
}

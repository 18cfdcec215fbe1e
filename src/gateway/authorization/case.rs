//! What a policy is asked about: a caller, and the arguments of the field that demands it.

use crate::{gateway::authentication::Caller, operation::Arguments, schema::Supergraph};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// The policies that hold, as far as another service decides.
pub(super) type Decided = BTreeSet<String>;

/// One place of an operation, and who asks for it.
#[derive(Clone, Copy)]
pub(super) struct Case<'a> {
    pub(super) caller: &'a Caller,
    /// What another service has said of this request, if it was asked.
    pub(super) decided: Option<&'a Decided>,
    /// None: there is no field with arguments of the client.
    pub(super) given: Option<Given<'a>>,
}

/// The arguments of a field.
#[derive(Clone, Copy)]
pub(super) struct Given<'a> {
    pub(super) arguments: &'a Arguments,
    pub(super) supergraph: &'a Supergraph,
    /// Coerced.
    pub(super) variables: &'a Map<String, Value>,
}

impl<'a> Case<'a> {
    /// What the caller's token says there.
    pub(super) fn claim(&self, path: &str) -> Option<&'a Value> {
        // Names of claims are often URLs, with dots.
        if let Some(value) = self.caller.claim(path) {
            return Some(value);
        }
        let mut steps = path.split('.');
        let first = self.caller.claim(steps.next()?)?;
        steps.try_fold(first, |value, step| value.get(step))
    }

    /// What is given there, `null` if nothing is. None: that cannot be told.
    pub(super) fn argument(&self, path: &str) -> Option<Value> {
        let Given {
            arguments,
            supergraph,
            variables,
        } = self.given?;
        let mut steps = path.split('.');
        let first = arguments.value(supergraph, steps.next()?, variables)?;
        steps.try_fold(first, |value, step| match value {
            Value::Object(mut fields) => Some(fields.remove(step).unwrap_or_default()),
            Value::Null => Some(Value::Null),
            _ => None,
        })
    }
}

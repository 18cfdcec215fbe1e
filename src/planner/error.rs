//! Why an operation cannot be planned.

use std::fmt;

/// A valid operation that has no plan.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No combination of fetches answers it. Composition rules this out for sound supergraphs. What this says names
    /// subgraphs and fields that clients may not see: it is for logs and operators.
    #[error("no subgraph can resolve `{coordinate}` at `{path}`{}", listed(.tried))]
    Unreachable {
        /// `Type.field`.
        coordinate: String,
        /// Response keys from the root, joined by dots.
        path: String,
        /// What every subgraph that has to do with it lacks.
        tried: Vec<Tried>,
    },
    #[error("the operation is too large to plan: more than {limit} positions")]
    TooLarge { limit: usize },
    #[error("the operation is too complex to plan: more than {limit} steps")]
    OverBudget { limit: u64 },
    #[error("nobody waits for the plan any more")]
    Cancelled,
}

/// Why some subgraphs cannot resolve a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tried {
    pub subgraphs: Vec<String>,
    pub missing: Missing,
}

/// What is missing in a subgraph. Fields are paths: response keys, or field names where the client selects nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Missing {
    /// It knows the type, not the field.
    Field,
    /// It declares the field and resolves it only where a `@provides` says so.
    External,
    /// It resolves the field, but not with the `@override` labels that are on.
    Label,
    /// It resolves the field, but its type has no key there. Nothing else leads to the objects, or nothing brings them what
    /// the field requires.
    Key { requires: Option<String> },
    /// It resolves the field, but the object around, at this path, is out of its reach.
    Parent { path: String },
    /// It resolves the field, but answers no representations by this key.
    Resolvable { key: String },
    /// It can be entered by this key, whose `field` nothing before can resolve.
    KeyField { key: String, field: String },
    /// It resolves the field by what this `@requires` asks for, whose `field` nothing before can resolve.
    Requires { requires: String, field: String },
    /// What it needs, `field`, needs in turn what is to be resolved.
    Circular { field: String },
    /// It returns the objects, but leads to the field for some of their types only, not for these.
    Types { types: Vec<String> },
    /// It knows the objects as an `@interfaceObject`, and cannot tell their types.
    InterfaceObject,
    /// It would have to run a field of a mutation that another subgraph runs already.
    RunsOnce,
}

impl fmt::Display for Tried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.subgraphs.iter().map(|name| format!("`{name}`"));
        write!(f, "{}: ", names.collect::<Vec<_>>().join(", "))?;
        match &self.missing {
            Missing::Field => write!(f, "no such field"),
            Missing::External => write!(
                f,
                "the field is @external or overridden there, and no @provides covers it here"
            ),
            Missing::Label => write!(
                f,
                "it resolves the field, but not with the @override labels that are on"
            ),
            Missing::Key { requires: None } => write!(f, "the type has no key there to enter by"),
            Missing::Key {
                requires: Some(requires),
            } => write!(
                f,
                "it requires `{requires}`, and the type has no key there to enter by"
            ),
            Missing::Parent { path } => {
                write!(f, "`{path}`, where the objects are, is out of its reach")
            }
            Missing::Resolvable { key } => write!(f, "its key `{key}` is not resolvable"),
            Missing::KeyField { key, field } => {
                write!(
                    f,
                    "its key `{key}` needs `{field}`, which cannot be reached"
                )
            }
            Missing::Requires { requires, field } => write!(
                f,
                "it requires `{requires}`, of which `{field}` cannot be reached"
            ),
            Missing::Circular { field } => {
                write!(f, "it needs `{field}`, which needs this field in turn")
            }
            Missing::Types { types } => write!(
                f,
                "it returns the objects, but does not lead to the field for {}",
                types.join(", ")
            ),
            Missing::InterfaceObject => write!(
                f,
                "it knows the objects as an @interfaceObject and cannot tell their types"
            ),
            Missing::RunsOnce => write!(f, "another subgraph runs this field of the mutation"),
        }
    }
}

/// The reasons in one line, as the end of a sentence.
fn listed(tried: &[Tried]) -> String {
    let reasons: Vec<String> = tried.iter().map(ToString::to_string).collect();
    match reasons.is_empty() {
        true => ": none has it".to_owned(),
        false => format!(" ({})", reasons.join("; ")),
    }
}

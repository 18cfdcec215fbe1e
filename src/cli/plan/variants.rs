//! The plans of one document: its conditions decide what is asked, and variables decide the conditions.

use crate::{
    operation::{Conditions, Document},
    schema::Supergraph,
};
use apollo_compiler::{Name, ast};
use serde_json::{Map, Value};

/// Variables without a value double the plans; past this many the rest is only counted.
const SHOWN_MAX: usize = 16;

/// One outcome of a document's conditions.
pub(super) struct Variant {
    pub conditions: Conditions,
    /// The variables it stands for, where they were left open.
    pub open: Vec<(Name, bool)>,
}

/// The outcomes to show.
pub(super) struct Variants {
    pub shown: Vec<Variant>,
    /// How many variables of conditions have no value: there are two to this power variants.
    pub open: usize,
}

impl Variants {
    /// Whether there are more than are shown.
    pub(super) fn is_cut(&self) -> bool {
        self.open > SHOWN_MAX.ilog2() as usize
    }
}

/// The one outcome that these variables give.
pub(super) fn settled(
    supergraph: &Supergraph,
    document: &Document,
    variables: Map<String, Value>,
) -> Result<Variants, crate::operation::Error> {
    let coerced = document.coerce(supergraph, variables)?;
    let only = Variant {
        conditions: document.conditions(&coerced),
        open: Vec::new(),
    };
    Ok(Variants {
        shown: vec![only],
        open: 0,
    })
}

/// Every outcome, for variables without a default.
pub(super) fn open(document: &Document) -> Variants {
    let names = document.condition_variables();
    let defaults: Vec<Option<bool>> = names.iter().map(|name| default(document, name)).collect();
    let open: Vec<usize> = (0..names.len())
        .filter(|&index| defaults[index].is_none())
        .collect();
    let count = 1 << open.len().min(SHOWN_MAX.ilog2() as usize);
    let variant = |bits: usize| {
        // A variable past the last bit is false in all that is shown.
        let value = |bit: usize| bits.checked_shr(bit as u32).unwrap_or(0) & 1 == 1;
        let mut values: Vec<bool> = defaults
            .iter()
            .map(|value| value.unwrap_or(false))
            .collect();
        for (bit, &index) in open.iter().enumerate() {
            values[index] = value(bit);
        }
        let named = open
            .iter()
            .map(|&index| (names[index].clone(), values[index]));
        Variant {
            open: named.collect(),
            conditions: Conditions::new(values.into()),
        }
    };
    Variants {
        shown: (0..count).map(variant).collect(),
        open: open.len(),
    }
}

/// The default of a condition's variable.
fn default(document: &Document, name: &Name) -> Option<bool> {
    let (_, operation) = document.executable();
    let mut variables = operation.variables.iter();
    let variable = variables.find(|variable| variable.name == *name)?;
    match variable.default_value.as_deref()? {
        ast::Value::Boolean(value) => Some(*value),
        _ => None,
    }
}

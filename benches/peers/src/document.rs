//! Operations as trees that can be printed and cut back.

use std::fmt::{self, Write};

/// An operation without fragments of its own, variables or conditions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// `query` or `mutation`.
    pub kind: &'static str,
    pub selections: Vec<Selection>,
}

/// A field or an inline fragment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    pub what: What,
    /// None for leaves.
    pub selections: Vec<Selection>,
}

/// What is selected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    Field {
        alias: Option<String>,
        name: String,
        /// `name: value`, each.
        arguments: Vec<String>,
    },
    /// `... on` this type.
    Inline(String),
}

impl Document {
    /// How many selections there are.
    pub fn size(&self) -> usize {
        size(&self.selections)
    }
}

fn size(selections: &[Selection]) -> usize {
    let below = selections.iter().map(|one| 1 + size(&one.selections));
    below.sum()
}

impl fmt::Display for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind)?;
        block(f, &self.selections, 0)?;
        f.write_char('\n')
    }
}

fn block(f: &mut fmt::Formatter<'_>, selections: &[Selection], depth: usize) -> fmt::Result {
    if selections.is_empty() {
        return Ok(());
    }
    f.write_str(" {\n")?;
    for selection in selections {
        write!(f, "{:1$}", "", 2 * (depth + 1))?;
        match &selection.what {
            What::Field {
                alias,
                name,
                arguments,
            } => {
                if let Some(alias) = alias {
                    write!(f, "{alias}: ")?;
                }
                f.write_str(name)?;
                if !arguments.is_empty() {
                    write!(f, "({})", arguments.join(", "))?;
                }
            }
            What::Inline(on) => write!(f, "... on {on}")?,
        }
        block(f, &selection.selections, depth + 1)?;
        f.write_char('\n')?;
    }
    write!(f, "{:1$}}}", "", 2 * depth)
}

//! Which names subgraphs may have.
//!
//! A name ends up in `join__Graph`, in `router.yaml`, in metrics and in headers' rules, so it follows Apollo's rule for
//! subgraph names, and two of them may not differ by case alone.

use indexmap::IndexMap;

const LONGEST: usize = 64;

/// What is wrong with a list of names.
#[derive(Debug, thiserror::Error)]
pub(super) enum NameError {
    #[error(
        "`{0}` is not a subgraph name: it must start with a letter, hold only letters, digits, `_` and `-`, and be at most {LONGEST} characters long"
    )]
    Invalid(String),
    #[error("two subgraphs have the name `{0}`")]
    Duplicate(String),
    #[error("the subgraph names `{0}` and `{1}` differ only by case")]
    Clash(String, String),
}

impl NameError {
    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::Invalid(_) => "INVALID_SUBGRAPH_NAME",
            Self::Duplicate(_) | Self::Clash(..) => "DUPLICATE_SUBGRAPH_NAME",
        }
    }
}

/// Each fault with the index of the name that has it.
pub(super) fn check<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<(usize, NameError)> {
    let mut seen: IndexMap<String, &str> = IndexMap::new();
    let mut errors = Vec::new();
    for (index, name) in names.into_iter().enumerate() {
        if !is_valid(name) {
            errors.push((index, NameError::Invalid(name.to_owned())));
        }
        match seen.insert(name.to_lowercase(), name) {
            Some(earlier) if earlier == name => {
                errors.push((index, NameError::Duplicate(name.to_owned())));
            }
            Some(earlier) => {
                errors.push((index, NameError::Clash(earlier.to_owned(), name.to_owned())));
            }
            None => {}
        }
    }
    errors
}

fn is_valid(name: &str) -> bool {
    name.len() <= LONGEST
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

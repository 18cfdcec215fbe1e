//! What is asked: the cases by name, or a file.

use anyhow::{Context, Result};
use std::fs;
use std::path::Path;

const SHOP: &str = include_str!("../supergraph.graphql");
const SCALE: &str = include_str!("../scale.graphql");

/// The heavy query with an alias of its own, for plan misses.
pub(crate) const MISS: &str = include_str!("../operations/miss.graphql");

/// Name, operation, supergraph.
const CASES: [(&str, &str, &str); 8] = [
    ("heavy", include_str!("../operations/heavy.graphql"), SHOP),
    (
        "one-field",
        include_str!("../operations/one-field.graphql"),
        SHOP,
    ),
    ("big", include_str!("../operations/big.graphql"), SCALE),
    (
        "entities",
        include_str!("../operations/entities.graphql"),
        SCALE,
    ),
    ("few", include_str!("../operations/few.graphql"), SCALE),
    ("chain", include_str!("../operations/chain.graphql"), SCALE),
    (
        "abstract",
        include_str!("../operations/abstract.graphql"),
        SCALE,
    ),
    (
        "errors",
        include_str!("../operations/errors.graphql"),
        SCALE,
    ),
];

/// An operation and the supergraph it is asked of.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) operation: String,
    pub(crate) supergraph: String,
}

impl Case {
    /// The case of that name, or the operation in that file, over the shop or `supergraph`.
    pub(crate) fn find(name: &str, supergraph: Option<&Path>) -> Result<Self> {
        let own =
            |path: &Path| fs::read_to_string(path).with_context(|| path.display().to_string());
        let known = CASES.iter().find(|case| case.0 == name);
        let (operation, usual) = match known {
            Some((_, operation, supergraph)) => ((*operation).to_owned(), *supergraph),
            None => (
                own(Path::new(name)).context("neither a case nor a file")?,
                SHOP,
            ),
        };
        Ok(Self {
            name: name.to_owned(),
            operation,
            supergraph: supergraph.map_or(Ok(usual.to_owned()), own)?,
        })
    }
}

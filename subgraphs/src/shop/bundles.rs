//! Sets of products that a vendor sells together. A vendor numbers its sets, so a set has a key of two fields.

use super::articles::Article;
use crate::random::Random;
use crate::values::Money;

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct BundleKey {
    pub vendor: String,
    pub code: String,
}

#[derive(Clone)]
pub(crate) struct Bundle {
    pub key: BundleKey,
    pub name: String,
    /// Positions in the catalogue's articles.
    pub contents: Vec<usize>,
}

const VENDORS: [&str; 3] = ["kompass", "nordlicht", "werkhof"];
const THEMES: [&str; 4] = ["Moving In", "Desk Starter", "Weekend Away", "Balcony"];

/// Every vendor has one set of each theme, under the same four codes.
pub(super) fn all(articles: &[Article]) -> Vec<Bundle> {
    let mut bundles = Vec::new();
    for vendor in VENDORS {
        for (position, theme) in THEMES.iter().enumerate() {
            let mut random = Random::seeded("bundle", bundles.len());
            bundles.push(Bundle {
                key: BundleKey {
                    vendor: vendor.to_owned(),
                    code: format!("SET-{}", position + 1),
                },
                name: format!("{theme} Set"),
                // One from each third of the catalogue, so nothing is in a set twice.
                contents: (0..3)
                    .map(|third| third * articles.len() / 3 + random.below(articles.len() / 3))
                    .collect(),
            });
        }
    }
    bundles
}

/// What a set costs: a tenth less than its products bought one by one, in whole euros.
pub(crate) fn discounted(sum: Money) -> Money {
    Money {
        amount: (sum.amount - sum.amount / 10) / 100 * 100,
        ..sum
    }
}

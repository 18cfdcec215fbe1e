//! The facts of the sample shop that its three services agree on: who the customers are, what is sold, where it is
//! stored. In a real shop each service would have learnt them from the others; here all compute the same ones. What
//! changes while the process runs lives in each service's own store, not here, and no GraphQL is known here.

mod articles;
mod bundles;
mod people;

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::values::{Country, Money};

pub(crate) use articles::{Article, CATEGORIES, Category};
pub(crate) use bundles::{Bundle, BundleKey, discounted};
pub(crate) use people::{PEOPLE, Person};

/// A place that goods are sent from.
pub(crate) struct Warehouse {
    pub id: &'static str,
    pub name: &'static str,
    pub city: &'static str,
    pub country: Country,
}

pub(crate) const WAREHOUSES: [Warehouse; 3] = [
    Warehouse {
        id: "ham",
        name: "Hamburg Harbour",
        city: "Hamburg",
        country: Country::De,
    },
    Warehouse {
        id: "lys",
        name: "Lyon Confluence",
        city: "Lyon",
        country: Country::Fr,
    },
    Warehouse {
        id: "utr",
        name: "Utrecht Lage Weide",
        city: "Utrecht",
        country: Country::Nl,
    },
];

/// Everything that is sold, at its first price.
pub(crate) struct Catalogue {
    pub articles: Vec<Article>,
    pub bundles: Vec<Bundle>,
    by_upc: HashMap<String, usize>,
}

pub(crate) static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| {
    let articles = articles::all();
    let bundles = bundles::all(&articles);
    let by_upc = articles
        .iter()
        .enumerate()
        .map(|(position, article)| (article.upc.clone(), position))
        .collect();
    Catalogue {
        articles,
        bundles,
        by_upc,
    }
});

impl Catalogue {
    pub(crate) fn article(&self, upc: &str) -> Option<&Article> {
        self.by_upc
            .get(upc)
            .map(|position| &self.articles[*position])
    }

    pub(crate) fn bundle(&self, key: &BundleKey) -> Option<&Bundle> {
        self.bundles.iter().find(|bundle| bundle.key == *key)
    }

    /// What a bundle costs before any product changes its price.
    pub(crate) fn first_price(&self, bundle: &Bundle) -> Money {
        let contents = bundle.contents.iter();
        discounted(contents.map(|place| self.articles[*place].price).sum())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_key_is_unique() {
        let articles = &CATALOGUE.articles;
        let upcs: HashSet<_> = articles.iter().map(|article| &article.upc).collect();
        let skus: HashSet<_> = articles.iter().map(|article| &article.sku).collect();
        let names: HashSet<_> = articles.iter().map(|article| &article.name).collect();
        assert_eq!(
            (upcs.len(), skus.len(), names.len()),
            (articles.len(), articles.len(), articles.len())
        );
        let emails: HashSet<_> = PEOPLE.iter().map(|person| &person.email).collect();
        assert_eq!(emails.len(), PEOPLE.len());
        let bundles: HashSet<_> = CATALOGUE.bundles.iter().map(|bundle| &bundle.key).collect();
        assert_eq!(bundles.len(), CATALOGUE.bundles.len());
    }

    #[test]
    fn the_shop_has_a_few_hundred_of_each() {
        assert_eq!((PEOPLE.len(), CATALOGUE.articles.len()), (300, 240));
    }

    #[test]
    fn barcodes_carry_their_check_digit() {
        for article in &CATALOGUE.articles {
            let digits: Vec<u32> = article.upc.chars().filter_map(|c| c.to_digit(10)).collect();
            let weighted =
                |(place, digit): (usize, &u32)| digit * if place % 2 == 0 { 3 } else { 1 };
            let sum: u32 = digits.iter().enumerate().map(weighted).sum();
            assert_eq!((digits.len(), sum % 10), (12, 0), "{}", article.upc);
        }
    }
}

//! Prices and stock of this process, as the catalogue opens with them and as mutations change them; and the reviews,
//! which nothing changes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::random::Random;
use crate::refusal::Refusal;
use crate::shop::{Article, Bundle, CATALOGUE, PEOPLE, WAREHOUSES, discounted};
use crate::values::{DateTime, Money};

/// A customer's opinion. One of each customer and product at most.
pub(super) struct Review {
    pub id: String,
    pub upc: String,
    pub author_email: String,
    pub rating: i32,
    pub title: &'static str,
    pub body: Option<&'static str>,
    pub written_at: DateTime,
}

/// How much of a product lies in a warehouse.
#[derive(Clone, Copy)]
pub(super) struct Holding {
    /// The position of the product in the catalogue.
    pub product: usize,
    /// The position in `WAREHOUSES`.
    pub warehouse: usize,
    pub quantity: i32,
}

pub(super) struct Store {
    shelves: Mutex<Shelves>,
    /// Positions in the catalogue.
    by_upc: HashMap<String, usize>,
    by_sku: HashMap<String, usize>,
    reviews: Vec<Arc<Review>>,
}

/// Both in the order of the catalogue. An article is replaced, never changed, so readers keep what they saw.
struct Shelves {
    articles: Vec<Arc<Article>>,
    quantities: Vec<[i32; WAREHOUSES.len()]>,
}

impl Store {
    pub(super) fn open() -> Store {
        let articles = &CATALOGUE.articles;
        let positions = |key: fn(&Article) -> &String| {
            let keyed = articles.iter().enumerate();
            keyed
                .map(|(place, article)| (key(article).clone(), place))
                .collect()
        };
        Store {
            shelves: Mutex::new(Shelves {
                articles: articles.iter().cloned().map(Arc::new).collect(),
                quantities: (0..articles.len()).map(first_quantities).collect(),
            }),
            by_upc: positions(|article| &article.upc),
            by_sku: positions(|article| &article.sku),
            reviews: (0..600).filter_map(review).map(Arc::new).collect(),
        }
    }

    pub(super) fn by_upc(&self, upc: &str) -> Option<Arc<Article>> {
        self.by_upc
            .get(upc)
            .map(|place| self.shelves().articles[*place].clone())
    }

    pub(super) fn by_sku(&self, sku: &str) -> Option<Arc<Article>> {
        self.by_sku
            .get(sku)
            .map(|place| self.shelves().articles[*place].clone())
    }

    pub(super) fn articles(&self) -> Vec<Arc<Article>> {
        self.shelves().articles.clone()
    }

    /// What is in a bundle, at today's prices.
    pub(super) fn contents(&self, bundle: &Bundle) -> Vec<Arc<Article>> {
        let shelves = self.shelves();
        bundle
            .contents
            .iter()
            .map(|place| shelves.articles[*place].clone())
            .collect()
    }

    pub(super) fn price(&self, bundle: &Bundle) -> Money {
        discounted(
            self.contents(bundle)
                .iter()
                .map(|article| article.price)
                .sum(),
        )
    }

    pub(super) fn holding(&self, sku: &str, warehouse: &str) -> Option<Holding> {
        let product = *self.by_sku.get(sku)?;
        let warehouse = WAREHOUSES.iter().position(|known| known.id == warehouse)?;
        Some(Holding {
            product,
            warehouse,
            quantity: self.shelves().quantities[product][warehouse],
        })
    }

    /// One for each warehouse.
    pub(super) fn holdings(&self, sku: &str) -> Vec<Holding> {
        let ids = WAREHOUSES.iter().map(|warehouse| warehouse.id);
        ids.filter_map(|warehouse| self.holding(sku, warehouse))
            .collect()
    }

    pub(super) fn reviews_of_product(&self, upc: &str) -> Vec<Arc<Review>> {
        let reviews = self.reviews.iter();
        reviews
            .filter(|review| review.upc == upc)
            .cloned()
            .collect()
    }

    pub(super) fn reviews_by_author(&self, email: &str) -> Vec<Arc<Review>> {
        let reviews = self.reviews.iter();
        reviews
            .filter(|review| review.author_email == email)
            .cloned()
            .collect()
    }

    pub(super) fn review(&self, id: &str) -> Option<Arc<Review>> {
        self.reviews.iter().find(|review| review.id == id).cloned()
    }

    /// Sets the price, in minor units.
    pub(super) fn reprice(&self, upc: &str, amount: i32) -> Result<Arc<Article>, Refusal> {
        if !(1..=10_000_000).contains(&amount) {
            return Err(Refusal::Invalid {
                input: "amount",
                rule: "1 to 10000000 minor units",
            });
        }
        let place = self
            .by_upc
            .get(upc)
            .ok_or_else(|| Refusal::unknown("product", upc))?;
        let mut shelves = self.shelves();
        let article = Arc::new(Article {
            price: Money::euro_cents(amount),
            ..(*shelves.articles[*place]).clone()
        });
        shelves.articles[*place] = article.clone();
        Ok(article)
    }

    /// Adds to what lies in a warehouse.
    pub(super) fn restock(
        &self,
        sku: &str,
        warehouse: &str,
        added: i32,
    ) -> Result<Holding, Refusal> {
        if !(1..=10_000).contains(&added) {
            return Err(Refusal::Invalid {
                input: "quantity",
                rule: "1 to 10000",
            });
        }
        if !WAREHOUSES.iter().any(|known| known.id == warehouse) {
            return Err(Refusal::unknown("warehouse", warehouse));
        }
        let before = self
            .holding(sku, warehouse)
            .ok_or_else(|| Refusal::unknown("product", sku))?;
        // The lock was given back in between; adding to what is there now loses no one's delivery.
        let quantity = &mut self.shelves().quantities[before.product][before.warehouse];
        *quantity = quantity.saturating_add(added);
        Ok(Holding {
            quantity: *quantity,
            ..before
        })
    }

    fn shelves(&self) -> MutexGuard<'_, Shelves> {
        self.shelves.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A third of all places is empty, so that stock levels differ.
fn first_quantities(product: usize) -> [i32; WAREHOUSES.len()] {
    let mut random = Random::seeded("stock", product);
    WAREHOUSES.map(|_| {
        if random.chance(33) {
            0
        } else {
            random.between(1, 120)
        }
    })
}

const OPINIONS: [(i32, &str, Option<&str>); 10] = [
    (
        5,
        "Exactly what I hoped for",
        Some("Arrived early and works as described. I would buy it again."),
    ),
    (5, "Lovely", None),
    (
        5,
        "Built to last",
        Some("Two years of daily use and not a scratch."),
    ),
    (
        4,
        "Very good",
        Some("One star off for the packaging, which was far too large."),
    ),
    (4, "Does the job", None),
    (
        4,
        "Good value",
        Some("There are fancier ones, but not at this price."),
    ),
    (
        3,
        "It is all right",
        Some("Smaller than it looks in the pictures."),
    ),
    (3, "Mixed feelings", None),
    (
        2,
        "Not for me",
        Some("The colour is quite different from the one shown."),
    ),
    (
        1,
        "Broke within a week",
        Some("Sent it back; the refund came quickly, at least."),
    ),
];

/// Review `number` is of product `number % 240`, so each has two or three; the first tenth of the catalogue has none.
fn review(number: usize) -> Option<Review> {
    let product = number % CATALOGUE.articles.len();
    if product < CATALOGUE.articles.len() / 10 {
        return None;
    }
    let mut random = Random::seeded("review", number);
    // Coprime to the number of people and different for each round, so nobody reviews a product twice.
    let author = (number * 7 + number / CATALOGUE.articles.len() * 31) % PEOPLE.len();
    let (rating, title, body) = *random.pick(&OPINIONS);
    Some(Review {
        id: format!("r{}", number + 1),
        upc: CATALOGUE.articles[product].upc.clone(),
        author_email: PEOPLE[author].email.clone(),
        rating,
        title,
        body,
        written_at: DateTime::opening()
            .plus_days(i64::from(random.between(0, 330)))
            .plus_minutes(i64::from(random.between(0, 1439))),
    })
}

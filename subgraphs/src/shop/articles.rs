//! The products as the catalogue first lists them: eight shelves of six kinds, each in five variants.

use crate::random::Random;
use crate::values::Handling::{self, Fragile, Oversize, Standard};
use crate::values::Money;

/// A product with the price it opens at.
#[derive(Clone)]
pub(crate) struct Article {
    /// The barcode: eleven digits and a check digit.
    pub upc: String,
    /// Our own number, as in `LIT-007`.
    pub sku: String,
    pub name: String,
    pub category: &'static str,
    pub price: Money,
    /// None as long as nobody has weighed it.
    pub weight_grams: Option<i32>,
    pub handling: Handling,
}

/// A shelf, or a department when it has no parent.
pub(crate) struct Category {
    pub slug: &'static str,
    pub name: &'static str,
    pub parent: Option<&'static str>,
}

pub(crate) const CATEGORIES: [Category; 11] = [
    department("home", "Home"),
    department("office", "Office"),
    department("outdoors", "Outdoors"),
    shelf("lighting", "Lighting", "home"),
    shelf("kitchen", "Kitchen", "home"),
    shelf("furniture", "Furniture", "home"),
    shelf("stationery", "Stationery", "office"),
    shelf("electronics", "Electronics", "office"),
    shelf("camping", "Camping", "outdoors"),
    shelf("cycling", "Cycling", "outdoors"),
    shelf("garden", "Garden", "outdoors"),
];

const fn department(slug: &'static str, name: &'static str) -> Category {
    Category {
        slug,
        name,
        parent: None,
    }
}

const fn shelf(slug: &'static str, name: &'static str, parent: &'static str) -> Category {
    Category {
        slug,
        name,
        parent: Some(parent),
    }
}

/// What stands on a shelf: the variants, and the kinds with a usual price in euros and weight in grams.
struct Range {
    category: &'static str,
    prefix: &'static str,
    variants: [&'static str; 5],
    kinds: [(&'static str, i32, i32, Handling); 6],
}

const RANGES: [Range; 8] = [
    Range {
        category: "lighting",
        prefix: "LIT",
        variants: ["Brass", "Walnut", "Linen", "Smoked Glass", "Matte Black"],
        kinds: [
            ("Desk Lamp", 59, 1800, Fragile),
            ("Pendant Lamp", 119, 2600, Fragile),
            ("Floor Lamp", 149, 6400, Oversize),
            ("Wall Light", 49, 900, Standard),
            ("Bedside Lamp", 39, 1200, Fragile),
            ("Lantern", 29, 1100, Fragile),
        ],
    },
    Range {
        category: "kitchen",
        prefix: "KIT",
        variants: ["Classic", "Compact", "Heirloom", "Everyday", "Studio"],
        kinds: [
            ("Saucepan", 69, 1700, Standard),
            ("Mixing Bowl", 24, 950, Fragile),
            ("Bread Board", 32, 1400, Standard),
            ("Chef's Knife", 89, 320, Standard),
            ("Teapot", 42, 1100, Fragile),
            ("Kitchen Scale", 35, 800, Standard),
        ],
    },
    Range {
        category: "furniture",
        prefix: "FUR",
        variants: ["Oak", "Ash", "Walnut", "Birch", "Cherry"],
        kinds: [
            ("Side Table", 189, 7200, Standard),
            ("Bookshelf", 329, 24_000, Oversize),
            ("Stool", 99, 3900, Standard),
            ("Armchair", 449, 17_500, Oversize),
            ("Bench", 259, 13_000, Oversize),
            ("Coat Rack", 79, 2800, Standard),
        ],
    },
    Range {
        category: "stationery",
        prefix: "STA",
        variants: ["Ruled", "Dotted", "Pocket", "Refillable", "Recycled"],
        kinds: [
            ("Notebook", 12, 280, Standard),
            ("Planner", 19, 340, Standard),
            ("Sketchbook", 16, 520, Standard),
            ("Index Cards", 6, 150, Standard),
            ("Folder", 9, 210, Standard),
            ("Writing Pad", 8, 260, Standard),
        ],
    },
    Range {
        category: "electronics",
        prefix: "ELE",
        variants: ["Compact", "Studio", "Travel", "Desktop", "Pro"],
        kinds: [
            ("Headphones", 129, 310, Standard),
            ("Keyboard", 99, 870, Standard),
            ("Speaker", 149, 2400, Fragile),
            ("Charger", 39, 180, Standard),
            ("Webcam", 79, 160, Standard),
            ("Microphone", 119, 640, Fragile),
        ],
    },
    Range {
        category: "camping",
        prefix: "CAM",
        variants: ["Alpine", "Coastal", "Ultralight", "Trail", "Expedition"],
        kinds: [
            ("Tent", 279, 2900, Standard),
            ("Sleeping Bag", 159, 1300, Standard),
            ("Stove", 64, 450, Standard),
            ("Headlamp", 44, 95, Standard),
            ("Backpack", 139, 1600, Standard),
            ("Flask", 29, 380, Standard),
        ],
    },
    Range {
        category: "cycling",
        prefix: "CYC",
        variants: ["City", "Gravel", "Touring", "Winter", "Commuter"],
        kinds: [
            ("Helmet", 79, 330, Standard),
            ("Pannier", 69, 980, Standard),
            ("Bike Light", 34, 120, Standard),
            ("Lock", 54, 1450, Standard),
            ("Pump", 29, 260, Standard),
            ("Gloves", 27, 110, Standard),
        ],
    },
    Range {
        category: "garden",
        prefix: "GAR",
        variants: ["Forged", "Balcony", "Heritage", "Long-Reach", "Folding"],
        kinds: [
            ("Trowel", 18, 310, Standard),
            ("Watering Can", 36, 1250, Standard),
            ("Secateurs", 39, 270, Standard),
            ("Planter", 48, 5200, Fragile),
            ("Hose Reel", 89, 8800, Oversize),
            ("Rake", 33, 1900, Oversize),
        ],
    },
];

pub(super) fn all() -> Vec<Article> {
    let mut articles = Vec::new();
    for range in &RANGES {
        for (position, (kind, variant)) in range
            .kinds
            .iter()
            .flat_map(|kind| range.variants.iter().map(move |variant| (kind, variant)))
            .enumerate()
        {
            let number = articles.len();
            let mut random = Random::seeded("article", number);
            let (noun, euros, grams, handling) = *kind;
            articles.push(Article {
                upc: barcode(number),
                sku: format!("{}-{:03}", range.prefix, position + 1),
                name: format!("{variant} {noun}"),
                category: range.category,
                price: Money::euro_cents(euros * random.between(80, 130) / 100 * 100 + 90),
                weight_grams: (!random.chance(5)).then(|| grams * random.between(85, 115) / 100),
                handling,
            });
        }
    }
    articles
}

/// A UPC-A barcode, whose check digit makes the weighted sum of all digits a multiple of ten.
fn barcode(number: usize) -> String {
    let digits = format!("{:011}", 73_051_200_000 + 17 * number);
    let sum: usize = digits
        .bytes()
        .enumerate()
        .map(|(place, digit)| usize::from(digit - b'0') * if place % 2 == 0 { 3 } else { 1 })
        .sum();
    format!("{digits}{}", (10 - sum % 10) % 10)
}

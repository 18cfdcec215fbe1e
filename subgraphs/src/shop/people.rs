//! The customers as they are known when the shop opens.

use std::sync::LazyLock;

use crate::random::Random;
use crate::values::{Address, Country, DateTime};

/// A customer. Not everyone has left a phone number or an address.
#[derive(Clone)]
pub(crate) struct Person {
    pub id: String,
    pub name: String,
    pub email: String,
    pub phone: Option<String>,
    pub address: Option<Address>,
    pub member_since: DateTime,
}

const COUNT: usize = 300;

/// In the order of their ids, `u1` first.
pub(crate) static PEOPLE: LazyLock<Vec<Person>> =
    LazyLock::new(|| (0..COUNT).map(person).collect());

const FIRST: [&str; 30] = [
    "Ada", "Bruno", "Clara", "Daan", "Elif", "Farid", "Greta", "Hugo", "Ines", "Jonas", "Katja",
    "Liam", "Mira", "Noor", "Oskar", "Paula", "Quentin", "Rosa", "Samir", "Tilda", "Umar", "Vera",
    "Wim", "Xenia", "Yara", "Zeno", "Amelie", "Bente", "Carlos", "Dilan",
];

const LAST: [&str; 30] = [
    "Albrecht", "Bakker", "Castillo", "Dupont", "Eder", "Fischer", "Garnier", "Huber", "Iglesias",
    "Jansen", "Keller", "Lambert", "Moreno", "Navarro", "Oliveira", "Peeters", "Quist", "Richter",
    "Schulte", "Thomas", "Ulrich", "Visser", "Wagner", "Xanthos", "Yilmaz", "Zimmer", "Aydin",
    "Bauer", "Claes", "Dietz",
];

const TOWNS: [(&str, &str, Country); 12] = [
    ("Hamburg", "20095", Country::De),
    ("Leipzig", "04109", Country::De),
    ("Cologne", "50667", Country::De),
    ("Freiburg", "79098", Country::De),
    ("Utrecht", "3511 AA", Country::Nl),
    ("Groningen", "9711 AB", Country::Nl),
    ("Lyon", "69001", Country::Fr),
    ("Nantes", "44000", Country::Fr),
    ("Graz", "8010", Country::At),
    ("Vienna", "1010", Country::At),
    ("Valencia", "46001", Country::Es),
    ("Bilbao", "48001", Country::Es),
];

const STREETS: [&str; 10] = [
    "Harbour Street",
    "Mill Lane",
    "Station Road",
    "Chestnut Avenue",
    "Canal Walk",
    "Market Square",
    "Vineyard Hill",
    "Old Bridge Road",
    "Orchard Way",
    "Lighthouse Lane",
];

fn person(number: usize) -> Person {
    let mut random = Random::seeded("person", number);
    // Thirty people share a round of first names; each round moves the last names on, so no pair comes twice.
    let (round, place) = (number / FIRST.len(), number % FIRST.len());
    let first = FIRST[place];
    let last = LAST[(place * 11 + round * 3) % LAST.len()];
    Person {
        id: format!("u{}", number + 1),
        name: format!("{first} {last}"),
        email: format!("{first}.{last}@example.com").to_lowercase(),
        phone: random
            .chance(70)
            .then(|| format!("+49 40 555 {:04}", random.below(10_000))),
        address: random.chance(90).then(|| address(&mut random)),
        member_since: DateTime::opening()
            .plus_days(-i64::from(random.between(30, 2000)))
            .plus_minutes(i64::from(random.between(0, 1439))),
    }
}

fn address(random: &mut Random) -> Address {
    let (city, postcode, country) = *random.pick(&TOWNS);
    Address {
        street: format!("{} {}", random.pick(&STREETS), random.between(1, 120)),
        postcode: postcode.to_owned(),
        city: city.to_owned(),
        country,
    }
}

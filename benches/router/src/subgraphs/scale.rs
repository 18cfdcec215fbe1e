//! Much of one thing each: bytes, entities, hops, abstract types, errors. The same numbers at every start.

use super::fixture::{Fixture, Object, Value};
use fastrand::Rng;

const ITEMS: usize = 10_000;
/// So many different items are repeated in `repeatedItems`.
const DISTINCT: usize = 10;
const CHAINS: usize = 10;
const FEED: usize = 300;
const FRAGILE: usize = 1_000;
/// One of so many is lost.
const LOST: usize = 10;
/// Bytes of each list of measurements.
const MEASURED: usize = 7_900_000 / 3;

/// Adds all the scale cases.
pub(super) fn add(fixture: &mut Fixture) {
    let mut random = Rng::with_seed(7_900_000);
    fixture
        .query
        .insert("measurements", measurements(&mut random));
    items(fixture, &mut random);
    chains(fixture);
    feed(fixture);
    fragile(fixture);
}

/// A third of the bytes each of floats, integers and strings of 20 bytes.
fn measurements(random: &mut Rng) -> Value {
    let mut list = |mut value: Box<dyn FnMut(&mut Rng) -> String>| {
        let mut json = "[".to_owned();
        while json.len() < MEASURED {
            if json.len() > 1 {
                json.push(',');
            }
            json += &value(random);
        }
        Value::Json(json + "]")
    };
    let floats = list(Box::new(|random| format!("{:?}", random.f64() * 1000.0)));
    let integers = list(Box::new(|random| random.i32(..).to_string()));
    let strings = list(Box::new(|random| {
        let letters: String = (0..20).map(|_| random.lowercase()).collect();
        format!("\"{letters}\"")
    }));
    let fields = [
        ("floats", floats),
        ("integers", integers),
        ("strings", strings),
    ];
    Value::Object(Object::new("Measurements", fields))
}

fn items(fixture: &mut Fixture, random: &mut Rng) {
    for key in 0..ITEMS {
        let price = format!("{}.{}", random.u32(1..1000), random.u32(1..10));
        let fields = [
            ("id", Value::text(&key.to_string())),
            ("title", Value::text(&format!("Item number {key}"))),
            ("price", Value::Json(price)),
            ("inStock", Value::Json(random.bool().to_string())),
        ];
        fixture.add(key, Object::new("Item", fields));
    }
    let all = Value::entities("Item", 0..ITEMS);
    let repeated = Value::entities("Item", (0..ITEMS).map(|index| index % DISTINCT));
    fixture
        .query
        .extend([("items", all), ("repeatedItems", repeated)]);
}

fn chains(fixture: &mut Fixture) {
    for key in 0..CHAINS {
        let fields = [
            ("id", Value::text(&key.to_string())),
            ("hop0", Value::number(key)),
            ("hop1", Value::Sum(&["hop0"])),
            ("hop2", Value::Sum(&["hop1"])),
            ("hop3", Value::Sum(&["hop2"])),
            ("hop4", Value::Sum(&["hop3"])),
            ("hop5", Value::Sum(&["hop4"])),
            ("hop6", Value::Sum(&["hop5"])),
            ("hop7", Value::Sum(&["hop6"])),
            ("hop8", Value::Sum(&["hop7"])),
        ];
        fixture.add(key, Object::new("Chain", fields));
    }
    fixture
        .query
        .insert("chains", Value::entities("Chain", 0..CHAINS));
}

/// Articles, polls and episodes in turn, with photos and clips as their covers.
fn feed(fixture: &mut Fixture) {
    let types = ["Article", "Poll", "Episode"];
    for key in 0..FEED {
        let url = Value::text(&format!("https://media.example/{key}"));
        let cover = match key % 2 {
            0 => Object::new("Photo", [("url", url), ("width", Value::number(640 + key))]),
            _ => Object::new("Clip", [("url", url), ("seconds", Value::number(30 + key))]),
        };
        let options =
            ["\"yes\"", "\"no\"", "\"later\""].map(|option| Value::Json(option.to_owned()));
        let fields = [
            ("id", Value::text(&key.to_string())),
            ("title", Value::text(&format!("Entry number {key}"))),
            ("cover", Value::Object(cover)),
            ("words", Value::number(500 + key)),
            ("likes", Value::number(key * 3)),
            ("options", Value::List(options.to_vec())),
            ("votes", Value::number(key * 7)),
            ("number", Value::number(key)),
            ("price", Value::Json(format!("{key}.5"))),
        ];
        fixture.add(key, Object::new(types[key % 3], fields));
    }
    let entity = |key: usize| Value::Entity(types[key % 3], key.to_string());
    fixture
        .query
        .insert("feed", Value::List((0..FEED).map(entity).collect()));
    fixture
        .abstracts
        .extend(types.map(|of| (of, &["Entry"][..])));
    fixture
        .abstracts
        .extend(["Photo", "Clip"].map(|of| (of, &["Media"][..])));
}

fn fragile(fixture: &mut Fixture) {
    for key in 0..FRAGILE {
        let fields = [
            ("id", Value::text(&key.to_string())),
            ("title", Value::text(&format!("Thing number {key}"))),
            ("score", Value::number(key)),
        ];
        let mut thing = Object::new("Fragile", fields);
        thing.lost = key % LOST == 0;
        fixture.add(key, thing);
    }
    fixture
        .query
        .insert("fragile", Value::entities("Fragile", 0..FRAGILE));
}

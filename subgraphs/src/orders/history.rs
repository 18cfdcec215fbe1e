//! The orders of the shop's first year, which it opens with.

use super::data::{ItemKey, Line, OrderStatus, Payment, Record, id};
use crate::random::Random;
use crate::shop::{CATALOGUE, PEOPLE};
use crate::values::{DateTime, Money};

const COUNT: usize = 600;
/// The latest of them are still on their way.
const OPEN: usize = 40;

pub(super) fn all() -> Vec<Record> {
    (0..COUNT).map(order).collect()
}

fn order(number: usize) -> Record {
    let mut random = Random::seeded("order", number);
    // One after the other through the year, some fourteen hours apart.
    let placed_at =
        DateTime::opening().plus_minutes(number as i64 * 840 + i64::from(random.between(0, 839)));
    // Drawn twice, which favours the first: every shop has its regulars.
    let circle = random.below(PEOPLE.len()) + 1;
    let person = random.pick(&PEOPLE[..circle]);
    let status = status(number, &mut random);
    let left = matches!(status, OrderStatus::Shipped | OrderStatus::Delivered);
    Record {
        id: id(number),
        customer: person.id.clone(),
        placed_at,
        shipped_at: left.then(|| placed_at.plus_days(i64::from(random.between(1, 3)))),
        status,
        lines: lines(&mut random),
        ship_to: person.address.clone(),
        payment: payment(placed_at, &mut random),
        note: random.chance(15).then(|| random.pick(&NOTES).to_string()),
    }
}

const NOTES: [&str; 4] = [
    "Please leave it with the neighbours.",
    "A gift, no invoice in the parcel please.",
    "Ring twice.",
    "No hurry.",
];

fn status(number: usize, random: &mut Random) -> OrderStatus {
    if random.chance(6) {
        OrderStatus::Cancelled
    } else if number < COUNT - OPEN {
        OrderStatus::Delivered
    } else {
        *random.pick(&[
            OrderStatus::Placed,
            OrderStatus::Packed,
            OrderStatus::Shipped,
        ])
    }
}

fn lines(random: &mut Random) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for _ in 0..random.between(1, 4) {
        let (item, unit_price) = item(random);
        if lines.iter().all(|line| line.item != item) {
            lines.push(Line {
                item,
                quantity: *random.pick(&[1, 1, 1, 1, 2, 2, 3]),
                unit_price,
            });
        }
    }
    lines
}

fn item(random: &mut Random) -> (ItemKey, Money) {
    if random.chance(8) {
        let bundle = random.pick(&CATALOGUE.bundles);
        (
            ItemKey::Bundle(bundle.key.clone()),
            CATALOGUE.first_price(bundle),
        )
    } else {
        let article = random.pick(&CATALOGUE.articles);
        (ItemKey::Product(article.upc.clone()), article.price)
    }
}

fn payment(placed_at: DateTime, random: &mut Random) -> Payment {
    match random.below(10) {
        0..6 => Payment::Card {
            brand: random.pick::<&str>(&["Visa", "Mastercard", "Maestro"]),
            last_digits: format!("{:04}", random.below(10_000)),
        },
        6..9 => Payment::Invoice {
            due_at: placed_at.plus_days(14),
        },
        _ => Payment::Voucher {
            code: format!("GIFT-{:05}", random.below(100_000)),
        },
    }
}

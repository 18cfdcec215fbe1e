//! The tariff: what it costs to send a parcel, and which warehouse sends what.

use crate::values::{Country, Handling, Money};

/// What a carrier wants to know of one piece.
pub(super) struct Parcel {
    pub grams: i32,
    pub price: Money,
    pub handling: Handling,
}

/// From this price on, in minor units, standard shipping within Germany is free.
const FREE_FROM: i32 = 10_000;

/// A base and each started kilogram by the country, then the packing; free for what is dear and stays in Germany.
pub(super) fn standard(parcel: &Parcel, to: Country) -> Money {
    if to == Country::De && parcel.price.amount >= FREE_FROM {
        return Money {
            amount: 0,
            ..parcel.price
        };
    }
    tariff(parcel, to)
}

/// Twice the tariff and never free.
pub(super) fn express(parcel: &Parcel, to: Country) -> Money {
    tariff(parcel, to).times(2)
}

fn tariff(parcel: &Parcel, to: Country) -> Money {
    let (base, per_kilogram) = match to {
        Country::De => (390, 50),
        Country::At | Country::Nl => (590, 90),
        Country::Fr => (690, 110),
        Country::Es => (890, 140),
    };
    let packing = match parcel.handling {
        Handling::Standard => 0,
        Handling::Fragile => 250,
        Handling::Oversize => 1900,
    };
    let kilograms = parcel.grams.max(0) / 1000 + i32::from(parcel.grams.max(0) % 1000 > 0);
    Money {
        // The heaviest parcel an Int can name comes to three hundred million, far from the end of the range.
        amount: base + per_kilogram * kilograms + packing,
        ..parcel.price
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parcel(grams: i32, cents: i32, handling: Handling) -> Parcel {
        Parcel {
            grams,
            price: Money::euro_cents(cents),
            handling,
        }
    }

    #[test]
    fn every_started_kilogram_counts() {
        let cents = |grams| standard(&parcel(grams, 500, Handling::Standard), Country::De).amount;
        assert_eq!([0, 1, 1000, 1001].map(cents), [390, 440, 440, 490]);
        assert_eq!(cents(-5), 390);
        assert_eq!(cents(i32::MAX), 390 + 50 * 2_147_484);
    }

    #[test]
    fn dear_parcels_are_free_at_home_but_not_abroad_nor_overnight() {
        let dear = parcel(1500, FREE_FROM, Handling::Fragile);
        assert_eq!(standard(&dear, Country::De).amount, 0);
        assert_eq!(standard(&dear, Country::Fr).amount, 690 + 220 + 250);
        assert_eq!(express(&dear, Country::De).amount, 2 * (390 + 100 + 250));
    }
}

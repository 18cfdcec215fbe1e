//! Amounts of money, in whole minor units so that no sum is ever rounded.

use async_graphql::{ComplexObject, Enum, InputObject, SimpleObject};

/// The currency of an amount, by its ISO 4217 code.
#[derive(Enum, Clone, Copy, PartialEq, Eq, Debug)]
#[graphql(rename_items = "SCREAMING_SNAKE_CASE")]
pub enum Currency {
    Eur,
}

/// An amount of money.
#[derive(SimpleObject, Clone, Copy, PartialEq, Eq, Debug)]
#[graphql(shareable, complex)]
pub(crate) struct Money {
    /// In minor units: 1290 is 12.90 euros.
    pub amount: i32,
    pub currency: Currency,
}

#[ComplexObject]
impl Money {
    /// Ready to show, as in `€12.90`.
    async fn display(&self) -> String {
        self.text()
    }
}

impl Money {
    pub(crate) const fn euro_cents(amount: i32) -> Money {
        Money {
            amount,
            currency: Currency::Eur,
        }
    }

    /// The amount `count` times; it stops at the largest amount instead of wrapping.
    pub(crate) fn times(self, count: i32) -> Money {
        Money {
            amount: self.amount.saturating_mul(count),
            ..self
        }
    }

    fn text(self) -> String {
        let Currency::Eur = self.currency;
        let sign = if self.amount < 0 { "-" } else { "" };
        let units = self.amount.unsigned_abs();
        format!("{sign}€{}.{:02}", units / 100, units % 100)
    }
}

impl std::iter::Sum for Money {
    fn sum<I: Iterator<Item = Money>>(amounts: I) -> Money {
        amounts.fold(Money::euro_cents(0), |sum, next| Money {
            amount: sum.amount.saturating_add(next.amount),
            ..sum
        })
    }
}

/// `Money` as another subgraph's answer brings it here inside a representation.
#[derive(InputObject, Clone, Copy)]
pub(crate) struct SentMoney {
    pub amount: i32,
    pub currency: Currency,
}

impl From<SentMoney> for Money {
    fn from(sent: SentMoney) -> Money {
        Money {
            amount: sent.amount,
            currency: sent.currency,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_read_as_prices() {
        let texts = [1290, 5, 0, -250].map(|cents| Money::euro_cents(cents).text());
        assert_eq!(texts, ["€12.90", "€0.05", "€0.00", "-€2.50"]);
    }

    #[test]
    fn sums_stop_at_the_largest_amount() {
        let most = Money::euro_cents(i32::MAX);
        assert_eq!([most, most].into_iter().sum::<Money>(), most);
        assert_eq!(most.times(3), most);
    }
}

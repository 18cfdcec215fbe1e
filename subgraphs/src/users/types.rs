//! The types of the users subgraph: `User`, which it owns, and `Product`, which it only refers to.

use std::sync::Arc;

use async_graphql::{ID, InputObject, Object, Result, SimpleObject};

use super::data::{Newcomer, Record};
use crate::values::{Address, DateTime, Money, Tier};

/// A customer of the shop.
pub(super) struct User {
    record: Arc<Record>,
    /// What orders reported, when this user came here as a representation that had to carry it.
    total_spent: Option<Money>,
}

impl User {
    pub(super) fn new(record: Arc<Record>) -> User {
        User {
            record,
            total_spent: None,
        }
    }

    pub(super) fn sent(record: Arc<Record>, total_spent: Option<Money>) -> User {
        User {
            record,
            total_spent,
        }
    }
}

/// A customer of the shop.
#[Object]
impl User {
    async fn id(&self) -> ID {
        ID(self.record.person.id.clone())
    }

    /// What they sign in with. Never changes.
    async fn email(&self) -> &str {
        &self.record.person.email
    }

    /// The full name.
    async fn name(&self) -> &str {
        &self.record.person.name
    }

    /// Null when they left none.
    async fn phone(&self) -> Option<&str> {
        self.record.person.phone.as_deref()
    }

    /// Where orders are sent. Null for those who collect them.
    async fn address(&self) -> Option<&Address> {
        self.record.person.address.as_ref()
    }

    /// When they registered.
    async fn member_since(&self) -> DateTime {
        self.record.person.member_since
    }

    /// The products they wished for, the latest first.
    async fn wishlist(
        &self,
        #[graphql(default = 10, validator(minimum = 0, maximum = 100))] first: i32,
    ) -> Vec<Product> {
        let skus = self.record.wishlist.iter().take(first.max(0) as usize);
        skus.map(|sku| Product { sku: sku.clone() }).collect()
    }

    /// All that was paid for orders that stand. Comes from orders.
    #[graphql(external)]
    async fn total_spent(&self) -> Result<Money> {
        self.total_spent
            .ok_or_else(|| "totalSpent was not sent".into())
    }

    /// How loyal a customer they are.
    #[graphql(requires = "totalSpent { amount }")]
    async fn tier(&self) -> Result<Tier> {
        let spent = self
            .total_spent
            .ok_or("tier needs totalSpent, which was not sent")?;
        Ok(match spent.amount {
            ..50_000 => Tier::Bronze,
            50_000..150_000 => Tier::Silver,
            150_000.. => Tier::Gold,
        })
    }
}

// A product, of which users knows only the stock number. No `///`: that would be offered to clients as the type's
// description, which is for products to write.
#[derive(SimpleObject)]
#[graphql(unresolvable = "sku")]
pub(super) struct Product {
    pub sku: String,
}

/// `totalSpent` as it is sent here: just what `tier` requires of it.
#[derive(InputObject)]
pub(super) struct SentTotal {
    pub amount: i32,
}

/// A customer who registers.
#[derive(InputObject)]
pub(super) struct RegisterUser {
    /// The full name, 1 to 100 characters.
    pub name: String,
    /// Must not be registered yet.
    pub email: String,
    pub phone: Option<String>,
}

impl From<RegisterUser> for Newcomer {
    fn from(input: RegisterUser) -> Newcomer {
        Newcomer {
            name: input.name,
            email: input.email,
            phone: input.phone,
        }
    }
}

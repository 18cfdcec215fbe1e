//! The customers of this process: those the shop opens with and those registered since.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::random::Random;
use crate::refusal::Refusal;
use crate::shop::{CATALOGUE, PEOPLE, Person};
use crate::values::DateTime;

/// So that an experiment left running does not fill the memory.
const MOST_USERS: usize = 100_000;

pub(super) struct Record {
    pub person: Person,
    /// Stock numbers of products, the latest wish first.
    pub wishlist: Vec<String>,
}

/// A customer who registers now.
pub(super) struct Newcomer {
    pub name: String,
    pub email: String,
    pub phone: Option<String>,
}

/// Rows are in the order of their ids; a row is replaced, never changed, so readers keep what they saw.
pub(super) struct Store(Mutex<Vec<Arc<Record>>>);

impl Store {
    pub(super) fn open() -> Store {
        let rows = PEOPLE.iter().enumerate().map(|(number, person)| {
            Arc::new(Record {
                person: person.clone(),
                wishlist: wishlist(number),
            })
        });
        Store(Mutex::new(rows.collect()))
    }

    pub(super) fn by_id(&self, id: &str) -> Option<Arc<Record>> {
        let rows = self.rows();
        position(&rows, id).map(|position| rows[position].clone())
    }

    pub(super) fn by_email(&self, email: &str) -> Option<Arc<Record>> {
        let rows = self.rows();
        rows.iter().find(|row| row.person.email == email).cloned()
    }

    pub(super) fn all(&self) -> Vec<Arc<Record>> {
        self.rows().clone()
    }

    pub(super) fn register(&self, newcomer: Newcomer) -> Result<Arc<Record>, Refusal> {
        let name = checked_name(&newcomer.name)?;
        let email = checked_email(&newcomer.email)?;
        let mut rows = self.rows();
        if rows.len() >= MOST_USERS {
            return Err(Refusal::Full { what: "users" });
        }
        if rows.iter().any(|row| row.person.email == email) {
            return Err(Refusal::EmailTaken { email });
        }
        let record = Arc::new(Record {
            person: Person {
                id: format!("u{}", rows.len() + 1),
                name,
                email,
                phone: newcomer.phone,
                address: None,
                member_since: DateTime::now(),
            },
            wishlist: Vec::new(),
        });
        rows.push(record.clone());
        Ok(record)
    }

    pub(super) fn rename(&self, id: &str, name: &str) -> Result<Arc<Record>, Refusal> {
        let name = checked_name(name)?;
        let mut rows = self.rows();
        let position = position(&rows, id).ok_or_else(|| Refusal::unknown("user", id))?;
        let old = &rows[position];
        let record = Arc::new(Record {
            person: Person {
                name,
                ..old.person.clone()
            },
            wishlist: old.wishlist.clone(),
        });
        rows[position] = record.clone();
        Ok(record)
    }

    fn rows(&self) -> MutexGuard<'_, Vec<Arc<Record>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ids count up from `u1`, so the id tells the place; it is compared, since `u01` names nobody.
fn position(rows: &[Arc<Record>], id: &str) -> Option<usize> {
    let position = id
        .strip_prefix('u')?
        .parse::<usize>()
        .ok()?
        .checked_sub(1)?;
    (rows.get(position)?.person.id == id).then_some(position)
}

fn checked_name(name: &str) -> Result<String, Refusal> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > 100 {
        return Err(Refusal::Invalid {
            input: "name",
            rule: "1 to 100 characters",
        });
    }
    Ok(name.to_owned())
}

fn checked_email(email: &str) -> Result<String, Refusal> {
    let email = email.trim().to_lowercase();
    let parts = email.split_once('@');
    let sound = parts.is_some_and(|(local, host)| !local.is_empty() && host.contains('.'));
    if !sound || email.len() > 254 || email.contains(char::is_whitespace) {
        return Err(Refusal::Invalid {
            input: "email",
            rule: "an address such as ada@example.com",
        });
    }
    Ok(email)
}

/// Up to five different products.
fn wishlist(number: usize) -> Vec<String> {
    let mut random = Random::seeded("wishlist", number);
    let mut skus: Vec<String> = Vec::new();
    for _ in 0..random.below(6) {
        let sku = &random.pick(&CATALOGUE.articles).sku;
        if !skus.contains(sku) {
            skus.push(sku.clone());
        }
    }
    skus
}

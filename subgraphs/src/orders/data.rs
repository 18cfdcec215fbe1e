//! The orders of this process: those the shop opens with and those placed since.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_graphql::Enum;
use tokio::sync::broadcast;

use super::history;
use crate::refusal::Refusal;
use crate::shop::{BundleKey, CATALOGUE, PEOPLE};
use crate::values::{Address, DateTime, Money};

/// So that an experiment left running does not fill the memory.
const MOST_ORDERS: usize = 100_000;
/// Changes that a slow subscriber may fall behind; it then misses the oldest.
const CHANGES_KEPT: usize = 256;

/// Where an order is on its way to the customer.
#[derive(Enum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum OrderStatus {
    Placed,
    Packed,
    Shipped,
    Delivered,
    Cancelled,
}

impl OrderStatus {
    /// None when the order is closed.
    fn next(self) -> Option<OrderStatus> {
        match self {
            OrderStatus::Placed => Some(OrderStatus::Packed),
            OrderStatus::Packed => Some(OrderStatus::Shipped),
            OrderStatus::Shipped => Some(OrderStatus::Delivered),
            OrderStatus::Delivered | OrderStatus::Cancelled => None,
        }
    }

    pub fn is_final(self) -> bool {
        self.next().is_none()
    }
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) enum ItemKey {
    /// By barcode.
    Product(String),
    Bundle(BundleKey),
}

#[derive(Clone)]
pub(super) struct Line {
    pub item: ItemKey,
    pub quantity: i32,
    /// Of one piece, as it was when the order was placed.
    pub unit_price: Money,
}

#[derive(Clone)]
pub(super) enum Payment {
    Card {
        brand: &'static str,
        last_digits: String,
    },
    Invoice {
        due_at: DateTime,
    },
    Voucher {
        code: String,
    },
}

#[derive(Clone)]
pub(super) struct Record {
    pub id: String,
    pub customer: String,
    pub placed_at: DateTime,
    pub shipped_at: Option<DateTime>,
    pub status: OrderStatus,
    pub lines: Vec<Line>,
    /// None when the customer collects it.
    pub ship_to: Option<Address>,
    pub payment: Payment,
    pub note: Option<String>,
}

impl Record {
    pub(super) fn total(&self) -> Money {
        let subtotals = self
            .lines
            .iter()
            .map(|line| line.unit_price.times(line.quantity));
        subtotals.sum()
    }
}

/// What a client wants to buy.
pub(super) struct Basket {
    pub customer: String,
    /// Barcodes and quantities.
    pub lines: Vec<(String, i32)>,
    pub note: Option<String>,
}

pub(super) struct Store {
    book: Mutex<Book>,
    changes: broadcast::Sender<Arc<Record>>,
}

/// The orders in the order of their ids. One is replaced, never changed, so readers keep what they saw.
struct Book {
    orders: Vec<Arc<Record>>,
    /// Positions in `orders`.
    by_customer: HashMap<String, Vec<usize>>,
    /// Pieces in orders that stand.
    ordered: HashMap<ItemKey, i32>,
}

impl Store {
    pub(super) fn open() -> Store {
        let mut book = Book {
            orders: Vec::new(),
            by_customer: HashMap::new(),
            ordered: HashMap::new(),
        };
        history::all()
            .into_iter()
            .for_each(|order| book.enter(Arc::new(order)));
        Store {
            book: Mutex::new(book),
            changes: broadcast::channel(CHANGES_KEPT).0,
        }
    }

    pub(super) fn order(&self, id: &str) -> Option<Arc<Record>> {
        let book = self.book();
        position(id).and_then(|place| book.orders.get(place).cloned())
    }

    /// The latest first.
    pub(super) fn orders(&self) -> Vec<Arc<Record>> {
        self.book().orders.iter().rev().cloned().collect()
    }

    /// The latest first.
    pub(super) fn orders_of(&self, customer: &str) -> Vec<Arc<Record>> {
        let book = self.book();
        let places = book.by_customer.get(customer).into_iter().flatten().rev();
        places.map(|place| book.orders[*place].clone()).collect()
    }

    pub(super) fn times_ordered(&self, item: &ItemKey) -> i32 {
        self.book().ordered.get(item).copied().unwrap_or(0)
    }

    /// Takes the catalogue's first prices: orders keeps a price list of its own, as products may be out of reach.
    pub(super) fn place(&self, basket: Basket) -> Result<Arc<Record>, Refusal> {
        let lines = priced(&basket.lines)?;
        let person = PEOPLE.iter().find(|person| person.id == basket.customer);
        let placed_at = DateTime::now();
        let mut book = self.book();
        if book.orders.len() >= MOST_ORDERS {
            return Err(Refusal::Full { what: "orders" });
        }
        let order = Arc::new(Record {
            id: id(book.orders.len()),
            customer: basket.customer,
            placed_at,
            shipped_at: None,
            status: OrderStatus::Placed,
            lines,
            ship_to: person.and_then(|person| person.address.clone()),
            payment: Payment::Invoice {
                due_at: placed_at.plus_days(14),
            },
            note: basket.note,
        });
        book.enter(order.clone());
        Ok(order)
    }

    /// Moves an order one step on its way.
    pub(super) fn advance(&self, id: &str) -> Result<Arc<Record>, Refusal> {
        self.change(id, |order| {
            order.status = order.status.next()?;
            if order.status == OrderStatus::Shipped {
                order.shipped_at = Some(DateTime::now());
            }
            Some(())
        })
    }

    /// Only before it is shipped.
    pub(super) fn cancel(&self, id: &str) -> Result<Arc<Record>, Refusal> {
        self.change(id, |order| {
            let open = matches!(order.status, OrderStatus::Placed | OrderStatus::Packed);
            open.then(|| order.status = OrderStatus::Cancelled)
        })
    }

    /// The order as it is now and the changes of all orders from here on, with none between lost or seen twice.
    pub(super) fn watch(
        &self,
        id: &str,
    ) -> Option<(Arc<Record>, broadcast::Receiver<Arc<Record>>)> {
        let book = self.book();
        let order = book.orders.get(position(id)?)?.clone();
        Some((order, self.changes.subscribe()))
    }

    /// Applies a change that says None when the order is too far on its way for it.
    fn change(
        &self,
        id: &str,
        change: impl FnOnce(&mut Record) -> Option<()>,
    ) -> Result<Arc<Record>, Refusal> {
        let mut book = self.book();
        let place = position(id)
            .filter(|place| *place < book.orders.len())
            .ok_or_else(|| Refusal::unknown("order", id))?;
        let mut order = (*book.orders[place]).clone();
        change(&mut order).ok_or_else(|| Refusal::OrderClosed { id: id.to_owned() })?;
        let order = Arc::new(order);
        if order.status == OrderStatus::Cancelled {
            book.count(&order.lines, -1);
        }
        book.orders[place] = order.clone();
        // Still under the lock, so that subscribers see changes in the order they happened. An error means that
        // nobody listens.
        let _ = self.changes.send(order.clone());
        Ok(order)
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Book {
    fn enter(&mut self, order: Arc<Record>) {
        let places = self.by_customer.entry(order.customer.clone()).or_default();
        places.push(self.orders.len());
        if order.status != OrderStatus::Cancelled {
            self.count(&order.lines, 1);
        }
        self.orders.push(order);
    }

    fn count(&mut self, lines: &[Line], sign: i32) {
        for line in lines {
            let pieces = self.ordered.entry(line.item.clone()).or_default();
            *pieces = pieces.saturating_add(sign * line.quantity);
        }
    }
}

/// Ids count up from `o1001`, so the id tells the place.
pub(super) fn id(place: usize) -> String {
    format!("o{}", place + 1001)
}

fn position(text: &str) -> Option<usize> {
    let place = text
        .strip_prefix('o')?
        .parse::<usize>()
        .ok()?
        .checked_sub(1001)?;
    (id(place) == text).then_some(place)
}

fn priced(lines: &[(String, i32)]) -> Result<Vec<Line>, Refusal> {
    if !(1..=50).contains(&lines.len()) {
        return Err(Refusal::Invalid {
            input: "lines",
            rule: "1 to 50 lines",
        });
    }
    let priced = lines.iter().map(|(upc, quantity)| {
        if !(1..=100).contains(quantity) {
            return Err(Refusal::Invalid {
                input: "quantity",
                rule: "1 to 100",
            });
        }
        let article = CATALOGUE
            .article(upc)
            .ok_or_else(|| Refusal::unknown("product", upc))?;
        Ok(Line {
            item: ItemKey::Product(upc.clone()),
            quantity: *quantity,
            unit_price: article.price,
        })
    });
    priced.collect()
}

//! An order and its parts: lines, payment, shipments.

use std::sync::Arc;

use async_graphql::{ID, Object, SimpleObject, Union};

use super::customers::User;
use super::data::{self, ItemKey, OrderStatus, Record};
use super::items::Item;
use crate::shop::{self, CATALOGUE, WAREHOUSES};
use crate::values::{Address, DateTime, Money};

/// Something a customer bought.
pub(super) struct Order(pub Arc<Record>);

/// Something a customer bought.
#[Object]
impl Order {
    /// As in `o1001`.
    async fn id(&self) -> ID {
        ID(self.0.id.clone())
    }

    async fn placed_at(&self) -> DateTime {
        self.0.placed_at
    }

    /// Where it is on its way.
    async fn status(&self) -> OrderStatus {
        self.0.status
    }

    async fn customer(&self) -> User {
        User {
            id: self.0.customer.clone(),
        }
    }

    async fn lines(&self) -> Vec<OrderLine> {
        let lines = self.0.lines.iter().enumerate();
        lines
            .map(|(position, line)| OrderLine::new(position, line))
            .collect()
    }

    /// The sum of all lines.
    async fn total(&self) -> Money {
        self.0.total()
    }

    /// Null when the customer collects it.
    async fn ship_to(&self) -> Option<&Address> {
        self.0.ship_to.as_ref()
    }

    /// How it is paid.
    async fn payment(&self) -> Payment {
        Payment::from(self.0.payment.clone())
    }

    /// What the customer asked for. Null when nothing.
    async fn note(&self) -> Option<&str> {
        self.0.note.as_deref()
    }

    /// The parcels it left in. Empty until then.
    async fn shipments(&self) -> Vec<Shipment> {
        shipments(&self.0)
    }
}

/// So many pieces of one thing.
#[derive(SimpleObject)]
pub(super) struct OrderLine {
    /// Counts from 1.
    position: i32,
    /// What was bought.
    item: Item,
    quantity: i32,
    /// Of one piece, as it was when the order was placed.
    unit_price: Money,
    /// Of all pieces.
    subtotal: Money,
}

impl OrderLine {
    fn new(position: usize, line: &data::Line) -> OrderLine {
        OrderLine {
            position: position as i32 + 1,
            item: Item::from(line.item.clone()),
            quantity: line.quantity,
            unit_price: line.unit_price,
            subtotal: line.unit_price.times(line.quantity),
        }
    }
}

/// How an order is paid.
#[derive(Union)]
pub(super) enum Payment {
    Card(CardPayment),
    Invoice(InvoicePayment),
    Voucher(VoucherPayment),
}

/// By card, at once.
#[derive(SimpleObject)]
pub(super) struct CardPayment {
    brand: &'static str,
    /// The last four digits.
    last_digits: String,
}

/// By bank transfer, later.
#[derive(SimpleObject)]
pub(super) struct InvoicePayment {
    due_at: DateTime,
}

/// By gift voucher.
#[derive(SimpleObject)]
pub(super) struct VoucherPayment {
    code: String,
}

impl From<data::Payment> for Payment {
    fn from(payment: data::Payment) -> Payment {
        match payment {
            data::Payment::Card { brand, last_digits } => {
                Payment::Card(CardPayment { brand, last_digits })
            }
            data::Payment::Invoice { due_at } => Payment::Invoice(InvoicePayment { due_at }),
            data::Payment::Voucher { code } => Payment::Voucher(VoucherPayment { code }),
        }
    }
}

/// A parcel, sent from one warehouse.
#[derive(SimpleObject)]
pub(super) struct Shipment {
    carrier: &'static str,
    /// Null when the carrier gives none.
    tracking_number: Option<String>,
    shipped_at: DateTime,
    /// Where it was sent from.
    #[graphql(provides = "city")]
    origin: Warehouse,
    /// From which stock its products were taken, those of bundles included.
    stock: Vec<Stock>,
}

/// A place that goods are sent from.
#[derive(SimpleObject)]
#[graphql(unresolvable = "id")]
pub(super) struct Warehouse {
    id: ID,
    #[graphql(external)]
    city: &'static str,
}

impl From<&shop::Warehouse> for Warehouse {
    fn from(warehouse: &shop::Warehouse) -> Warehouse {
        Warehouse {
            id: warehouse.id.into(),
            city: warehouse.city,
        }
    }
}

/// How much of a product lies in a warehouse.
#[derive(SimpleObject)]
#[graphql(unresolvable = "sku warehouse { id }")]
pub(super) struct Stock {
    sku: String,
    warehouse: Warehouse,
}

/// Lines take turns at two neighbouring warehouses; what leaves the same one travels together.
fn shipments(order: &Record) -> Vec<Shipment> {
    let Some(shipped_at) = order.shipped_at else {
        return Vec::new();
    };
    let seed = order.id.bytes().map(usize::from).sum::<usize>();
    let sent_from = |turn: usize| {
        let warehouse = &WAREHOUSES[(seed + turn) % WAREHOUSES.len()];
        let lines = order.lines.iter().skip(turn).step_by(2);
        let stock: Vec<Stock> = lines
            .flat_map(|line| skus(&line.item))
            .map(|sku| Stock {
                sku,
                warehouse: warehouse.into(),
            })
            .collect();
        (!stock.is_empty()).then(|| Shipment {
            carrier: if seed % 3 == 0 {
                "Rail Freight"
            } else {
                "Parcel Post"
            },
            tracking_number: (seed % 3 != 0).then(|| format!("PP{}{turn}", &order.id[1..])),
            shipped_at,
            origin: warehouse.into(),
            stock,
        })
    };
    (0..2).filter_map(sent_from).collect()
}

/// The stock numbers of what is in a line.
fn skus(item: &ItemKey) -> Vec<String> {
    match item {
        ItemKey::Product(upc) => {
            let article = CATALOGUE.article(upc);
            article
                .map(|article| article.sku.clone())
                .into_iter()
                .collect()
        }
        ItemKey::Bundle(key) => {
            let contents = CATALOGUE
                .bundle(key)
                .into_iter()
                .flat_map(|bundle| &bundle.contents);
            contents
                .map(|place| CATALOGUE.articles[*place].sku.clone())
                .collect()
        }
    }
}

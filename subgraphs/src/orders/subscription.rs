//! What clients can follow in orders.

use std::sync::Arc;

use async_graphql::futures_util::stream::{self, Stream};
use async_graphql::{Context, ID, Result};
use tokio::sync::broadcast::{Receiver, error::RecvError};

use super::data::Record;
use super::order::Order;
use super::query::store;
use crate::refusal::Refusal;

pub(crate) struct Subscription;

#[async_graphql::Subscription]
impl Subscription {
    /// An order as it is now and again after each change, until it is delivered or cancelled.
    async fn order_status(
        &self,
        ctx: &Context<'_>,
        id: ID,
    ) -> Result<impl Stream<Item = Order> + use<>> {
        let (now, changes) = store(ctx)
            .watch(&id)
            .ok_or_else(|| Refusal::unknown("order", &id).into_error())?;
        Ok(stream::unfold(
            Watch::Joined { now, changes },
            |watch| async {
                let (order, watch) = watch.next().await?;
                Some((Order(order), watch))
            },
        ))
    }
}

/// A subscriber's view of one order.
enum Watch {
    /// The state it joined at is yet to be told.
    Joined {
        now: Arc<Record>,
        changes: Receiver<Arc<Record>>,
    },
    Waiting {
        id: String,
        changes: Receiver<Arc<Record>>,
    },
    Over,
}

impl Watch {
    async fn next(self) -> Option<(Arc<Record>, Watch)> {
        let (order, changes) = match self {
            Watch::Joined { now, changes } => (now, changes),
            Watch::Waiting { id, mut changes } => (change_of(&id, &mut changes).await?, changes),
            Watch::Over => return None,
        };
        let watch = if order.status.is_final() {
            Watch::Over
        } else {
            Watch::Waiting {
                id: order.id.clone(),
                changes,
            }
        };
        Some((order, watch))
    }
}

async fn change_of(id: &str, changes: &mut Receiver<Arc<Record>>) -> Option<Arc<Record>> {
    loop {
        match changes.recv().await {
            Ok(order) if order.id == id => return Some(order),
            // Another order's change, or so many that the oldest were lost.
            Ok(_) | Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return None,
        }
    }
}

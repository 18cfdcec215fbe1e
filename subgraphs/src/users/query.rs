//! The queries of the users subgraph and its entities: a user by id, and by email.

use async_graphql::{Context, ID, Object, Result};

use super::data::Store;
use super::types::{SentTotal, User};
use crate::refusal::Refusal;
use crate::server::Caller;
use crate::values::{Money, Page, Window};

pub(crate) struct Query;

#[Object]
impl Query {
    /// Who is asking: the user named by the header `x-user-id`, else the first one.
    async fn me(&self, ctx: &Context<'_>) -> Option<User> {
        let caller = ctx.data_opt::<Caller>().and_then(Caller::user_id);
        store(ctx).by_id(caller.unwrap_or("u1")).map(User::new)
    }

    /// A user by id, as in `u7`.
    async fn user(&self, ctx: &Context<'_>, id: ID) -> Option<User> {
        store(ctx).by_id(&id).map(User::new)
    }

    /// A user by email.
    async fn user_by_email(&self, ctx: &Context<'_>, email: String) -> Option<User> {
        store(ctx).by_email(&email).map(User::new)
    }

    /// All users, in the order in which they registered.
    async fn users(
        &self,
        ctx: &Context<'_>,
        #[graphql(default = 20, validator(minimum = 0, maximum = 100))] first: i32,
        after: Option<String>,
    ) -> Result<Page<User>> {
        Window { first, after }
            .cut(store(ctx).all(), |row| &row.person.id, User::new)
            .map_err(Refusal::into_error)
    }

    #[graphql(entity)]
    async fn user_entity_by_id(
        &self,
        ctx: &Context<'_>,
        #[graphql(key)] id: ID,
        total_spent: Option<SentTotal>,
    ) -> Option<User> {
        let record = store(ctx).by_id(&id)?;
        Some(User::sent(record, total_spent.map(received)))
    }

    #[graphql(entity)]
    async fn user_entity_by_email(
        &self,
        ctx: &Context<'_>,
        #[graphql(key)] email: String,
        total_spent: Option<SentTotal>,
    ) -> Option<User> {
        let record = store(ctx).by_email(&email)?;
        Some(User::sent(record, total_spent.map(received)))
    }
}

fn received(total: SentTotal) -> Money {
    Money::euro_cents(total.amount)
}

/// Every schema is built with its store, so it is always there.
pub(super) fn store<'a>(ctx: &'a Context<'_>) -> &'a Store {
    ctx.data_unchecked()
}

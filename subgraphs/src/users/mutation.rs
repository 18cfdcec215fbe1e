//! What clients can change in users.

use async_graphql::{Context, ID, Object, Result};

use super::query::store;
use super::types::{RegisterUser, User};
use crate::refusal::Refusal;

pub(crate) struct Mutation;

#[Object]
impl Mutation {
    /// Registers a new customer.
    async fn register_user(&self, ctx: &Context<'_>, input: RegisterUser) -> Result<User> {
        let registered = store(ctx).register(input.into());
        registered.map(User::new).map_err(Refusal::into_error)
    }

    /// Changes the name of a customer.
    async fn rename_user(&self, ctx: &Context<'_>, id: ID, name: String) -> Result<User> {
        let renamed = store(ctx).rename(&id, &name);
        renamed.map(User::new).map_err(Refusal::into_error)
    }
}

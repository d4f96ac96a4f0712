//! Users and server keys.

use bongsu_types::{Fact, ServerKey, UserId};

use crate::embedded::job::Mutation;
use crate::embedded::row::people::{decode_server_key, encode_server_key};
use crate::embedded::source::{Source, empty_profile};
use crate::embedded::table::Table;
use crate::embedded::transaction::Transaction;
use crate::{ProfileChange, StoreResult};

/// Creates or changes users.
pub(crate) struct UpsertUsers(pub(crate) Vec<(UserId, ProfileChange)>);

impl Mutation for UpsertUsers {
    type Answer = ();

    fn decide(self, transaction: &mut Transaction<'_, '_>) -> StoreResult<()> {
        for (user, change) in &self.0 {
            change_profile(transaction, user, change)?;
        }
        Ok(())
    }
}

/// Makes a user known, and stores what differs.
pub(super) fn change_profile(
    transaction: &mut Transaction<'_, '_>,
    user: &UserId,
    change: &ProfileChange,
) -> StoreResult<()> {
    let mut state = transaction.user(user)?.unwrap_or_default();
    if !state.known {
        state.known = true;
        transaction.put_user(user, &state);
    }
    let before = transaction.profile(user)?.unwrap_or_else(|| empty_profile(user));
    let mut after = before.clone();
    if let Some(name) = &change.name {
        after.name.clone_from(name);
    }
    if let Some(image) = &change.image {
        after.image.clone_from(image);
    }
    if let Some(data) = &change.data {
        after.data = Some(data.clone()).filter(|data| !data.is_empty());
    }
    if after != before {
        transaction.change_profile(&after);
    }
    Ok(())
}

/// Refuses tokens of a user issued until now.
pub(crate) struct RevokeUser(pub(crate) UserId);

impl Mutation for RevokeUser {
    type Answer = ();
    const USES_RESERVE: bool = true;

    fn decide(self, transaction: &mut Transaction<'_, '_>) -> StoreResult<()> {
        let before_ms = transaction.now;
        let mut state = transaction.user(&self.0)?.unwrap_or_default();
        state.revoked_ms = Some(before_ms);
        transaction.put_user(&self.0, &state);
        transaction.fact(Fact::UserRevoked { user: self.0, before_ms });
        Ok(())
    }
}

/// Stores a server key.
pub(crate) struct PutServerKey(pub(crate) ServerKey);

impl Mutation for PutServerKey {
    type Answer = ();

    fn decide(self, transaction: &mut Transaction<'_, '_>) -> StoreResult<()> {
        let id = self.0.id.as_bytes();
        let before = transaction.row(Table::ServerKey, id, |value| decode_server_key(id, value))?;
        if before.as_ref() != Some(&self.0) {
            transaction.put(Table::ServerKey, id, encode_server_key(&self.0));
        }
        Ok(())
    }
}

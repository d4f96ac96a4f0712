//! Accepting a direct room that came as a request.

use bongsu_types::{Head, OwnChange, RoomId, UserId, UserRev};

use crate::StoreResult;
use crate::embedded::job::Mutation;
use crate::embedded::row::own::StoredOwn;
use crate::embedded::source::Source;
use crate::embedded::transaction::Transaction;

/// A member accepts.
pub(crate) struct Accept {
    pub(crate) user: UserId,
    pub(crate) room: RoomId,
}

impl Mutation for Accept {
    type Answer = UserRev;

    fn decide(self, transaction: &mut Transaction<'_, '_>) -> StoreResult<UserRev> {
        let mut own = transaction.require_member(&self.user, self.room)?;
        if !own.row.request {
            return transaction.user_rev(&self.user);
        }
        let head = transaction.require_head(self.room)?;
        accept(transaction, &mut own, &head)
    }
}

/// From here on the room counts as one of the user's own.
pub(super) fn accept(
    transaction: &mut Transaction<'_, '_>,
    own: &mut StoredOwn,
    head: &Head,
) -> StoreResult<UserRev> {
    let mut state = transaction.user(&own.row.user)?.unwrap_or_default();
    state.rooms += 1;
    transaction.put_user(&own.row.user, &state);
    own.row.request = false;
    let from_seq = own.row.joined_seq;
    transaction.own_fact(own, head.seq, OwnChange::Joined { from_seq })
}

//! What a user does with an own row: read marks, the unread flag, settings.

use bongsu_types::{Fact, Head, Ordinal, OwnChange, RoomId, RoomKind, Seq, Settings, UserId, UserRev};

use crate::embedded::job::Mutation;
use crate::embedded::row::own::StoredOwn;
use crate::embedded::source::Source;
use crate::embedded::transaction::Transaction;
use crate::{MarkedRead, SettingsChange, StoreResult};

/// A member has read up to here.
pub(crate) struct MarkRead {
    pub(crate) user: UserId,
    pub(crate) room: RoomId,
    pub(crate) seq: Seq,
}

impl Mutation for MarkRead {
    type Answer = MarkedRead;

    fn decide(self, transaction: &mut Transaction<'_, '_>) -> StoreResult<MarkedRead> {
        let mut own = transaction.require_member(&self.user, self.room)?;
        let head = transaction.require_head(self.room)?;
        let seq = self.seq.min(head.seq);
        let ord = if seq > own.row.read_seq { ord_at(transaction, &head, seq)? } else { None };
        if let Some(ord) = ord {
            own.row.read_seq = seq;
            own.row.read_ord = own.row.read_ord.max(ord);
            let mark = own.row.read_ord;
            own.row.mentions.retain(|mention| *mention > mark);
        }
        let mut user_rev = transaction.user_rev(&self.user)?;
        if ord.is_some() || own.row.marked_unread {
            own.row.marked_unread = false;
            user_rev = say_read(transaction, &mut own, &head)?;
        }
        if ord.is_some() && has_receipts(transaction, &head)? {
            let (room, user, read_seq) = (self.room, self.user, own.row.read_seq);
            transaction.fact(Fact::Receipt { room, user, read_seq });
        }
        Ok(MarkedRead {
            head_seq: head.seq,
            read_seq: own.row.read_seq,
            read_ord: own.row.read_ord,
            unread: own.row.unread(&head),
            marked_unread: false,
            user_rev,
        })
    }
}

/// The ord of a position, if the log still knows it: a mark below the floor moves nothing.
fn ord_at(transaction: &Transaction<'_, '_>, head: &Head, seq: Seq) -> StoreResult<Option<Ordinal>> {
    if seq == head.seq {
        return Ok(Some(head.ord));
    }
    if seq <= head.floor_seq {
        return Ok((seq == head.floor_seq).then_some(head.floor_ord));
    }
    transaction.record_ord(head.room, seq)
}

fn say_read(transaction: &mut Transaction<'_, '_>, own: &mut StoredOwn, head: &Head) -> StoreResult<UserRev> {
    let change = OwnChange::Read {
        read_seq: own.row.read_seq,
        read_ord: own.row.read_ord,
        unread: own.row.unread(head),
        marked_unread: own.row.marked_unread,
    };
    transaction.own_fact(own, head.seq, change)
}

fn has_receipts(transaction: &Transaction<'_, '_>, head: &Head) -> StoreResult<bool> {
    if head.members > transaction.limits.small_room_members {
        return Ok(false);
    }
    Ok(transaction.require_room(head.room)?.room.kind != RoomKind::Channel)
}

/// A member flags a room as unread.
pub(crate) struct MarkUnread {
    pub(crate) user: UserId,
    pub(crate) room: RoomId,
}

impl Mutation for MarkUnread {
    type Answer = UserRev;

    fn decide(self, transaction: &mut Transaction<'_, '_>) -> StoreResult<UserRev> {
        let mut own = transaction.require_member(&self.user, self.room)?;
        if own.row.marked_unread {
            return transaction.user_rev(&self.user);
        }
        let head = transaction.require_head(self.room)?;
        own.row.marked_unread = true;
        say_read(transaction, &mut own, &head)
    }
}

/// A member changes settings.
pub(crate) struct ChangeSettings {
    pub(crate) user: UserId,
    pub(crate) room: RoomId,
    pub(crate) change: SettingsChange,
}

impl Mutation for ChangeSettings {
    type Answer = (Settings, UserRev);

    fn decide(self, transaction: &mut Transaction<'_, '_>) -> StoreResult<(Settings, UserRev)> {
        let mut own = transaction.require_member(&self.user, self.room)?;
        let head = transaction.require_head(self.room)?;
        let settings = changed(&own.row.settings, self.change, &head);
        if settings == own.row.settings {
            return Ok((settings, transaction.user_rev(&self.user)?));
        }
        own.row.settings = settings.clone();
        let rev = transaction.own_fact(&mut own, head.seq, OwnChange::Settings(settings.clone()))?;
        Ok((settings, rev))
    }
}

fn changed(settings: &Settings, change: SettingsChange, head: &Head) -> Settings {
    Settings {
        pinned: change.pinned.unwrap_or(settings.pinned),
        muted_until_ms: change.muted_until_ms.unwrap_or(settings.muted_until_ms),
        hidden_seq: match change.hidden {
            Some(true) => Some(head.seq),
            Some(false) => None,
            None => settings.hidden_seq,
        },
        custom: match change.custom {
            Some(custom) => Some(custom).filter(|custom| !custom.is_empty()),
            None => settings.custom.clone(),
        },
    }
}

//! What a user has of a room: the own row, its positions and the subtraction that is unread.

use crate::{Head, JsonObject, Millis, Ordinal, RoomId, Seq, UserId, UserRev};

/// Mention ordinals kept per own row (and `@all` per room): above this many unread it says 100+.
pub const MENTIONS_KEPT: usize = 100;

/// What a member may do, from least to most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Posts and reacts.
    Member,
    /// Also adds, removes, renames, deletes others' messages.
    Admin,
    /// Also gives roles.
    Owner,
}

/// A user's own settings of a room.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Settings {
    /// Sorted first in the list.
    pub pinned: bool,
    /// No badge until this instant; zero when not muted.
    pub muted_until_ms: Millis,
    /// Hidden while `head.seq <= hidden_seq`; `None` when not hidden.
    pub hidden_seq: Option<Seq>,
    /// The host app's own facts for this user and room.
    pub custom: Option<JsonObject>,
}

/// The own row of (user, room). A removed row stays 30 days as a tombstone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnRow {
    /// Whose.
    pub user: UserId,
    /// Of which room.
    pub room: RoomId,
    /// Role.
    pub role: Role,
    /// Seq of the first record this member receives: that of its `member_added`, in a channel the head at the
    /// join plus 1.
    pub joined_seq: Seq,
    /// Ord of the head before the join: what came earlier is not unread.
    pub joined_ord: Ordinal,
    /// When.
    pub joined_ms: Millis,
    /// Read up to this record.
    pub read_seq: Seq,
    /// Ord of that record.
    pub read_ord: Ordinal,
    /// Flag set by the user; counts 1 in the badge.
    pub marked_unread: bool,
    /// Settings.
    pub settings: Settings,
    /// A direct room from a stranger, not accepted yet.
    pub request: bool,
    /// Ords of messages that mention this user, ascending, above the read mark, the last [`MENTIONS_KEPT`].
    pub mentions: Vec<Ordinal>,
    /// Revision of the last own fact of this row.
    pub user_rev: UserRev,
    /// When removed: then this is a tombstone.
    pub removed_ms: Option<Millis>,
    /// Last record this user may see: seq of its `member_removed`, in a channel the head at the removal.
    pub left_seq: Option<Seq>,
}

impl OwnRow {
    /// Whether the user is a member now.
    #[must_use]
    pub fn is_member(&self) -> bool {
        self.removed_ms.is_none()
    }

    /// The records this user may see, given the room's rule about history.
    #[must_use]
    pub fn visible(&self, history_before_join: bool) -> Span {
        let after = if history_before_join { Seq::ZERO } else { self.joined_seq.prev() };
        Span { after, until: self.left_seq }
    }

    /// Ord up to which nothing is unread: `max(read_ord, joined_ord, expired_ord)`.
    #[must_use]
    pub fn mark(&self, head: &Head) -> Ordinal {
        self.read_ord.max(self.joined_ord).max(head.expired_ord)
    }

    /// Exact unread for the positions of `head`.
    #[must_use]
    pub fn unread(&self, head: &Head) -> u64 {
        unread_between(head.ord, self.mark(head))
    }

    /// What this row adds to the badge at `now`: nothing when muted or hidden, else unread or the flag.
    #[must_use]
    pub fn badge(&self, head: &Head, now: Millis) -> u64 {
        if self.settings.muted_until_ms > now || self.is_hidden(head) {
            return 0;
        }
        self.unread(head).max(u64::from(self.marked_unread))
    }

    /// Whether the room is hidden: no record came since it was hidden.
    #[must_use]
    pub fn is_hidden(&self, head: &Head) -> bool {
        self.settings.hidden_seq.is_some_and(|hidden| head.seq <= hidden)
    }

    /// Unread mentions, at most [`MENTIONS_KEPT`]; `everyone` are the ords of the room's `@all`, ascending.
    #[must_use]
    pub fn unread_mentions(&self, head: &Head, everyone: &[Ordinal]) -> usize {
        let mark = self.mark(head);
        let own = self.mentions.iter().filter(|ord| **ord > mark).count();
        let all = everyone.iter().filter(|ord| **ord > mark && !self.mentions.contains(ord)).count();
        (own + all).min(MENTIONS_KEPT)
    }
}

/// Countable messages between two ordinals.
#[must_use]
pub fn unread_between(head: Ordinal, mark: Ordinal) -> u64 {
    head.0.saturating_sub(mark.0)
}

/// A range of seqs that a user may see: `after < seq <= until`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Exclusive lower end.
    pub after: Seq,
    /// Inclusive upper end; `None` while a member.
    pub until: Option<Seq>,
}

impl Span {
    /// Whether `seq` lies inside.
    #[must_use]
    pub fn contains(&self, seq: Seq) -> bool {
        seq > self.after && self.until.is_none_or(|until| seq <= until)
    }
}

//! What a commit says to the rest of the node: facts for the bus, refs for the tail.

use std::sync::Arc;

use crate::{
    CommitNo, DeviceId, Epoch, Millis, Ordinal, Record, RoomId, Seq, SessionNo, Settings, UserId, UserRev,
};

/// Everything one commit made visible, in order. Published once, after the commit is durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    /// Generation of the store; another epoch than one's own is dropped.
    pub epoch: Epoch,
    /// Number of the commit, dense: a gap means something was lost on the way.
    pub commit: CommitNo,
    /// What happened, in the order it was decided.
    pub facts: Vec<Fact>,
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// A record entered a room's log.
    Record(Arc<Record>),
    /// An own row changed: for that user's own devices.
    Own(OwnFact),
    /// A member read up to here (rooms of at most 100 members, no channels): for the other members.
    Receipt {
        /// The room.
        room: RoomId,
        /// Who read.
        user: UserId,
        /// Up to where.
        read_seq: Seq,
    },
    /// A device said hello: its older sessions end.
    SessionOpened {
        /// Whose.
        user: UserId,
        /// Which device.
        device: DeviceId,
        /// Sessions of smaller number end (4109).
        session_no: SessionNo,
    },
    /// A device was removed (or replaced by a newer one over the limit): its sessions end (4102).
    DeviceRemoved {
        /// Whose.
        user: UserId,
        /// Which device.
        device: DeviceId,
        /// Own revision of the removal.
        user_rev: UserRev,
    },
    /// What others see of this user changed: name, image or data. For whoever keeps a copy; sessions are not told.
    ProfileChanged {
        /// Whose.
        user: UserId,
    },
    /// Tokens of this user issued at or before `before_ms` are refused from now on: their sessions end (4101).
    UserRevoked {
        /// Whose.
        user: UserId,
        /// Tokens issued at or before this instant are refused.
        before_ms: Millis,
    },
}

/// A change of one own row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnFact {
    /// Whose row.
    pub user: UserId,
    /// Of which room.
    pub room: RoomId,
    /// Dense per user.
    pub user_rev: UserRev,
    /// What changed.
    pub change: OwnChange,
}

/// What changed in an own row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OwnChange {
    /// The user became a member, or accepted a request (then the row says so). Records come from `from_seq` on.
    Joined {
        /// `joined_seq` of the row.
        from_seq: Seq,
    },
    /// The user is no longer a member; nothing after `left_seq` is theirs.
    Removed {
        /// Last record they may see.
        left_seq: Seq,
    },
    /// Settings changed.
    Settings(Settings),
    /// The read position or the unread flag changed.
    Read {
        /// Read up to this record.
        read_seq: Seq,
        /// Ord of that record.
        read_ord: Ordinal,
        /// Unread at the head of this commit.
        unread: u64,
        /// The flag.
        marked_unread: bool,
    },
}

/// What a commit changed, in brief: at most 80 bytes stored (users of a large call are split over several refs).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TailRef {
    /// The commit it belongs to.
    pub commit: CommitNo,
    /// The room.
    pub room: RoomId,
    /// Seq of the record; for an own fact without a record the head's seq.
    pub seq: Seq,
    /// What kind of change.
    pub kind: TailKind,
}

/// What kind of change a ref stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TailKind {
    /// A record entered the log at `seq`.
    Record,
    /// An own row of these users changed (joined, removed, settings, read). Their rows say what it is now.
    Own {
        /// Whose.
        user: UserId,
        /// Revision the row got.
        user_rev: UserRev,
    },
}

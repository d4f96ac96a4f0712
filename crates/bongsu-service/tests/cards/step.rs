//! What can happen to a small world: every use case that changes something, and time.

use proptest::prelude::*;
use proptest::sample::select;

pub(crate) const USERS: [&str; 4] = ["ann", "bea", "cho", "dan"];

/// One thing that happens. What it means by its numbers depends on what it is.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    pub(crate) what: What,
    /// Who does it.
    pub(crate) user: usize,
    /// To whom.
    pub(crate) other: usize,
    /// Which of the rooms there are.
    pub(crate) room: usize,
    /// A position, a text, a choice.
    pub(crate) number: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    CreateDirect,
    CreateGroup,
    CreateChannel,
    Import,
    Send,
    SendToAll,
    SendSilently,
    Edit,
    Delete,
    React,
    TakeBackReaction,
    Rename,
    ShowHistory,
    ChangeData,
    ChangeRetention,
    AddMember,
    RemoveMember,
    Leave,
    SetRole,
    MarkRead,
    MarkUnread,
    Pin,
    Hide,
    Mute,
    Accept,
    HelloWithName,
    UpdateOwnProfile,
    UpsertUser,
    RevokeUser,
    ADayPasses,
    Sweep,
    ExpireDevices,
}

use What::*;

/// Likelier what changes what lists show.
const ALL: [What; 42] = [
    CreateDirect,
    CreateDirect,
    CreateGroup,
    CreateGroup,
    CreateChannel,
    Import,
    Send,
    Send,
    Send,
    Send,
    SendToAll,
    SendSilently,
    Edit,
    Edit,
    Delete,
    Delete,
    React,
    TakeBackReaction,
    Rename,
    ShowHistory,
    ChangeData,
    ChangeRetention,
    AddMember,
    RemoveMember,
    Leave,
    SetRole,
    MarkRead,
    MarkUnread,
    Pin,
    Hide,
    Mute,
    Accept,
    HelloWithName,
    HelloWithName,
    UpdateOwnProfile,
    UpdateOwnProfile,
    UpsertUser,
    UpsertUser,
    RevokeUser,
    ADayPasses,
    Sweep,
    ExpireDevices,
];

impl Step {
    /// Ann opens a direct room with Bea.
    pub(crate) fn direct() -> Self {
        Self { what: CreateDirect, user: 0, other: 1, room: 0, number: 0 }
    }

    /// Bea gets another name.
    pub(crate) fn rename(name: &str) -> Self {
        Self { what: UpsertUser, user: 0, other: 1, room: 0, number: name.len() as u64 }
    }
}

prop_compose! {
    fn step()(
        what in select(&ALL[..]),
        user in 0..USERS.len(),
        other in 0..USERS.len(),
        room in 0..4_usize,
        number in 0..8_u64,
    ) -> Step {
        Step { what, user, other, room, number }
    }
}

/// At most so many steps, one after the other.
pub(crate) fn life(steps: usize) -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec(step(), 1..steps)
}

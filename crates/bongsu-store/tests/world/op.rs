//! What can happen, and how lives are made of it.

use bongsu_types::{MessageKind, ReactionOp, Retention, Role, RoomKind};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::{ROOMS, USERS};

/// One step of a life. Users, rooms, devices and keys are numbers of a small world; `who` and `target` are choices
/// among those who are there and what was said, see `choice.rs`.
#[derive(Debug, Clone)]
pub(crate) enum Op {
    Create {
        kind: RoomKind,
        creator: usize,
        others: Vec<usize>,
        key: Option<(bool, u8)>,
        retention: Retention,
        history_before_join: bool,
        request: bool,
    },
    Send {
        room: usize,
        who: usize,
        key: u8,
        text: u8,
        kind: MessageKind,
        mentions: Vec<usize>,
        everyone: bool,
        reply_to: Option<u64>,
        silent: bool,
        keep_unread: bool,
    },
    Edit {
        room: usize,
        who: usize,
        target: u64,
        text: Option<u8>,
        data: Option<u8>,
        key: Option<u8>,
    },
    Delete {
        room: usize,
        who: usize,
        target: u64,
        key: Option<u8>,
    },
    React {
        room: usize,
        who: usize,
        target: u64,
        emoji: u8,
        op: ReactionOp,
        key: Option<u8>,
    },
    Update {
        room: usize,
        who: usize,
        name: Option<u8>,
        data: Option<u8>,
        history_before_join: Option<bool>,
        retention: Option<Retention>,
        server: bool,
        key: Option<u8>,
    },
    Add {
        room: usize,
        who: usize,
        users: Vec<usize>,
    },
    Remove {
        room: usize,
        who: usize,
        users: Vec<usize>,
    },
    Leave {
        room: usize,
        who: usize,
    },
    SetRole {
        room: usize,
        who: usize,
        user: usize,
        role: Role,
    },
    MarkRead {
        room: usize,
        who: usize,
        seq: u64,
    },
    MarkUnread {
        room: usize,
        who: usize,
    },
    Settings {
        room: usize,
        who: usize,
        pinned: Option<bool>,
        hidden: Option<bool>,
        custom: Option<u8>,
    },
    Accept {
        room: usize,
        who: usize,
    },
    Hello {
        who: usize,
        device: u8,
        knows_epoch: bool,
        fresh_token: bool,
        cursors: Vec<(usize, u64)>,
    },
    Ack {
        who: usize,
        device: u8,
        cursors: Vec<(usize, u64)>,
    },
    RemoveDevice {
        who: usize,
        device: u8,
    },
    Revoke {
        who: usize,
    },
    Upsert {
        who: usize,
        name: Option<u8>,
        data: Option<u8>,
    },
    /// Up to the present, or to a number of commits long ago.
    Consume {
        present: bool,
    },
    Sweep,
    ExpireDevices,
    Advance {
        ms: u64,
    },
    Reopen,
    Look(Look),
}

/// A question.
#[derive(Debug, Clone)]
pub(crate) enum Look {
    History { room: usize, who: usize, from: From, seq: u64, limit: usize },
    Records { room: usize, after: u64, limit: usize },
    Row { room: usize, who: usize },
    Rows { who: usize },
    Details { who: usize },
    Changes { who: usize, since: u64 },
    Members { room: usize, who: usize, after: Option<usize>, limit: usize },
    Replied { room: usize, who: usize, key: u8, text: u8 },
    Mine { room: usize, who: usize },
    Share { a: usize, b: usize },
    Devices { who: usize },
}

/// Where a page of history begins.
#[derive(Debug, Clone, Copy)]
pub(crate) enum From {
    Latest,
    Before,
    After,
    Around,
}

/// A life of at most so many steps, that begins with a few rooms.
pub(crate) fn life(steps: usize) -> impl Strategy<Value = Vec<Op>> {
    (vec(create(), ROOMS), vec(op(), 1..steps)).prop_map(|(mut rooms, steps)| {
        rooms.extend(steps);
        rooms
    })
}

/// Who acts in a room: see `World::actor`.
fn who() -> impl Strategy<Value = usize> {
    0..256_usize
}

/// What is acted on: see `World::target`.
fn target() -> impl Strategy<Value = u64> {
    0..256_u64
}

fn user() -> impl Strategy<Value = usize> {
    0..USERS.len()
}

fn room() -> impl Strategy<Value = usize> {
    // Rarely one that does not exist yet, or never will.
    prop_oneof![8 => Just(0_usize), 4 => Just(1), 2 => 0..=ROOMS]
}

fn users() -> impl Strategy<Value = Vec<usize>> {
    vec(user(), 0..=3)
}

fn seq() -> impl Strategy<Value = u64> {
    0..24_u64
}

fn key() -> impl Strategy<Value = u8> {
    0..12_u8
}

fn retention() -> impl Strategy<Value = Retention> {
    prop_oneof![
        3 => Just(Retention::History { days: None }),
        2 => Just(Retention::History { days: Some(2) }),
        2 => Just(Retention::Transit),
    ]
}

fn create() -> impl Strategy<Value = Op> {
    let kind =
        prop_oneof![3 => Just(RoomKind::Group), 2 => Just(RoomKind::Direct), 1 => Just(RoomKind::Channel)];
    let key = option::of((any::<bool>(), 0..2_u8));
    (kind, user(), users(), key, retention(), any::<bool>(), any::<bool>()).prop_map(
        |(kind, creator, others, key, retention, history_before_join, request)| Op::Create {
            kind,
            creator,
            others,
            key,
            retention,
            history_before_join,
            request,
        },
    )
}

fn send() -> impl Strategy<Value = Op> {
    let kind = prop_oneof![6 => Just(MessageKind::Message), 1 => Just(MessageKind::System)];
    let rarely = || prop::bool::weighted(0.15);
    let reply_to = option::weighted(0.15, target());
    (room(), who(), key(), 0..2_u8, kind, users(), rarely(), reply_to, rarely(), rarely()).prop_map(
        |(room, who, key, text, kind, mentions, everyone, reply_to, silent, keep_unread)| Op::Send {
            room,
            who,
            key,
            text,
            kind,
            mentions,
            everyone,
            reply_to,
            silent,
            keep_unread,
        },
    )
}

fn change() -> impl Strategy<Value = Op> {
    let small = || option::of(0..3_u8);
    let key = || option::weighted(0.3, key());
    let reaction = prop_oneof![3 => Just(ReactionOp::Add), 1 => Just(ReactionOp::Remove)];
    prop_oneof![
        (room(), who(), target(), small(), small(), key())
            .prop_map(|(room, who, target, text, data, key)| Op::Edit { room, who, target, text, data, key }),
        (room(), who(), target(), key()).prop_map(|(room, who, target, key)| Op::Delete {
            room,
            who,
            target,
            key
        }),
        (room(), who(), target(), 0..3_u8, reaction, key())
            .prop_map(|(room, who, target, emoji, op, key)| Op::React { room, who, target, emoji, op, key }),
        (
            room(),
            who(),
            small(),
            small(),
            option::weighted(0.2, any::<bool>()),
            option::weighted(0.2, retention()),
            any::<bool>(),
            key()
        )
            .prop_map(|(room, who, name, data, history_before_join, retention, server, key)| {
                Op::Update { room, who, name, data, history_before_join, retention, server, key }
            }),
    ]
}

fn membership() -> impl Strategy<Value = Op> {
    let role = prop_oneof![Just(Role::Member), Just(Role::Admin), Just(Role::Owner)];
    prop_oneof![
        2 => (room(), who(), users()).prop_map(|(room, who, users)| Op::Add { room, who, users }),
        1 => (room(), who(), users()).prop_map(|(room, who, users)| Op::Remove { room, who, users }),
        1 => (room(), who()).prop_map(|(room, who)| Op::Leave { room, who }),
        2 => (room(), who(), user(), role)
            .prop_map(|(room, who, user, role)| Op::SetRole { room, who, user, role }),
    ]
}

fn marks() -> impl Strategy<Value = Op> {
    let seldom = || option::weighted(0.4, any::<bool>());
    prop_oneof![
        4 => (room(), who(), seq()).prop_map(|(room, who, seq)| Op::MarkRead { room, who, seq }),
        1 => (room(), who()).prop_map(|(room, who)| Op::MarkUnread { room, who }),
        2 => (room(), who(), seldom(), seldom(), option::of(0..3_u8)).prop_map(
            |(room, who, pinned, hidden, custom)| Op::Settings { room, who, pinned, hidden, custom }
        ),
        1 => (room(), who()).prop_map(|(room, who)| Op::Accept { room, who }),
    ]
}

fn devices() -> impl Strategy<Value = Op> {
    let cursors = || vec((room(), seq()), 0..3);
    let mostly = || prop::bool::weighted(0.85);
    prop_oneof![
        4 => (user(), 0..3_u8, mostly(), mostly(), cursors()).prop_map(
            |(who, device, knows_epoch, fresh_token, cursors)| Op::Hello {
                who,
                device,
                knows_epoch,
                fresh_token,
                cursors
            }
        ),
        4 => (user(), 0..3_u8, cursors()).prop_map(|(who, device, cursors)| Op::Ack { who, device, cursors }),
        1 => (user(), 0..3_u8).prop_map(|(who, device)| Op::RemoveDevice { who, device }),
        1 => user().prop_map(|who| Op::Revoke { who }),
        1 => (user(), option::of(0..2_u8), option::of(0..3_u8))
            .prop_map(|(who, name, data)| Op::Upsert { who, name, data }),
    ]
}

fn upkeep() -> impl Strategy<Value = Op> {
    const HOUR_MS: u64 = 60 * 60 * 1000;
    // Odd steps: nothing falls due at the very instant of a sweep.
    let ms = prop_oneof![3 => Just(1), 3 => Just(13 * HOUR_MS + 7), 2 => Just(60 * HOUR_MS + 1), 1 => Just(745 * HOUR_MS)];
    prop_oneof![
        4 => ms.prop_map(|ms| Op::Advance { ms }),
        3 => Just(Op::Sweep),
        1 => Just(Op::ExpireDevices),
        1 => any::<bool>().prop_map(|present| Op::Consume { present }),
        1 => Just(Op::Reopen),
    ]
}

fn look() -> impl Strategy<Value = Op> {
    let from = prop_oneof![Just(From::Latest), Just(From::Before), Just(From::After), Just(From::Around)];
    let look = prop_oneof![
        4 => (room(), who(), from, seq(), 0..7_usize)
            .prop_map(|(room, who, from, seq, limit)| Look::History { room, who, from, seq, limit }),
        1 => (room(), seq(), 0..5_usize).prop_map(|(room, after, limit)| Look::Records { room, after, limit }),
        1 => (room(), who()).prop_map(|(room, who)| Look::Row { room, who }),
        1 => user().prop_map(|who| Look::Rows { who }),
        1 => user().prop_map(|who| Look::Details { who }),
        1 => (user(), 0..12_u64).prop_map(|(who, since)| Look::Changes { who, since }),
        1 => (room(), who(), option::of(user()), 0..4_usize)
            .prop_map(|(room, who, after, limit)| Look::Members { room, who, after, limit }),
        1 => (room(), who(), key(), 0..2_u8)
            .prop_map(|(room, who, key, text)| Look::Replied { room, who, key, text }),
        1 => (room(), who()).prop_map(|(room, who)| Look::Mine { room, who }),
        1 => (user(), user()).prop_map(|(a, b)| Look::Share { a, b }),
        1 => user().prop_map(|who| Look::Devices { who }),
    ];
    look.prop_map(Op::Look)
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        1 => create(),
        8 => send(),
        7 => change(),
        3 => membership(),
        5 => marks(),
        4 => devices(),
        4 => upkeep(),
        6 => look(),
    ]
}

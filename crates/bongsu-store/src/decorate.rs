//! One place that names every call of a store, for the decorators that treat them all alike.

use std::pin::Pin;

use crate::StoreResult;

/// What trying a call again would do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Nothing is written.
    Read,
    /// Written, and the same call again changes nothing and gives the same answer.
    Idempotent,
    /// Idempotent too, and calls made one after the other are written in that order.
    Append,
    /// Written, each time anew.
    Write,
}

impl Effect {
    /// Of a mutation that is idempotent when it carries a key.
    pub(crate) fn keyed(has_key: bool) -> Self {
        if has_key { Self::Idempotent } else { Self::Write }
    }
}

/// One call, as logs and metrics name it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call {
    pub(crate) op: &'static str,
    pub(crate) effect: Effect,
}

/// The answer of an attempt, to be awaited.
pub(crate) type Attempt<'a, T> = Pin<Box<dyn Future<Output = StoreResult<T>> + Send + 'a>>;

/// Implements all traits of a store for a type with a field `inner: Arc<dyn Store>` and a method
/// `call(&self, Call, attempt: impl Fn() -> Attempt<T>) -> StoreResult<T>`, to which every call goes.
///
/// A macro, because six traits of delegation by hand would drown the few lines a decorator is about, and twice.
macro_rules! decorate_store {
    ($decorator:ty) => {
        decorate_store! { @calls Messages for $decorator {
            append(request: AppendMessage) -> Appended, Effect::Append;
            replied(room: RoomId, actor: &UserId, once: &Once) -> Option<Appended>, Effect::Read;
            edit(request: EditMessage) -> Changed, Effect::keyed(request.once.is_some());
            delete(request: DeleteMessage) -> Changed, Effect::keyed(request.once.is_some());
            react(request: React) -> Changed, Effect::keyed(request.once.is_some());
            history(user: &UserId, room: RoomId, from: HistoryFrom, limit: usize) -> HistoryPage, Effect::Read;
            records(room: RoomId, after: Seq, limit: usize, bytes: usize) -> RecordPage, Effect::Read;
            own_reactions(user: &UserId, room: RoomId, targets: &[Seq]) -> Vec<(Seq, Emoji)>, Effect::Read;
        } }
        decorate_store! { @calls Rooms for $decorator {
            create_room(request: CreateRoom) -> Created, Effect::Write;
            share_accepted_room(a: &UserId, b: &UserId) -> bool, Effect::Read;
            update_room(request: UpdateRoom) -> Changed, Effect::keyed(request.once.is_some());
            add_members(room: RoomId, actor: &UserId, users: &[UserId]) -> Changed, Effect::Write;
            remove_members(room: RoomId, actor: &UserId, users: &[UserId]) -> Changed, Effect::Write;
            leave(room: RoomId, actor: &UserId) -> Changed, Effect::Write;
            set_role(room: RoomId, actor: &UserId, user: &UserId, role: Role) -> Changed, Effect::Write;
            members(user: &UserId, room: RoomId, after: Option<&UserId>, limit: usize) -> MemberPage,
                Effect::Read;
            member_ids(room: RoomId) -> Vec<UserId>, Effect::Read;
            room(room: RoomId) -> Option<Room>, Effect::Read;
        } }
        decorate_store! { @calls Reads for $decorator {
            own_rows(user: &UserId) -> OwnRows, Effect::Read;
            heads(rooms: &[RoomId]) -> Vec<Head>, Effect::Read;
            details(user: &UserId, rooms: &[RoomId]) -> Vec<RoomDetails>, Effect::Read;
            room_row(user: &UserId, room: RoomId) -> Option<RoomRow>, Effect::Read;
            standing(user: &UserId, room: RoomId) -> Option<Standing>, Effect::Read;
            changes(user: &UserId, since: UserRev) -> Changes, Effect::Read;
            mark_read(user: &UserId, room: RoomId, seq: Seq) -> MarkedRead, Effect::Idempotent;
            mark_unread(user: &UserId, room: RoomId) -> UserRev, Effect::Write;
            change_settings(user: &UserId, room: RoomId, change: SettingsChange) -> (Settings, UserRev),
                Effect::Write;
            accept(user: &UserId, room: RoomId) -> UserRev, Effect::Idempotent;
        } }
        decorate_store! { @calls Devices for $decorator {
            hello(hello: Hello) -> Opened, Effect::Write;
            store_cursors(user: &UserId, device: &DeviceId, cursors: &[(RoomId, Seq)], active_ms: Millis) -> (),
                Effect::Idempotent;
            devices(user: &UserId) -> Vec<Device>, Effect::Read;
            remove_device(user: &UserId, device: &DeviceId) -> UserRev, Effect::Write;
            revoke_user(user: &UserId) -> (), Effect::Write;
            revoked_before(user: &UserId) -> Millis, Effect::Read;
            upsert_users(users: &[(UserId, ProfileChange)]) -> (), Effect::Write;
            profiles(users: &[UserId]) -> Vec<Profile>, Effect::Read;
            put_server_key(key: ServerKey) -> (), Effect::Write;
            server_keys() -> Vec<ServerKey>, Effect::Read;
        } }
        decorate_store! { @calls Tail for $decorator {
            tail(after: CommitNo, limit: usize) -> TailPage, Effect::Read;
            last_commit() -> CommitNo, Effect::Read;
            store_consumer(name: &str, at: CommitNo) -> (), Effect::Write;
        } with {
            fn epoch(&self) -> Epoch {
                self.inner.epoch()
            }
        } }
        decorate_store! { @calls Upkeep for $decorator {
            sweep(budget: usize) -> SweepReport, Effect::Write;
            expire_devices() -> u64, Effect::Write;
            audit(after: Option<(UserId, RoomId)>, sample: usize) -> (AuditReport, Option<(UserId, RoomId)>),
                Effect::Read;
        } }
        decorate_store! { @calls Import for $decorator {
            begin_import(room: ImportRoom) -> ImportState, Effect::Idempotent;
            append_import(room: RoomId, after: Seq, messages: Vec<ImportMessage>) -> ImportState, Effect::Write;
            finish_import(room: RoomId, members: Vec<ImportMember>) -> ImportState, Effect::Idempotent;
        } }
    };
    (@calls $contract:ident for $decorator:ty {
        $($op:ident($($name:ident: $kind:ty),*) -> $answer:ty, $effect:expr;)*
    } $(with { $($rest:tt)* })?) => {
        #[async_trait::async_trait]
        impl $contract for $decorator {
            $(async fn $op(&self, $($name: $kind),*) -> StoreResult<$answer> {
                let call = Call { op: stringify!($op), effect: $effect };
                self.call(call, || self.inner.$op($(Clone::clone(&$name)),*)).await
            })*
            $($($rest)*)?
        }
    };
}

/// What the macro names: brought in by `use` where it is expanded.
pub(crate) mod names {
    pub(crate) use bongsu_types::{
        CommitNo, Device, DeviceId, Emoji, Epoch, Head, Millis, Profile, Role, Room, RoomId, Seq, ServerKey,
        Settings, UserId, UserRev,
    };

    pub(crate) use super::{Attempt, Call, Effect};
    pub(crate) use crate::{
        AppendMessage, Appended, AuditReport, Changed, Changes, CreateRoom, Created, DeleteMessage, Devices,
        EditMessage, Hello, HistoryFrom, HistoryPage, Import, ImportMember, ImportMessage, ImportRoom,
        ImportState, MarkedRead, MemberPage, Messages, Once, Opened, OwnRows, ProfileChange, React, Reads,
        RecordPage, RoomDetails, RoomRow, Rooms, SettingsChange, Standing, StoreResult, SweepReport, Tail,
        TailPage, UpdateRoom, Upkeep,
    };
}

pub(crate) use decorate_store;

//! Rooms: create them, change them, and who is in them.

use std::ops::ControlFlow;

use async_trait::async_trait;
use bongsu_types::{Role, Room, RoomId, RoomKind, UserId};

use crate::embedded::decide::members::{AddMembers, Leave, RemoveMembers};
use crate::embedded::decide::room::SetRole;
use crate::embedded::row::own::decode_member;
use crate::embedded::source::Source;
use crate::embedded::table::{Table, decoded};
use crate::embedded::{EmbeddedStore, View, keys};
use crate::{Changed, CreateRoom, Created, MemberPage, MemberRow, Refusal, Rooms, StoreResult, UpdateRoom};

#[async_trait]
impl Rooms for EmbeddedStore {
    async fn create_room(&self, request: CreateRoom) -> StoreResult<Created> {
        self.submit(request).await
    }

    async fn share_accepted_room(&self, a: &UserId, b: &UserId) -> StoreResult<bool> {
        let view = self.view()?;
        let rooms_of = |user| view.user(user).map(|state| state.unwrap_or_default().rooms);
        let (a_rooms, b_rooms) = (rooms_of(a)?, rooms_of(b)?);
        let (few, many) = if a_rooms <= b_rooms { (a.clone(), b.clone()) } else { (b.clone(), a.clone()) };
        let rows = a_rooms.min(b_rooms) as usize;
        self.read_from(view, rows, move |view| shares_accepted_room(view, &few, &many)).await
    }

    async fn update_room(&self, request: UpdateRoom) -> StoreResult<Changed> {
        self.submit(request).await
    }

    async fn add_members(&self, room: RoomId, actor: &UserId, users: &[UserId]) -> StoreResult<Changed> {
        self.submit(AddMembers { room, actor: actor.clone(), users: users.to_vec() }).await
    }

    async fn remove_members(&self, room: RoomId, actor: &UserId, users: &[UserId]) -> StoreResult<Changed> {
        self.submit(RemoveMembers { room, actor: actor.clone(), users: users.to_vec() }).await
    }

    async fn leave(&self, room: RoomId, actor: &UserId) -> StoreResult<Changed> {
        self.submit(Leave { room, actor: actor.clone() }).await
    }

    async fn set_role(
        &self,
        room: RoomId,
        actor: &UserId,
        user: &UserId,
        role: Role,
    ) -> StoreResult<Changed> {
        self.submit(SetRole { room, actor: actor.clone(), user: user.clone(), role }).await
    }

    async fn members(
        &self,
        user: &UserId,
        room: RoomId,
        after: Option<&UserId>,
        limit: usize,
    ) -> StoreResult<MemberPage> {
        let limit = limit.clamp(1, self.shared.options.limits.page_items);
        let (user, after) = (user.clone(), after.cloned());
        self.read_from(self.view()?, limit, move |view| members(view, &user, room, after.as_ref(), limit))
            .await
    }

    async fn member_ids(&self, room: RoomId) -> StoreResult<Vec<UserId>> {
        let view = self.view()?;
        let head = view.head(room)?.ok_or(Refusal::RoomNotFound)?;
        self.read_from(view, head.members as usize, move |view| {
            Ok(view.members(room)?.into_iter().map(|(user, _)| user).collect())
        })
        .await
    }

    async fn room(&self, room: RoomId) -> StoreResult<Option<Room>> {
        Ok(self.view()?.room(room)?.map(|stored| stored.room))
    }
}

fn shares_accepted_room(view: &View, few: &UserId, many: &UserId) -> StoreResult<bool> {
    for own in view.own_rows(few)?.into_iter().filter(|own| own.row.is_member() && !own.row.request) {
        if view.member_own(many, own.row.room)?.is_some_and(|other| !other.row.request) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn members(
    view: &View,
    user: &UserId,
    room: RoomId,
    after: Option<&UserId>,
    limit: usize,
) -> StoreResult<MemberPage> {
    let own = view.member_own(user, room)?.ok_or(Refusal::RoomNotFound)?;
    let kind = view.room(room)?.ok_or(Refusal::RoomNotFound)?.room.kind;
    if kind == RoomKind::Channel && own.row.role < Role::Admin {
        return Err(Refusal::Forbidden.into());
    }
    let mut page = MemberPage { members: Vec::new(), more: false };
    let mut from = keys::room(room).to_vec();
    if let Some(after) = after {
        // The least key above that of `after`: no id holds a zero byte.
        from = keys::member(room, after);
        from.push(0);
    }
    view.scan(Table::Member, &keys::room(room), &from, &mut |key, value| {
        if page.members.len() == limit {
            page.more = true;
            return Ok(ControlFlow::Break(()));
        }
        let (_, user) = decoded(Table::Member, key, keys::member_parts(key))?;
        let member = decoded(Table::Member, key, decode_member(value))?;
        let read_seq = view.own(&user, room)?.map(|own| own.row.read_seq).unwrap_or_default();
        page.members.push(MemberRow { user, role: member.role, joined_ms: member.joined_ms, read_seq });
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(page)
}

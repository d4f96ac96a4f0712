//! Rooms of the reference engine: create, change, and who is in them.

use std::collections::BTreeSet;

use async_trait::async_trait;
use bongsu_types::{
    OwnChange, OwnRow, RecordBody, Retention, Role, Room, RoomChange, RoomId, RoomKind, Seq, Settings,
    UserId, UserRev, direct_pair,
};

use crate::memory::MemoryStore;
use crate::memory::change::Change;
use crate::memory::messages::cleared_if_empty;
use crate::memory::state::{RoomState, State};
use crate::{
    Authority, Changed, CreateRoom, Created, KeyScopeOfRoom, MemberPage, MemberRow, Refusal, Rooms,
    StoreResult, UpdateRoom,
};

#[async_trait]
impl Rooms for MemoryStore {
    async fn create_room(&self, request: CreateRoom) -> StoreResult<Created> {
        self.change(|change| create(change, request))
    }

    async fn share_accepted_room(&self, a: &UserId, b: &UserId) -> StoreResult<bool> {
        let state = self.state();
        let accepted = |row: &&OwnRow| row.is_member() && !row.request;
        let shares =
            |(room, row): (&RoomState, &OwnRow)| !row.request && room.rows.get(b).filter(accepted).is_some();
        Ok(state.memberships(a).any(shares))
    }

    async fn update_room(&self, request: UpdateRoom) -> StoreResult<Changed> {
        self.change(|change| update(change, request))
    }

    async fn add_members(&self, room: RoomId, actor: &UserId, users: &[UserId]) -> StoreResult<Changed> {
        self.change(|change| add_members(change, room, actor, users))
    }

    async fn remove_members(&self, room: RoomId, actor: &UserId, users: &[UserId]) -> StoreResult<Changed> {
        self.change(|change| remove_members(change, room, actor, users))
    }

    async fn leave(&self, room: RoomId, actor: &UserId) -> StoreResult<Changed> {
        self.change(|change| {
            let (room_state, _) = change.state().member(room, actor)?;
            if room_state.room.kind == RoomKind::Direct {
                return Err(Refusal::Forbidden);
            }
            Ok(remove(change, room, actor, vec![actor.clone()]))
        })
    }

    async fn set_role(
        &self,
        room: RoomId,
        actor: &UserId,
        user: &UserId,
        role: Role,
    ) -> StoreResult<Changed> {
        self.change(|change| set_role(change, room, actor, user, role))
    }

    async fn members(
        &self,
        user: &UserId,
        room: RoomId,
        after: Option<&UserId>,
        limit: usize,
    ) -> StoreResult<MemberPage> {
        let limit = limit.clamp(1, self.options.limits.page_items);
        Ok(members(&self.state(), user, room, after, limit)?)
    }

    async fn member_ids(&self, room: RoomId) -> StoreResult<Vec<UserId>> {
        let state = self.state();
        let room = state.rooms.get(&room).ok_or(Refusal::RoomNotFound)?;
        Ok(room.members().map(|row| row.user.clone()).collect())
    }

    async fn room(&self, room: RoomId) -> StoreResult<Option<Room>> {
        Ok(self.state().rooms.get(&room).map(|room| room.room.clone()))
    }
}

fn create(change: &mut Change<'_>, request: CreateRoom) -> Result<Created, Refusal> {
    let pair = match request.kind {
        RoomKind::Direct => request.members.first().map(|other| direct_pair(&request.creator, other)),
        RoomKind::Group | RoomKind::Channel => None,
    };
    let key = match (&pair, request.key) {
        (Some(_), _) | (None, None) => None,
        (None, Some((KeyScopeOfRoom::Creator, key))) => Some((Some(request.creator.clone()), key)),
        (None, Some((KeyScopeOfRoom::Global, key))) => Some((None, key)),
    };
    let by_pair = pair.as_ref().and_then(|pair| change.state().pairs.get(pair));
    let by_key = key.as_ref().and_then(|key| change.state().keys.get(key));
    if let Some(&room) = by_pair.or(by_key) {
        change.state().member(room, &request.creator)?;
        return Ok(Created { room, created: false });
    }

    let users: Vec<UserId> = std::iter::once(request.creator.clone()).chain(request.members).collect();
    refuse_too_many(change, request.kind, request.retention, users.len())?;
    let is_request = request.request && request.kind == RoomKind::Direct;
    for user in &users {
        if !is_request || *user == request.creator {
            refuse_too_many_rooms(change, user)?;
        }
    }

    let id = RoomId::mint(change.now);
    let room = Room {
        id,
        kind: request.kind,
        key: key.as_ref().map(|(_, key)| key.clone()),
        name: request.name,
        image: request.image,
        data: request.data,
        creator: request.creator.clone(),
        created_ms: change.now,
        history_before_join: request.history_before_join,
        retention: request.retention,
        pair: pair.clone(),
    };
    let state = change.write();
    state.rooms.insert(id, RoomState::new(room));
    if let Some(pair) = pair {
        state.pairs.insert(pair, id);
    }
    if let Some(key) = key {
        state.keys.insert(key, id);
    }
    join(change, id, &request.creator, &users);
    match request.kind {
        RoomKind::Group | RoomKind::Channel => change.write_row(id, &request.creator).role = Role::Owner,
        RoomKind::Direct => {
            for user in users.iter().filter(|user| **user != request.creator) {
                change.write_row(id, user).request = is_request;
            }
        }
    }
    Ok(Created { room: id, created: true })
}

pub(super) fn refuse_too_many(
    change: &Change<'_>,
    kind: RoomKind,
    retention: Retention,
    members: usize,
) -> Result<(), Refusal> {
    let of_kind = match kind {
        RoomKind::Direct => None,
        RoomKind::Group => Some(("group_members", change.limits.group_members)),
        RoomKind::Channel => Some(("channel_members", change.limits.channel_members)),
    };
    let of_retention = match retention {
        Retention::Transit => Some(("small_room_members", change.limits.small_room_members)),
        Retention::History { .. } => None,
    };
    for (limit, max) in of_kind.into_iter().chain(of_retention) {
        if members as u64 > u64::from(max) {
            return Err(Refusal::LimitReached { limit, max: u64::from(max) });
        }
    }
    Ok(())
}

/// Requests do not use up their target's rooms.
fn refuse_too_many_rooms(change: &Change<'_>, user: &UserId) -> Result<(), Refusal> {
    let max = change.limits.rooms_per_user;
    let rooms = change.state().memberships(user).filter(|(_, row)| !row.request).count();
    if rooms >= max {
        return Err(Refusal::LimitReached { limit: "rooms_per_user", max: max as u64 });
    }
    Ok(())
}

/// Lets users in as plain members, with the record of their kind of room and an own fact each.
fn join(change: &mut Change<'_>, room: RoomId, actor: &UserId, users: &[UserId]) -> Seq {
    let before = change.state().rooms[&room].head;
    let mut seq = before.seq;
    match change.state().rooms[&room].room.kind {
        RoomKind::Direct | RoomKind::Group => {
            let body = RecordBody::MemberAdded { users: users.to_vec() };
            (seq, _) = change.append_record(room, actor, body);
        }
        RoomKind::Channel => {}
    }
    for user in users {
        change.ensure_user(user);
        let row = OwnRow {
            user: user.clone(),
            room,
            role: Role::Member,
            joined_seq: before.seq.next(),
            joined_ord: before.ord,
            joined_ms: change.now,
            read_seq: before.seq,
            read_ord: before.ord,
            marked_unread: false,
            settings: Settings::default(),
            request: false,
            mentions: Vec::new(),
            user_rev: UserRev::ZERO,
            removed_ms: None,
            left_seq: None,
        };
        let room_state = change.write_room(room);
        room_state.rows.insert(user.clone(), row);
        room_state.head.members += 1;
        change.own_fact(room, user, OwnChange::Joined { from_seq: before.seq.next() });
    }
    seq
}

fn update(change: &mut Change<'_>, request: UpdateRoom) -> Result<Changed, Refusal> {
    let UpdateRoom { room, actor, authority, once, change: wanted } = request;
    if let Some(first) = change.repeated_change(room, &actor, once.as_ref())? {
        return Ok(first);
    }
    let (room_state, row) = change.state().member(room, &actor)?;
    let only_data = RoomChange { data: wanted.data.clone(), ..RoomChange::default() };
    let allowed = match room_state.room.kind {
        RoomKind::Direct => authority == Authority::Server && wanted == only_data,
        RoomKind::Group | RoomKind::Channel => row.role >= Role::Admin,
    };
    if !allowed {
        return Err(Refusal::Forbidden);
    }
    let old = &room_state.room;
    let new = RoomChange {
        name: wanted.name.filter(|name| *name != old.name),
        image: wanted.image.filter(|image| *image != old.image),
        data: wanted.data.filter(|data| cleared_if_empty(data) != old.data),
        history_before_join: wanted.history_before_join.filter(|rule| *rule != old.history_before_join),
        retention: wanted.retention.filter(|rule| *rule != old.retention),
    };
    if new == RoomChange::default() {
        let head_seq = room_state.head.seq;
        return Ok(change.changed(room, &actor, once, head_seq));
    }
    if let Some(retention) = new.retention {
        refuse_too_many(change, RoomKind::Direct, retention, room_state.head.members as usize)?;
    }

    let (seq, _) = change.append_record(room, &actor, RecordBody::RoomUpdated(Box::new(new.clone())));
    let room_of = &mut change.write_room(room).room;
    room_of.name = new.name.unwrap_or_else(|| room_of.name.clone());
    room_of.image = new.image.unwrap_or_else(|| room_of.image.clone());
    room_of.data = new.data.map_or_else(|| room_of.data.clone(), |data| cleared_if_empty(&data));
    room_of.history_before_join = new.history_before_join.unwrap_or(room_of.history_before_join);
    room_of.retention = new.retention.unwrap_or(room_of.retention);
    Ok(change.changed(room, &actor, once, seq))
}

/// The actor's role, in a room whose members change.
fn role_to_change_members(
    change: &Change<'_>,
    room: RoomId,
    actor: &UserId,
    least: Role,
) -> Result<Role, Refusal> {
    let (room, row) = change.state().member(room, actor)?;
    if room.room.kind == RoomKind::Direct || row.role < least {
        return Err(Refusal::Forbidden);
    }
    Ok(row.role)
}

fn add_members(
    change: &mut Change<'_>,
    room: RoomId,
    actor: &UserId,
    users: &[UserId],
) -> Result<Changed, Refusal> {
    role_to_change_members(change, room, actor, Role::Admin)?;
    let room_state = &change.state().rooms[&room];
    let mut seen = BTreeSet::new();
    let is_new = |user: &&UserId| !room_state.rows.get(*user).is_some_and(OwnRow::is_member);
    let users: Vec<UserId> = users.iter().filter(is_new).filter(|user| seen.insert(*user)).cloned().collect();
    if users.is_empty() {
        return Ok(Changed { seq: room_state.head.seq, duplicate: false });
    }
    let members = room_state.head.members as usize + users.len();
    refuse_too_many(change, room_state.room.kind, room_state.room.retention, members)?;
    for user in &users {
        refuse_too_many_rooms(change, user)?;
    }
    Ok(Changed { seq: join(change, room, actor, &users), duplicate: false })
}

fn remove_members(
    change: &mut Change<'_>,
    room: RoomId,
    actor: &UserId,
    users: &[UserId],
) -> Result<Changed, Refusal> {
    let role = role_to_change_members(change, room, actor, Role::Admin)?;
    let room_state = &change.state().rooms[&room];
    let mut seen = BTreeSet::new();
    let rows: Vec<&OwnRow> = users
        .iter()
        .filter_map(|user| room_state.rows.get(user))
        .filter(|row| row.is_member() && seen.insert(&row.user))
        .collect();
    if role < Role::Owner && rows.iter().any(|row| row.role == Role::Owner) {
        return Err(Refusal::Forbidden);
    }
    if rows.is_empty() {
        return Ok(Changed { seq: room_state.head.seq, duplicate: false });
    }
    let users = rows.iter().map(|row| row.user.clone()).collect();
    Ok(remove(change, room, actor, users))
}

/// Removes members, with the record of their kind of room and an own fact each, and finds the room an owner.
fn remove(change: &mut Change<'_>, room: RoomId, actor: &UserId, users: Vec<UserId>) -> Changed {
    let mut left_seq = change.state().rooms[&room].head.seq;
    match change.state().rooms[&room].room.kind {
        RoomKind::Direct | RoomKind::Group => {
            let body = RecordBody::MemberRemoved { users: users.clone() };
            (left_seq, _) = change.append_record(room, actor, body);
        }
        RoomKind::Channel => {}
    }
    for user in &users {
        let now = change.now;
        let row = change.write_row(room, user);
        row.removed_ms = Some(now);
        row.left_seq = Some(left_seq);
        change.write_room(room).head.members -= 1;
        change.own_fact(room, user, OwnChange::Removed { left_seq });
    }
    if let Some(heir) = heir(&change.state().rooms[&room]) {
        give_role(change, room, actor, &heir, Role::Owner);
    }
    Changed { seq: left_seq, duplicate: false }
}

/// Who becomes owner of a room that has none: the highest role, then the longest standing.
fn heir(room: &RoomState) -> Option<UserId> {
    if room.members().any(|row| row.role == Role::Owner) {
        return None;
    }
    let rank = |row: &&OwnRow| (std::cmp::Reverse(row.role), row.joined_seq, row.joined_ms, row.user.clone());
    room.members().min_by_key(rank).map(|row| row.user.clone())
}

fn give_role(change: &mut Change<'_>, room: RoomId, actor: &UserId, user: &UserId, role: Role) -> Seq {
    let (seq, _) = change.append_record(room, actor, RecordBody::MemberRole { user: user.clone(), role });
    change.write_row(room, user).role = role;
    seq
}

fn set_role(
    change: &mut Change<'_>,
    room: RoomId,
    actor: &UserId,
    user: &UserId,
    role: Role,
) -> Result<Changed, Refusal> {
    role_to_change_members(change, room, actor, Role::Owner)?;
    let room_state = &change.state().rooms[&room];
    let row = room_state.rows.get(user).filter(|row| row.is_member()).ok_or(Refusal::NotFound)?;
    if row.role == role {
        return Ok(Changed { seq: room_state.head.seq, duplicate: false });
    }
    let owners = room_state.members().filter(|row| row.role == Role::Owner).count();
    if row.role == Role::Owner && owners == 1 {
        return Err(Refusal::LastOwner);
    }
    Ok(Changed { seq: give_role(change, room, actor, user, role), duplicate: false })
}

fn members(
    state: &State,
    user: &UserId,
    room: RoomId,
    after: Option<&UserId>,
    limit: usize,
) -> Result<MemberPage, Refusal> {
    let (room, row) = state.member(room, user)?;
    if room.room.kind == RoomKind::Channel && row.role < Role::Admin {
        return Err(Refusal::Forbidden);
    }
    let mut rest = room.members().filter(|row| after.is_none_or(|after| row.user > *after)).peekable();
    let mut members = Vec::new();
    for row in rest.by_ref().take(limit) {
        members.push(MemberRow {
            user: row.user.clone(),
            role: row.role,
            joined_ms: row.joined_ms,
            read_seq: row.read_seq,
        });
    }
    Ok(MemberPage { members, more: rest.peek().is_some() })
}

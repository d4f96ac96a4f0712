//! Import of the reference engine: rooms without members until they are complete.

use async_trait::async_trait;
use bongsu_types::{
    Fact, Mentions, Message, MessageKind, Ordinal, OwnChange, OwnRow, Reaction, RecordBody, Retention, Room,
    RoomId, Seq, Settings, UserId, UserRev,
};

use crate::memory::MemoryStore;
use crate::memory::change::{Change, NewRecord};
use crate::memory::rooms::refuse_too_many;
use crate::memory::state::{ImportPhase, RoomState};
use crate::{Import, ImportMember, ImportMessage, ImportRoom, ImportState, Refusal, StoreResult};

#[async_trait]
impl Import for MemoryStore {
    async fn begin_import(&self, room: ImportRoom) -> StoreResult<ImportState> {
        self.change(|change| begin(change, room))
    }

    async fn append_import(
        &self,
        room: RoomId,
        after: Seq,
        messages: Vec<ImportMessage>,
    ) -> StoreResult<ImportState> {
        self.change(|change| append(change, room, after, messages))
    }

    async fn finish_import(&self, room: RoomId, members: Vec<ImportMember>) -> StoreResult<ImportState> {
        self.change(|change| finish(change, room, members))
    }
}

fn begin(change: &mut Change<'_>, request: ImportRoom) -> Result<ImportState, Refusal> {
    let key = (None, request.key.clone());
    if let Some(room) = change.state().keys.get(&key) {
        return progress(&change.state().rooms[room]).ok_or(Refusal::Conflict);
    }
    if request.pair.as_ref().is_some_and(|pair| change.state().pairs.contains_key(pair)) {
        return Err(Refusal::Conflict);
    }

    let id = RoomId::mint(change.now);
    let room = Room {
        id,
        kind: request.kind,
        key: Some(request.key),
        name: request.name,
        image: request.image,
        data: request.data,
        creator: request.creator,
        created_ms: request.created_ms,
        history_before_join: false,
        retention: Retention::History { days: None },
        pair: request.pair.clone(),
    };
    let mut room = RoomState::new(room);
    room.import = Some(ImportPhase::Running);
    let state = change.write();
    state.keys.insert(key, id);
    if let Some(pair) = request.pair {
        state.pairs.insert(pair, id);
    }
    state.rooms.insert(id, room);
    Ok(ImportState { room: id, head_seq: Seq::ZERO, finished: false })
}

fn append(
    change: &mut Change<'_>,
    room: RoomId,
    after: Seq,
    messages: Vec<ImportMessage>,
) -> Result<ImportState, Refusal> {
    let room_state = change.state().rooms.get(&room).ok_or(Refusal::RoomNotFound)?;
    let at = progress(room_state).ok_or(Refusal::Conflict)?;
    if at.finished || at.head_seq != after {
        return Err(Refusal::Conflict);
    }
    let max = change.limits.reactions_per_message;
    let reactions: Vec<_> = messages.iter().map(ImportMessage::reactions_once).collect();
    if reactions.iter().any(|(counts, _)| counts.len() > max) {
        return Err(Refusal::LimitReached { limit: "reactions_per_message", max: max as u64 });
    }
    let mut head_seq = after;
    for (message, (counts, held)) in messages.into_iter().zip(reactions) {
        head_seq = head_seq.next();
        let commit = change.commit();
        let room_state = change.write_room(room);
        room_state.append(record(message, head_seq, counts), commit);
        for (user, emoji) in held {
            room_state.reactions.entry((head_seq, user)).or_default().insert(emoji);
        }
    }
    Ok(ImportState { head_seq, ..at })
}

fn record(message: ImportMessage, seq: Seq, reactions: Vec<Reaction>) -> NewRecord {
    let body = Message {
        rev: seq,
        kind: MessageKind::Message,
        client_id: message.client_id,
        text: message.text,
        edited_ms: message.edited_ms,
        deleted: false,
        reply_to: message.reply_to,
        mentions: Mentions::default(),
        reactions,
        data: message.data,
        silent: false,
        keep_unread: false,
    };
    NewRecord { at_ms: message.at_ms, actor: message.sender, body: RecordBody::Message(Box::new(body)) }
}

fn finish(change: &mut Change<'_>, room: RoomId, members: Vec<ImportMember>) -> Result<ImportState, Refusal> {
    let room_state = change.state().rooms.get(&room).ok_or(Refusal::RoomNotFound)?;
    let at = progress(room_state).ok_or(Refusal::Conflict)?;
    if at.finished {
        return Ok(at);
    }
    refuse_too_many(change, room_state.room.kind, room_state.room.retention, members.len())?;
    change.write_room(room).import = Some(ImportPhase::Finished);
    for member in members {
        let_in(change, room, member);
    }
    Ok(ImportState { finished: true, ..at })
}

fn let_in(change: &mut Change<'_>, room: RoomId, member: ImportMember) {
    let ImportMember { user, name, role, read_seq } = member;
    change.ensure_user(&user);
    let now = change.now;
    let room_state = change.write_room(room);
    let head = room_state.head;
    let read_seq = read_seq.unwrap_or(head.seq).min(head.seq);
    let read_ord = room_state.ord_at(read_seq).expect("an import is not swept before it is finished");
    let joined_seq = Seq::ZERO.next();
    let row = OwnRow {
        user: user.clone(),
        room,
        role,
        joined_seq,
        joined_ord: Ordinal::ZERO,
        joined_ms: now,
        read_seq,
        read_ord,
        marked_unread: false,
        settings: Settings::default(),
        request: false,
        mentions: Vec::new(),
        user_rev: UserRev::ZERO,
        removed_ms: None,
        left_seq: None,
    };
    room_state.rows.insert(user.clone(), row);
    room_state.head.members += 1;
    change.own_fact(room, &user, OwnChange::Joined { from_seq: joined_seq });
    name_if_nameless(change, &user, name);
}

fn name_if_nameless(change: &mut Change<'_>, user: &UserId, name: String) {
    let profile = change.write().users.get_mut(user).and_then(|state| state.profile.as_mut());
    if let Some(profile) = profile.filter(|profile| profile.name.is_empty() && !name.is_empty()) {
        profile.name = name;
        change.tell(Fact::ProfileChanged { user: user.clone() });
    }
}

/// How far an import is; `None` for a room that was created here.
fn progress(room: &RoomState) -> Option<ImportState> {
    let phase = room.import?;
    let finished = phase == ImportPhase::Finished;
    Some(ImportState { room: room.room.id, head_seq: room.head.seq, finished })
}

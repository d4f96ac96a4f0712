//! Messages of the reference engine: append, change, react.

use async_trait::async_trait;
use bongsu_types::{
    Emoji, JsonObject, Mentions, Message, OwnChange, Reaction, ReactionOp, RecordBody, Role, RoomId, Seq,
    UserId,
};

use crate::memory::MemoryStore;
use crate::memory::change::{Change, keep_mention, move_mark};
use crate::memory::history::{history, records};
use crate::{
    AppendMessage, Appended, Changed, DeleteMessage, EditMessage, HistoryFrom, HistoryPage, Messages, Once,
    React, RecordPage, Refusal, StoreResult,
};

#[async_trait]
impl Messages for MemoryStore {
    async fn append(&self, request: AppendMessage) -> StoreResult<Appended> {
        self.change(|change| append(change, request))
    }

    async fn replied(&self, room: RoomId, actor: &UserId, once: &Once) -> StoreResult<Option<Appended>> {
        Ok(self.state().repeated(room, actor, once)?)
    }

    async fn edit(&self, request: EditMessage) -> StoreResult<Changed> {
        self.change(|change| edit(change, request))
    }

    async fn delete(&self, request: DeleteMessage) -> StoreResult<Changed> {
        self.change(|change| delete(change, request))
    }

    async fn react(&self, request: React) -> StoreResult<Changed> {
        self.change(|change| react(change, request))
    }

    async fn history(
        &self,
        user: &UserId,
        room: RoomId,
        from: HistoryFrom,
        limit: usize,
    ) -> StoreResult<HistoryPage> {
        Ok(history(&self.state(), &self.options.limits, (user, room), from, limit)?)
    }

    async fn records(&self, room: RoomId, after: Seq, limit: usize, bytes: usize) -> StoreResult<RecordPage> {
        Ok(records(&self.state(), room, after, limit, bytes)?)
    }

    async fn own_reactions(
        &self,
        user: &UserId,
        room: RoomId,
        targets: &[Seq],
    ) -> StoreResult<Vec<(Seq, Emoji)>> {
        let state = self.state();
        let Some(room) = state.rooms.get(&room) else { return Ok(Vec::new()) };
        let mut held = Vec::new();
        for target in targets {
            for emoji in room.reactions.get(&(*target, user.clone())).into_iter().flatten() {
                held.push((*target, emoji.clone()));
            }
        }
        Ok(held)
    }
}

fn append(change: &mut Change<'_>, request: AppendMessage) -> Result<Appended, Refusal> {
    if let Some(first) = change.repeated(request.room, &request.sender, &request.once)? {
        return Ok(first);
    }
    let (room, row) = change.state().member(request.room, &request.sender)?;
    if request.mentions.all && row.role < Role::Admin {
        return Err(Refusal::Forbidden);
    }
    if let Some(target) = request.reply_to {
        room.live_message_for(row, target)?;
    }
    let (was_request, was_marked) = (row.request, row.marked_unread);

    let AppendMessage { room, sender, once, keep_unread, .. } = request;
    let message = Message {
        rev: change.state().rooms[&room].head.seq.next(),
        kind: request.kind,
        client_id: once.client_id.clone(),
        text: request.text,
        edited_ms: None,
        deleted: false,
        reply_to: request.reply_to,
        mentions: request.mentions,
        reactions: Vec::new(),
        data: request.data,
        silent: request.silent,
        keep_unread,
    };
    let countable = message.is_countable();
    let mentions = message.mentions.clone();
    let (seq, ord) = change.append_record(room, &sender, RecordBody::Message(Box::new(message)));
    let reply = Appended { seq, ord, at_ms: change.now, duplicate: false };
    change.remember(room, &sender, once, reply);
    if !keep_unread {
        let row = change.write_row(room, &sender);
        move_mark(row, seq, ord);
        row.marked_unread = false;
    }
    if countable {
        mention(change, room, &mentions);
    }
    if was_request {
        accept(change, room, &sender);
    }
    if was_marked && !keep_unread {
        change.read_fact(room, &sender);
    }
    Ok(reply)
}

/// Notes the newest message in the rows of the members it mentions.
fn mention(change: &mut Change<'_>, room: RoomId, mentions: &Mentions) {
    let room = change.write_room(room);
    let ord = room.head.ord;
    if mentions.all {
        keep_mention(&mut room.everyone, ord);
    }
    for user in &mentions.users {
        match room.rows.get_mut(user) {
            Some(row) if row.is_member() && ord > row.read_ord => keep_mention(&mut row.mentions, ord),
            Some(_) | None => {}
        }
    }
}

/// The target of a request takes the room among its own.
pub(super) fn accept(change: &mut Change<'_>, room: RoomId, user: &UserId) {
    let row = change.write_row(room, user);
    row.request = false;
    let from_seq = row.joined_seq;
    change.own_fact(room, user, OwnChange::Joined { from_seq });
}

fn edit(change: &mut Change<'_>, request: EditMessage) -> Result<Changed, Refusal> {
    let EditMessage { room, actor, target, once, text, data } = request;
    if let Some(first) = change.repeated_change(room, &actor, once.as_ref())? {
        return Ok(first);
    }
    let (room_state, row) = change.state().member(room, &actor)?;
    let (sender, message) = room_state.live_message_for(row, target)?;
    if *sender != actor {
        return Err(Refusal::Forbidden);
    }
    let text = text.filter(|text| *text != message.text);
    let data = data.filter(|data| cleared_if_empty(data) != message.data);
    if text.is_none() && data.is_none() {
        let rev = message.rev;
        return Ok(change.changed(room, &actor, once, rev));
    }
    let next_text = text.clone().unwrap_or_else(|| message.text.clone());
    let next_data = data.as_ref().map_or_else(|| message.data.clone(), cleared_if_empty);
    if next_text.is_empty() && next_data.is_none() {
        return Err(Refusal::EmptyMessage);
    }

    let edited_ms = change.now;
    let (seq, _) = change.append_record(room, &actor, RecordBody::Edited { target, text, data, edited_ms });
    let message = message_mut(change, room, target);
    message.rev = seq;
    message.text = next_text;
    message.data = next_data;
    message.edited_ms = Some(edited_ms);
    Ok(change.changed(room, &actor, once, seq))
}

/// `{}` in a change clears the field.
pub(super) fn cleared_if_empty(data: &JsonObject) -> Option<JsonObject> {
    (!data.is_empty()).then(|| data.clone())
}

fn delete(change: &mut Change<'_>, request: DeleteMessage) -> Result<Changed, Refusal> {
    let DeleteMessage { room, actor, target, once } = request;
    if let Some(first) = change.repeated_change(room, &actor, once.as_ref())? {
        return Ok(first);
    }
    let (room_state, row) = change.state().member(room, &actor)?;
    let (sender, message) = room_state.message_for(row, target)?;
    if *sender != actor && row.role < Role::Admin {
        return Err(Refusal::Forbidden);
    }
    if message.deleted {
        let rev = message.rev;
        return Ok(change.changed(room, &actor, once, rev));
    }

    let (seq, _) = change.append_record(room, &actor, RecordBody::Deleted { target });
    let message = message_mut(change, room, target);
    message.rev = seq;
    message.deleted = true;
    message.text.clear();
    message.data = None;
    message.mentions = Mentions::default();
    message.reactions.clear();
    let room_state = change.write_room(room);
    room_state.reactions.retain(|(reacted, _), _| *reacted != target);
    room_state.blank_edits(target);
    Ok(change.changed(room, &actor, once, seq))
}

fn react(change: &mut Change<'_>, request: React) -> Result<Changed, Refusal> {
    let React { room, actor, target, emoji, op, once } = request;
    if let Some(first) = change.repeated_change(room, &actor, once.as_ref())? {
        return Ok(first);
    }
    let (room_state, row) = change.state().member(room, &actor)?;
    let (_, message) = room_state.live_message_for(row, target)?;
    let held = room_state.reactions.get(&(target, actor.clone())).is_some_and(|held| held.contains(&emoji));
    if held == (op == ReactionOp::Add) {
        let rev = message.rev;
        return Ok(change.changed(room, &actor, once, rev));
    }
    let is_new = message.reactions.iter().all(|reaction| reaction.emoji != emoji);
    let max = change.limits.reactions_per_message;
    if is_new && message.reactions.len() >= max {
        return Err(Refusal::LimitReached { limit: "reactions_per_message", max: max as u64 });
    }

    let body = RecordBody::Reaction { target, emoji: emoji.clone(), op };
    let (seq, _) = change.append_record(room, &actor, body);
    let message = message_mut(change, room, target);
    message.rev = seq;
    count_reaction(&mut message.reactions, &emoji, op);
    let held = change.write_room(room).reactions.entry((target, actor.clone())).or_default();
    match op {
        ReactionOp::Add => held.insert(emoji),
        ReactionOp::Remove => held.remove(&emoji),
    };
    Ok(change.changed(room, &actor, once, seq))
}

fn count_reaction(reactions: &mut Vec<Reaction>, emoji: &Emoji, op: ReactionOp) {
    let at = reactions.iter().position(|reaction| reaction.emoji == *emoji);
    match (op, at) {
        (ReactionOp::Add, Some(at)) => reactions[at].count += 1,
        (ReactionOp::Add, None) => reactions.push(Reaction { emoji: emoji.clone(), count: 1 }),
        (ReactionOp::Remove, Some(at)) => {
            reactions[at].count -= 1;
            if reactions[at].count == 0 {
                reactions.remove(at);
            }
        }
        (ReactionOp::Remove, None) => {}
    }
}

fn message_mut<'a>(change: &'a mut Change<'_>, room: RoomId, target: Seq) -> &'a mut Message {
    change.write_room(room).message_mut(target).expect("the message was found before it is changed")
}

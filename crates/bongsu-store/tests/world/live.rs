//! What each step does to a store, and what the store says to it.

use bongsu_store::conformance::acts::{
    delete, device, edit, emoji, hello, json, message, once, room as new_room, room_key, update, user, users,
};
use bongsu_store::{
    AppendMessage, Authority, CreateRoom, DeleteMessage, EditMessage, Hello, HistoryFrom, KeyScopeOfRoom,
    Once, ProfileChange, React, SettingsChange, UpdateRoom,
};
use bongsu_types::{CommitNo, JsonObject, Mentions, RoomChange, RoomId, RoomKind, Seq, UserRev};

use super::op::{From, Look, Op};
use super::{ROOMS, USERS, World};

impl World {
    /// Takes one step, and says what the store answered.
    pub(crate) async fn live(&mut self, op: &Op) -> String {
        match op.clone() {
            Op::Create { .. } | Op::Update { .. } => self.live_rooms(op.clone()).await,
            Op::Send { .. } | Op::Edit { .. } | Op::Delete { .. } | Op::React { .. } => {
                self.talk(op.clone()).await
            }
            Op::Add { .. } | Op::Remove { .. } | Op::Leave { .. } | Op::SetRole { .. } => {
                self.come_and_go(op.clone()).await
            }
            Op::MarkRead { .. } | Op::MarkUnread { .. } | Op::Settings { .. } | Op::Accept { .. } => {
                self.mark(op.clone()).await
            }
            Op::Hello { .. }
            | Op::Ack { .. }
            | Op::RemoveDevice { .. }
            | Op::Revoke { .. }
            | Op::Upsert { .. } => self.connect(op.clone()).await,
            Op::Consume { .. } | Op::Sweep | Op::ExpireDevices | Op::Advance { .. } | Op::Reopen => {
                self.keep_up(op.clone()).await
            }
            Op::Look(look) => self.look(look).await,
        }
    }

    async fn live_rooms(&mut self, op: Op) -> String {
        let store = self.fixture.store();
        match op {
            Op::Create { kind, creator, mut others, key, retention, history_before_join, request } => {
                others.sort_unstable();
                others.dedup();
                others.retain(|other| *other != creator);
                if kind == RoomKind::Direct {
                    others.truncate(1);
                }
                if self.rooms.len() >= ROOMS || (kind == RoomKind::Direct && others.is_empty()) {
                    return String::new();
                }
                // Ids sort by time: so rooms sort by creation on every engine.
                self.fixture.advance(1);
                let scope = |global| if global { KeyScopeOfRoom::Global } else { KeyScopeOfRoom::Creator };
                let request = CreateRoom {
                    key: key.map(|(global, key)| (scope(global), room_key(&format!("k{key}")))),
                    members: names(&others),
                    history_before_join,
                    retention,
                    request,
                    ..new_room(kind, USERS[creator], &[])
                };
                let answer = store.create_room(request).await;
                if let Ok(created) = &answer
                    && created.created
                {
                    self.rooms.push(created.room);
                }
                self.say(&answer)
            }
            Op::Update { room, who, name, data, history_before_join, retention, server, key } => {
                let change = RoomChange {
                    name: name.map(text_of),
                    image: None,
                    data: data.map(data_of),
                    history_before_join,
                    retention,
                };
                let request = UpdateRoom {
                    authority: if server { Authority::Server } else { Authority::User },
                    once: key.map(|key| once_of(key, 50 + name.unwrap_or(9))),
                    change,
                    ..update(self.room(room), self.manager(room, who).await)
                };
                self.say(&store.update_room(request).await)
            }
            other => unreachable!("not about rooms: {other:?}"),
        }
    }

    async fn talk(&self, op: Op) -> String {
        let store = self.fixture.store();
        match op {
            Op::Send { room, who, key, text, kind, mentions, everyone, reply_to, silent, keep_unread } => {
                let who = self.actor(room, who).await;
                let reply_to = match reply_to {
                    Some(target) => Some(self.target(room, target).await),
                    None => None,
                };
                let request = AppendMessage {
                    once: once_of(key, text),
                    kind,
                    mentions: Mentions { all: everyone, users: names(&mentions) },
                    reply_to,
                    silent,
                    keep_unread,
                    ..message(self.room(room), who, "set above", &format!("text {text}"))
                };
                self.say(&store.append(request).await)
            }
            Op::Edit { room, who, target, text, data, key } => {
                let target = self.target(room, target).await;
                let who = self.sender(room, who, target).await;
                let request = EditMessage {
                    text: text.map(text_of),
                    data: data.map(data_of),
                    once: key.map(|key| once_of(key, 10 + text.unwrap_or(9))),
                    ..edit(self.room(room), who, target, "")
                };
                self.say(&store.edit(request).await)
            }
            Op::Delete { room, who, target, key } => {
                let target = self.target(room, target).await;
                let who = self.sender(room, who, target).await;
                let once = key.map(|key| once_of(key, 20));
                let request = DeleteMessage { once, ..delete(self.room(room), who, target) };
                self.say(&store.delete(request).await)
            }
            Op::React { room, who, target, emoji: number, op, key } => {
                let request = React {
                    room: self.room(room),
                    actor: user(self.actor(room, who).await),
                    target: self.target(room, target).await,
                    emoji: emoji(&format!("e{number}")),
                    op,
                    once: key.map(|key| once_of(key, 30 + number)),
                };
                self.say(&store.react(request).await)
            }
            other => unreachable!("nothing said: {other:?}"),
        }
    }

    async fn come_and_go(&self, op: Op) -> String {
        let store = self.fixture.store();
        match op {
            Op::Add { room, who, users } => {
                let who = user(self.manager(room, who).await);
                self.say(&store.add_members(self.room(room), &who, &names(&users)).await)
            }
            Op::Remove { room, who, users } => {
                let who = user(self.manager(room, who).await);
                self.say(&store.remove_members(self.room(room), &who, &names(&users)).await)
            }
            Op::Leave { room, who } => {
                self.say(&store.leave(self.room(room), &user(self.actor(room, who).await)).await)
            }
            Op::SetRole { room, who, user: of, role } => {
                let who = user(self.manager(room, who).await);
                let answer = store.set_role(self.room(room), &who, &user(USERS[of]), role).await;
                self.say(&answer)
            }
            other => unreachable!("nobody comes or goes: {other:?}"),
        }
    }

    async fn mark(&self, op: Op) -> String {
        let store = self.fixture.store();
        match op {
            Op::MarkRead { room, who, seq } => self
                .say(&store.mark_read(&user(self.actor(room, who).await), self.room(room), Seq(seq)).await),
            Op::MarkUnread { room, who } => {
                self.say(&store.mark_unread(&user(self.actor(room, who).await), self.room(room)).await)
            }
            Op::Settings { room, who, pinned, hidden, custom } => {
                let change =
                    SettingsChange { pinned, muted_until_ms: None, hidden, custom: custom.map(data_of) };
                self.say(
                    &store.change_settings(&user(self.actor(room, who).await), self.room(room), change).await,
                )
            }
            Op::Accept { room, who } => {
                self.say(&store.accept(&user(self.actor(room, who).await), self.room(room)).await)
            }
            other => unreachable!("not about marks: {other:?}"),
        }
    }

    async fn connect(&self, op: Op) -> String {
        let store = self.fixture.store();
        let now = self.fixture.now();
        match op {
            Op::Hello { who, device: number, knows_epoch, fresh_token, cursors } => {
                let issued_ms = if fresh_token { now } else { now.minus(20 * 60 * 60 * 1000) };
                let epoch = knows_epoch.then(|| store.epoch());
                let request = Hello {
                    cursors: self.cursors(&cursors),
                    ..hello(USERS[who], &device_name(number), issued_ms, epoch)
                };
                self.say(&store.hello(request).await)
            }
            Op::Ack { who, device: number, cursors } => {
                let device = device(&device_name(number));
                let cursors = self.cursors(&cursors);
                self.say(&store.store_cursors(&user(USERS[who]), &device, &cursors, now).await)
            }
            Op::RemoveDevice { who, device: number } => {
                self.say(&store.remove_device(&user(USERS[who]), &device(&device_name(number))).await)
            }
            Op::Revoke { who } => self.say(&store.revoke_user(&user(USERS[who])).await),
            Op::Upsert { who, name, data } => {
                let change = ProfileChange { name: name.map(text_of), image: None, data: data.map(data_of) };
                self.say(&store.upsert_users(&[(user(USERS[who]), change)]).await)
            }
            other => unreachable!("nobody connects: {other:?}"),
        }
    }

    async fn keep_up(&self, op: Op) -> String {
        let store = self.fixture.store();
        match op {
            Op::Consume { present } => {
                let at = if present { store.last_commit().await.unwrap_or_default() } else { CommitNo(3) };
                self.say(&store.store_consumer("consumer", at).await)
            }
            Op::Sweep => {
                let report = store.sweep(100_000).await;
                self.say(&report.map(|report| (report.rooms, report.records, report.more)))
            }
            Op::ExpireDevices => self.say(&store.expire_devices().await),
            Op::Advance { ms } => {
                self.fixture.advance(ms);
                String::new()
            }
            Op::Reopen => {
                drop(store);
                self.fixture.reopen().await;
                String::new()
            }
            other => unreachable!("not upkeep: {other:?}"),
        }
    }

    async fn look(&self, look: Look) -> String {
        let store = self.fixture.store();
        match look {
            Look::History { room, who, from, seq, limit } => {
                let from = match from {
                    From::Latest => HistoryFrom::Latest,
                    From::Before => HistoryFrom::Before(Seq(seq)),
                    From::After => HistoryFrom::After(Seq(seq)),
                    From::Around => HistoryFrom::Around(Seq(seq)),
                };
                self.say(
                    &store.history(&user(self.actor(room, who).await), self.room(room), from, limit).await,
                )
            }
            Look::Records { room, after, limit } => {
                self.say(&store.records(self.room(room), Seq(after), limit, usize::MAX).await)
            }
            Look::Row { room, who } => {
                self.say(&store.room_row(&user(self.actor(room, who).await), self.room(room)).await)
            }
            Look::Rows { who } => self.say(&store.own_rows(&user(USERS[who])).await),
            Look::Details { who } => self.say(&store.details(&user(USERS[who]), &self.rooms).await),
            Look::Changes { who, since } => self.say(&store.changes(&user(USERS[who]), UserRev(since)).await),
            Look::Members { room, who, after, limit } => {
                let after = after.map(|after| user(USERS[after]));
                self.say(
                    &store
                        .members(&user(self.actor(room, who).await), self.room(room), after.as_ref(), limit)
                        .await,
                )
            }
            Look::Replied { room, who, key, text } => self.say(
                &store
                    .replied(self.room(room), &user(self.actor(room, who).await), &once_of(key, text))
                    .await,
            ),
            Look::Mine { room, who } => {
                let targets: Vec<Seq> = (0..30).map(Seq).collect();
                let mut mine =
                    store.own_reactions(&user(self.actor(room, who).await), self.room(room), &targets).await;
                if let Ok(mine) = &mut mine {
                    mine.sort();
                }
                self.say(&mine)
            }
            Look::Share { a, b } => {
                self.say(&store.share_accepted_room(&user(USERS[a]), &user(USERS[b])).await)
            }
            Look::Devices { who } => self.say(&store.devices(&user(USERS[who])).await),
        }
    }

    fn cursors(&self, cursors: &[(usize, u64)]) -> Vec<(RoomId, Seq)> {
        cursors.iter().map(|(room, seq)| (self.room(*room), Seq(*seq))).collect()
    }
}

fn names(numbers: &[usize]) -> Vec<bongsu_types::UserId> {
    let names: Vec<&str> = numbers.iter().map(|number| USERS[*number]).collect();
    users(&names)
}

fn device_name(number: u8) -> String {
    format!("device-{number}")
}

/// Zero is the empty text, which clears.
fn text_of(number: u8) -> String {
    if number == 0 { String::new() } else { format!("text {number}") }
}

/// Zero is the empty object, which clears.
fn data_of(number: u8) -> JsonObject {
    if number == 0 { JsonObject::empty() } else { json(&format!("{{\"n\":{number}}}")) }
}

fn once_of(key: u8, request: u8) -> Once {
    once(&format!("key-{key}"), &format!("request {request}"))
}

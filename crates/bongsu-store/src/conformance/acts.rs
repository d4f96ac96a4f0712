//! The words cases are told in: who does what to a store, in a line each. An act that is refused fails the case.

use std::collections::BTreeMap;
use std::sync::Arc;

use bongsu_types::{
    ClientId, CommitNo, Committed, DeviceId, DeviceInfo, Emoji, Epoch, Fact, Head, JsonObject, Mentions,
    Message, MessageKind, Millis, OwnFact, OwnRow, ReactionOp, Record, Retention, RoomId, RoomKey, RoomKind,
    Seq, TailRef, UserId,
};

use super::Fixture;
use crate::{
    AppendMessage, Appended, Authority, Changed, CreateRoom, DeleteMessage, EditMessage, Hello, HistoryFrom,
    HistoryItem, HistoryPage, MarkedRead, Once, Opened, React, Refusal, RequestHash, StoreError, StoreResult,
    UpdateRoom,
};

/// A user.
pub fn user(name: &str) -> UserId {
    UserId::new(name).unwrap()
}

/// Users.
pub fn users(names: &[&str]) -> Vec<UserId> {
    names.iter().map(|name| user(name)).collect()
}

/// A device.
pub fn device(name: &str) -> DeviceId {
    DeviceId::new(name).unwrap()
}

/// A reaction.
pub fn emoji(text: &str) -> Emoji {
    Emoji::new(text).unwrap()
}

/// A JSON object.
pub fn json(text: &str) -> JsonObject {
    JsonObject::parsed(text).unwrap()
}

/// An idempotency key for a request that `what` tells apart from others.
pub fn once(client_id: &str, what: &str) -> Once {
    let hash =
        what.bytes().fold(7_u128, |hash, byte| hash.wrapping_mul(0x0100_0193).wrapping_add(byte.into()));
    Once { client_id: ClientId::new(client_id).unwrap(), request: RequestHash(hash.to_le_bytes()) }
}

/// A plain message, to be changed with `..`.
pub fn message(room: RoomId, sender: &str, client_id: &str, text: &str) -> AppendMessage {
    AppendMessage {
        room,
        sender: user(sender),
        once: once(client_id, text),
        kind: MessageKind::Message,
        text: text.to_owned(),
        data: None,
        mentions: Mentions::default(),
        reply_to: None,
        silent: false,
        keep_unread: false,
    }
}

/// Mentions of these users.
pub fn mentions(names: &[&str]) -> Mentions {
    Mentions { all: false, users: users(names) }
}

/// `@all`.
pub fn everyone() -> Mentions {
    Mentions { all: true, users: Vec::new() }
}

/// An edit of the text, without a key.
pub fn edit(room: RoomId, actor: &str, target: Seq, text: &str) -> EditMessage {
    EditMessage { room, actor: user(actor), target, once: None, text: Some(text.to_owned()), data: None }
}

/// A deletion, without a key.
pub fn delete(room: RoomId, actor: &str, target: Seq) -> DeleteMessage {
    DeleteMessage { room, actor: user(actor), target, once: None }
}

/// A reaction added, without a key.
pub fn react(room: RoomId, actor: &str, target: Seq, text: &str) -> React {
    React { room, actor: user(actor), target, emoji: emoji(text), op: ReactionOp::Add, once: None }
}

/// A reaction removed, without a key.
pub fn unreact(room: RoomId, actor: &str, target: Seq, text: &str) -> React {
    React { op: ReactionOp::Remove, ..react(room, actor, target, text) }
}

/// A room with the wire's defaults, to be changed with `..`.
pub fn room(kind: RoomKind, creator: &str, others: &[&str]) -> CreateRoom {
    CreateRoom {
        kind,
        creator: user(creator),
        key: None,
        members: users(others),
        name: String::new(),
        image: String::new(),
        data: None,
        history_before_join: false,
        retention: Retention::History { days: None },
        request: false,
    }
}

/// A key of a room.
pub fn room_key(text: &str) -> RoomKey {
    RoomKey::new(text).unwrap()
}

/// A change of a room on its user's own word, changing nothing yet.
pub fn update(room: RoomId, actor: &str) -> UpdateRoom {
    UpdateRoom {
        room,
        actor: user(actor),
        authority: Authority::User,
        once: None,
        change: bongsu_types::RoomChange::default(),
    }
}

/// A hello of a client that knows `epoch`, with a token issued at `issued_ms`.
pub fn hello(name: &str, device_name: &str, issued_ms: Millis, epoch: Option<Epoch>) -> Hello {
    let info = DeviceInfo { id: device(device_name), platform: String::new(), name: String::new() };
    Hello { user: user(name), device: info, issued_ms, epoch, cursors: Vec::new(), profile: None }
}

/// The refusal of a call that must be refused.
///
/// # Panics
/// When the call was not refused.
pub fn refused<T: std::fmt::Debug>(answer: StoreResult<T>) -> Refusal {
    match answer {
        Err(StoreError::Refused(refusal)) => refusal,
        other => panic!("expected a refusal, got {other:?}"),
    }
}

/// The message of a record that must be one.
pub fn message_of(record: &Record) -> &Message {
    record.body.message().expect("the record is a message")
}

/// Texts of a page.
pub fn texts(page: &HistoryPage) -> Vec<&str> {
    page.messages.iter().map(|item| message_of(&item.record).text.as_str()).collect()
}

/// Seqs of a page.
pub fn seqs(page: &HistoryPage) -> Vec<u64> {
    page.messages.iter().map(|item| item.record.seq.get()).collect()
}

impl Fixture {
    /// A group of the creator, who owns it, and others.
    pub async fn group(&self, creator: &str, others: &[&str]) -> RoomId {
        self.create(room(RoomKind::Group, creator, others)).await
    }

    /// A channel.
    pub async fn channel(&self, creator: &str, others: &[&str]) -> RoomId {
        self.create(room(RoomKind::Channel, creator, others)).await
    }

    /// A direct room.
    pub async fn direct(&self, creator: &str, other: &str) -> RoomId {
        self.create(room(RoomKind::Direct, creator, &[other])).await
    }

    /// Creates or finds a room.
    pub async fn create(&self, request: CreateRoom) -> RoomId {
        self.store().create_room(request).await.unwrap().room
    }

    /// Sends a text under a key of its own.
    pub async fn send(&self, room: RoomId, sender: &str, text: &str) -> Appended {
        let client_id = format!("{text}#{}", self.committed().len());
        self.append(message(room, sender, &client_id, text)).await
    }

    /// Appends a message.
    pub async fn append(&self, request: AppendMessage) -> Appended {
        self.store().append(request).await.unwrap()
    }

    /// Changes a text.
    pub async fn edit(&self, room: RoomId, actor: &str, target: Seq, text: &str) -> Changed {
        self.store().edit(edit(room, actor, target, text)).await.unwrap()
    }

    /// Deletes a message.
    pub async fn delete(&self, room: RoomId, actor: &str, target: Seq) -> Changed {
        self.store().delete(delete(room, actor, target)).await.unwrap()
    }

    /// Adds a reaction.
    pub async fn react(&self, room: RoomId, actor: &str, target: Seq, text: &str) -> Changed {
        self.store().react(react(room, actor, target, text)).await.unwrap()
    }

    /// Adds members.
    pub async fn add(&self, room: RoomId, actor: &str, names: &[&str]) -> Changed {
        self.store().add_members(room, &user(actor), &users(names)).await.unwrap()
    }

    /// Removes members.
    pub async fn remove(&self, room: RoomId, actor: &str, names: &[&str]) -> Changed {
        self.store().remove_members(room, &user(actor), &users(names)).await.unwrap()
    }

    /// Marks read.
    pub async fn read(&self, room: RoomId, name: &str, seq: u64) -> MarkedRead {
        self.store().mark_read(&user(name), room, Seq(seq)).await.unwrap()
    }

    /// Says hello with a fresh token, as a client that knows the epoch.
    pub async fn hello(&self, name: &str, device_name: &str) -> Opened {
        self.advance(1);
        let epoch = self.store().epoch();
        self.store().hello(hello(name, device_name, self.now(), Some(epoch))).await.unwrap()
    }

    /// Acks positions from a device.
    pub async fn ack(&self, name: &str, device_name: &str, cursors: &[(RoomId, u64)]) {
        let cursors: Vec<_> = cursors.iter().map(|(room, seq)| (*room, Seq(*seq))).collect();
        let (user, device) = (user(name), device(device_name));
        self.store().store_cursors(&user, &device, &cursors, self.now()).await.unwrap();
    }

    /// The own row, which must exist.
    pub async fn row(&self, name: &str, room: RoomId) -> OwnRow {
        self.store().room_row(&user(name), room).await.unwrap().expect("the user has a row").own
    }

    /// Unread, as a chat list says it.
    pub async fn unread(&self, name: &str, room: RoomId) -> u64 {
        let row = self.store().room_row(&user(name), room).await.unwrap().expect("the user has a row");
        row.own.unread(&row.head)
    }

    /// Unread mentions, as a chat list says them.
    pub async fn unread_mentions(&self, name: &str, room: RoomId) -> usize {
        let row = self.store().room_row(&user(name), room).await.unwrap().expect("the user has a row");
        row.own.unread_mentions(&row.head, &row.details.everyone)
    }

    /// The user's revision.
    pub async fn user_rev(&self, name: &str) -> u64 {
        self.store().own_rows(&user(name)).await.unwrap().user_rev.get()
    }

    /// The head, of a room that exists.
    pub async fn head(&self, room: RoomId) -> Head {
        self.store().heads(&[room]).await.unwrap()[0]
    }

    /// The whole log above the floor.
    pub async fn log(&self, room: RoomId) -> Vec<Record> {
        self.store().records(room, Seq::ZERO, usize::MAX, usize::MAX).await.unwrap().records
    }

    /// A page of history.
    pub async fn page(&self, name: &str, room: RoomId, from: HistoryFrom, limit: usize) -> HistoryPage {
        self.store().history(&user(name), room, from, limit).await.unwrap()
    }

    /// Every message a member may see, page by page from the newest.
    pub async fn history(&self, name: &str, room: RoomId) -> Vec<HistoryItem> {
        let mut all = Vec::new();
        let mut from = HistoryFrom::Latest;
        loop {
            let page = self.page(name, room, from, 200).await;
            let first = page.messages.first().map(|item| item.record.seq);
            all.splice(0..0, page.messages);
            match first {
                Some(first) if page.more => from = HistoryFrom::Before(first),
                Some(_) | None => return all,
            }
        }
    }

    /// Number of the last commit.
    pub async fn last_commit(&self) -> CommitNo {
        self.store().last_commit().await.unwrap()
    }

    /// All refs of the tail, read `limit` at a time.
    pub async fn tail(&self, limit: usize) -> Vec<TailRef> {
        let (mut refs, mut after) = (Vec::new(), CommitNo::ZERO);
        loop {
            let page = self.store().tail(after, limit).await.unwrap();
            assert!(page.refs.iter().all(|tail_ref| tail_ref.commit > after && tail_ref.commit <= page.next));
            refs.extend(page.refs);
            if page.next == page.last {
                return refs;
            }
            assert!(page.next > after, "a page before the end moves the cursor");
            after = page.next;
        }
    }

    /// Facts committed since the observer had been told of `commits` commits.
    pub fn facts_since(&self, commits: usize) -> Vec<Fact> {
        self.committed()[commits..].iter().flat_map(|committed| committed.facts.clone()).collect()
    }

    /// Own facts of one user, in order.
    pub fn own_facts(&self, name: &str) -> Vec<OwnFact> {
        let is_own = |fact: Fact| match fact {
            Fact::Own(own) if own.user == user(name) => Some(own),
            Fact::Own(_)
            | Fact::Record(_)
            | Fact::Receipt { .. }
            | Fact::SessionOpened { .. }
            | Fact::DeviceRemoved { .. }
            | Fact::ProfileChanged { .. }
            | Fact::UserRevoked { .. } => None,
        };
        self.facts_since(0).into_iter().filter_map(is_own).collect()
    }

    /// The last commit as the observer was told it.
    pub fn last_told(&self) -> Arc<Committed> {
        Arc::clone(self.committed().last().expect("something was committed"))
    }

    /// Asserts that seqs are dense from the floor and ords count the countable messages.
    pub async fn assert_dense(&self, room: RoomId) {
        let head = self.head(room).await;
        let (mut seq, mut ord) = (head.floor_seq, head.floor_ord);
        for record in self.log(room).await {
            seq = seq.next();
            if record.body.message().is_some_and(Message::is_countable) {
                ord = ord.next();
            }
            assert_eq!((record.seq, record.ord), (seq, ord), "seqs and ords are dense");
        }
        assert_eq!((head.seq, head.ord), (seq, ord), "the head is the last record");
    }

    /// Asserts that every unread equals a recount of the log.
    pub async fn assert_no_drift(&self) {
        let mut after = None;
        loop {
            let (report, next) = self.store().audit(after, 50).await.unwrap();
            assert_eq!(report.drift, []);
            let Some(next) = next else { return };
            after = Some(next);
        }
    }

    /// Messages by client id: how often each is in the log.
    pub async fn times_in_log(&self, room: RoomId) -> BTreeMap<String, usize> {
        let mut times = BTreeMap::new();
        for record in self.log(room).await {
            if let Some(message) = record.body.message() {
                *times.entry(message.client_id.to_string()).or_default() += 1;
            }
        }
        times
    }
}

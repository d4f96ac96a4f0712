//! Messages: append, change, and read a room's log.

use async_trait::async_trait;
use bongsu_types::{
    ClientId, Emoji, JsonObject, Mentions, MessageKind, Millis, Ordinal, ReactionOp, Record, RoomId, Seq,
    UserId,
};

use crate::StoreResult;

/// Hash of a request as first sent: method and every parameter but the client id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RequestHash(pub [u8; 16]);

/// Makes a mutation happen once: the key is (room, actor, client_id).
///
/// It is looked up before membership and everything else. The same key and hash again returns the first reply,
/// whatever has happened since; another hash is `Refusal::Conflict`. Kept as long as the message and at least 30 days.
/// A change that changed nothing stores its key too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Once {
    /// Chosen by the client.
    pub client_id: ClientId,
    /// Of this request.
    pub request: RequestHash,
}

/// A message to append. Sizes were checked by the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppendMessage {
    /// Where.
    pub room: RoomId,
    /// Who; must be a member.
    pub sender: UserId,
    /// Idempotency.
    pub once: Once,
    /// Message or system.
    pub kind: MessageKind,
    /// Text; may be empty when there is data.
    pub text: String,
    /// The host app's facts.
    pub data: Option<JsonObject>,
    /// Who is called on; `@all` needs an admin (`Forbidden`).
    pub mentions: Mentions,
    /// A message the sender may see (`MessageNotFound`).
    pub reply_to: Option<Seq>,
    /// Does not count as unread.
    pub silent: bool,
    /// Leave the sender's own read mark where it is.
    pub keep_unread: bool,
}

/// The reply to an append; equal for every repetition but for `duplicate`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    /// Position.
    pub seq: Seq,
    /// Countable messages up to and including it.
    pub ord: Ordinal,
    /// When it was committed.
    pub at_ms: Millis,
    /// This attempt was a repetition.
    pub duplicate: bool,
}

/// The reply to a change of something in a room's log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Changed {
    /// Seq of the record written. When nothing changed: the message's `rev`, or for room changes the head's seq.
    pub seq: Seq,
    /// This attempt was a repetition.
    pub duplicate: bool,
}

/// A change of text or data. Only the sender (`Forbidden`). Absent means unchanged; "" and `{}` clear.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EditMessage {
    /// Where.
    pub room: RoomId,
    /// Who.
    pub actor: UserId,
    /// The message; deleted ones are `MessageNotFound`.
    pub target: Seq,
    /// Idempotency.
    pub once: Option<Once>,
    /// New text.
    pub text: Option<String>,
    /// New data.
    pub data: Option<JsonObject>,
}

/// A deletion for everyone. The sender or an admin (`Forbidden`). Deleting again changes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeleteMessage {
    /// Where.
    pub room: RoomId,
    /// Who.
    pub actor: UserId,
    /// The message.
    pub target: Seq,
    /// Idempotency.
    pub once: Option<Once>,
}

/// A reaction added or removed; one of each emoji per user. Deleted messages are `MessageNotFound`.
/// More distinct emoji than `reactions_per_message` is `LimitReached`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct React {
    /// Where.
    pub room: RoomId,
    /// Who.
    pub actor: UserId,
    /// The message.
    pub target: Seq,
    /// The reaction.
    pub emoji: Emoji,
    /// Added or removed.
    pub op: ReactionOp,
    /// Idempotency.
    pub once: Option<Once>,
}

/// Where a page of history begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HistoryFrom {
    /// The newest messages.
    Latest,
    /// Messages with a smaller seq, the nearest ones.
    Before(Seq),
    /// Messages with a greater seq, the nearest ones.
    After(Seq),
    /// Half the page (items, rounded up, and bytes) at or before this seq, then newer ones in what is left of it.
    Around(Seq),
}

/// A message of a page, and what the reader reacted to it with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryItem {
    /// A message record in its current state.
    pub record: Record,
    /// The reader's own reactions, ascending.
    pub mine: Vec<Emoji>,
}

/// Messages of a room as one member sees them, read in one snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryPage {
    /// Ascending by seq, messages only.
    pub messages: Vec<HistoryItem>,
    /// Seqs covered, both inclusive: whatever lies between and is not a message is another record. `None` when
    /// nothing is covered. A page that reaches the end of what is visible covers up to that end.
    pub covered: Option<(Seq, Seq)>,
    /// Another message lies further in the direction asked; for `Around` and `Latest`: an older one. A side that has
    /// more is covered up to the last message of the page on that side, else to the end of what is visible.
    pub more: bool,
    /// The room's floor.
    pub floor_seq: Seq,
    /// The room's head (for a former member never asked: they get `RoomNotFound`).
    pub head_seq: Seq,
}

/// A stretch of a room's log, read in one snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordPage {
    /// Ascending by seq, dense from `after + 1` (or from the floor + 1 when that is higher).
    pub records: Vec<Record>,
    /// The room's head in the same snapshot.
    pub head_seq: Seq,
    /// The room's floor in the same snapshot.
    pub floor_seq: Seq,
}

/// Append to and read a room's log.
///
/// Appends called one after the other (each polled once before the next is created) commit in that order.
#[async_trait]
pub trait Messages {
    /// Appends a message in ONE commit: idempotency key, member check, seq = head + 1, message, head, key, the
    /// sender's own row (mark := this record, `marked_unread` := false, unless `keep_unread`), the mentioned members'
    /// rows, the tail ref. A `marked_unread` it clears bumps the sender's `user_rev` and is an own fact; the mark
    /// alone is not. Order of checks: key, membership, `@all`, `reply_to` (the same for changes: key, membership,
    /// message, role, whether it changes anything, limits). Order of facts: record, accepted request, cleared flag.
    ///
    /// Only countable messages mention: their ord goes to the rows of the named members whose `read_ord` is below it,
    /// the sender's included, and for `@all` to the room's list. Deleting a message takes no mention back.
    async fn append(&self, request: AppendMessage) -> StoreResult<Appended>;

    /// The first reply to `once`, if there was one: `Some(Err(Conflict))`-like refusals come as errors.
    ///
    /// For callers that are about to refuse a request for rate or size: a repetition is answered all the same.
    /// `at_ms` and `ord` are those of the first reply (for changes: zero).
    async fn replied(&self, room: RoomId, actor: &UserId, once: &Once) -> StoreResult<Option<Appended>>;

    /// Changes a message. The record carries only what changed.
    async fn edit(&self, request: EditMessage) -> StoreResult<Changed>;

    /// Deletes a message: text, data, mentions and reactions go, the tombstone keeps seq and ord. In the same commit the
    /// text and data of its `Edited` records go from the log, which stays dense.
    async fn delete(&self, request: DeleteMessage) -> StoreResult<Changed>;

    /// Adds or removes a reaction.
    async fn react(&self, request: React) -> StoreResult<Changed>;

    /// A page of at most `limit` messages (1..=200) and `Limits::page_bytes` of text and data (at least one), as
    /// `user` may see them: membership is read in the same snapshot (`RoomNotFound`).
    async fn history(
        &self,
        user: &UserId,
        room: RoomId,
        from: HistoryFrom,
        limit: usize,
    ) -> StoreResult<HistoryPage>;

    /// Records with `seq > after`, at most `limit` and about `bytes` (at least one). No member is asked about: for
    /// the hub, which knows whom it serves. `RoomNotFound` only when there is no such room.
    async fn records(&self, room: RoomId, after: Seq, limit: usize, bytes: usize) -> StoreResult<RecordPage>;

    /// The reactions of `user` to these messages: (target, emoji), in any order. No membership is asked about.
    async fn own_reactions(
        &self,
        user: &UserId,
        room: RoomId,
        targets: &[Seq],
    ) -> StoreResult<Vec<(Seq, Emoji)>>;
}

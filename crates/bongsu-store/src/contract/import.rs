//! Import: whole rooms from elsewhere, seen by nobody until they are complete.

use std::collections::BTreeSet;

use async_trait::async_trait;
use bongsu_types::{
    ClientId, Emoji, JsonObject, Millis, Reaction, Role, RoomId, RoomKey, RoomKind, Seq, UserId,
};

use crate::StoreResult;

/// A room to import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportRoom {
    /// Kind; direct rooms name their pair.
    pub kind: RoomKind,
    /// Global key that names the room in the source; the import is idempotent by it.
    pub key: RoomKey,
    /// Who counts as its creator.
    pub creator: UserId,
    /// Name; empty for none.
    pub name: String,
    /// Image; empty for none.
    pub image: String,
    /// The host app's facts.
    pub data: Option<JsonObject>,
    /// When it was created.
    pub created_ms: Millis,
    /// Direct only.
    pub pair: Option<(UserId, UserId)>,
}

/// How far an import of a room is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImportState {
    /// The room.
    pub room: RoomId,
    /// Messages appended so far: the head of its log.
    pub head_seq: Seq,
    /// Its members are in: nothing is left to do.
    pub finished: bool,
}

/// A message from elsewhere in its last state: edits and reactions are part of it and leave no records of their own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportMessage {
    /// Who wrote it.
    pub sender: UserId,
    /// Names it in the source.
    pub client_id: ClientId,
    /// When it was written; records keep the order given, whatever the times say.
    pub at_ms: Millis,
    /// Text.
    pub text: String,
    /// The host app's facts.
    pub data: Option<JsonObject>,
    /// An earlier message of the same import.
    pub reply_to: Option<Seq>,
    /// When it was last edited.
    pub edited_ms: Option<Millis>,
    /// Who reacted, by emoji in the order to show. An emoji or a user named twice counts once; an emoji without users is
    /// none.
    pub reactions: Vec<(Emoji, Vec<UserId>)>,
}

impl ImportMessage {
    /// The reactions to count and the pairs to remember, each once.
    pub(crate) fn reactions_once(&self) -> (Vec<Reaction>, Vec<(UserId, Emoji)>) {
        let mut counts: Vec<Reaction> = Vec::new();
        let mut held = BTreeSet::new();
        for (emoji, users) in &self.reactions {
            for user in users {
                if !held.insert((user.clone(), emoji.clone())) {
                    continue;
                }
                match counts.iter_mut().find(|reaction| reaction.emoji == *emoji) {
                    Some(reaction) => reaction.count += 1,
                    None => counts.push(Reaction { emoji: emoji.clone(), count: 1 }),
                }
            }
        }
        (counts, held.into_iter().collect())
    }
}

/// A member of an imported room. `joined_seq` is 1, so all of it is readable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportMember {
    /// Who.
    pub user: UserId,
    /// Name for a user without one; empty for none.
    pub name: String,
    /// Role.
    pub role: Role,
    /// Read up to here, clamped to the head; `None` for all of it.
    pub read_seq: Option<Seq>,
}

/// Brings in whole rooms. Until `finish_import` a room has no members, so nobody sees it; whoever finds a key without
/// members goes on where it stopped.
#[async_trait]
pub trait Import {
    /// Begins, or finds by key. For direct rooms also reserves the pair; an existing pair or key that was not imported
    /// is `Conflict`.
    async fn begin_import(&self, room: ImportRoom) -> StoreResult<ImportState>;

    /// Appends messages in one commit without facts or refs; the first gets seq `after + 1`. `Conflict` when the head
    /// is not `after` or the import is finished; `LimitReached` (`reactions_per_message`). Client ids are kept in the messages, not as idempotency keys.
    async fn append_import(
        &self,
        room: RoomId,
        after: Seq,
        messages: Vec<ImportMessage>,
    ) -> StoreResult<ImportState>;

    /// Lets the members in, in one commit, with an own fact each. No record is written. Bounds: those of the room's
    /// kind (`LimitReached`). Once finished it changes nothing.
    async fn finish_import(&self, room: RoomId, members: Vec<ImportMember>) -> StoreResult<ImportState>;
}

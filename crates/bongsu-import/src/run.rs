//! Brings a foreign room into a store: resumable at any message, seen by nobody until it is whole.

use bongsu_service::{ImportMember, ImportMessage, ImportRoom, Importer, ServiceError};
use bongsu_types::{Millis, Role, RoomId, RoomKind, Seq};

use crate::room::{ForeignMessage, ForeignRoom};

/// Messages handed over at once: progress is told after each.
const MESSAGES_AT_ONCE: usize = 1_000;

/// What became of a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Imported {
    /// All of it is in; `messages` were new.
    Now {
        /// The room.
        room: RoomId,
        /// Messages written by this run.
        messages: u64,
    },
    /// It had been imported before; nothing changed.
    Before {
        /// The room.
        room: RoomId,
        /// Messages of the source that are not in the room: the source has grown since.
        left_out: u64,
    },
}

/// Why a room was not imported. What was written before stays unseen, and the next run goes on there.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// An earlier run stopped at a message that the source no longer has.
    #[error(
        "an earlier import stopped after {had} messages, the source has only {has}: import the same files again"
    )]
    SourceShrank {
        /// Messages written before.
        had: u64,
        /// Messages of the source now.
        has: u64,
    },
    /// The store refused or failed.
    #[error(transparent)]
    Service(#[from] ServiceError),
}

/// Imports one room; `on_messages` is told of every stretch done (also of those an earlier run did).
///
/// # Errors
/// See [`ImportError`].
pub async fn import_room(
    importer: &Importer,
    source: &ForeignRoom,
    on_messages: impl Fn(u64),
) -> Result<Imported, ImportError> {
    let has = source.messages.len() as u64;
    let mut import = importer.begin(room_of(source)).await?;
    let (room, had) = (import.state().room, import.state().head_seq.get());
    on_messages(had.min(has));
    if import.state().finished {
        return Ok(Imported::Before { room, left_out: has.saturating_sub(had) });
    }
    if had > has {
        return Err(ImportError::SourceShrank { had, has });
    }
    for chunk in source.messages[had as usize..].chunks(MESSAGES_AT_ONCE) {
        import.append(chunk.iter().map(message_of).collect()).await?;
        on_messages(chunk.len() as u64);
    }
    import.finish(members_of(source, import.state().head_seq)).await?;
    Ok(Imported::Now { room, messages: has - had })
}

fn message_of(message: &ForeignMessage) -> ImportMessage {
    ImportMessage {
        sender: message.sender.clone(),
        client_id: message.client_id.clone(),
        at_ms: message.at_ms,
        text: message.text.clone(),
        data: None,
        reply_to: message.reply_to,
        edited_ms: None,
        reactions: Vec::new(),
    }
}

fn room_of(source: &ForeignRoom) -> ImportRoom {
    let creator = source.authors().first().map(|(id, _)| id.clone()).expect("a foreign room has messages");
    let created_ms = source.messages.first().map_or(Millis::ZERO, |message| message.at_ms);
    ImportRoom {
        kind: RoomKind::Group,
        key: source.key.clone(),
        creator,
        name: source.name.clone(),
        image: String::new(),
        data: None,
        created_ms,
        pair: None,
    }
}

/// The authors; the first one owns the room. What was said elsewhere was read there.
fn members_of(source: &ForeignRoom, head: Seq) -> Vec<ImportMember> {
    let role = |index| if index == 0 { Role::Owner } else { Role::Member };
    source
        .authors()
        .iter()
        .enumerate()
        .map(|(index, (user, name))| ImportMember {
            user: user.clone(),
            name: name.clone(),
            role: role(index),
            read_seq: Some(head),
        })
        .collect()
}

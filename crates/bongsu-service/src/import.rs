//! Import whole rooms from elsewhere: idempotent, resumable, seen by nobody until complete.

use std::fmt;
use std::sync::Arc;

use bongsu_store::{ImportMember, ImportMessage, ImportRoom, ImportState, Store};
use bongsu_types::{JsonObject, Limits, RoomKind};

use crate::{ServiceError, ServiceResult, checks};

/// Messages of one commit: large enough that the disk is not the bound, small enough to hold in memory.
const MESSAGES_PER_COMMIT: usize = 1_000;

/// Imports rooms into a store that nobody serves.
#[derive(Clone)]
pub struct Importer {
    store: Arc<dyn Store>,
    limits: Arc<Limits>,
}

/// The import of one room.
#[derive(Debug)]
pub struct RoomImport {
    importer: Importer,
    kind: RoomKind,
    state: ImportState,
}

impl Importer {
    /// Imports into `store`; a source with large groups raises `group_members`, in the limits the store
    /// is opened with too.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, limits: Arc<Limits>) -> Self {
        Self { store, limits }
    }

    /// Begins the import of a room, or finds where it stopped: see [`RoomImport::state`].
    ///
    /// # Errors
    /// `TooLarge`, `InvalidParams`; `Conflict` when the key or pair is of a room that was not imported.
    pub async fn begin(&self, room: ImportRoom) -> ServiceResult<RoomImport> {
        checks::profile(Some(&room.name), Some(&room.image), room.data.as_ref(), &self.limits)?;
        let kind = room.kind;
        let state = self.store.begin_import(room).await?;
        Ok(RoomImport { importer: self.clone(), kind, state })
    }
}

impl RoomImport {
    /// How far it is: the first `head_seq` messages of the source are in.
    #[must_use]
    pub fn state(&self) -> ImportState {
        self.state
    }

    /// Appends the next messages of the source, in commits of bounded size.
    ///
    /// # Errors
    /// `TooLarge`, `InvalidParams` (before anything of this call is written); `Conflict` when somebody else imports
    /// the same room.
    pub async fn append(&mut self, messages: Vec<ImportMessage>) -> ServiceResult<ImportState> {
        for message in &messages {
            self.check_message(message)?;
        }
        let mut messages = messages.into_iter().peekable();
        while messages.peek().is_some() {
            let some: Vec<ImportMessage> = messages.by_ref().take(MESSAGES_PER_COMMIT).collect();
            let ImportState { room, head_seq, .. } = self.state;
            self.state = self.importer.store.append_import(room, head_seq, some).await?;
        }
        Ok(self.state)
    }

    /// Lets the members in: from now on the room is there. Finishing again changes nothing.
    ///
    /// # Errors
    /// `LimitReached` (`group_members`, `channel_members`).
    pub async fn finish(&mut self, members: Vec<ImportMember>) -> ServiceResult<ImportState> {
        let limits = &self.importer.limits;
        let (limit, max) = match self.kind {
            RoomKind::Direct => ("group_members", 2),
            RoomKind::Group => ("group_members", limits.group_members),
            RoomKind::Channel => ("channel_members", limits.channel_members),
        };
        checks::count(members.len(), limit, usize::try_from(max).unwrap_or(usize::MAX))?;
        for member in &members {
            checks::text("name", &member.name, "name_bytes", limits.name_bytes)?;
        }
        self.state = self.importer.store.finish_import(self.state.room, members).await?;
        Ok(self.state)
    }

    fn check_message(&self, message: &ImportMessage) -> ServiceResult<()> {
        let limits = &self.importer.limits;
        checks::text("text", &message.text, "text_bytes", limits.text_bytes)?;
        checks::data("data", message.data.as_ref(), limits)?;
        if message.text.is_empty() && message.data.as_ref().is_none_or(JsonObject::is_empty) {
            return Err(ServiceError::InvalidParams { field: "text", reason: crate::error::EMPTY_MESSAGE });
        }
        Ok(())
    }
}

impl fmt::Debug for Importer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Importer").finish_non_exhaustive()
    }
}

//! What every format is to the driver: something that can be read again and again, and tells the same each time.

use std::sync::Arc;

use bongsu_service::ImportMessage;
use bongsu_types::{Limits, RoomKey, UserId};

use crate::error::ReadError;
use crate::intake::Intake;
use crate::room::RoomDetails;

/// An export, or the part of it that stands for itself.
pub trait Source: Send + Sync {
    /// For errors and progress.
    fn name(&self) -> &str;

    /// What ids of its people and keys of its rooms begin with.
    fn prefix(&self) -> &str;

    /// What one reading reads, in bytes.
    fn bytes(&self) -> u64;

    /// Tells `intake` of everything, in the order of the source.
    ///
    /// # Errors
    /// What is wrong and where; nothing of the source is imported then.
    fn read(&self, intake: &mut Intake) -> Result<(), ReadError>;
}

/// A room with all its messages in memory: for tools that need them all at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WholeRoom {
    /// Names it; global.
    pub key: RoomKey,
    /// What the source says about it.
    pub details: Option<RoomDetails>,
    /// Who is in it, with the name to show, in the order they were met.
    pub members: Vec<(UserId, String)>,
    /// In the order of the source; the first has seq 1.
    pub messages: Vec<ImportMessage>,
}

/// Reads a source into memory.
///
/// # Errors
/// As [`Source::read`].
pub fn read_whole(source: &dyn Source, limits: &Arc<Limits>) -> Result<Vec<WholeRoom>, ReadError> {
    let mut intake = Intake::new(source.name(), source.prefix(), Arc::clone(limits), Arc::default());
    source.read(&mut intake)?;
    intake.end()?;
    intake.keep_messages();
    source.read(&mut intake)?;
    let kept = intake.end()?;
    let person = |user: crate::UserNo| {
        let user = &intake.users[user.0 as usize];
        (user.id.clone(), user.name.clone())
    };
    let mut rooms: Vec<WholeRoom> = intake
        .rooms
        .iter()
        .map(|room| WholeRoom {
            key: room.key.clone(),
            details: room.details.clone(),
            members: room.members.iter().map(|(user, _)| person(*user)).collect(),
            messages: Vec::new(),
        })
        .collect();
    for (room, message) in kept {
        rooms[room.0 as usize].messages.push(message);
    }
    Ok(rooms)
}

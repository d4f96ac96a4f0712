//! The objects that results and events share: messages, rows of the chat list, members, settings.

mod member;
mod message;
mod row;

pub use member::{MemberObject, SettingsObject};
pub use message::{MessageObject, ReactionCount};
pub(crate) use row::RemovedRow;
pub use row::{Change, LastMessage, ListRow, Peer};

//! A page of the chat list, whichever way it is made.

use std::error::Error;

/// What all of it may fail with; sent between tasks, because loads run detached from their callers.
pub(crate) type Failure = Box<dyn Error + Send + Sync>;

/// A row of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) room: i64,
    pub(crate) is_muted: bool,
    pub(crate) product: String,
    pub(crate) counterpart: String,
    pub(crate) last_message: String,
    pub(crate) unread: i64,
}

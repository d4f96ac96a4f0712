//! A page of the chat list, whichever way it is made.

use std::error::Error;

/// What all of it may fail with; sent between tasks, because loads run detached from their callers.
pub(crate) type Failure = Box<dyn Error + Send + Sync>;

/// Whether two pages differ in nothing but the heads of rooms, and so perhaps in the order.
pub(crate) fn differ_in_heads_only(one: &[Row], other: &[Row]) -> bool {
    let rest = |page: &[Row]| {
        let mut rows = page.to_vec();
        rows.iter_mut().for_each(|row| row.last_message.clear());
        rows.sort_by_key(|row| row.room);
        rows
    };
    one != other && rest(one) == rest(other)
}

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

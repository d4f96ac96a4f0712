//! The store's traits over this engine, one file a trait: writes go to the committer, reads to a snapshot.

mod audit;
mod details;
mod devices;
mod history;
mod import;
mod messages;
mod positions;
mod reads;
mod rooms;
mod sweep;
mod tail;
mod upkeep;

pub(crate) use audit::swept_unread;

/// Rows a call reads on the thread it came on; more are read on one that may block.
const INLINE_ROWS: usize = 128;

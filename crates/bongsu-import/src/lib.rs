//! Readers of foreign chat formats, and the one driver that brings what they read into a store.

pub mod ids;
pub mod irc;
mod room;
mod run;

pub use room::{ForeignMessage, ForeignRoom, Skipped};
pub use run::{ImportError, Imported, import_room};

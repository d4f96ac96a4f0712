//! Readers of foreign chat formats, and the one driver that brings what they read into a store.
//!
//! A format is a [`Source`]: it tells an [`Intake`] of rooms, people and messages in the order of its files, and can do so
//! again. [`import`] reads it twice: first to count and to find every fault, so that a broken source leaves nothing
//! behind; then to write, in batches of bounded size. What grows with a source is the list of its rooms, people and
//! memberships, and one number for each message that another one answers; never the messages.

mod archive;
mod batches;
pub mod discord;
mod emoji;
mod error;
pub mod ids;
mod input;
mod intake;
pub mod irc;
mod json;
pub mod jsonl;
pub mod kakao;
mod lines;
pub mod mattermost;
mod report;
mod room;
mod run;
pub mod slack;
mod source;
pub mod telegram;
mod text;
mod time;
pub mod whatsapp;

pub use archive::{Archive, find_files};
pub use batches::MESSAGES_HELD_MAX;
pub use error::ReadError;
pub use input::Input;
pub use intake::Intake;
pub use report::{Refused, Report, Skipped, Skips};
pub use room::{Attachment, RoomDetails, RoomNo, Said, UserNo};
pub use run::{ImportError, Progress, import};
pub use source::{Source, WholeRoom, read_whole};
pub use time::UtcOffset;

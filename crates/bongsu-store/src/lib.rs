//! The durable store of Bongsu: six small contracts, the engines behind them, and the suite that holds them all to
//! one behaviour.
//!
//! What a store does atomically: one room's rows, the acting users' own rows for that room, and the refs of the tail.
//! Every mutation is one commit; a reply is given only after the commit is durable.

#[cfg(feature = "conformance")]
pub mod conformance;
mod contract;
mod decorate;
#[cfg(feature = "embedded")]
pub mod embedded;
mod error;
mod fault;
mod guard;
pub mod memory;

pub use contract::devices::{Devices, Hello, Opened, ProfileChange};
pub use contract::import::{Import, ImportMember, ImportMessage, ImportRoom, ImportState};
pub use contract::messages::{
    AppendMessage, Appended, Changed, DeleteMessage, EditMessage, HistoryFrom, HistoryItem, HistoryPage,
    Messages, Once, React, RecordPage, RequestHash,
};
pub use contract::options::{Authority, CommitObserver, StoreOptions, Unobserved};
pub use contract::reads::{
    Changes, MarkedRead, OwnRows, Reads, RoomDetails, RoomRow, SettingsChange, Standing,
};
pub use contract::rooms::{CreateRoom, Created, KeyScopeOfRoom, MemberPage, MemberRow, Rooms, UpdateRoom};
pub use contract::tail::{Tail, TailPage};
pub use contract::upkeep::{AuditReport, Drift, SweepReport, Upkeep};
pub use error::{Refusal, StoreError, StoreResult};
pub use fault::LoseReply;
pub use guard::{Guard, GuardSettings};

/// A whole store: what the server holds as `Arc<dyn Store>`.
pub trait Store: Messages + Rooms + Reads + Devices + Tail + Upkeep + Import + Send + Sync {}

impl<T: Messages + Rooms + Reads + Devices + Tail + Upkeep + Import + Send + Sync + ?Sized> Store for T {}

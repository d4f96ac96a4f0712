//! The words of Bongsu: ids, positions, limits, domain records, committed facts, time.
//!
//! No I/O, no async, no serde: every other crate may use this one, and it uses none of them.

mod clock;
mod fact;
mod ids;
mod json;
mod limits;
mod log;
mod member;
mod number;
mod outcome;
mod people;
mod room;

pub use clock::{Clock, ManualClock, SystemClock};
pub use fact::{Committed, Fact, OwnChange, OwnFact, TailKind, TailRef};
pub use ids::{ClientId, DeviceId, Emoji, InvalidId, RoomId, RoomKey, UserId, direct_pair};
pub use json::{InvalidJson, JsonObject};
pub use limits::Limits;
pub use log::{Mentions, Message, MessageKind, Reaction, ReactionOp, Record, RecordBody, RoomChange};
pub use member::{MENTIONS_KEPT, OwnRow, Role, Settings, Span, unread_between};
pub use number::{CommitNo, Epoch, Millis, Ordinal, Seq, SessionNo, UserRev};
pub use outcome::Outcome;
pub use people::{Device, DeviceInfo, KeyScope, Profile, ServerKey};
pub use room::{Head, Position, Retention, Room, RoomKind};

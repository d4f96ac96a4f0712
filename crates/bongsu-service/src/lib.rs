//! The use cases of Bongsu, one file each: what may be done, by whom, within which bounds.
//!
//! Ids and enums are checked where they enter (the edge); sizes, rates and rights are checked here or, when they
//! depend on stored rows, inside the commit of the store. No use case waits for anything before `store.append`, so
//! sends that are polled in order commit in order.

mod accept;
mod actor;
pub mod auth;
mod cards;
mod changes;
mod checks;
mod commits;
mod create_room;
mod delete;
mod devices;
mod edit;
mod error;
mod hello;
mod history;
mod import;
mod list_cursor;
mod list_rooms;
mod list_row;
mod log;
mod mark_read;
mod mark_unread;
mod members;
mod presence;
mod react;
mod request_hash;
mod room_row;
mod send;
mod service;
mod settings;
mod standing;
mod update_room;
mod upkeep;
mod users;

pub use actor::Actor;
pub use cards::{Cards, FeedCards, LastMessage, ProfileCard, ProfileCardId, RoomCard, RoomCardId};
pub use changes::{ChangedRow, OwnChanges};
pub use commits::PublishCommits;
pub use create_room::NewRoom;
pub use delete::DeleteRequest;
pub use edit::EditRequest;
pub use error::{ServiceError, ServiceResult};
pub use hello::{OpenSession, SessionOpened};
pub use history::HistoryRequest;
pub use import::{Importer, RoomImport};
pub use list_rooms::{ListPage, ListRooms};
pub use list_row::ListRow;
pub use members::{ListMembers, MembersPage};
pub use react::ReactRequest;
pub use room_row::RoomView;
pub use send::SendMessage;
pub use service::{Service, ServiceParts, ServiceSettings};
pub use standing::Standing;
pub use update_room::UpdateRequest;
pub use upkeep::Auditor;

// What use cases answer with and take, so that nobody above has to know the store or the cluster.
pub use bongsu_cluster::{
    Bus, BusEvent, BusReceiver, Ephemeral, EphemeralReceiver, Presence, PresenceState, Rate, TokenBucket,
};
pub use bongsu_store::{
    Appended, AuditReport, Authority, Changed, Created, HistoryFrom, HistoryItem, HistoryPage, ImportMember,
    ImportMessage, ImportRoom, ImportState, MarkedRead, MemberRow, Opened, OwnRows, ProfileChange,
    RecordPage, RoomRow, SettingsChange, Store, SweepReport, TailPage,
};

//! Every use case over the reference store, with the clock stopped.

#![expect(clippy::unwrap_used, reason = "a test says by its panic what failed")]

mod accept;
mod audit_log;
mod cards;
mod change_message;
mod changes;
mod counting;
mod create_room;
mod fixture;
mod hello;
mod history;
mod import;
mod list_rooms;
mod members;
mod presence;
mod reads;
mod send;
mod server_keys;
mod tokens;
mod update_room;
mod upkeep;
mod users;

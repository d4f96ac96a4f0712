//! WebSocket sessions: from the upgrade to the close.

mod catch_up;
mod command;
mod end;
mod hello;
mod own_facts;
mod presence;
mod room_table;
mod session;
mod socket;
mod timers;
mod upgrade;

pub(crate) use upgrade::upgrade;

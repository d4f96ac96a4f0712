//! WebSocket sessions: from the upgrade to the close.

mod acks;
mod catch_up;
mod command;
mod end;
mod hello;
mod intake;
mod orders;
mod own_facts;
mod presence;
mod resume;
mod room_table;
mod session;
mod socket;
mod timers;
mod upgrade;

pub(crate) use upgrade::upgrade;

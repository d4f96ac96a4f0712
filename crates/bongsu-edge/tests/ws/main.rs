//! Sessions as a client sees them: real sockets over the reference store.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod catch_up;
mod client;
mod commands;
mod delivery;
mod ends;
mod faults;
mod frames;
mod hello;
mod node;
mod own_facts;
mod storms;

//! Sessions as a client sees them: real sockets over the reference store.

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

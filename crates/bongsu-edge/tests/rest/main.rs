//! The REST API as a host app's server or a client meets it: every route, over the reference store.

#![expect(clippy::unwrap_used, reason = "a test says by its panic what failed")]

mod credentials;
mod health;
mod members;
mod messages;
mod node;
mod own;
mod pages;
mod people;
mod refusals;
mod rooms;
mod surface;

//! The REST API as a host app's server or a client meets it: every route, over the reference store.

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

//! Everything a Bongsu client sees: frames, bodies, results, events, errors and their codecs.
//!
//! The server's edge reads requests and writes answers and events with it; the load client does the reverse. A field
//! that a type of this crate does not have is not in the protocol.

mod close;
mod codec;
mod command;
mod decode;
mod error;
mod event;
mod frame;
mod object;
mod openapi;
pub mod rest;
mod schema;

pub use close::{CloseCode, Reconnect};
pub use command::*;
pub use error::{ErrorBody, ErrorKind, WireError};
pub use event::*;
pub use frame::{
    FromServer, Incoming, ReplyTo, RequestId, decode_frame, decode_server_frame, encode_error,
    encode_request, encode_result, group,
};
pub use object::{
    Change, LastMessage, ListRow, MemberObject, MessageObject, Peer, ReactionCount, SettingsObject,
};
pub use openapi::openapi;

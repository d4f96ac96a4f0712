//! Frames of a client as the server reads them, and of the server as it writes them.

mod inbound;
mod outbound;
mod reply;
mod request_id;

pub use inbound::{Incoming, ReplyTo, decode_frame};
pub use outbound::{encode_error, encode_request, encode_result, group};
pub use reply::{FromServer, decode_server_frame};
pub use request_id::RequestId;

pub(crate) use outbound::to_text;

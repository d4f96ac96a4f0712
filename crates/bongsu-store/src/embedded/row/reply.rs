//! First replies, kept under their idempotency keys.

use bongsu_types::{Millis, Ordinal, Seq};

use crate::RequestHash;
use crate::embedded::codec::{Decoded, Reader, Writer};

/// The first reply to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StoredReply {
    pub(crate) request: RequestHash,
    /// Position answered.
    pub(crate) seq: Seq,
    /// Zero for a change.
    pub(crate) ord: Ordinal,
    /// Zero for a change.
    pub(crate) at_ms: Millis,
}

pub(crate) fn encode_reply(reply: &StoredReply) -> Vec<u8> {
    let mut out = Writer::value();
    out.raw(&reply.request.0).number(reply.seq.0).number(reply.ord.0).number(reply.at_ms.0);
    out.finish()
}

pub(crate) fn decode_reply(bytes: &[u8]) -> Decoded<StoredReply> {
    let mut input = Reader::value(bytes)?;
    let reply = StoredReply {
        request: RequestHash(input.array()?),
        seq: input.seq()?,
        ord: input.ord()?,
        at_ms: input.millis()?,
    };
    input.end()?;
    Ok(reply)
}

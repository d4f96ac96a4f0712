//! What the store says of itself.

use bongsu_types::{CommitNo, Epoch, Millis};

use crate::embedded::codec::{Decoded, Reader, Writer};

/// Number of the layout that `table.rs` describes; another one is refused.
pub(crate) const SCHEMA_VERSION: u64 = 2;

/// Who a store is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Identity {
    /// Made once, kept by backups and restores.
    pub(crate) store: [u8; 16],
    /// Raised by a restore and by an accepted loss.
    pub(crate) epoch: Epoch,
    pub(crate) created_ms: Millis,
}

pub(crate) fn encode_identity(identity: &Identity) -> Vec<u8> {
    let mut out = Writer::value();
    out.raw(&identity.store).number(identity.epoch.0).number(identity.created_ms.0);
    out.finish()
}

pub(crate) fn decode_identity(bytes: &[u8]) -> Decoded<Identity> {
    let mut input = Reader::value(bytes)?;
    let identity =
        Identity { store: input.array()?, epoch: Epoch(input.number()?), created_ms: input.millis()? };
    input.end()?;
    Ok(identity)
}

/// A single number: the schema, the last commit.
pub(crate) fn encode_number(number: u64) -> Vec<u8> {
    let mut out = Writer::value();
    out.number(number);
    out.finish()
}

pub(crate) fn decode_number(bytes: &[u8]) -> Decoded<u64> {
    let mut input = Reader::value(bytes)?;
    let number = input.number()?;
    input.end()?;
    Ok(number)
}

pub(crate) fn decode_commit_no(bytes: &[u8]) -> Decoded<CommitNo> {
    decode_number(bytes).map(CommitNo)
}

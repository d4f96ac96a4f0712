//! Records as they go over the wire: encoded once, shared by every session they go to.

use std::sync::Arc;

use bongsu_types::{Record, RecordBody, Seq};
use bytes::Bytes;

/// A record ready to be written.
#[derive(Debug, Clone)]
pub(crate) struct Encoded {
    /// Its position.
    pub(crate) seq: Seq,
    /// The notification as text.
    pub(crate) object: Bytes,
}

impl Encoded {
    /// Encodes a record of the stream.
    ///
    /// A message read from the log after the fact holds reactions that came later. Here they are left out and `rev` is
    /// the message's own seq: the stream goes on with the very records that made them, so a client ends with the right
    /// counts, and with its own reactions among them, from bytes that are the same for everybody.
    pub(crate) fn of(record: &Record) -> Self {
        let object = match &record.body {
            RecordBody::Message(message) if message.rev > record.seq => {
                let mut first = record.clone();
                if let RecordBody::Message(message) = &mut first.body {
                    message.reactions.clear();
                    message.rev = record.seq;
                }
                bongsu_wire::encode_record(&first)
            }
            RecordBody::Message(_)
            | RecordBody::Edited { .. }
            | RecordBody::Deleted { .. }
            | RecordBody::Reaction { .. }
            | RecordBody::MemberAdded { .. }
            | RecordBody::MemberRemoved { .. }
            | RecordBody::MemberRole { .. }
            | RecordBody::RoomUpdated(_) => bongsu_wire::encode_record(record),
        };
        Self { seq: record.seq, object: Bytes::from(object) }
    }

    /// Encodes a record for a former member who may see nothing after `until`: of a message that was edited or deleted
    /// since, only the place is left.
    pub(crate) fn until(record: &Record, until: Seq) -> Self {
        let RecordBody::Message(message) = &record.body else { return Self::of(record) };
        let changed = message.edited_ms.is_some() || message.deleted;
        if message.rev <= until || !changed {
            return Self::of(record);
        }
        let mut blank = record.clone();
        if let RecordBody::Message(message) = &mut blank.body {
            message.text.clear();
            message.data = None;
            message.mentions = bongsu_types::Mentions::default();
            message.edited_ms = None;
            message.deleted = true;
        }
        Self::of(&blank)
    }
}

/// Consecutive records of a room, shared by all who read them.
#[derive(Debug)]
pub(crate) struct Page {
    /// Ascending by seq.
    pub(crate) records: Vec<Encoded>,
    /// The room's head when they were read; at least the last record's seq.
    pub(crate) head_seq: Seq,
    /// The room's floor when they were read; zero when they came from the ring.
    pub(crate) floor_seq: Seq,
}

/// A page, shared.
pub(crate) type SharedPage = Arc<Page>;

//! Commits in the tail, and how far its consumers are.

use bongsu_types::{CommitNo, Millis, RoomId, Seq, TailKind, TailRef, UserRev};

use crate::embedded::codec::{Corrupt, Decoded, Reader, Writer};

/// A commit as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredCommit {
    pub(crate) at_ms: Millis,
    pub(crate) refs: Vec<TailRef>,
}

pub(crate) fn encode_commit(at_ms: Millis, refs: &[(RoomId, Seq, TailKind)]) -> Vec<u8> {
    let mut out = Writer::value();
    out.number(at_ms.0);
    out.list(refs, |out, (room, seq, kind)| {
        out.room(*room).number(seq.0);
        match kind {
            TailKind::Record => out.byte(0),
            TailKind::Own { user, user_rev } => out.byte(1).text(user.as_str()).number(user_rev.0),
        };
    });
    out.finish()
}

pub(crate) fn decode_commit(commit: CommitNo, bytes: &[u8]) -> Decoded<StoredCommit> {
    let mut input = Reader::value(bytes)?;
    let at_ms = input.millis()?;
    let refs = input.list(|input| {
        let (room, seq) = (input.room()?, input.seq()?);
        let kind = match input.byte()? {
            0 => TailKind::Record,
            1 => TailKind::Own { user: input.user()?, user_rev: UserRev(input.number()?) },
            _ => return Err(Corrupt("unknown kind of ref")),
        };
        Ok(TailRef { commit, room, seq, kind })
    })?;
    input.end()?;
    Ok(StoredCommit { at_ms, refs })
}

/// How far a consumer of the tail is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StoredConsumer {
    pub(crate) at: CommitNo,
    pub(crate) said_ms: Millis,
}

pub(crate) fn encode_consumer(consumer: StoredConsumer) -> Vec<u8> {
    let mut out = Writer::value();
    out.number(consumer.at.0).number(consumer.said_ms.0);
    out.finish()
}

pub(crate) fn decode_consumer(bytes: &[u8]) -> Decoded<StoredConsumer> {
    let mut input = Reader::value(bytes)?;
    let consumer = StoredConsumer { at: CommitNo(input.number()?), said_ms: input.millis()? };
    input.end()?;
    Ok(consumer)
}

//! Records of a room's log.

use bongsu_types::{
    ClientId, CommitNo, Mentions, Message, MessageKind, Reaction, ReactionOp, Record, RecordBody, Role,
    RoomChange, RoomId, Seq,
};

use super::own::{read_role, write_role};
use super::room::{read_retention, write_retention};
use crate::embedded::codec::{Corrupt, Decoded, Reader, Writer};

/// A record as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredRecord {
    /// The commit that wrote it (not a later one that changed the message).
    pub(crate) commit: CommitNo,
    /// Idempotency key of a change: it goes when the record goes. A message carries its own.
    pub(crate) once: Option<ClientId>,
    /// Of a message its last edit, of an edit the one before it: a deletion finds them all without a walk of the log.
    pub(crate) edit: Option<Seq>,
    pub(crate) record: Record,
}

pub(crate) fn encode_record(stored: &StoredRecord) -> Vec<u8> {
    let StoredRecord { commit, once, edit, record } = stored;
    let mut out = Writer::value();
    out.number(commit.0).optional_text(once.as_ref().map(ClientId::as_str));
    out.number(record.ord.0).number(record.at_ms.0).text(record.actor.as_str());
    match &record.body {
        RecordBody::Message(message) => write_message(out.byte(0), message),
        RecordBody::Edited { target, text, data, edited_ms } => {
            out.byte(1).number(target.0).optional_text(text.as_deref());
            out.optional_text(data.as_ref().map(|data| data.as_str())).number(edited_ms.0);
        }
        RecordBody::Deleted { target } => {
            out.byte(2).number(target.0);
        }
        RecordBody::Reaction { target, emoji, op } => {
            out.byte(3).number(target.0).text(emoji.as_str()).flag(*op == ReactionOp::Add);
        }
        RecordBody::MemberAdded { users } => {
            out.byte(4).list(users, |out, user| {
                out.text(user.as_str());
            });
        }
        RecordBody::MemberRemoved { users } => {
            out.byte(5).list(users, |out, user| {
                out.text(user.as_str());
            });
        }
        RecordBody::MemberRole { user, role } => write_member_role(out.byte(6), user.as_str(), *role),
        RecordBody::RoomUpdated(change) => write_change(out.byte(7), change),
    }
    out.optional_number(edit.map(|seq| seq.0));
    out.finish()
}

fn write_member_role(out: &mut Writer, user: &str, role: Role) {
    out.text(user);
    write_role(out, role);
}

fn write_message(out: &mut Writer, message: &Message) {
    out.number(message.rev.0).text(message.client_id.as_str()).text(&message.text);
    // One byte for the five facts that are yes or no.
    let flags = [
        message.kind == MessageKind::System,
        message.deleted,
        message.silent,
        message.keep_unread,
        message.mentions.all,
    ];
    out.byte(flags.iter().enumerate().fold(0, |byte, (bit, flag)| byte | u8::from(*flag) << bit));
    out.optional_number(message.edited_ms.map(|at| at.0)).optional_number(message.reply_to.map(|seq| seq.0));
    out.list(&message.mentions.users, |out, user| {
        out.text(user.as_str());
    });
    out.list(&message.reactions, |out, reaction| {
        out.text(reaction.emoji.as_str()).number(u64::from(reaction.count));
    });
    out.optional_text(message.data.as_ref().map(|data| data.as_str()));
}

fn write_change(out: &mut Writer, change: &RoomChange) {
    out.optional_text(change.name.as_deref()).optional_text(change.image.as_deref());
    out.optional_text(change.data.as_ref().map(|data| data.as_str()));
    out.option(change.history_before_join, |out, flag| {
        out.flag(flag);
    });
    out.option(change.retention, write_retention);
}

pub(crate) fn decode_record(room: RoomId, seq: Seq, bytes: &[u8]) -> Decoded<StoredRecord> {
    let mut input = Reader::value(bytes)?;
    let commit = CommitNo(input.number()?);
    let once = input.option(Reader::client_id)?;
    let record = Record {
        room,
        seq,
        ord: input.ord()?,
        at_ms: input.millis()?,
        actor: input.user()?,
        body: read_body(&mut input)?,
    };
    let edit = input.option(Reader::seq)?;
    input.end()?;
    Ok(StoredRecord { commit, once, edit, record })
}

fn read_body(input: &mut Reader<'_>) -> Decoded<RecordBody> {
    Ok(match input.byte()? {
        0 => RecordBody::Message(Box::new(read_message(input)?)),
        1 => RecordBody::Edited {
            target: input.seq()?,
            text: input.option(Reader::string)?,
            data: input.option(Reader::json)?,
            edited_ms: input.millis()?,
        },
        2 => RecordBody::Deleted { target: input.seq()? },
        3 => RecordBody::Reaction {
            target: input.seq()?,
            emoji: input.emoji()?,
            op: if input.flag()? { ReactionOp::Add } else { ReactionOp::Remove },
        },
        4 => RecordBody::MemberAdded { users: input.list(Reader::user)? },
        5 => RecordBody::MemberRemoved { users: input.list(Reader::user)? },
        6 => RecordBody::MemberRole { user: input.user()?, role: read_role(input)? },
        7 => RecordBody::RoomUpdated(Box::new(RoomChange {
            name: input.option(Reader::string)?,
            image: input.option(Reader::string)?,
            data: input.option(Reader::json)?,
            history_before_join: input.option(Reader::flag)?,
            retention: input.option(read_retention)?,
        })),
        _ => return Err(Corrupt("unknown kind of record")),
    })
}

fn read_message(input: &mut Reader<'_>) -> Decoded<Message> {
    let rev = input.seq()?;
    let client_id = input.client_id()?;
    let text = input.string()?;
    let flags = input.byte()?;
    if flags >= 1 << 5 {
        return Err(Corrupt("unknown flag of a message"));
    }
    let flag = |bit: u8| flags & 1 << bit != 0;
    Ok(Message {
        rev,
        kind: if flag(0) { MessageKind::System } else { MessageKind::Message },
        client_id,
        text,
        edited_ms: input.option(Reader::millis)?,
        deleted: flag(1),
        reply_to: input.option(Reader::seq)?,
        mentions: Mentions { all: flag(4), users: input.list(Reader::user)? },
        reactions: input.list(|input| Ok(Reaction { emoji: input.emoji()?, count: input.small()? }))?,
        data: input.option(Reader::json)?,
        silent: flag(2),
        keep_unread: flag(3),
    })
}

/// Ord and time of a stored record, without reading the rest.
pub(crate) fn peek_ord(bytes: &[u8]) -> Decoded<bongsu_types::Ordinal> {
    let mut input = Reader::value(bytes)?;
    input.number()?;
    input.option(Reader::text)?;
    input.ord()
}

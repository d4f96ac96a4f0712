//! Rooms, their heads, and the ords of their `@all` messages.

use bongsu_types::{Head, Ordinal, Retention, Room, RoomId, RoomKind};

use crate::KeyScopeOfRoom;
use crate::embedded::codec::{Corrupt, Decoded, Reader, Writer};

/// How a room came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Created here.
    Created,
    /// Being imported: nobody is in it yet.
    Importing,
    /// Imported.
    Imported,
}

/// A room as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredRoom {
    pub(crate) room: Room,
    /// Whose name space its key lives in.
    pub(crate) scope: KeyScopeOfRoom,
    pub(crate) origin: Origin,
}

pub(crate) fn encode_room(stored: &StoredRoom) -> Vec<u8> {
    let room = &stored.room;
    let mut out = Writer::value();
    write_kind(&mut out, room.kind);
    out.byte(match stored.scope {
        KeyScopeOfRoom::Global => 0,
        KeyScopeOfRoom::Creator => 1,
    });
    out.byte(match stored.origin {
        Origin::Created => 0,
        Origin::Importing => 1,
        Origin::Imported => 2,
    });
    out.optional_text(room.key.as_ref().map(|key| key.as_str()));
    out.text(&room.name).text(&room.image);
    out.optional_text(room.data.as_ref().map(|data| data.as_str()));
    out.text(room.creator.as_str()).number(room.created_ms.0).flag(room.history_before_join);
    write_retention(&mut out, room.retention);
    out.option(room.pair.as_ref(), |out, (a, b)| {
        out.text(a.as_str()).text(b.as_str());
    });
    out.finish()
}

pub(crate) fn decode_room(id: RoomId, bytes: &[u8]) -> Decoded<StoredRoom> {
    let mut input = Reader::value(bytes)?;
    let kind = read_kind(&mut input)?;
    let scope = match input.byte()? {
        0 => KeyScopeOfRoom::Global,
        1 => KeyScopeOfRoom::Creator,
        _ => return Err(Corrupt("unknown scope of a room's key")),
    };
    let origin = match input.byte()? {
        0 => Origin::Created,
        1 => Origin::Importing,
        2 => Origin::Imported,
        _ => return Err(Corrupt("unknown origin of a room")),
    };
    let room = Room {
        id,
        kind,
        key: input.option(Reader::room_key)?,
        name: input.string()?,
        image: input.string()?,
        data: input.option(Reader::json)?,
        creator: input.user()?,
        created_ms: input.millis()?,
        history_before_join: input.flag()?,
        retention: read_retention(&mut input)?,
        pair: input.option(|input| Ok((input.user()?, input.user()?)))?,
    };
    input.end()?;
    Ok(StoredRoom { room, scope, origin })
}

fn write_kind(out: &mut Writer, kind: RoomKind) {
    out.byte(match kind {
        RoomKind::Direct => 0,
        RoomKind::Group => 1,
        RoomKind::Channel => 2,
    });
}

fn read_kind(input: &mut Reader<'_>) -> Decoded<RoomKind> {
    match input.byte()? {
        0 => Ok(RoomKind::Direct),
        1 => Ok(RoomKind::Group),
        2 => Ok(RoomKind::Channel),
        _ => Err(Corrupt("unknown kind of room")),
    }
}

pub(crate) fn write_retention(out: &mut Writer, retention: Retention) {
    match retention {
        Retention::History { days } => out.byte(0).optional_number(days.map(u64::from)),
        Retention::Transit => out.byte(1),
    };
}

pub(crate) fn read_retention(input: &mut Reader<'_>) -> Decoded<Retention> {
    match input.byte()? {
        0 => Ok(Retention::History { days: input.option(Reader::small)? }),
        1 => Ok(Retention::Transit),
        _ => Err(Corrupt("unknown retention")),
    }
}

pub(crate) fn encode_head(head: &Head) -> Vec<u8> {
    let mut out = Writer::value();
    write_kind(&mut out, head.kind);
    out.number(head.seq.0).number(head.ord.0).number(head.active_ms.0).number(head.last_message.0);
    out.number(head.floor_seq.0).number(head.floor_ord.0).number(head.expired_ord.0);
    out.number(u64::from(head.members));
    out.finish()
}

pub(crate) fn decode_head(room: RoomId, bytes: &[u8]) -> Decoded<Head> {
    let mut input = Reader::value(bytes)?;
    let head = Head {
        room,
        kind: read_kind(&mut input)?,
        seq: input.seq()?,
        ord: input.ord()?,
        active_ms: input.millis()?,
        last_message: input.seq()?,
        floor_seq: input.seq()?,
        floor_ord: input.ord()?,
        expired_ord: input.ord()?,
        members: input.small()?,
    };
    input.end()?;
    Ok(head)
}

pub(crate) fn encode_everyone(ords: &[Ordinal]) -> Vec<u8> {
    let mut out = Writer::value();
    write_ords(&mut out, ords);
    out.finish()
}

pub(crate) fn decode_everyone(bytes: &[u8]) -> Decoded<Vec<Ordinal>> {
    let mut input = Reader::value(bytes)?;
    let ords = read_ords(&mut input)?;
    input.end()?;
    Ok(ords)
}

/// Ascending ords as differences: a mention costs a byte or two.
pub(crate) fn write_ords(out: &mut Writer, ords: &[Ordinal]) {
    let mut before = 0;
    out.list(ords, |out, ord| {
        out.number(ord.0.wrapping_sub(before));
        before = ord.0;
    });
}

pub(crate) fn read_ords(input: &mut Reader<'_>) -> Decoded<Vec<Ordinal>> {
    let mut before = 0_u64;
    input.list(|input| {
        before = before.wrapping_add(input.number()?);
        Ok(Ordinal(before))
    })
}

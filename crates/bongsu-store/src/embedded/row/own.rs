//! Own rows and the index of a room's members.

use bongsu_types::{Millis, OwnRow, Role, RoomId, Seq, Settings, UserId, UserRev};

use super::room::{read_ords, write_ords};
use crate::embedded::codec::{Corrupt, Decoded, Reader, Writer};

/// An own row as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredOwn {
    pub(crate) row: OwnRow,
    /// Where the cursors of the user's devices for this room stand; never given to another room of the user.
    pub(crate) slot: u32,
}

/// A present member in the index of its room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StoredMember {
    pub(crate) role: Role,
    pub(crate) joined_seq: Seq,
    pub(crate) joined_ms: Millis,
}

pub(crate) fn encode_own(own: &StoredOwn) -> Vec<u8> {
    let row = &own.row;
    let mut out = Writer::value();
    write_role(&mut out, row.role);
    out.number(u64::from(own.slot));
    out.number(row.joined_seq.0).number(row.joined_ord.0).number(row.joined_ms.0);
    out.number(row.read_seq.0).number(row.read_ord.0);
    // One byte for the facts that are yes or no.
    let flags = [row.marked_unread, row.request, row.settings.pinned];
    out.byte(flags.iter().enumerate().fold(0, |byte, (bit, flag)| byte | u8::from(*flag) << bit));
    out.number(row.settings.muted_until_ms.0).optional_number(row.settings.hidden_seq.map(|seq| seq.0));
    out.optional_text(row.settings.custom.as_ref().map(|custom| custom.as_str()));
    write_ords(&mut out, &row.mentions);
    out.number(row.user_rev.0);
    out.optional_number(row.removed_ms.map(|at| at.0)).optional_number(row.left_seq.map(|seq| seq.0));
    out.finish()
}

pub(crate) fn decode_own(user: &UserId, room: RoomId, bytes: &[u8]) -> Decoded<StoredOwn> {
    let mut input = Reader::value(bytes)?;
    let role = read_role(&mut input)?;
    let slot = input.small()?;
    let (joined_seq, joined_ord, joined_ms) = (input.seq()?, input.ord()?, input.millis()?);
    let (read_seq, read_ord) = (input.seq()?, input.ord()?);
    let flags = input.byte()?;
    if flags >= 1 << 3 {
        return Err(Corrupt("unknown flag of an own row"));
    }
    let row = OwnRow {
        user: user.clone(),
        room,
        role,
        joined_seq,
        joined_ord,
        joined_ms,
        read_seq,
        read_ord,
        marked_unread: flags & 1 != 0,
        request: flags & 1 << 1 != 0,
        settings: Settings {
            pinned: flags & 1 << 2 != 0,
            muted_until_ms: input.millis()?,
            hidden_seq: input.option(Reader::seq)?,
            custom: input.option(Reader::json)?,
        },
        mentions: read_ords(&mut input)?,
        user_rev: UserRev(input.number()?),
        removed_ms: input.option(Reader::millis)?,
        left_seq: input.option(Reader::seq)?,
    };
    input.end()?;
    Ok(StoredOwn { row, slot })
}

pub(crate) fn encode_member(member: StoredMember) -> Vec<u8> {
    let mut out = Writer::value();
    write_role(&mut out, member.role);
    out.number(member.joined_seq.0).number(member.joined_ms.0);
    out.finish()
}

pub(crate) fn decode_member(bytes: &[u8]) -> Decoded<StoredMember> {
    let mut input = Reader::value(bytes)?;
    let member =
        StoredMember { role: read_role(&mut input)?, joined_seq: input.seq()?, joined_ms: input.millis()? };
    input.end()?;
    Ok(member)
}

pub(crate) fn write_role(out: &mut Writer, role: Role) {
    out.byte(match role {
        Role::Member => 0,
        Role::Admin => 1,
        Role::Owner => 2,
    });
}

pub(crate) fn read_role(input: &mut Reader<'_>) -> Decoded<Role> {
    match input.byte()? {
        0 => Ok(Role::Member),
        1 => Ok(Role::Admin),
        2 => Ok(Role::Owner),
        _ => Err(Corrupt("unknown role")),
    }
}

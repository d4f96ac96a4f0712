//! Keys of every table, built and taken apart in one place. Their layout stands in `table.rs`.

use bongsu_types::{ClientId, CommitNo, DeviceId, Emoji, Millis, RoomId, RoomKey, Seq, UserId, UserRev};

use super::codec::{Corrupt, Decoded};
use crate::KeyScopeOfRoom;

const END: u8 = 0;

pub(crate) const SCHEMA: &[u8] = b"schema";
pub(crate) const STORE: &[u8] = b"store";
pub(crate) const LAST: &[u8] = b"last";

/// Rooms whose cursors share a row.
pub(crate) const SLOTS_PER_ROW: u32 = 128;

fn join(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

/// A room as keys and indexes hold it: its random half first. Ids made in the same second begin alike, and a tree of
/// them would compare far into most keys on every step.
pub(crate) fn room(room: RoomId) -> [u8; 16] {
    turned(*room.as_bytes())
}

/// The halves swapped: its own inverse.
fn turned(bytes: [u8; 16]) -> [u8; 16] {
    u128::from_be_bytes(bytes).rotate_left(64).to_be_bytes()
}

pub(crate) fn log(room: RoomId, seq: Seq) -> [u8; 24] {
    let mut key = [0; 24];
    key[..16].copy_from_slice(&self::room(room));
    key[16..].copy_from_slice(&seq.0.to_be_bytes());
    key
}

pub(crate) fn log_seq(key: &[u8]) -> Decoded<Seq> {
    Ok(Seq(last_number(key)?))
}

pub(crate) fn reactions(room: RoomId, target: Seq) -> Vec<u8> {
    log(room, target).to_vec()
}

pub(crate) fn reactions_of(room: RoomId, target: Seq, user: &UserId) -> Vec<u8> {
    join(&[&log(room, target), user.as_str().as_bytes(), &[END]])
}

pub(crate) fn reaction(room: RoomId, target: Seq, user: &UserId, emoji: &Emoji) -> Vec<u8> {
    join(&[&log(room, target), user.as_str().as_bytes(), &[END], emoji.as_str().as_bytes()])
}

/// The user and the emoji of a reaction key.
pub(crate) fn reaction_parts(key: &[u8]) -> Decoded<(UserId, Emoji)> {
    let (user, emoji) = split_text(key.get(24..).ok_or(Corrupt("short key"))?)?;
    Ok((UserId::new(user)?, Emoji::new(text(emoji)?)?))
}

pub(crate) fn once(room: RoomId, actor: &UserId, client_id: &ClientId) -> Vec<u8> {
    join(&[&self::room(room), actor.as_str().as_bytes(), &[END], client_id.as_str().as_bytes()])
}

/// Room, actor and client id of an idempotency key.
pub(crate) fn once_parts(key: &[u8]) -> Decoded<(RoomId, UserId, ClientId)> {
    let (room, rest) = split_room(key)?;
    let (actor, client_id) = split_text(rest)?;
    Ok((room, UserId::new(actor)?, ClientId::new(text(client_id)?)?))
}

/// Prefix of everything of a user.
pub(crate) fn of_user(user: &UserId) -> Vec<u8> {
    join(&[user.as_str().as_bytes(), &[END]])
}

pub(crate) fn own(user: &UserId, room: RoomId) -> Vec<u8> {
    join(&[user.as_str().as_bytes(), &[END], room.as_bytes()])
}

pub(crate) fn own_parts(key: &[u8]) -> Decoded<(UserId, RoomId)> {
    let (user, room) = own_split(key)?;
    Ok((UserId::new(user)?, room))
}

/// The same without an id of its own for the user.
pub(crate) fn own_split(key: &[u8]) -> Decoded<(&str, RoomId)> {
    let (user, room) = split_text(key)?;
    Ok((user, RoomId::from_bytes(room.try_into().map_err(|_| Corrupt("short key"))?)))
}

pub(crate) fn member(room: RoomId, user: &UserId) -> Vec<u8> {
    join(&[&self::room(room), user.as_str().as_bytes()])
}

pub(crate) fn member_parts(key: &[u8]) -> Decoded<(RoomId, UserId)> {
    let (room, user) = split_room(key)?;
    Ok((room, UserId::new(text(user)?)?))
}

pub(crate) fn change(user: &UserId, rev: UserRev) -> Vec<u8> {
    join(&[user.as_str().as_bytes(), &[END], &rev.0.to_be_bytes()])
}

pub(crate) fn change_parts(key: &[u8]) -> Decoded<(UserId, UserRev)> {
    let (user, rev) = split_text(key)?;
    Ok((UserId::new(user)?, UserRev(last_number(rev)?)))
}

pub(crate) fn user_of(key: &[u8]) -> Decoded<UserId> {
    Ok(UserId::new(user_text(key)?)?)
}

/// The same without an id of its own.
pub(crate) fn user_text(key: &[u8]) -> Decoded<&str> {
    text(key)
}

pub(crate) fn device(user: &UserId, device: &DeviceId) -> Vec<u8> {
    join(&[user.as_str().as_bytes(), &[END], device.as_str().as_bytes()])
}

pub(crate) fn device_parts(key: &[u8]) -> Decoded<(UserId, DeviceId)> {
    let (user, device) = split_text(key)?;
    Ok((UserId::new(user)?, DeviceId::new(text(device)?)?))
}

/// Prefix of all cursors of a device.
pub(crate) fn cursors(user: &UserId, device: &DeviceId) -> Vec<u8> {
    join(&[user.as_str().as_bytes(), &[END], device.as_str().as_bytes(), &[END]])
}

/// The row that holds the cursor of `slot`.
pub(crate) fn cursor(user: &UserId, device: &DeviceId, slot: u32) -> Vec<u8> {
    let row = (slot / SLOTS_PER_ROW).to_be_bytes();
    join(&[user.as_str().as_bytes(), &[END], device.as_str().as_bytes(), &[END], &row])
}

pub(crate) fn pair(a: &UserId, b: &UserId) -> Vec<u8> {
    // A user id has at most 64 bytes, so its length is one byte.
    join(&[&[a.as_str().len() as u8], a.as_str().as_bytes(), b.as_str().as_bytes()])
}

pub(crate) fn room_key(scope: KeyScopeOfRoom, creator: &UserId, key: &RoomKey) -> Vec<u8> {
    match scope {
        KeyScopeOfRoom::Global => join(&[&[0], key.as_str().as_bytes()]),
        KeyScopeOfRoom::Creator => {
            join(&[&[1], creator.as_str().as_bytes(), &[END], key.as_str().as_bytes()])
        }
    }
}

/// Number of a row of cursors.
pub(crate) fn cursor_row(key: &[u8]) -> Decoded<u32> {
    let start = key.len().checked_sub(4).ok_or(Corrupt("short key"))?;
    Ok(u32::from_be_bytes(key[start..].try_into().map_err(|_| Corrupt("short key"))?))
}

/// What waits in the table of dues.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Due {
    /// An idempotency key, by its key in its table.
    Once(Vec<u8>),
    /// A tombstone.
    Tombstone(UserId, RoomId),
    /// A device that is no longer registered.
    Device(UserId, DeviceId),
}

pub(crate) fn due(at: Millis, what: &Due) -> Vec<u8> {
    match what {
        Due::Once(key) => join(&[&at.0.to_be_bytes(), &[0], key]),
        Due::Tombstone(user, room) => join(&[&at.0.to_be_bytes(), &[1], &own(user, *room)]),
        Due::Device(user, id) => join(&[&at.0.to_be_bytes(), &[2], &device(user, id)]),
    }
}

pub(crate) fn due_parts(key: &[u8]) -> Decoded<(Millis, Due)> {
    let (at, rest) = key.split_at_checked(8).ok_or(Corrupt("short key"))?;
    let at = Millis(last_number(at)?);
    match rest.split_first() {
        Some((0, key)) => Ok((at, Due::Once(key.to_vec()))),
        Some((1, key)) => own_parts(key).map(|(user, room)| (at, Due::Tombstone(user, room))),
        Some((2, key)) => device_parts(key).map(|(user, device)| (at, Due::Device(user, device))),
        _ => Err(Corrupt("unknown kind of due")),
    }
}

pub(crate) fn commit(commit: CommitNo) -> [u8; 8] {
    commit.0.to_be_bytes()
}

pub(crate) fn commit_of(key: &[u8]) -> Decoded<CommitNo> {
    Ok(CommitNo(last_number(key)?))
}

pub(crate) fn room_of(key: &[u8]) -> Decoded<RoomId> {
    Ok(RoomId::from_bytes(turned(key.try_into().map_err(|_| Corrupt("key is not a room"))?)))
}

/// The first key after all keys with this prefix; `None` when there is no such key.
pub(crate) fn after_prefix(prefix: &[u8]) -> Option<Vec<u8>> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if last < u8::MAX {
            end.push(last + 1);
            return Some(end);
        }
    }
    None
}

fn text(bytes: &[u8]) -> Decoded<&str> {
    std::str::from_utf8(bytes).map_err(|_| Corrupt("key is not UTF-8"))
}

fn split_text(bytes: &[u8]) -> Decoded<(&str, &[u8])> {
    let end = bytes.iter().position(|byte| *byte == END).ok_or(Corrupt("key without its end mark"))?;
    Ok((text(&bytes[..end])?, &bytes[end + 1..]))
}

fn split_room(bytes: &[u8]) -> Decoded<(RoomId, &[u8])> {
    let (room, rest) = bytes.split_at_checked(16).ok_or(Corrupt("short key"))?;
    Ok((room_of(room)?, rest))
}

fn last_number(bytes: &[u8]) -> Decoded<u64> {
    let start = bytes.len().checked_sub(8).ok_or(Corrupt("short key"))?;
    let number = bytes[start..].try_into().map_err(|_| Corrupt("short key"))?;
    Ok(u64::from_be_bytes(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_apart_as_they_were_joined() {
        let room = RoomId::from_bytes([7; 16]);
        let (alice, al) = (UserId::new("alice").unwrap(), UserId::new("al").unwrap());
        let client_id = ClientId::new("한 글").unwrap();
        assert_eq!(once_parts(&once(room, &alice, &client_id)), Ok((room, alice.clone(), client_id)));
        assert_eq!(own_parts(&own(&alice, room)), Ok((alice.clone(), room)));
        assert_eq!(member_parts(&member(room, &alice)), Ok((room, alice.clone())));
        assert_eq!(change_parts(&change(&alice, UserRev(9))), Ok((alice.clone(), UserRev(9))));
        let phone = Due::Device(alice.clone(), DeviceId::new("phone").unwrap());
        for due_row in [Due::Tombstone(alice.clone(), room), phone] {
            assert_eq!(due_parts(&due(Millis(5), &due_row)), Ok((Millis(5), due_row)));
        }
        assert_eq!(log_seq(&log(room, Seq(300))), Ok(Seq(300)));
        assert!(!own(&alice, room).starts_with(&of_user(&al)), "a user is no prefix of another");
        assert!(own_parts(b"alice").is_err());
    }

    #[test]
    fn rooms_made_together_differ_in_their_first_bytes() {
        let (a, b) = (RoomId::mint(Millis(1_700_000_000_000)), RoomId::mint(Millis(1_700_000_000_000)));
        assert_eq!(a.as_bytes()[..4], b.as_bytes()[..4]);
        assert_ne!(room(a)[..8], room(b)[..8]);
        assert_eq!(room_of(&room(a)), Ok(a));
    }

    #[test]
    fn pairs_do_not_run_into_each_other() {
        let id = |text| UserId::new(text).unwrap();
        assert_ne!(pair(&id("ab"), &id("c")), pair(&id("a"), &id("bc")));
    }

    #[test]
    fn the_end_of_a_prefix_is_the_next_greater_key() {
        assert_eq!(after_prefix(&[1, 255]), Some(vec![2]));
        assert_eq!(after_prefix(&[1, 2]), Some(vec![1, 3]));
        assert_eq!(after_prefix(&[255, 255]), None);
    }
}

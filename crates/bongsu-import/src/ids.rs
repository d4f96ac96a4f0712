//! Foreign names as ids, escaped in one way by every importer.

use bongsu_types::{ClientId, RoomKey, UserId};
use sha2::{Digest, Sha256};

/// Between the readable part of an id that would be too long and its hash. No escape holds it: `.` is always followed by
/// two hex digits there.
const HASH_MARK: &str = ".-";

/// Hex digits of a hash: 128 bits, so that nobody finds a second name for the id of another.
const HASH_DIGITS: usize = 32;

/// The user id of a foreign name: `prefix` + `:` + the name, case kept, with every byte outside `A-Z a-z 0-9 _ @ -` as
/// `.xx` (lower-case hex). An id over 64 bytes keeps its beginning and ends in `.-` and 32 hex digits of the name's
/// SHA-256. Two names never share an id. `None` when the name is empty.
#[must_use]
pub fn user_id(prefix: &str, name: &str) -> Option<UserId> {
    if name.is_empty() {
        return None;
    }
    let mut id = format!("{prefix}:");
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'@' | b'-') {
            id.push(char::from(byte));
        } else {
            id.push_str(&format!(".{byte:02x}"));
        }
    }
    if id.len() > UserId::BYTES_MAX {
        let mut end = UserId::BYTES_MAX - HASH_MARK.len() - HASH_DIGITS;
        // Cut before an escape, not within one.
        if let Some(dot) = id[..end].rfind('.').filter(|dot| end - dot < 3) {
            end = dot;
        }
        id.truncate(end);
        push_hash(&mut id, name);
    }
    UserId::new(&id).ok()
}

/// The global key of a foreign room: `prefix` + `:` + its name in the source; with a hash like [`user_id`] when it is
/// over 128 bytes or holds control characters.
#[must_use]
pub fn room_key(prefix: &str, name: &str) -> RoomKey {
    let plain = format!("{prefix}:{name}");
    if plain.len() <= RoomKey::BYTES_MAX && !name.chars().any(char::is_control) && !name.contains(HASH_MARK) {
        return RoomKey::new(&plain).expect("its length and characters were just checked");
    }
    let mut key: String = plain.chars().filter(|c| !c.is_control()).collect();
    cut(&mut key, RoomKey::BYTES_MAX - HASH_MARK.len() - HASH_DIGITS);
    push_hash(&mut key, name);
    RoomKey::new(&key).expect("cut to its length, without control characters")
}

/// The client id of a foreign message: `prefix` + `:` + its name in the source, hashed when it is over 64 bytes.
#[must_use]
pub fn client_id(prefix: &str, name: &str) -> ClientId {
    let mut id = format!("{prefix}:{name}");
    if id.len() > ClientId::BYTES_MAX || id.contains('\0') {
        id = format!("{prefix}:");
        push_hash(&mut id, name);
    }
    ClientId::new(&id).expect("a prefix is short, and so is a hash")
}

fn push_hash(id: &mut String, name: &str) {
    id.push_str(HASH_MARK);
    for byte in &Sha256::digest(name.as_bytes())[..HASH_DIGITS / 2] {
        id.push_str(&format!("{byte:02x}"));
    }
}

/// Cuts a text to at most `bytes` at a character's start.
pub(crate) fn cut(text: &mut String, bytes: usize) {
    if text.len() > bytes {
        text.truncate(text.floor_char_boundary(bytes));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(name: &str) -> Option<String> {
        user_id("irc", name).map(|id| id.to_string())
    }

    #[test]
    fn names_outside_the_charset_become_hex_and_stay_apart() {
        assert_eq!(id("|trey|").as_deref(), Some("irc:.7ctrey.7c"));
        assert_eq!(id("a.b:c").as_deref(), Some("irc:a.2eb.3ac"));
        assert_eq!(id("Dr_Willis").as_deref(), Some("irc:Dr_Willis"));
        assert_eq!(id("한").as_deref(), Some("irc:.ed.95.9c"));
        assert_ne!(id("A"), id("a"));
        assert_eq!(id(""), None);
    }

    #[test]
    fn long_names_keep_their_beginning_and_stay_apart_by_their_hash() {
        let long = id("티비 보는 라이언과 친구들").unwrap();
        assert!(long.starts_with("irc:.ed.8b.b0.eb.b9.84.20.eb.-"), "{long}");
        assert!(long.len() <= 64);
        assert_ne!(id(&"a".repeat(100)), id(&"a".repeat(101)));
        for length in 50..80 {
            assert!(id(&format!("{}|", "b".repeat(length))).is_some_and(|id| id.len() <= 64));
        }
    }

    #[test]
    fn keys_and_client_ids_of_any_name_are_within_their_bounds() {
        assert_eq!(room_key("slack", "general").as_str(), "slack:general");
        assert_ne!(room_key("slack", "a\u{1}b"), room_key("slack", "ab"));
        assert_ne!(room_key("slack", &"가".repeat(60)), room_key("slack", &"가".repeat(61)));
        assert_eq!(client_id("slack", "1.2").as_str(), "slack:1.2");
        assert!(client_id("slack", &"\0".repeat(200)).as_str().len() <= 64);
    }
}

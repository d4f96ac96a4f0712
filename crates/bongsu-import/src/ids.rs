//! Foreign names as user ids, escaped in one way by every importer.

use bongsu_types::UserId;

/// The user id of a foreign name: `prefix` + `:` + the name, case kept, with every byte outside the charset of ids,
/// and `.` and `:`, as `.xx` (lower-case hex). Two names never share an id.
///
/// `None` when the name is empty or the id would be over 64 bytes.
#[must_use]
pub fn user_id(prefix: &str, name: &str) -> Option<UserId> {
    if name.is_empty() {
        return None;
    }
    let mut id = String::with_capacity(prefix.len() + 1 + name.len());
    id.push_str(prefix);
    id.push(':');
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'@' | b'-') {
            id.push(char::from(byte));
        } else {
            id.push_str(&format!(".{byte:02x}"));
        }
    }
    UserId::new(&id).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_outside_the_charset_become_hex_and_stay_apart() {
        let id = |name| user_id("irc", name).map(|id| id.to_string());
        assert_eq!(id("|trey|").as_deref(), Some("irc:.7ctrey.7c"));
        assert_eq!(id("a.b:c").as_deref(), Some("irc:a.2eb.3ac"));
        assert_eq!(id("Dr_Willis").as_deref(), Some("irc:Dr_Willis"));
        assert_eq!(id("한").as_deref(), Some("irc:.ed.95.9c"));
        assert_ne!(id("A"), id("a"));
        assert_eq!(id(""), None);
        assert_eq!(id(&"|".repeat(21)), None);
    }
}

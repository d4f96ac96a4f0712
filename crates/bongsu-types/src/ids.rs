//! Ids: checked once where they enter, trusted afterwards. Cheap to clone.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::Millis;

/// Why a text is not an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidId {
    /// Empty, or longer than the bound.
    #[error("must be 1 to {max_bytes} bytes")]
    Length {
        /// The bound in bytes.
        max_bytes: usize,
    },
    /// A byte outside the charset of this kind of id.
    #[error("must consist of {allowed}")]
    Charset {
        /// What is allowed, for the person who reads the error.
        allowed: &'static str,
    },
    /// Not a UUID in text form.
    #[error("must be a room id as the server gave it")]
    Uuid,
}

fn checked(
    text: &str,
    max_bytes: usize,
    allowed: &'static str,
    ok: fn(char) -> bool,
) -> Result<(), InvalidId> {
    if text.is_empty() || text.len() > max_bytes {
        return Err(InvalidId::Length { max_bytes });
    }
    if !text.chars().all(ok) {
        return Err(InvalidId::Charset { allowed });
    }
    Ok(())
}

fn is_id_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '@' | ':' | '-')
}

fn is_free_char(c: char) -> bool {
    c != '\0'
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $max:literal, $allowed:literal, $ok:path) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The longest id, in bytes.
            pub const BYTES_MAX: usize = $max;

            /// Checks and wraps a text.
            ///
            /// # Errors
            /// When the text is empty, too long, or holds a character outside the charset.
            pub fn new(text: &str) -> Result<Self, InvalidId> {
                checked(text, $max, $allowed, $ok)?;
                Ok(Self(text.into()))
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", &*self.0)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Self::new(text)
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}

text_id!(
    /// A user, named by the host app.
    UserId, 64, "A-Z a-z 0-9 _ . @ : -", is_id_char
);
text_id!(
    /// A running client of a user, named by that client.
    DeviceId, 64, "A-Z a-z 0-9 _ . @ : -", is_id_char
);
text_id!(
    /// Chosen by a sender to make a mutation idempotent.
    ClientId, 64, "any characters but U+0000", is_free_char
);
text_id!(
    /// Chosen by a creator to make room creation idempotent.
    RoomKey, 128, "any characters but U+0000", is_free_char
);
text_id!(
    /// What a reaction shows: an emoji or a short code.
    Emoji, 64, "any characters but U+0000", is_free_char
);

/// A room: a UUIDv7 minted by the server.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoomId([u8; 16]);

impl RoomId {
    /// A new id: 48 bits of `now`, the rest random.
    #[must_use]
    pub fn mint(now: Millis) -> Self {
        let mut random = [0_u8; 10];
        getrandom::fill(&mut random).expect("the system gives random bytes");
        Self(uuid::Builder::from_unix_timestamp_millis(now.0, &random).into_uuid().into_bytes())
    }

    /// From stored bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bytes, in the order of the text form (and so of time).
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl FromStr for RoomId {
    type Err = InvalidId;
    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let id = uuid::Uuid::try_parse(text).map_err(|_| InvalidId::Uuid)?;
        // One room, one text: braces, upper case and the undashed form name nothing.
        if id.hyphenated().encode_lower(&mut uuid::Uuid::encode_buffer()) != text {
            return Err(InvalidId::Uuid);
        }
        Ok(Self(id.into_bytes()))
    }
}

impl fmt::Display for RoomId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        uuid::Uuid::from_bytes(self.0).hyphenated().fmt(f)
    }
}

impl fmt::Debug for RoomId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The two users of a direct room in the one order that names the pair.
#[must_use]
pub fn direct_pair(a: &UserId, b: &UserId) -> (UserId, UserId) {
    if a <= b { (a.clone(), b.clone()) } else { (b.clone(), a.clone()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_outside_their_charset_or_length_are_refused() {
        assert!(UserId::new("alice@example.com:1_-").is_ok());
        assert_eq!(UserId::new(""), Err(InvalidId::Length { max_bytes: 64 }));
        assert_eq!(UserId::new(&"a".repeat(65)), Err(InvalidId::Length { max_bytes: 64 }));
        assert!(matches!(UserId::new("한글"), Err(InvalidId::Charset { .. })));
        assert!(ClientId::new("한글 ok").is_ok());
        assert!(ClientId::new("a\0b").is_err());
    }

    #[test]
    fn a_room_id_has_one_text_form_and_sorts_by_time() {
        let early = RoomId::mint(Millis(1_000));
        let late = RoomId::mint(Millis(2_000));
        assert!(early < late);
        assert_eq!(early.to_string().parse(), Ok(early));
        assert_eq!(early.to_string().to_uppercase().parse::<RoomId>().ok(), None);
    }
}

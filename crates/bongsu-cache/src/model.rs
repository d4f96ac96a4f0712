//! What a type says to be cached: its model name, its ids, its codec. And how an id becomes part of a key.

use std::fmt::{self, Write as _};

use xxhash_rust::xxh3::xxh3_128;

use crate::codec::Codec;
use crate::options::EntryOptions;
use crate::schema::{CacheSchema, SchemaHash, fingerprint};

/// A type that the cache holds: one type, one model name, one id type, one codec.
///
/// Made by `#[derive(CacheSchema)] #[cache(model = "conversation", id = u64)]`.
pub trait Cached: CacheSchema + Send + Sync + Sized + 'static {
    /// What names one of them.
    type Id: CacheId;
    /// How one becomes bytes.
    type Codec: Codec<Self>;
    /// The name in keys and metrics: 1 to 32 of `a-z`, `0-9`, `_`. Two types of one hub never share it.
    const MODEL: &'static str;
    /// Raise it when the meaning changes and the structure does not: cents that become euros.
    const REVISION: u16 = 0;
    /// How long its entries live, unless a call says otherwise.
    const DEFAULTS: EntryOptions = EntryOptions::new();
    /// The structure of the type, its codec and its revision, as one number. Not to be overridden.
    const SCHEMA: SchemaHash = fingerprint(
        Self::NODE,
        <Self::Codec as Codec<Self>>::NAME,
        <Self::Codec as Codec<Self>>::VERSION,
        <Self::Codec as Codec<Self>>::POSITIONAL,
        Self::REVISION,
    );
}

/// Names one value of a model. Two ids that are equal write the same text, and no other ids do.
pub trait CacheId: Clone + Eq + std::hash::Hash + fmt::Debug + Send + Sync + 'static {
    /// Writes the id, part by part.
    fn write(&self, text: &mut IdText);
}

/// The text of an id as it stands in a key: parts joined by `:`, all but `A-Z a-z 0-9 _ . -` percent-encoded, so that
/// no id can look like another or place itself in a slot of its choice. Longer than [`IdText::MAX_BYTES`], it becomes a
/// digest. Entries carry the text, and an entry with another one is a miss.
///
/// Texts of up to [`IdText::INLINE_BYTES`] live on the stack: a hit in the process tier allocates nothing.
#[derive(Debug, Clone)]
pub struct IdText {
    inline: [u8; IdText::INLINE_BYTES],
    inline_bytes: usize,
    /// The whole text, once it is too long for the stack.
    long: Option<String>,
    parts: usize,
}

impl IdText {
    /// Ids with longer texts are digested (XXH3, 128 bits).
    pub const MAX_BYTES: usize = 160;
    /// Longer texts are allocated.
    pub const INLINE_BYTES: usize = 64;

    /// The text of `id`.
    #[must_use]
    pub fn of(id: &impl CacheId) -> Self {
        let mut text = Self { inline: [0; Self::INLINE_BYTES], inline_bytes: 0, long: None, parts: 0 };
        id.write(&mut text);
        if text.as_bytes().len() > Self::MAX_BYTES {
            text.long = Some(format!("~{:032x}", xxh3_128(text.as_bytes())));
        }
        text
    }

    /// Adds a part that may hold anything.
    pub fn part(&mut self, part: &str) {
        self.next();
        self.encode(part);
    }

    /// Adds a number.
    pub fn number(&mut self, number: impl fmt::Display) {
        self.next();
        write!(self, "{number}").unwrap_or_default();
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.long.as_ref().map_or(&self.inline[..self.inline_bytes], |long| long.as_bytes())
    }

    fn encode(&mut self, text: &str) {
        let is_special = |byte: &u8| !byte.is_ascii_alphanumeric() && !matches!(byte, b'_' | b'.' | b'-');
        let mut rest = text.as_bytes();
        while let Some(plain) = rest.iter().position(is_special) {
            let byte = rest[plain];
            self.push(&rest[..plain]);
            self.push(&[b'%', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
            rest = &rest[plain + 1..];
        }
        self.push(rest);
    }

    fn next(&mut self) {
        if self.parts > 0 {
            self.push(b":");
        }
        self.parts += 1;
    }

    /// Adds ASCII bytes.
    fn push(&mut self, bytes: &[u8]) {
        if let Some(long) = &mut self.long {
            long.extend(bytes.iter().copied().map(char::from));
            return;
        }
        let end = self.inline_bytes + bytes.len();
        if let Some(space) = self.inline.get_mut(self.inline_bytes..end) {
            space.copy_from_slice(bytes);
            self.inline_bytes = end;
            return;
        }
        let head = &self.inline[..self.inline_bytes];
        self.long = Some(head.iter().chain(bytes).copied().map(char::from).collect());
    }
}

impl fmt::Write for IdText {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.encode(text);
        Ok(())
    }
}

const HEX: &[u8; 16] = b"0123456789abcdef";

impl PartialEq for IdText {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for IdText {}

macro_rules! numbers {
    ($($type:ty),*) => {$(
        impl CacheId for $type {
            fn write(&self, text: &mut IdText) {
                text.number(self);
            }
        }
    )*};
}

numbers!(u8, u16, u32, u64, u128, i8, i16, i32, i64, i128);

impl CacheId for String {
    fn write(&self, text: &mut IdText) {
        text.part(self);
    }
}

impl<A: CacheId, B: CacheId> CacheId for (A, B) {
    fn write(&self, text: &mut IdText) {
        self.0.write(text);
        self.1.write(text);
    }
}

impl<A: CacheId, B: CacheId, C: CacheId> CacheId for (A, B, C) {
    fn write(&self, text: &mut IdText) {
        self.0.write(text);
        self.1.write(text);
        self.2.write(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_joined_and_encoded() {
        assert_eq!(IdText::of(&42_u64).as_str(), "42");
        assert_eq!(IdText::of(&-7_i32).as_str(), "-7");
        assert_eq!(IdText::of(&("a:b {c}".to_owned(), 7_u8)).as_str(), "a%3ab%20%7bc%7d:7");
        assert_ne!(
            IdText::of(&("a:b".to_owned(), "c".to_owned())),
            IdText::of(&("a".to_owned(), "b:c".to_owned()))
        );
    }

    #[test]
    fn long_texts_leave_the_stack_and_very_long_ones_become_digests() {
        let long = "x".repeat(IdText::INLINE_BYTES + 1);
        assert_eq!(IdText::of(&long).as_str(), long);
        assert_eq!(IdText::of(&(long.clone(), 1_u8)).as_str(), format!("{long}:1"));
        let digest = IdText::of(&"x".repeat(IdText::MAX_BYTES + 1));
        assert_eq!(digest.as_str().len(), 33);
        assert!(digest.as_str().starts_with('~'));
    }
}

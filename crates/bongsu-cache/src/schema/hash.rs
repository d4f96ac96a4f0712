//! The 64-bit identity of a schema and its text in keys.

use std::fmt;

/// The structure of a type, its codec and its revision as one number.
///
/// Two versions of one model with different structures have different hashes; of a hundred versions of a model, two
/// share one with a probability of about 3 in 10^16. It is no protection against someone who looks for a collision.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SchemaHash(u64);

/// RFC 4648 in lower case.
const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

impl SchemaHash {
    /// The length of its text.
    pub const TEXT_BYTES: usize = 13;

    /// A hash that was stored as a number.
    #[must_use]
    pub const fn from_u64(hash: u64) -> Self {
        Self(hash)
    }

    /// The number, to be stored.
    #[must_use]
    pub const fn as_u64(self) -> u64 {
        self.0
    }

    /// Its text in keys: base32 (RFC 4648) of the eight bytes, highest first, in lower case, without padding.
    #[must_use]
    pub const fn to_base32(self) -> [u8; Self::TEXT_BYTES] {
        let mut text = [0; Self::TEXT_BYTES];
        // 13 letters hold 65 bits: the hash and one zero after it.
        let bits = (self.0 as u128) << 1;
        let mut place = 0;
        while place < Self::TEXT_BYTES {
            let shift = 5 * (Self::TEXT_BYTES - 1 - place);
            text[place] = ALPHABET[(bits >> shift) as usize & 31];
            place += 1;
        }
        text
    }
}

impl fmt::Display for SchemaHash {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.to_base32();
        out.pad(std::str::from_utf8(&text).expect("base32 is ASCII"))
    }
}

impl fmt::Debug for SchemaHash {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "SchemaHash({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_that_of_rfc_4648() {
        // Checked with `printf '\x01\x23\x45\x67\x89\xab\xcd\xef' | base32`.
        assert_eq!(SchemaHash::from_u64(0x0123_4567_89ab_cdef).to_string(), "aerukz4jvpg66");
        assert_eq!(SchemaHash::from_u64(0).to_string(), "aaaaaaaaaaaaa");
        assert_eq!(SchemaHash::from_u64(u64::MAX).to_string(), "7777777777776");
    }

    #[test]
    fn every_bit_is_in_the_text() {
        let texts: std::collections::BTreeSet<_> =
            (0..64).map(|bit| SchemaHash::from_u64(1 << bit).to_string()).collect();
        assert_eq!(texts.len(), 64);
        assert!(texts.iter().all(|text| text.len() == SchemaHash::TEXT_BYTES));
    }
}

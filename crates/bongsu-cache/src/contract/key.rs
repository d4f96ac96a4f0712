//! The name of an entry in the shared tier, and which part of that tier it lives in.

use std::fmt;
use std::sync::Arc;

use crate::schema::SchemaHash;

/// The shared tier's slots are cut into this many regions, each with a generation of its own.
pub const REGIONS: u16 = 16;

const SLOTS: u16 = 16_384;

/// `<prefix>:<schema13>:<model>:<id>`, what an entry is stored under.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Key {
    text: Arc<str>,
    model: &'static str,
    slot: u16,
}

/// A contiguous run of slots, so that a region nearly always lies on one shard. Its generation is stored in one of its
/// own slots.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Region(u16);

impl Key {
    /// The key of an entry. `id` is the text of an id, which holds neither spaces nor braces.
    #[must_use]
    pub fn entry(prefix: &str, schema: SchemaHash, model: &'static str, id: &str) -> Self {
        Self::of(model, format!("{prefix}:{schema}:{model}:{id}"))
    }

    /// The key of a counter, which has no schema: its value is a number.
    #[must_use]
    pub fn counter(prefix: &str, model: &'static str, id: &str) -> Self {
        Self::of(model, format!("{prefix}:counter:{model}:{id}"))
    }

    fn of(model: &'static str, text: String) -> Self {
        let slot = slot_of(text.as_bytes());
        Self { text: text.into(), model, slot }
    }

    /// The whole key.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whose entry it is.
    #[must_use]
    pub fn model(&self) -> &'static str {
        self.model
    }

    /// The slot of the key: 0 to 16383, as Valkey Cluster counts them.
    #[must_use]
    pub fn slot(&self) -> u16 {
        self.slot
    }

    /// The region of that slot.
    #[must_use]
    pub fn region(&self) -> Region {
        Region::of_slot(self.slot)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Region {
    /// The region of a slot.
    #[must_use]
    pub fn of_slot(slot: u16) -> Self {
        Self(slot % SLOTS / (SLOTS / REGIONS))
    }

    /// All regions, in order.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..REGIONS).map(Self)
    }

    /// Its slots, in order.
    pub fn slots(self) -> impl Iterator<Item = u16> {
        let first = self.0 * (SLOTS / REGIONS);
        first..first + SLOTS / REGIONS
    }

    /// Its place among all regions.
    #[must_use]
    pub fn index(self) -> u16 {
        self.0
    }
}

/// The slot of a key by the rules of Valkey Cluster: CRC16 (XMODEM) of the part in braces, or of all of it.
#[must_use]
pub fn slot_of(key: &[u8]) -> u16 {
    let tag = key.iter().position(|byte| *byte == b'{').and_then(|open| {
        let rest = &key[open + 1..];
        let close = rest.iter().position(|byte| *byte == b'}')?;
        (close > 0).then(|| &rest[..close])
    });
    crc16(tag.unwrap_or(key)) % SLOTS
}

fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc: u16, byte| {
        (0..8).fold(crc ^ (u16::from(*byte) << 8), |crc, _| {
            if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x1021 }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_those_of_the_cluster_specification() {
        assert_eq!(crc16(b"123456789"), 0x31C3);
        assert_eq!(slot_of(b"foo"), 12_182);
        assert_eq!(slot_of(b"{foo}bar"), slot_of(b"foo"));
        assert_eq!(slot_of(b"a{}b"), crc16(b"a{}b") % SLOTS);
    }

    #[test]
    fn regions_cover_all_slots_in_order() {
        assert_eq!(Region::of_slot(0).index(), 0);
        assert_eq!(Region::of_slot(SLOTS - 1).index(), REGIONS - 1);
        assert_eq!(Region::all().count(), usize::from(REGIONS));
        let of_slots = Region::all().flat_map(|region| region.slots().map(move |slot| (slot, region)));
        assert!(of_slots.eq((0..SLOTS).map(|slot| (slot, Region::of_slot(slot)))));
    }
}

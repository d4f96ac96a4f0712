//! Encoded rows of one user behind each other: ten rooms are two allocations, not ten.
//!
//! A session that only waits has its user's rows in memory all the time, and a row is a few dozen bytes: an allocation
//! and a reference of its own cost as much again.

use std::ops::Range;

use bongsu_types::RoomId;

/// Rows by room. Changing one moves those behind it, which is a copy of a few kilobytes for a thousand rooms.
#[derive(Debug, Clone, Default)]
pub(super) struct PackedRows {
    /// Ascending by room: where the value of each begins. It ends where the next one begins.
    starts: Vec<(RoomId, u32)>,
    values: Vec<u8>,
}

impl PackedRows {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.starts.len()
    }

    /// What they take in memory.
    pub(super) fn bytes(&self) -> usize {
        self.starts.capacity() * size_of::<(RoomId, u32)>() + self.values.capacity()
    }

    /// The value of a room.
    pub(super) fn get(&self, room: RoomId) -> Option<&[u8]> {
        let at = self.find(room).ok()?;
        Some(&self.values[self.range(at)])
    }

    /// All of them by room.
    pub(super) fn iter(&self) -> impl Iterator<Item = (RoomId, &[u8])> {
        self.starts.iter().enumerate().map(|(at, (room, _))| (*room, &self.values[self.range(at)]))
    }

    /// Puts a value, in place of the one before.
    pub(super) fn put(&mut self, room: RoomId, value: &[u8]) {
        let (at, old) = match self.find(room) {
            Ok(at) => (at, self.range(at)),
            Err(at) => {
                let start = self.start(at);
                self.starts.insert(at, (room, offset(start)));
                (at, start..start)
            }
        };
        self.replace(at + 1, old, value);
    }

    /// Takes a value out, if there is one.
    pub(super) fn remove(&mut self, room: RoomId) {
        if let Ok(at) = self.find(room) {
            let old = self.range(at);
            self.starts.remove(at);
            self.replace(at, old, &[]);
        }
    }

    /// Gives back what is not used.
    pub(super) fn shrink_to_fit(&mut self) {
        self.starts.shrink_to_fit();
        self.values.shrink_to_fit();
    }

    fn find(&self, room: RoomId) -> Result<usize, usize> {
        self.starts.binary_search_by_key(&room, |(room, _)| *room)
    }

    /// Where the value at a place begins; the end of the last one for the place behind it.
    fn start(&self, at: usize) -> usize {
        self.starts.get(at).map_or(self.values.len(), |(_, start)| *start as usize)
    }

    fn range(&self, at: usize) -> Range<usize> {
        self.start(at)..self.start(at + 1)
    }

    /// Puts a value in place of `old`; the values of the places from `behind` on move.
    fn replace(&mut self, behind: usize, old: Range<usize>, value: &[u8]) {
        // Mostly as long as before: a mark that moved.
        if old.len() == value.len() {
            self.values[old].copy_from_slice(value);
            return;
        }
        for (_, start) in &mut self.starts[behind..] {
            *start = offset(*start as usize - old.len() + value.len());
        }
        self.values.splice(old, value.iter().copied());
    }
}

/// Four bytes are enough: a user is in some thousand rooms, with some dozen bytes each.
fn offset(at: usize) -> u32 {
    u32::try_from(at).expect("the rows of a user are less than 4 GiB")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn room(number: u8) -> RoomId {
        RoomId::from_bytes([number; 16])
    }

    #[test]
    fn whatever_is_put_and_removed_is_what_a_map_holds() {
        let mut rows = PackedRows::default();
        let mut map: BTreeMap<RoomId, Vec<u8>> = BTreeMap::new();
        let mut random = 1_u64;
        for _ in 0..5_000 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let (room, length) = (room((random >> 40) as u8 % 40), (random >> 50) as usize % 60);
            if (random >> 33).is_multiple_of(4) {
                rows.remove(room);
                map.remove(&room);
            } else {
                // Of the same length as before, longer, shorter, empty.
                let value = vec![(random >> 20) as u8; length.saturating_sub(10)];
                rows.put(room, &value);
                map.insert(room, value);
            }
            assert!(rows.iter().eq(map.iter().map(|(room, value)| (*room, value.as_slice()))));
            assert_eq!(rows.get(room), map.get(&room).map(Vec::as_slice));
            assert_eq!(rows.len(), map.len());
        }
        assert_eq!(rows.get(RoomId::from_bytes([200; 16])), None);
    }

    #[test]
    fn ten_rows_take_little_more_than_their_bytes() {
        let mut rows = PackedRows::default();
        for number in 0..10 {
            rows.put(room(number), &[number; 30]);
        }
        rows.shrink_to_fit();
        assert_eq!(rows.bytes(), 10 * (20 + 30));
    }
}

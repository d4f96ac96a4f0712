//! Rows the committer reads again and again, kept in memory: heads, own rows, users, rooms.
//!
//! The committer is the only writer, so what it wrote last is what the store holds: a row here is never old. Only rows
//! of a batch that is durable come in. Two generations bound the memory: when the young one is full it becomes the old
//! one, and what is read from the old one moves to the young.

use std::collections::HashMap;

use fjall::{UserKey, UserValue};

use super::table::Table;

/// Bytes of a generation, keys and values and their bookkeeping: at most twice this is held. About 60,000 rooms with
/// one sender each fit.
const GENERATION_BYTES_MAX: usize = 16 * 1024 * 1024;

/// What a row costs beside its bytes: its place in the map and two allocations.
const ROW_OVERHEAD_BYTES: usize = 128;

type Rows = HashMap<UserKey, UserValue>;

/// The rows, by table.
pub(crate) struct HotRows {
    young: Vec<Rows>,
    old: Vec<Rows>,
    young_bytes: usize,
}

impl HotRows {
    pub(crate) fn new() -> Self {
        Self { young: empty(), old: empty(), young_bytes: 0 }
    }

    /// Whether rows of this table are kept: those that a message or a read mark asks for by name.
    pub(crate) fn keeps(table: Table) -> bool {
        matches!(table, Table::Head | Table::Own | Table::User | Table::Room)
    }

    /// The row, if it is kept.
    pub(crate) fn get(&mut self, table: Table, key: &[u8]) -> Option<UserValue> {
        if let Some(value) = self.young[table as usize].get(key) {
            return Some(value.clone());
        }
        let (key, value) = self.old[table as usize].remove_entry(key)?;
        self.put(table, key, value.clone());
        Some(value)
    }

    /// Keeps what the store holds now.
    pub(crate) fn put(&mut self, table: Table, key: UserKey, value: UserValue) {
        self.forget(table, &key);
        let bytes = bytes(&key, &value);
        if self.young_bytes + bytes > GENERATION_BYTES_MAX {
            self.old = std::mem::replace(&mut self.young, empty());
            self.young_bytes = 0;
        }
        self.young_bytes += bytes;
        self.young[table as usize].insert(key, value);
    }

    /// The store holds no such row any more.
    pub(crate) fn forget(&mut self, table: Table, key: &[u8]) {
        if let Some(value) = self.young[table as usize].remove(key) {
            self.young_bytes -= bytes(key, &value);
        } else {
            self.old[table as usize].remove(key);
        }
    }
}

fn empty() -> Vec<Rows> {
    vec![Rows::new(); Table::ALL.len()]
}

fn bytes(key: &[u8], value: &[u8]) -> usize {
    key.len() + value.len() + ROW_OVERHEAD_BYTES
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: usize) -> UserKey {
        UserKey::from(number.to_be_bytes())
    }

    #[test]
    fn a_row_is_what_was_put_last_and_gone_once_forgotten() {
        let mut rows = HotRows::new();
        rows.put(Table::Head, key(1), "first".into());
        rows.put(Table::Head, key(1), "second".into());
        assert_eq!(rows.get(Table::Head, &key(1)).as_deref(), Some(&b"second"[..]));
        assert_eq!(rows.get(Table::Own, &key(1)), None, "tables do not mix");
        rows.forget(Table::Head, &key(1));
        assert_eq!(rows.get(Table::Head, &key(1)), None);
        assert_eq!(rows.young_bytes, 0);
    }

    #[test]
    fn what_is_read_stays_and_what_is_not_goes() {
        let mut rows = HotRows::new();
        let value = UserValue::from(vec![0; 64 * 1024]);
        rows.put(Table::Head, key(0), "read often".into());
        rows.put(Table::Head, key(1), "never read".into());
        for number in 2..2_000 {
            rows.put(Table::Own, key(number), value.clone());
            assert!(rows.get(Table::Head, &key(0)).is_some());
            assert!(rows.young_bytes <= GENERATION_BYTES_MAX);
        }
        assert_eq!(rows.get(Table::Head, &key(1)), None);
    }
}

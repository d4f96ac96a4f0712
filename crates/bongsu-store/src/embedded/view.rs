//! One snapshot of the store: every answer built from more than one row reads one of these.

use std::ops::Bound;
use std::sync::atomic::{AtomicU64, Ordering};

use fjall::{Readable, Snapshot, UserValue};

use super::keys::after_prefix;
use super::source::{Source, Visit};
use super::table::{Table, Tables, unreadable};
use crate::StoreResult;

/// A snapshot, and the tables it is of.
pub(crate) struct View {
    tables: Tables,
    snapshot: Snapshot,
    rows_read: AtomicU64,
}

impl View {
    pub(crate) fn of(tables: &Tables) -> Self {
        Self { snapshot: tables.database.snapshot(), tables: tables.clone(), rows_read: AtomicU64::new(0) }
    }

    fn count_row(&self) {
        self.rows_read.fetch_add(1, Ordering::Relaxed);
    }

    /// Rows with this prefix whose key is less than `before`, descending.
    pub(crate) fn scan_back(
        &self,
        table: Table,
        prefix: &[u8],
        before: &[u8],
        visit: &mut Visit<'_>,
    ) -> StoreResult<()> {
        if prefix >= before {
            return Ok(());
        }
        let (prefix, before) = (table.stored_key(prefix), table.stored_key(before));
        let range = (Bound::Included(&*prefix), Bound::Excluded(&*before));
        for row in self.snapshot.range::<&[u8], _>(self.tables.keyspace(table), range).rev() {
            let (key, value) = row.into_inner().map_err(|error| unreadable(table, &error))?;
            self.count_row();
            if visit(table.key_of(&key), &value)?.is_break() {
                break;
            }
        }
        Ok(())
    }

    /// Every row of a table whose key is not less than `from`, ascending.
    pub(crate) fn scan_all(&self, table: Table, from: &[u8], visit: &mut Visit<'_>) -> StoreResult<()> {
        self.scan(table, &[], from, visit)
    }
}

impl Source for View {
    fn get(&self, table: Table, key: &[u8]) -> StoreResult<Option<UserValue>> {
        self.count_row();
        let key = table.stored_key(key);
        self.snapshot.get(self.tables.keyspace(table), key).map_err(|error| unreadable(table, &error))
    }

    fn scan(&self, table: Table, prefix: &[u8], from: &[u8], visit: &mut Visit<'_>) -> StoreResult<()> {
        let (prefix, from) = (table.stored_key(prefix), table.stored_key(from));
        let end = after_prefix(&prefix);
        let end = end.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        let from = &*from.max(prefix);
        if let Bound::Excluded(end) = end
            && from >= end
        {
            return Ok(());
        }
        for row in self.snapshot.range::<&[u8], _>(self.tables.keyspace(table), (Bound::Included(from), end))
        {
            let (key, value) = row.into_inner().map_err(|error| unreadable(table, &error))?;
            self.count_row();
            if visit(table.key_of(&key), &value)?.is_break() {
                break;
            }
        }
        Ok(())
    }
}

impl Drop for View {
    fn drop(&mut self) {
        count_rows_read(self.rows_read.load(Ordering::Relaxed));
    }
}

/// Rows taken out of the engine, found or not: what a use case costs, whatever the machine.
pub(crate) fn count_rows_read(rows: u64) {
    metrics::counter!("bongsu_store_rows_total", "op" => "read").increment(rows);
}

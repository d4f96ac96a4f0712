//! What a batch has decided so far, over what the store holds.
//!
//! The committer is the only writer, so a row is either here or, unchanged, in the store (and of some tables in memory,
//! see `hot.rs`). A command that is refused half way takes back exactly what it wrote.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::ops::{Bound, ControlFlow};

use fjall::{OwnedWriteBatch, PersistMode, UserKey, UserValue};

use super::hot::HotRows;
use super::keys::after_prefix;
use super::source::{Source, Visit};
use super::table::{Table, Tables, unreadable};
use super::view::count_rows_read;
use crate::StoreResult;

/// `None` stands for a removed row.
type Rows = BTreeMap<UserKey, Option<UserValue>>;

/// The rows of one batch, by table.
pub(crate) struct Undurable(Vec<Rows>);

impl Undurable {
    fn new() -> Self {
        Self(vec![Rows::new(); Table::ALL.len()])
    }

    /// What the batch made of a row, if it touched it.
    fn get(&self, table: Table, key: &[u8]) -> Option<Option<UserValue>> {
        self.0[table as usize].get(key).cloned()
    }

    /// What the batch made of the rows of a table.
    pub(crate) fn of(&self, table: Table) -> impl Iterator<Item = (&UserKey, Option<&UserValue>)> {
        self.0[table as usize].iter().map(|(key, value)| (key, value.as_ref()))
    }

    /// Writes everything in one atomic batch and waits until it is on the disk.
    pub(crate) fn commit(&self, tables: &Tables) -> Result<(), fjall::Error> {
        let count: usize = self.0.iter().map(Rows::len).sum();
        metrics::counter!("bongsu_store_rows_total", "op" => "written").increment(count as u64);
        // The sync comes before the rows enter the memtables: nothing undurable is ever visible.
        let mut batch = OwnedWriteBatch::with_capacity(tables.database.clone(), count)
            .durability(Some(PersistMode::SyncData));
        for (table, rows) in Table::ALL.iter().zip(&self.0) {
            let keyspace = tables.keyspace(*table);
            for (key, value) in rows {
                let key = match table.stored_key(key) {
                    Cow::Borrowed(_) => key.clone(),
                    Cow::Owned(stored) => stored.into(),
                };
                match value {
                    Some(value) => batch.insert(keyspace, key, value.clone()),
                    None => batch.remove(keyspace, key),
                }
            }
        }
        // Without rows there is nothing to sync: the commits before this one are durable.
        batch.commit()
    }

    /// Keeps in memory what is durable now.
    pub(crate) fn remember(self, hot: &mut HotRows) {
        for (table, rows) in Table::ALL.iter().copied().zip(self.0) {
            if !HotRows::keeps(table) {
                continue;
            }
            for (key, value) in rows {
                match value {
                    Some(value) => hot.put(table, key, value),
                    None => hot.forget(table, &key),
                }
            }
        }
    }
}

/// What a batch has written so far.
pub(crate) struct Overlay<'a> {
    tables: &'a Tables,
    /// What of the store is in memory. Reading fills it, and a reader holds the overlay shared.
    hot: RefCell<&'a mut HotRows>,
    rows_read: Cell<u64>,
    rows: Undurable,
    /// What each write since the last mark replaced here: nothing, or an earlier write of the batch.
    undo: Vec<(Table, UserKey, Option<Option<UserValue>>)>,
}

impl<'a> Overlay<'a> {
    pub(crate) fn new(tables: &'a Tables, hot: &'a mut HotRows) -> Self {
        Self {
            tables,
            hot: RefCell::new(hot),
            rows_read: Cell::new(0),
            rows: Undurable::new(),
            undo: Vec::new(),
        }
    }

    /// What was written.
    pub(crate) fn finish(self) -> Undurable {
        count_rows_read(self.rows_read.get());
        self.rows
    }

    pub(crate) fn put(&mut self, table: Table, key: &[u8], value: Vec<u8>) {
        self.write(table, key, Some(value.into()));
    }

    pub(crate) fn remove(&mut self, table: Table, key: &[u8]) {
        self.write(table, key, None);
    }

    fn write(&mut self, table: Table, key: &[u8], value: Option<UserValue>) {
        let key = UserKey::from(key);
        let before = self.rows.0[table as usize].insert(key.clone(), value);
        self.undo.push((table, key, before));
    }

    /// Whether anything was written since the last mark.
    pub(crate) fn is_changed(&self) -> bool {
        !self.undo.is_empty()
    }

    /// Keeps everything written so far.
    pub(crate) fn mark(&mut self) {
        self.undo.clear();
    }

    /// Takes back everything written since the last mark.
    pub(crate) fn roll_back(&mut self) {
        while let Some((table, key, before)) = self.undo.pop() {
            let rows = &mut self.rows.0[table as usize];
            match before {
                Some(before) => rows.insert(key, before),
                None => rows.remove(&key),
            };
        }
    }

    fn count_row(&self) {
        self.rows_read.set(self.rows_read.get() + 1);
    }

    fn stored(&self, table: Table, key: &[u8]) -> StoreResult<Option<UserValue>> {
        self.count_row();
        let key = table.stored_key(key);
        self.tables.keyspace(table).get(key).map_err(|error| unreadable(table, &error))
    }
}

impl Source for Overlay<'_> {
    fn get(&self, table: Table, key: &[u8]) -> StoreResult<Option<UserValue>> {
        if let Some(row) = self.rows.get(table, key) {
            return Ok(row);
        }
        if !HotRows::keeps(table) {
            return self.stored(table, key);
        }
        let mut hot = self.hot.borrow_mut();
        if let Some(row) = hot.get(table, key) {
            return Ok(Some(row));
        }
        let row = self.stored(table, key)?;
        if let Some(row) = &row {
            // A copy: what the engine hands out keeps the whole block alive that it was read from.
            hot.put(table, key.into(), UserValue::from(&**row));
        }
        Ok(row)
    }

    fn scan(&self, table: Table, prefix: &[u8], from: &[u8], visit: &mut Visit<'_>) -> StoreResult<()> {
        let from = from.max(prefix);
        let end = after_prefix(prefix);
        let end = end.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        if let Bound::Excluded(end) = end
            && from >= end
        {
            return Ok(());
        }
        let mut written =
            self.rows.0[table as usize].range::<[u8], _>((Bound::Included(from), end)).peekable();
        let (stored_from, stored_prefix) = (table.stored_key(from), table.stored_key(prefix));
        let stored_end = after_prefix(&stored_prefix);
        let stored_end = stored_end.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        let stored = (Bound::Included(&*stored_from), stored_end);
        for row in self.tables.keyspace(table).range::<&[u8], _>(stored) {
            self.count_row();
            let (key, value) = row.into_inner().map_err(|error| unreadable(table, &error))?;
            let key = table.key_of(&key);
            while let Some((new, row)) = written.next_if(|(new, _)| ***new < *key) {
                if let Some(row) = row
                    && visit(new, row)?.is_break()
                {
                    return Ok(());
                }
            }
            let flow = match written.next_if(|(new, _)| ***new == *key) {
                Some((_, Some(row))) => visit(key, row)?,
                Some((_, None)) => ControlFlow::Continue(()),
                None => visit(key, &value)?,
            };
            if flow.is_break() {
                return Ok(());
            }
        }
        for (key, row) in written {
            if let Some(row) = row
                && visit(key, row)?.is_break()
            {
                return Ok(());
            }
        }
        Ok(())
    }
}

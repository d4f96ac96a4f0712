//! What a batch has decided so far, over what the store holds.
//!
//! The coordinator is the only writer, so a row is either here or, unchanged, in the store. A command that is refused
//! half way takes back exactly what it wrote.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::{Bound, ControlFlow};

use fjall::{OwnedWriteBatch, PersistMode, UserKey, UserValue};

use super::keys::after_prefix;
use super::source::{Source, Visit};
use super::table::{Table, Tables, unreadable};
use crate::StoreResult;

/// `None` stands for a removed row.
type Rows = BTreeMap<UserKey, Option<UserValue>>;

/// The undurable rows of one batch.
pub(crate) struct Overlay<'a> {
    tables: &'a Tables,
    rows: Vec<Rows>,
    /// What each write since the last mark replaced here: nothing, or an earlier write of the batch.
    undo: Vec<(Table, UserKey, Option<Option<UserValue>>)>,
}

impl<'a> Overlay<'a> {
    pub(crate) fn new(tables: &'a Tables) -> Self {
        Self { tables, rows: vec![Rows::new(); Table::ALL.len()], undo: Vec::new() }
    }

    pub(crate) fn put(&mut self, table: Table, key: &[u8], value: Vec<u8>) {
        self.write(table, key, Some(value.into()));
    }

    pub(crate) fn remove(&mut self, table: Table, key: &[u8]) {
        self.write(table, key, None);
    }

    fn write(&mut self, table: Table, key: &[u8], value: Option<UserValue>) {
        let key = UserKey::from(key);
        let before = self.rows[table as usize].insert(key.clone(), value);
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
            let rows = &mut self.rows[table as usize];
            match before {
                Some(before) => rows.insert(key, before),
                None => rows.remove(&key),
            };
        }
    }

    /// Whether there is nothing to commit.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.iter().all(Rows::is_empty)
    }

    /// Writes everything in one atomic batch and waits until it is on the disk.
    pub(crate) fn commit(self) -> Result<(), fjall::Error> {
        let count = self.rows.iter().map(Rows::len).sum();
        // The sync comes before the rows enter the memtables: nothing undurable is ever visible.
        let mut batch = OwnedWriteBatch::with_capacity(self.tables.database.clone(), count)
            .durability(Some(PersistMode::SyncData));
        for (table, rows) in Table::ALL.iter().zip(self.rows) {
            let keyspace = self.tables.keyspace(*table);
            for (key, value) in rows {
                let key = match table.stored_key(&key) {
                    Cow::Borrowed(_) => key,
                    Cow::Owned(stored) => stored.into(),
                };
                match value {
                    Some(value) => batch.insert(keyspace, key, value),
                    None => batch.remove(keyspace, key),
                }
            }
        }
        batch.commit()
    }
}

impl Source for Overlay<'_> {
    fn get(&self, table: Table, key: &[u8]) -> StoreResult<Option<UserValue>> {
        if let Some(row) = self.rows[table as usize].get(key) {
            return Ok(row.clone());
        }
        let key = table.stored_key(key);
        self.tables.keyspace(table).get(key).map_err(|error| unreadable(table, &error))
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
        let mut written = self.rows[table as usize].range::<[u8], _>((Bound::Included(from), end)).peekable();
        let (stored_from, stored_prefix) = (table.stored_key(from), table.stored_key(prefix));
        let stored_end = after_prefix(&stored_prefix);
        let stored_end = stored_end.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        let stored = (Bound::Included(&*stored_from), stored_end);
        for row in self.tables.keyspace(table).range::<&[u8], _>(stored) {
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

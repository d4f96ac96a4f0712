//! Verification of a whole store over one snapshot: `bongsu check`.
//!
//! Everything that `table.rs` promises is looked at again from the rows themselves. A row that does not decode is a
//! fault like any other: the rest is still looked at.

mod indexes;
mod people;
mod room;

use std::fmt;
use std::ops::ControlFlow;

use bongsu_types::RoomId;

use super::codec::Decoded;
use super::source::Source;
use super::table::{Table, corrupt};
use super::{EmbeddedStore, View, keys};
use crate::StoreResult;

/// Fault lines kept; beyond that they are only counted.
const FAULTS_KEPT_MAX: usize = 1_000;

/// Rows between two reports of progress.
const PROGRESS_ROWS: u64 = 10_000;

/// How far a verification is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// What is being looked at.
    pub step: &'static str,
    /// Rows looked at so far, over all steps.
    pub rows: u64,
}

/// How many of each thing a store holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Rooms, those being imported included.
    pub rooms: u64,
    /// Records in all logs.
    pub records: u64,
    /// Messages among them.
    pub messages: u64,
    /// Reactions held.
    pub reactions: u64,
    /// Memberships.
    pub members: u64,
    /// Own rows of former members.
    pub tombstones: u64,
    /// Users.
    pub users: u64,
    /// Devices, inactive ones included.
    pub devices: u64,
    /// First replies kept under idempotency keys.
    pub replies: u64,
    /// Commits in the tail.
    pub commits: u64,
}

/// What a verification found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct VerifyReport {
    /// How much there is.
    pub counts: Counts,
    /// One line for each fault, the first thousand.
    pub faults: Vec<String>,
    /// All faults, those without a line included. Zero means the store keeps what it promises.
    pub faults_total: u64,
    /// What is worth knowing and no fault: imports that wait to be finished.
    pub notes: Vec<String>,
}

impl VerifyReport {
    /// Whether everything is as promised.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.faults_total == 0
    }
}

impl EmbeddedStore {
    /// Looks at every row of one snapshot. Blocks: an hour's log takes seconds. Writes go on meanwhile.
    ///
    /// # Errors
    /// Only when the store cannot be read at all; whatever is wrong with its rows is in the report.
    pub fn verify(&self, progress: &mut dyn FnMut(Progress)) -> StoreResult<VerifyReport> {
        let view = self.view()?;
        let mut check = Check { view: &view, report: VerifyReport::default(), rows: 0, step: "", progress };
        check.rooms()?;
        check.people()?;
        check.indexes()?;
        Ok(check.report)
    }
}

/// A verification under way.
struct Check<'a> {
    view: &'a View,
    report: VerifyReport,
    rows: u64,
    step: &'static str,
    progress: &'a mut dyn FnMut(Progress),
}

impl<'a> Check<'a> {
    fn begin(&mut self, step: &'static str) {
        self.step = step;
        (self.progress)(Progress { step, rows: self.rows });
    }

    fn seen(&mut self) {
        self.rows += 1;
        if self.rows.is_multiple_of(PROGRESS_ROWS) {
            (self.progress)(Progress { step: self.step, rows: self.rows });
        }
    }

    fn fault(&mut self, line: impl fmt::Display) {
        self.report.faults_total += 1;
        if self.report.faults.len() < FAULTS_KEPT_MAX {
            self.report.faults.push(line.to_string());
        }
    }

    fn expect(&mut self, holds: bool, line: impl FnOnce() -> String) {
        if !holds {
            self.fault(line());
        }
    }

    /// The value, or a fault that names its row.
    fn decoded<T>(&mut self, table: Table, key: &[u8], value: Decoded<T>) -> Option<T> {
        match value {
            Ok(value) => Some(value),
            Err(why) => {
                self.fault(corrupt(table, key, why));
                None
            }
        }
    }

    /// A row read by name; one that does not decode is a fault and counts as absent.
    fn found<T>(&mut self, row: StoreResult<Option<T>>) -> Option<T> {
        row.unwrap_or_else(|error| {
            self.fault(error);
            None
        })
    }

    /// Looks at every row with this prefix; a row that does not decode is a fault.
    fn each<T>(
        &mut self,
        table: Table,
        prefix: &[u8],
        decode: impl Fn(&[u8], &[u8]) -> Decoded<T>,
        mut look: impl FnMut(&mut Self, T),
    ) -> StoreResult<()> {
        let view = self.view;
        view.scan(table, prefix, prefix, &mut |key, value| {
            self.seen();
            if let Some(row) = self.decoded(table, key, decode(key, value)) {
                look(self, row);
            }
            Ok(ControlFlow::Continue(()))
        })
    }

    /// Rooms that have rows in a table whose keys begin with the room, without looking at every row.
    fn rooms_in(&mut self, table: Table) -> StoreResult<Vec<RoomId>> {
        let mut rooms = Vec::new();
        let mut from = Vec::new();
        loop {
            let mut found: Option<Vec<u8>> = None;
            self.view.scan_all(table, &from, &mut |key, _| {
                found = Some(key.to_vec());
                Ok(ControlFlow::Break(()))
            })?;
            let Some(key) = found else { return Ok(rooms) };
            let Some(prefix) = key.get(..16) else {
                self.fault(format!("a key in table {} is too short", table.name()));
                return Ok(rooms);
            };
            rooms.extend(self.decoded(table, &key, keys::room_of(prefix)));
            let Some(next) = keys::after_prefix(prefix) else { return Ok(rooms) };
            from = next;
        }
    }
}

#[cfg(test)]
mod tests;

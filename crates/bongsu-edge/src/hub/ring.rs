//! The last records of a room as they were sent, so that a session slightly behind costs no read of the log.

use std::collections::VecDeque;

use bongsu_types::Seq;
use bytes::Bytes;

/// Records kept per room: what a session misses during a short stall.
const RECORDS_MAX: usize = 128;

/// Bytes kept per room.
const BYTES_MAX: usize = 32 * 1024;

/// Consecutive encoded records, the newest last.
#[derive(Debug, Default)]
pub(super) struct Ring {
    /// Seq of the first one.
    first: Seq,
    records: VecDeque<Bytes>,
    bytes: usize,
}

impl Ring {
    /// Adds the record at `seq`. What does not follow the last one begins a new ring.
    pub(super) fn push(&mut self, seq: Seq, record: Bytes) {
        if seq.0 != self.first.0 + self.records.len() as u64 {
            self.clear();
        }
        if self.records.is_empty() {
            self.first = seq;
        }
        self.bytes += record.len();
        self.records.push_back(record);
        while self.records.len() > RECORDS_MAX || self.bytes > BYTES_MAX {
            let Some(oldest) = self.records.pop_front() else { break };
            self.bytes -= oldest.len();
            self.first = self.first.next();
        }
    }

    /// Records from `next` on, of about `bytes`, if the ring reaches back that far.
    pub(super) fn from(&self, next: Seq, bytes: usize) -> Option<Vec<(Seq, Bytes)>> {
        let skip = usize::try_from(next.0.checked_sub(self.first.0)?).ok()?;
        if skip >= self.records.len() {
            return None;
        }
        let mut page = Vec::new();
        let mut page_bytes = 0;
        for (record, seq) in self.records.iter().skip(skip).zip(next.0..) {
            page_bytes += record.len();
            if page_bytes > bytes && !page.is_empty() {
                break;
            }
            page.push((Seq(seq), record.clone()));
        }
        Some(page)
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(bytes: usize) -> Bytes {
        Bytes::from(vec![b'x'; bytes])
    }

    fn seqs(ring: &Ring, next: u64, bytes: usize) -> Option<Vec<u64>> {
        ring.from(Seq(next), bytes).map(|page| page.iter().map(|(seq, _)| seq.0).collect())
    }

    #[test]
    fn it_answers_only_for_what_it_holds() {
        let mut ring = Ring::default();
        for seq in 5..=8 {
            ring.push(Seq(seq), record(10));
        }
        assert_eq!(seqs(&ring, 6, 1_000), Some(vec![6, 7, 8]));
        assert_eq!(seqs(&ring, 6, 15), Some(vec![6]));
        assert_eq!(seqs(&ring, 4, 1_000), None);
        assert_eq!(seqs(&ring, 9, 1_000), None);
    }

    #[test]
    fn it_is_bounded_in_records_and_bytes() {
        let mut ring = Ring::default();
        for seq in 1..=200 {
            ring.push(Seq(seq), record(1));
        }
        assert_eq!(seqs(&ring, 72, 1_000), None);
        assert_eq!(seqs(&ring, 73, 1_000).map(|seqs| seqs.len()), Some(128));
        ring.push(Seq(201), record(BYTES_MAX));
        assert_eq!(seqs(&ring, 200, 1_000), None);
        assert_eq!(seqs(&ring, 201, 1), Some(vec![201]));
    }

    #[test]
    fn a_jump_begins_it_anew() {
        let mut ring = Ring::default();
        ring.push(Seq(1), record(1));
        ring.push(Seq(9), record(1));
        assert_eq!(seqs(&ring, 1, 10), None);
        assert_eq!(seqs(&ring, 9, 10), Some(vec![9]));
    }
}

//! The checks a run makes while it measures: what arrived at a device, and what a sender was answered.

use bongsu_types::Seq;

use crate::report::{Fault, Report};
use crate::sequence::{Sequence, Step};

/// One device in one room: every record must come once, in order, without a hole.
#[derive(Debug, Clone)]
pub(super) struct Watch {
    sequence: Sequence,
    repeated: u64,
    late: u64,
    arrived: u64,
}

impl Watch {
    /// Of a device that has everything up to `head`.
    pub(super) fn after(head: Seq) -> Self {
        Self { sequence: Sequence::after(head), repeated: 0, late: 0, arrived: 0 }
    }

    /// A record arrived.
    pub(super) fn arrived(&mut self, seq: Seq) {
        match self.sequence.arrived(seq) {
            Step::New | Step::Hole { .. } => self.arrived += 1,
            Step::Late => {
                self.arrived += 1;
                self.late += 1;
            }
            Step::Redelivered | Step::Repeated => self.repeated += 1,
        }
    }

    /// The highest seq that arrived.
    pub(super) fn seen(&self) -> Seq {
        self.sequence.seen()
    }

    /// Counts what was wrong, now that everything up to `head` should be here.
    pub(super) fn judge(&self, who: &str, head: Seq, report: &mut Report) {
        let behind = head.0.saturating_sub(self.seen().0);
        report.delivered += self.arrived;
        report.faults(Fault::Lost, self.sequence.missing() + behind, || {
            format!("{who} has {} of {head}, {} missing before it", self.seen(), self.sequence.missing())
        });
        report.faults(Fault::Duplicated, self.repeated, || format!("{who} got {} twice", self.repeated));
        report.faults(Fault::Reordered, self.late, || format!("{who} got {} late", self.late));
        if self.seen() > head {
            let example = || format!("{who} got {}, but the head is {head}", self.seen());
            report.fault(Fault::Altered, example);
        }
    }
}

/// The answers to one sender's messages in a room nobody else writes to.
#[derive(Debug, Clone)]
pub(super) struct Answers {
    start: Seq,
    /// By order of writing.
    seqs: Vec<Option<Seq>>,
    answered: u64,
    duplicates: u64,
}

impl Answers {
    /// In a room whose head is `start`.
    pub(super) fn after(start: Seq) -> Self {
        Self { start, seqs: Vec::new(), answered: 0, duplicates: 0 }
    }

    /// A message is written; returns its number.
    pub(super) fn written(&mut self) -> usize {
        self.seqs.push(None);
        self.seqs.len() - 1
    }

    /// It was answered.
    pub(super) fn answered(&mut self, number: usize, seq: Seq, duplicate: bool) {
        self.answered += 1;
        self.duplicates += u64::from(duplicate);
        if let Some(place) = self.seqs.get_mut(number) {
            *place = Some(seq);
        }
    }

    /// Whether every message was answered.
    pub(super) fn are_complete(&self) -> bool {
        self.answered >= self.seqs.len() as u64
    }

    /// Where the room's head must be.
    pub(super) fn head(&self) -> Seq {
        Seq(self.start.0 + self.seqs.len() as u64)
    }

    /// Counts what was wrong, given the head the server has in the end.
    pub(super) fn judge(&self, who: &str, head: Seq, report: &mut Report) {
        report.sent += self.seqs.len() as u64;
        report.acked += self.answered;
        report.faults(Fault::Duplicated, self.duplicates, || {
            format!("{who}: {} messages written once were said to be known", self.duplicates)
        });
        for (seq, expected) in self.seqs.iter().zip(self.start.0 + 1..) {
            match seq {
                Some(seq) if seq.0 == expected => {}
                Some(seq) => report.fault(Fault::Reordered, || format!("{who}: {expected} became {seq}")),
                None => report.fault(Fault::Lost, || format!("{who}: {expected} was not answered")),
            }
        }
        let end = self.head();
        let example = || format!("{who}: the head is {head}, not {end}");
        report.faults(Fault::Lost, end.0.saturating_sub(head.0), example);
        report.faults(Fault::Duplicated, head.0.saturating_sub(end.0), example);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watched(seqs: &[u64], head: u64) -> Report {
        let mut watch = Watch::after(Seq(4));
        for seq in seqs {
            watch.arrived(Seq(*seq));
        }
        let mut report = Report::default();
        watch.judge("a device", Seq(head), &mut report);
        report
    }

    #[test]
    fn dense_ascending_deliveries_are_right() {
        let report = watched(&[5, 6, 7], 7);
        assert!(report.is_clean(), "{report}");
        assert_eq!(report.delivered, 3);
    }

    #[test]
    fn a_lost_delivery_is_caught_in_the_middle_and_at_the_end() {
        assert_eq!(watched(&[5, 7], 7).lost, 1);
        assert_eq!(watched(&[5, 6], 7).lost, 1);
        assert_eq!(watched(&[], 7).lost, 3);
    }

    #[test]
    fn a_doubled_delivery_is_caught() {
        assert_eq!(watched(&[5, 5, 6, 7], 7).duplicated, 1);
        assert_eq!(watched(&[5, 6, 7, 4], 7).duplicated, 1);
    }

    #[test]
    fn a_reordered_delivery_is_caught_and_not_counted_as_lost() {
        let report = watched(&[6, 5, 7], 7);
        assert_eq!((report.reordered, report.lost), (1, 0));
    }

    #[test]
    fn a_delivery_beyond_the_head_is_caught() {
        assert!(!watched(&[5, 6, 7, 8], 7).is_clean());
    }

    fn answered(answers: &[(usize, u64, bool)], head: u64) -> Report {
        let mut all = Answers::after(Seq(4));
        for _ in 0..3 {
            all.written();
        }
        for (number, seq, duplicate) in answers {
            all.answered(*number, Seq(*seq), *duplicate);
        }
        let mut report = Report::default();
        all.judge("a room", Seq(head), &mut report);
        report
    }

    #[test]
    fn answers_in_any_order_must_give_the_order_of_writing() {
        assert!(answered(&[(1, 6, false), (0, 5, false), (2, 7, false)], 7).is_clean());
        assert_eq!(answered(&[(0, 6, false), (1, 5, false), (2, 7, false)], 7).reordered, 2);
        assert_eq!(answered(&[(0, 5, false), (1, 5, false), (2, 6, false)], 6).lost, 1);
    }

    #[test]
    fn a_send_without_an_answer_and_a_send_stored_twice_are_caught() {
        assert_eq!(answered(&[(0, 5, false), (2, 7, false)], 7).lost, 1);
        assert_eq!(answered(&[(0, 5, false), (1, 6, false), (2, 7, false)], 8).duplicated, 1);
        assert_eq!(answered(&[(0, 5, false), (1, 6, true), (2, 7, false)], 7).duplicated, 1);
    }
}

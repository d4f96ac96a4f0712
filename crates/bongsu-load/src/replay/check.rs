//! What a room must look like: the log that is played, and where each message was put.

use std::sync::atomic::{AtomicU64, Ordering};

use bongsu_types::{ClientId, RoomId, Seq};
use bongsu_wire::MessageObject;

use super::LogRoom;
use crate::client::numbered;
use crate::report::{Fault, Report};

/// Prefix of the client ids; the message's index in the log follows.
const PREFIX: &str = "m";

/// One room being played, shared by everybody who sees it.
#[derive(Debug)]
pub(super) struct RoomCheck {
    pub(super) id: RoomId,
    log: LogRoom,
    /// Seq of each message, 0 while unknown: the first who sees it says, all others must agree.
    places: Vec<AtomicU64>,
}

impl RoomCheck {
    pub(super) fn new(id: RoomId, log: LogRoom) -> Self {
        let places = log.messages.iter().map(|_| AtomicU64::new(0)).collect();
        Self { id, log, places }
    }

    pub(super) fn log(&self) -> &LogRoom {
        &self.log
    }

    pub(super) fn client_id(index: usize) -> ClientId {
        numbered(PREFIX, index as u64)
    }

    /// A message was replied to, or seen, at `seq`.
    pub(super) fn stands_at(&self, index: usize, seq: Seq, report: &mut Report) {
        let known = self.places[index].compare_exchange(0, seq.0, Ordering::Relaxed, Ordering::Relaxed);
        if let Err(known) = known.or_else(|known| if known == seq.0 { Ok(known) } else { Err(known) }) {
            let example = || format!("{} message {index} at {known} and {seq}", self.log.key);
            report.fault(Fault::Duplicated, example);
        }
    }

    /// A message as a device or a page of history shows it.
    pub(super) fn seen(&self, message: &MessageObject, report: &mut Report) {
        let Some(index) = self.index_of(&message.client_id) else {
            report
                .fault(Fault::Altered, || format!("{}: {} was never sent", self.log.key, message.client_id));
            return;
        };
        let planned = &self.log.messages[index];
        if planned.text != message.text || planned.author != message.sender {
            let example = || format!("{} message {index}: another text or sender", self.log.key);
            report.fault(Fault::Altered, example);
        }
        self.stands_at(index, message.seq, report);
    }

    /// The whole history of the room, after everything was sent: all there, once, in the order of the log.
    pub(super) fn history(&self, messages: &[MessageObject], report: &mut Report) {
        for message in messages {
            self.seen(message, report);
        }
        let missing = self.places.len().saturating_sub(messages.len()) as u64;
        report.faults(Fault::Lost, missing, || format!("{}: not in the history", self.log.key));
        let mut before = 0;
        for (index, place) in self.places.iter().enumerate() {
            let place = place.load(Ordering::Relaxed);
            if place <= before {
                let example = || format!("{} message {index} at {place}, after {before}", self.log.key);
                report.fault(Fault::Reordered, example);
            }
            before = place;
        }
    }

    fn index_of(&self, client_id: &ClientId) -> Option<usize> {
        let index: usize = client_id.as_str().strip_prefix(PREFIX)?.strip_prefix('-')?.parse().ok()?;
        (index < self.places.len()).then_some(index)
    }
}

//! The checker: what was sent and what became of it, against what the server holds in the end.

use std::collections::BTreeMap;

use bongsu_types::{ClientId, MessageKind, Outcome, RoomId, Seq, UserId};
use bongsu_wire::{ListRow, MessageObject, SendResult};

use crate::report::{Fault, Report};

/// Who sent what where: the idempotency key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SendKey {
    /// The room.
    pub room: RoomId,
    /// The sender.
    pub sender: UserId,
    /// The sender's key.
    pub client_id: ClientId,
}

/// A send and what is known of it.
#[derive(Debug, Clone)]
struct Sent {
    text: String,
    fate: Fate,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// On its way, or without an answer: it may be there.
    Unknown,
    /// Replied: it is there, at this position.
    Acked(Seq),
    /// Refused: it is not there.
    Refused,
}

/// Records sends, then compares them with the logs.
#[derive(Debug, Default)]
pub struct Checker {
    sends: BTreeMap<SendKey, Sent>,
    report: Report,
}

impl Checker {
    /// A send is about to be written. Sending it again with the same key is the same send.
    pub fn sending(&mut self, key: SendKey, text: &str) {
        self.sends.entry(key).or_insert_with(|| Sent { text: text.to_owned(), fate: Fate::Unknown });
    }

    /// The send was replied to.
    pub fn replied(&mut self, key: &SendKey, reply: &SendResult) {
        let Some(sent) = self.sends.get_mut(key) else { return };
        match sent.fate {
            Fate::Acked(seq) if seq != reply.seq => {
                let example = || format!("{key:?} was replied with {seq}, then with {}", reply.seq);
                self.report.fault(Fault::Duplicated, example);
            }
            _ => sent.fate = Fate::Acked(reply.seq),
        }
    }

    /// The send failed. A failure that leaves open what happened changes nothing.
    pub fn failed(&mut self, key: &SendKey, outcome: Outcome) {
        let Some(sent) = self.sends.get_mut(key) else { return };
        if sent.fate == Fate::Unknown && outcome == Outcome::NotApplied {
            sent.fate = Fate::Refused;
        }
    }

    /// Sends whose outcome is not known: to be repeated with the same key.
    #[must_use]
    pub fn open_sends(&self) -> Vec<(SendKey, String)> {
        let open = self.sends.iter().filter(|(_, sent)| sent.fate == Fate::Unknown);
        open.map(|(key, sent)| (key.clone(), sent.text.clone())).collect()
    }

    /// Compares the sends to a room with its whole history, ascending.
    pub fn log(&mut self, room: RoomId, messages: &[MessageObject]) {
        let mut places: BTreeMap<SendKey, Seq> = BTreeMap::new();
        self.check_positions(room, messages);
        for message in messages {
            let key = SendKey { room, sender: message.sender.clone(), client_id: message.client_id.clone() };
            if let Some(first) = places.insert(key.clone(), message.seq) {
                self.report.fault(Fault::Duplicated, || format!("{key:?} at {first} and {}", message.seq));
            }
            self.check_message(&key, message);
        }
        for (key, sent) in self.sends.iter().filter(|(key, _)| key.room == room) {
            if let (Fate::Acked(seq), None) = (sent.fate, places.get(key)) {
                self.report.fault(Fault::Lost, || format!("{key:?}, replied with {seq}"));
            }
        }
    }

    fn check_message(&mut self, key: &SendKey, message: &MessageObject) {
        let Some(sent) = self.sends.get(key) else { return };
        if sent.text != message.text {
            self.report.fault(Fault::Altered, || format!("{key:?} has another text"));
        }
        match sent.fate {
            Fate::Unknown => {}
            Fate::Acked(seq) if seq == message.seq => {}
            Fate::Acked(seq) => {
                self.report.fault(Fault::Altered, || format!("{key:?} replied {seq}, is at {}", message.seq));
            }
            Fate::Refused => {
                self.report.fault(Fault::Altered, || format!("{key:?} was refused, but is there"));
            }
        }
    }

    /// Seqs ascend, and ords count every countable message without a gap.
    fn check_positions(&mut self, room: RoomId, messages: &[MessageObject]) {
        for pair in messages.windows(2) {
            let (before, after) = (&pair[0], &pair[1]);
            if before.seq >= after.seq {
                let example = || format!("{room} has {} before {}", before.seq, after.seq);
                self.report.fault(Fault::Reordered, example);
            }
            if after.ord.0 - before.ord.0 != u64::from(is_countable(after)) {
                let example = || format!("{room} ord {} at {}, {} before", after.ord, after.seq, before.ord);
                self.report.fault(Fault::Lost, example);
            }
        }
    }

    /// Compares a row's unread with a recount of the room's whole history.
    pub fn unread(&mut self, user: &UserId, row: &ListRow, messages: &[MessageObject]) {
        check_unread(&mut self.report, user, row, messages);
    }

    /// The verdict.
    #[must_use]
    pub fn report(&self) -> Report {
        let mut report = self.report.clone();
        report.sent = count(&self.sends, |_| true);
        report.acked = count(&self.sends, |fate| matches!(fate, Fate::Acked(_)));
        report.unknown = count(&self.sends, |fate| fate == Fate::Unknown);
        report.failed = count(&self.sends, |fate| fate == Fate::Refused);
        report
    }
}

fn count(sends: &BTreeMap<SendKey, Sent>, which: impl Fn(Fate) -> bool) -> u64 {
    sends.values().filter(|sent| which(sent.fate)).count() as u64
}

/// Counts a wrong unread; `messages` is the whole history that the user sees.
pub(crate) fn check_unread(report: &mut Report, user: &UserId, row: &ListRow, messages: &[MessageObject]) {
    let recount = recount_unread(row, messages);
    report.unread_checked += 1;
    if row.unread != recount {
        let example = || format!("{user} in {}: the row says {}, a recount {recount}", row.room, row.unread);
        report.fault(Fault::UnreadWrong, example);
    }
}

/// Unread for the positions of a row, counted message by message.
#[must_use]
pub fn recount_unread(row: &ListRow, messages: &[MessageObject]) -> u64 {
    let after = row.read_seq.max(row.joined_seq.prev()).max(row.floor_seq);
    let unread = |message: &&MessageObject| message.seq > after && message.seq <= row.head_seq;
    messages.iter().filter(unread).filter(|message| is_countable(message)).count() as u64
}

fn is_countable(message: &MessageObject) -> bool {
    message.kind == MessageKind::Message && !message.silent
}

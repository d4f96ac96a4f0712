//! What a connected member checks: every record of every room, by position, sender and text.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

use bongsu_types::{Epoch, RoomId, Seq, UserRev};
use bongsu_wire::{Change, Event, HelloResult, RoomReset};
use tokio::sync::Notify;

use super::ReplayError;
use super::players::Checks;
use crate::client::{CallError, Client};
use crate::report::{Fault, Report};
use crate::sequence::{Sequence, Step};
use crate::socket::Closed;

/// Records after which a device acks what it has.
const ACK_EVERY: u64 = 256;

/// Where one device stands; outlives its connections.
#[derive(Debug)]
pub(super) struct Watch {
    state: Mutex<State>,
    progressed: Notify,
    checks: Arc<Checks>,
}

#[derive(Debug, Default)]
struct State {
    known: Option<(Epoch, UserRev)>,
    rooms: HashMap<RoomId, Sequence>,
    not_acked: u64,
    resets: u64,
    report: Report,
}

/// What an event asks for beyond looking at it.
enum Ask {
    Nothing,
    Changes,
    Refetch { room: RoomId, after: Seq, head: Seq },
}

impl Watch {
    pub(super) fn new(checks: Arc<Checks>) -> Self {
        Self { state: Mutex::default(), progressed: Notify::new(), checks }
    }

    /// What the device knew when it was last here.
    pub(super) fn known(&self) -> Option<(Epoch, UserRev)> {
        self.lock().known
    }

    /// Positions of the device.
    pub(super) fn cursors(&self) -> BTreeMap<RoomId, Seq> {
        self.lock().rooms.iter().map(|(room, sequence)| (*room, sequence.seen())).collect()
    }

    pub(super) fn take_report(&self) -> (Report, u64) {
        let mut state = self.lock();
        (std::mem::take(&mut state.report), std::mem::take(&mut state.resets))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().expect("no holder panics")
    }

    /// A session begins.
    pub(super) async fn begin(&self, client: &Client, hello: &HelloResult) -> Result<(), ReplayError> {
        let is_new = {
            let mut state = self.lock();
            state.known = Some((hello.epoch, hello.user_rev));
            if !hello.resumed {
                state.rooms.clear();
            }
            for sequence in state.rooms.values_mut() {
                sequence.new_session();
            }
            for change in hello.changes.iter().flatten() {
                state.change(change);
            }
            !hello.resumed
        };
        if hello.list_reset || is_new {
            self.read_list(client, is_new).await?;
        }
        Ok(())
    }

    /// A new device has everything up to the heads; one that was here starts where it joined.
    async fn read_list(&self, client: &Client, is_new: bool) -> Result<(), ReplayError> {
        let (rows, _) = client.list_rooms().await?;
        let mut state = self.lock();
        for row in rows {
            let from = if is_new { row.head_seq } else { row.joined_seq.prev() };
            state.rooms.entry(row.room).or_insert_with(|| Sequence::after(from));
        }
        Ok(())
    }

    /// Looks at events until the connection ends.
    pub(super) async fn run(&self, client: &Client) -> Result<Closed, ReplayError> {
        loop {
            let events = match client.next_events().await {
                Ok(events) => events,
                Err(closed) => return Ok(closed),
            };
            for event in events {
                let ask = self.lock().event(&event, &self.checks);
                match self.answer(client, ask).await {
                    Ok(()) => {}
                    Err(ReplayError::Call(CallError::Closed { closed, .. })) => return Ok(closed),
                    Err(error) => return Err(error),
                }
            }
            self.progressed.notify_waiters();
            if self.lock().wants_ack() && client.ack(self.cursors()).await.is_err() {
                // The next turn of the loop says how the connection ended.
                continue;
            }
        }
    }

    async fn answer(&self, client: &Client, ask: Ask) -> Result<(), ReplayError> {
        match ask {
            Ask::Nothing => Ok(()),
            Ask::Changes => self.read_changes(client).await,
            Ask::Refetch { room, after, head } => {
                let (messages, _) = client.history(room, after).await?;
                let mut state = self.lock();
                for message in messages.iter().filter(|message| message.seq <= head) {
                    self.checks.seen(room, message, &mut state.report);
                }
                if let Some(sequence) = state.rooms.get_mut(&room) {
                    sequence.jump_to(head);
                }
                state.not_acked = ACK_EVERY;
                Ok(())
            }
        }
    }

    async fn read_changes(&self, client: &Client) -> Result<(), ReplayError> {
        let since = self.known().map_or(UserRev::ZERO, |(_, user_rev)| user_rev);
        let result = client.call(bongsu_wire::RoomChanges { since }).await?;
        {
            let mut state = self.lock();
            for change in result.changes.iter().flatten() {
                state.change(change);
            }
            if let Some((_, user_rev)) = &mut state.known {
                *user_rev = result.user_rev;
            }
        }
        if result.list_reset { self.read_list(client, false).await } else { Ok(()) }
    }

    /// Waits until the device has `head` of `room`.
    pub(super) async fn has_seen(&self, room: RoomId, head: Seq) {
        loop {
            let progressed = self.progressed.notified();
            if self.seen(room).is_some_and(|seen| seen >= head) {
                return;
            }
            progressed.await;
        }
    }

    /// Where the device stands in `room`.
    pub(super) fn seen(&self, room: RoomId) -> Option<Seq> {
        self.lock().rooms.get(&room).map(Sequence::seen)
    }
}

impl State {
    fn wants_ack(&mut self) -> bool {
        let wants = self.not_acked >= ACK_EVERY;
        if wants {
            self.not_acked = 0;
        }
        wants
    }

    fn change(&mut self, change: &Change) {
        match change {
            Change::Row(row) => {
                let from = row.joined_seq.prev();
                self.rooms.entry(row.room).or_insert_with(|| Sequence::after(from));
            }
            Change::Removed { room, .. } => {
                self.rooms.remove(room);
            }
        }
    }

    fn event(&mut self, event: &Event, checks: &Checks) -> Ask {
        if let Some((room, seq)) = event.position() {
            self.record(room, seq, event, checks);
            return Ask::Nothing;
        }
        if let Some(user_rev) = event.user_rev() {
            return self.own_fact(user_rev, event);
        }
        if let Event::RoomReset(RoomReset { room, head_seq, .. }) = event {
            self.resets += 1;
            let after = self.rooms.get(room).map_or(Seq::ZERO, Sequence::seen);
            return Ask::Refetch { room: *room, after, head: *head_seq };
        }
        Ask::Nothing
    }

    fn own_fact(&mut self, user_rev: UserRev, event: &Event) -> Ask {
        let Some((_, known)) = &mut self.known else { return Ask::Changes };
        if user_rev <= *known {
            return Ask::Nothing;
        }
        if user_rev != known.next() {
            return Ask::Changes;
        }
        *known = user_rev;
        if let Event::RoomJoined(joined) = event {
            let from = joined.from_seq.prev();
            self.rooms.entry(joined.row.room).or_insert_with(|| Sequence::after(from));
        }
        Ask::Nothing
    }

    fn record(&mut self, room: RoomId, seq: Seq, event: &Event, checks: &Checks) {
        let Some(sequence) = self.rooms.get_mut(&room) else {
            self.report.fault(Fault::Altered, || format!("a record of {room}, a room not joined"));
            return;
        };
        let place = || format!("{room} {seq}");
        match sequence.arrived(seq) {
            Step::Redelivered => {
                self.report.redelivered += 1;
                return;
            }
            Step::New => {}
            Step::Repeated => return self.report.fault(Fault::Duplicated, place),
            Step::Hole { missing } => self.report.faults(Fault::Lost, missing, place),
            Step::Late => self.report.fault(Fault::Reordered, place),
        }
        self.report.delivered += 1;
        self.not_acked += 1;
        if let Event::MessageNew(new) = event {
            checks.seen(room, &new.message, &mut self.report);
        }
    }
}

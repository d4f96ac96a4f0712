//! Rooms that are behind: page by page from the log, until the hub can deliver again. The one way to catch up, whether
//! the session resumes, lags or has just joined.
//!
//! One page is read at a time, room after room, and only while the queue is nearly empty: the pace is the client's. Small
//! pages of several rooms go together, for one write to the socket. After each page the user's own row is read, so that
//! nothing goes to a former member beyond the record they left with. A page that ends where the room's stream stands
//! attaches the session under the room's lock: live records never overtake the backlog.

use std::sync::Arc;

use bongsu_service::{Service, ServiceResult, Standing};
use bongsu_types::{Limits, Retention, RoomId, Seq, UserId};
use bongsu_wire::{CaughtUp, Event, Lagging, ResetReason, RoomReset};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use tracing::warn;

use super::room_table::{Budget, RoomState, Told, Why};
use super::session::Session;
use crate::hub::{Attach, Hub, Mailbox, RoomChannel, SharedPage};

/// Rooms whose pages are read together: most devices that come back missed a few messages in many rooms, and each write
/// to the socket costs more than reading one.
const ROOMS_TOGETHER: usize = 32;

/// Bytes after which no further page is read: with a last page on top it fits into a queue that is nearly empty.
const BYTES_TOGETHER: usize = 48 * 1024;

/// State of catching up.
pub(super) struct CatchUp {
    pub(super) reading: Option<BoxFuture<'static, PagesRead>>,
    /// Bytes this resume may still stream.
    resume_bytes: usize,
    /// The client waits for `session.caught_up`.
    owes_caught_up: bool,
}

/// Pages that were read together, in the order of their rooms' turns.
pub(super) struct PagesRead {
    pages: Vec<PageRead>,
    /// Rooms that are still to be read.
    left: Vec<RoomId>,
}

/// A page that was read, and how the user stood to the room afterwards.
struct PageRead {
    room: RoomId,
    next: Seq,
    /// Value of [`Mailbox::removals`] before the own row was read.
    removals: u64,
    result: ServiceResult<PageOutcome>,
}

enum PageOutcome {
    /// Records for a member.
    Member { page: SharedPage, standing: Box<Standing> },
    /// The resume has no room for the backlog.
    OverBudget { standing: Box<Standing> },
    /// Records for a former member, whose last membership began with `joined` and who sees nothing after `left`.
    Former { page: SharedPage, joined: Seq, left: Seq },
    /// Never a member, or long gone.
    Stranger,
}

impl CatchUp {
    pub(super) fn new(limits: &Limits) -> Self {
        Self { reading: None, resume_bytes: limits.resume_bytes, owes_caught_up: true }
    }
}

impl Session {
    /// Begins to read the next pages, if there are some and the queue has room for them.
    pub(super) fn read_next_pages(&mut self) {
        if self.catch_up.reading.is_some() {
            return;
        }
        if !self.rooms.has_behind() {
            return self.tell_caught_up();
        }
        self.mailbox.set_behind(true);
        if !self.has_room(4) || self.timers.holds_back() {
            return;
        }
        let mut readers = Vec::new();
        while readers.len() < ROOMS_TOGETHER
            && let Some(room) = self.rooms.next_behind()
        {
            let Some(entry) = self.rooms.get(room) else { continue };
            let RoomState::Behind { next, why } = entry.state else { continue };
            let over_budget = match why {
                Why::Resume(Budget::Over) => true,
                Why::Resume(Budget::Within) => self.catch_up.resume_bytes == 0,
                Why::Lagging(_) | Why::Membership => false,
            };
            readers.push(PageReader {
                hub: self.state.hub.clone(),
                service: self.state.service.clone(),
                mailbox: self.mailbox.clone(),
                channel: entry.channel.channel(),
                next,
                over_budget,
            });
        }
        if readers.is_empty() {
            return self.tell_caught_up();
        }
        let bytes_max = BYTES_TOGETHER.min(self.catch_up.resume_bytes.max(1));
        self.catch_up.reading = Some(Box::pin(read_pages(readers, bytes_max)));
    }

    fn tell_caught_up(&mut self) {
        self.mailbox.set_behind(false);
        if self.catch_up.owes_caught_up && self.own.is_open() {
            self.catch_up.owes_caught_up = false;
            self.tell(&Event::CaughtUp(CaughtUp { room: None }));
        }
    }

    /// Takes pages that were read.
    pub(super) fn pages_read(&mut self, read: PagesRead) {
        self.catch_up.reading = None;
        self.rooms.read_later(read.left);
        for page in read.pages {
            self.page_read(page);
        }
    }

    fn page_read(&mut self, read: PageRead) {
        let PageRead { room, next, removals, result } = read;
        let Some(entry) = self.rooms.get(room) else { return };
        // Let go of and entered anew meanwhile: that one is in the queue itself.
        let RoomState::Behind { next: expected, why } = entry.state else { return };
        if expected != next {
            return;
        }
        match result {
            Ok(PageOutcome::Member { page, standing }) if standing.own.joined_seq == entry.joined => {
                self.take_page(room, next, why, removals, &page, &standing);
            }
            Ok(PageOutcome::OverBudget { standing }) if standing.own.joined_seq == entry.joined => {
                self.take_over_budget(room, next, removals, &standing);
            }
            Ok(PageOutcome::Former { page, joined, left }) if joined == entry.joined => {
                self.take_last_page(room, next, &page, left);
            }
            // They left and came back, and may have left again: what was said in between is not theirs to read. The own
            // facts on their way say so.
            Ok(
                PageOutcome::Member { .. }
                | PageOutcome::OverBudget { .. }
                | PageOutcome::Former { .. }
                | PageOutcome::Stranger,
            ) => self.set_room(room, RoomState::Ended { next }),
            Err(error) => {
                warn!(room.id = %room, %error, "a page for a session behind cannot be read, trying again");
                self.timers.retry(&self.state.timing);
                self.rooms.fall_behind(room, next, why);
            }
        }
        self.finish_leaving();
    }

    fn take_page(
        &mut self,
        room: RoomId,
        next: Seq,
        why: Why,
        removals: u64,
        page: &SharedPage,
        standing: &Standing,
    ) {
        let first = page.records.first().map_or(page.head_seq.next(), |record| record.seq);
        let visible_from = standing.own.visible(standing.history_before_join).after.next();
        if page.floor_seq >= next.max(visible_from) && first > next {
            return self.reset(room, next, removals, ResetReason::Floor);
        }
        let why = self.tell_lagging(room, why);
        let mut position = next;
        for record in page.records.iter().filter(|record| record.seq >= next) {
            position = record.seq.next();
            if record.seq >= visible_from {
                self.push_record(&record.object);
                if matches!(why, Why::Resume(_)) {
                    let left = self.catch_up.resume_bytes;
                    self.catch_up.resume_bytes = left.saturating_sub(record.object.len());
                }
            }
        }
        self.attach(room, position, why, removals);
    }

    /// A backlog beyond the budget: the client fetches the room anew, but transit records exist nowhere else.
    fn take_over_budget(&mut self, room: RoomId, next: Seq, removals: u64, standing: &Standing) {
        match standing.retention {
            Retention::Transit => self.rooms.fall_behind(room, next, Why::Membership),
            Retention::History { .. } => self.reset(room, next, removals, ResetReason::Backlog),
        }
    }

    /// The records up to the one a former member left with.
    fn take_last_page(&mut self, room: RoomId, next: Seq, page: &SharedPage, left: Seq) {
        let mut position = next;
        for record in page.records.iter().filter(|record| record.seq >= next && record.seq <= left) {
            self.push_record(&record.object);
            position = record.seq.next();
        }
        if position > left || page.records.is_empty() {
            self.set_room(room, RoomState::Ended { next: position });
        } else {
            self.rooms.fall_behind(room, position, Why::Membership);
        }
    }

    /// Makes a room live that has everything before `next`, or reads on.
    pub(super) fn attach(&mut self, room: RoomId, next: Seq, why: Why, removals: u64) {
        let Some(entry) = self.rooms.get(room) else { return };
        match entry.channel.attach(&self.mailbox, next, removals) {
            Attach::Live => self.set_room(room, RoomState::Live),
            Attach::Behind(_) | Attach::Recheck => {
                self.catch_up.owes_caught_up = true;
                self.rooms.fall_behind(room, next, why);
            }
        }
    }

    /// Goes on live at the end of the stream; what lies between, the client fetches.
    pub(super) fn reset(&mut self, room: RoomId, next: Seq, removals: u64, reason: ResetReason) {
        let Some(entry) = self.rooms.get(room) else { return };
        let announce = |head_seq| {
            let event = RoomReset { room, head_seq, reason };
            Bytes::from(Event::RoomReset(event).encode())
        };
        match entry.channel.attach_at_head(&self.mailbox, removals, announce) {
            Some(_) => {
                metrics::counter!("bongsu_room_resets_total").increment(1);
                self.set_room(room, RoomState::Live);
            }
            None => self.rooms.fall_behind(room, next, Why::Resume(Budget::Over)),
        }
    }

    /// Queues a record of a page: a delivery like that of a live one.
    fn push_record(&self, object: &Bytes) {
        metrics::counter!("bongsu_deliveries_total").increment(1);
        self.mailbox.push(object.clone());
    }

    fn tell_lagging(&mut self, room: RoomId, why: Why) -> Why {
        if why != Why::Lagging(Told::No) {
            return why;
        }
        metrics::counter!("bongsu_lagging_total").increment(1);
        self.catch_up.owes_caught_up = true;
        self.tell(&Event::Lagging(Lagging { room: Some(room) }));
        Why::Lagging(Told::Yes)
    }

    pub(super) fn set_room(&mut self, room: RoomId, state: RoomState) {
        if let Some(entry) = self.rooms.get_mut(room) {
            entry.state = state;
        }
    }
}

/// Reads pages beside the session.
struct PageReader {
    hub: Arc<Hub>,
    service: Arc<Service>,
    mailbox: Arc<Mailbox>,
    channel: Arc<RoomChannel>,
    /// First record of the page.
    next: Seq,
    /// The resume has no room for it.
    over_budget: bool,
}

/// Reads one page after the other, until they hold `bytes_max` or one cannot be read.
async fn read_pages(readers: Vec<PageReader>, bytes_max: usize) -> PagesRead {
    let mut pages = Vec::with_capacity(readers.len());
    let mut bytes = 0;
    let mut readers = readers.into_iter();
    for reader in readers.by_ref() {
        let read = reader.read().await;
        bytes += read.bytes();
        let enough = bytes >= bytes_max || read.result.is_err();
        pages.push(read);
        if enough {
            break;
        }
    }
    PagesRead { pages, left: readers.map(|reader| reader.channel.room).collect() }
}

impl PageRead {
    fn bytes(&self) -> usize {
        match &self.result {
            Ok(PageOutcome::Member { page, .. } | PageOutcome::Former { page, .. }) => {
                page.records.iter().map(|record| record.object.len()).sum()
            }
            Ok(PageOutcome::OverBudget { .. } | PageOutcome::Stranger) | Err(_) => 0,
        }
    }
}

impl PageReader {
    async fn read(self) -> PageRead {
        // Before the own row: whoever is removed after the row was read is seen by this number.
        let removals = self.mailbox.removals();
        let result = self.outcome().await;
        PageRead { room: self.channel.room, next: self.next, removals, result }
    }

    async fn outcome(&self) -> ServiceResult<PageOutcome> {
        let (room, next) = (self.channel.room, self.next);
        let user: &UserId = &self.mailbox.user;
        let page = if self.over_budget { None } else { Some(self.hub.page(&self.channel, next).await?) };
        // After the page: a removal that it does not show is a later one.
        let Some(standing) = self.service.standing(user, room).await? else {
            return Ok(PageOutcome::Stranger);
        };
        if let Some(left) = standing.own.left_seq.filter(|_| !standing.own.is_member()) {
            // Read anew, for nobody else: later changes must not shine through.
            let page = self.hub.page_until(room, next, left).await?;
            return Ok(PageOutcome::Former { page, joined: standing.own.joined_seq, left });
        }
        let standing = Box::new(standing);
        Ok(match page {
            Some(page) => PageOutcome::Member { page, standing },
            None => PageOutcome::OverBudget { standing },
        })
    }
}

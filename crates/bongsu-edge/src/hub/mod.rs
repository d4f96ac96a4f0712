//! The hub: what was committed anywhere reaches the sessions of this node, in order, without holes, once.
//!
//! It listens to the bus, which may lose, double and reorder, and reads the tail and the logs where the bus fell short.
//! State: a channel for each room that a session of this node is in, the sessions by user, and pages of logs being
//! read. All of it is rebuilt when clients reconnect.
//!
//! Locks, in the order they may be taken: a channel's, then an outlet's, then a mailbox's. None is held across an await.

mod channel;
#[cfg(test)]
mod costs;
mod doubts;
mod encoded;
mod ephemerals;
mod facts;
mod frame;
mod mailbox;
mod outlet;
mod pages;
mod registry;
mod ring;
mod rooms;
mod run;
mod touched;
mod watchers;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bongsu_service::{Service, ServiceResult};
use bongsu_types::{DeviceId, Epoch, RoomId, Seq, UserId};

use pages::Pages;
use registry::Registry;
use rooms::Rooms;
use watchers::Watchers;

pub(crate) use channel::{Attach, RoomChannel};
pub(crate) use doubts::run as run_doubts;
pub(crate) use encoded::SharedPage;
pub(crate) use ephemerals::run as run_ephemerals;
pub(crate) use frame::{OPCODE_CLOSE, OPCODE_PING, OPCODE_TEXT};
pub(crate) use mailbox::{Mailbox, Orders, OwnFacts, OwnNews, SessionId, Suspended, Suspension};
pub(crate) use outlet::{Flushed, Outlet, OutletBounds};
pub(crate) use rooms::ChannelHandle;
pub(crate) use run::run;

/// Everything the sessions of a node share.
#[derive(Debug)]
pub(crate) struct Hub {
    service: Arc<Service>,
    epoch: Epoch,
    rooms: Arc<Rooms>,
    registry: Registry,
    watchers: Watchers,
    pages: Pages,
    sessions: AtomicU64,
}

impl Hub {
    pub(crate) fn new(service: Arc<Service>) -> Self {
        Self {
            epoch: service.epoch(),
            service,
            rooms: Arc::new(Rooms::new()),
            registry: Registry::new(),
            watchers: Watchers::default(),
            pages: Pages::new(),
            sessions: AtomicU64::new(0),
        }
    }

    /// Registers a session of a user: from now on own facts and orders are left for it.
    pub(crate) fn register(&self, user: UserId, device: DeviceId, outlet: Arc<Outlet>) -> Arc<Mailbox> {
        let session = SessionId(self.sessions.fetch_add(1, Ordering::Relaxed));
        let mailbox = Arc::new(Mailbox::new(session, user, device, outlet));
        self.registry.insert(mailbox.clone());
        mailbox
    }

    /// Forgets a session.
    pub(crate) fn unregister(&self, mailbox: &Mailbox) {
        self.registry.remove(&mailbox.user, mailbox.session);
        self.watchers.remove(mailbox.session);
    }

    /// Holds rooms for a session. A room nobody held before has no position yet: see [`Hub::open`].
    pub(crate) fn hold(&self, session: SessionId, room: RoomId) -> ChannelHandle {
        self.rooms.hold(room, session)
    }

    /// Finds the position of channels that have none, in one read of the store. The channels are in the map already, so
    /// whatever is committed after the read reaches them by the bus.
    pub(crate) async fn open(&self, channels: &[Arc<RoomChannel>]) -> ServiceResult<()> {
        let unknown: Vec<&Arc<RoomChannel>> =
            channels.iter().filter(|channel| channel.last().is_none()).collect();
        if unknown.is_empty() {
            return Ok(());
        }
        let rooms: Vec<RoomId> = unknown.iter().map(|channel| channel.room).collect();
        let heads = self.service.heads(&rooms).await?;
        let mut heads = heads.iter().peekable();
        for channel in unknown {
            // In the order asked, rooms that do not exist left out.
            let head = heads.next_if(|head| head.room == channel.room);
            channel.open(head.map_or(Seq::ZERO, |head| head.seq));
        }
        Ok(())
    }

    /// Records of a room from `next` on.
    pub(crate) async fn page(&self, channel: &RoomChannel, next: Seq) -> ServiceResult<SharedPage> {
        self.pages.read(&self.service, channel, next).await
    }

    /// Records of a room from `next` on, as a former member may see them.
    pub(crate) async fn page_until(&self, room: RoomId, next: Seq, until: Seq) -> ServiceResult<SharedPage> {
        self.pages.read_until(&self.service, room, next, until).await
    }

    /// How often anybody lost a room: to be read before it is asked whom a session may watch.
    pub(crate) fn removals(&self) -> u64 {
        self.watchers.removals()
    }

    /// Replaces the users whose presence a session is told. They were allowed when [`Hub::removals`] was `removals`.
    pub(crate) fn watch(&self, mailbox: &Arc<Mailbox>, users: &[UserId], removals: u64) {
        self.watchers.replace(mailbox, users, removals);
    }
}

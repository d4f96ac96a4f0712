//! Cards: the parts of chat list rows that are the same for every viewer, kept in the memory of the process.
//!
//! Never membership, positions or rights: those are read from the store each time, before the cards are looked at.
//!
//! Exact, on one node. A [`RoomCard`] is kept for one position of its room's log, which the list has just read from the
//! store: it cannot be older than that. A [`ProfileCard`] is dropped by the commit that changes the profile, before
//! anybody hears of that commit ([`Cards::committed`]); one that was being read meanwhile is not kept.

mod feed;
mod form;
mod load;
mod profile_card;
mod room_card;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bongsu_cache::{BuildError, Cache, CacheHub, EntryOptions, LeaseMode};
use bongsu_store::{RoomDetails, Standing, Store};
use bongsu_types::{Committed, Fact, Head, RoomId, UserId};

pub use feed::FeedCards;
pub use profile_card::{ProfileCard, ProfileCardId};
pub use room_card::{LastMessage, RoomCard, RoomCardId};

use crate::ServiceResult;

/// Nothing is ever missed here, so only room ends an entry before this.
const LIFE: Duration = Duration::from_secs(24 * 60 * 60);

/// What holds for both models. An answer is exact or comes from the store: never a stale one, and absence is not kept.
const OPTIONS: EntryOptions = EntryOptions::new()
    .with_ttl(LIFE)
    .with_l1_ttl(LIFE)
    .with_negative_ttl(Duration::ZERO)
    .with_stale_if_error(Duration::ZERO)
    .with_xfetch_beta_milli(0)
    .with_lease(LeaseMode::InProcess);

/// The cards of a process. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Cards(Option<Caches>);

#[derive(Debug, Clone)]
struct Caches {
    rooms: Cache<RoomCard>,
    profiles: Cache<ProfileCard>,
    /// Commits that changed profiles.
    profile_changes: Arc<AtomicU64>,
}

/// What a row shows besides positions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) room: RoomId,
    pub(crate) card: Arc<RoomCard>,
    /// Direct rooms: the other user.
    pub(crate) peer: Option<Arc<ProfileCard>>,
}

impl Cards {
    /// Keeps cards in at most `bytes` of memory. Zero keeps none. Install a metrics recorder before.
    ///
    /// # Errors
    /// Outside of a runtime, and when a few bytes hold nothing: the message says how many do.
    pub fn open(bytes: u64) -> Result<Self, BuildError> {
        if bytes == 0 {
            return Ok(Self::none());
        }
        let hub =
            CacheHub::builder("bongsu").l1_bytes(bytes).l1_max_staleness_without_backplane(LIFE).build()?;
        let (rooms, profiles) = (hub.cache()?, hub.cache()?);
        Ok(Self(Some(Caches { rooms, profiles, profile_changes: Arc::default() })))
    }

    /// Keeps none: every row is read from the store.
    #[must_use]
    pub fn none() -> Self {
        Self(None)
    }

    /// Drops what a commit made old. Never blocks; for the committer, before anybody hears of the commit.
    pub(crate) fn committed(&self, committed: &Committed) {
        let Some(caches) = &self.0 else { return };
        for fact in &committed.facts {
            match fact {
                Fact::ProfileChanged { user } => {
                    caches.profile_changes.fetch_add(1, Ordering::AcqRel);
                    caches.profiles.invalidate_here(&ProfileCardId(user.clone()));
                }
                // Another record is another position.
                Fact::Record(_) => {}
                Fact::Own(_)
                | Fact::Receipt { .. }
                | Fact::SessionOpened { .. }
                | Fact::DeviceRemoved { .. }
                | Fact::UserRevoked { .. } => {}
            }
        }
    }

    /// What rows of these rooms show to `user`, in the order asked; rooms that went meanwhile are left out. The heads
    /// were read for this answer, and the user is a member. One store call for new positions, which brings profiles
    /// along; one for profiles that changed.
    pub(crate) async fn of(
        &self,
        store: &Arc<dyn Store>,
        user: &UserId,
        heads: &[Head],
    ) -> ServiceResult<Vec<Shown>> {
        if heads.is_empty() {
            return Ok(Vec::new());
        }
        let shown = match &self.0 {
            Some(caches) => caches.shown(store, user, heads).await?,
            None => {
                let rooms: Vec<RoomId> = heads.iter().map(|head| head.room).collect();
                store.details(user, &rooms).await?.into_iter().map(Shown::from).collect()
            }
        };
        let mut heads = heads.iter();
        let mut seen = Vec::with_capacity(shown.len());
        for shown in shown {
            // Both are in the same order.
            let head = heads.find(|head| head.room == shown.room);
            if let Some(head) = head
                && may_see(store, user, head, &shown.card).await?
            {
                seen.push(shown);
            }
        }
        Ok(seen)
    }
}

/// Whether the user may see a card that says more than the head under which they were a member: a message came while
/// the card was read, and they may have gone before it.
async fn may_see(store: &Arc<dyn Store>, user: &UserId, head: &Head, card: &RoomCard) -> ServiceResult<bool> {
    let Some(last) = card.last.as_ref().filter(|last| last.seq > head.seq) else { return Ok(true) };
    let Some(Standing { own, .. }) = store.standing(user, head.room).await? else { return Ok(false) };
    Ok(own.is_member() && own.visible(card.history_before_join).contains(last.seq))
}

impl Caches {
    async fn shown(
        &self,
        store: &Arc<dyn Store>,
        user: &UserId,
        heads: &[Head],
    ) -> ServiceResult<Vec<Shown>> {
        let ids: Vec<RoomCardId> = heads.iter().map(RoomCardId::from).collect();
        let cards = self.rooms(store, user, &ids).await?;
        let peers = cards.iter().flatten().filter_map(|card| card.peer_of(user));
        let ids: Vec<ProfileCardId> = peers.cloned().map(ProfileCardId).collect();
        let mut peers = self.profiles(store, &ids).await?.into_iter();
        let mut shown = Vec::with_capacity(heads.len());
        for (head, card) in heads.iter().zip(cards) {
            let Some(card) = card else { continue };
            let peer = card.pair.as_ref().and_then(|_| peers.next().flatten());
            shown.push(Shown { room: head.room, card, peer });
        }
        Ok(shown)
    }
}

impl From<RoomDetails> for Shown {
    fn from(mut details: RoomDetails) -> Self {
        let (room, peer) = (details.room.id, details.peer.take());
        Self { room, card: Arc::new(details.into()), peer: peer.map(|peer| Arc::new(peer.into())) }
    }
}

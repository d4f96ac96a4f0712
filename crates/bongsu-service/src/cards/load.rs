//! Where cards come from when they are not in memory: one store call for all that are missing.

use std::collections::HashMap;
use std::future::ready;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use bongsu_cache::LoadError;
use bongsu_store::{Store, StoreError, StoreResult};
use bongsu_types::{Outcome, Profile, RoomId, UserId};
use tracing::error;

use super::{Caches, ProfileCard, ProfileCardId, RoomCard, RoomCardId};
use crate::{ServiceError, ServiceResult};

/// Some profile changed since these were read. A type of its own: whoever asks the store for a profile joins only loads
/// that ask the store too.
#[derive(Debug)]
struct ProfilesChanged;

impl Caches {
    /// The cards of these positions, in this order.
    pub(super) async fn rooms(
        &self,
        store: &Arc<dyn Store>,
        user: &UserId,
        ids: &[RoomCardId],
    ) -> ServiceResult<Vec<Option<Arc<RoomCard>>>> {
        let (caches, store, user) = (self.clone(), Arc::clone(store), user.clone());
        let load = move |ids| {
            let (caches, store, user) = (caches.clone(), Arc::clone(&store), user.clone());
            async move { caches.load_rooms(store.as_ref(), &user, ids).await }
        };
        self.rooms.get_each_or_load(ids, load).await.map_err(failed)
    }

    /// The cards of these users, in this order. Usually they came along with the rooms.
    pub(super) async fn profiles(
        &self,
        store: &Arc<dyn Store>,
        ids: &[ProfileCardId],
    ) -> ServiceResult<Vec<Option<Arc<ProfileCard>>>> {
        let store = Arc::clone(store);
        let load = move |ids: Vec<ProfileCardId>| {
            let store = Arc::clone(&store);
            async move {
                let users: Vec<UserId> = ids.into_iter().map(|id| id.0).collect();
                StoreResult::Ok(by_user(store.profiles(&users).await?))
            }
        };
        self.profiles.get_each_or_load(ids, load).await.map_err(failed)
    }

    /// Reads rooms as `user` sees them and keeps the profiles that come along.
    async fn load_rooms(
        &self,
        store: &dyn Store,
        user: &UserId,
        ids: Vec<RoomCardId>,
    ) -> StoreResult<HashMap<RoomCardId, RoomCard>> {
        let rooms: Vec<RoomId> = ids.iter().map(RoomCardId::room).collect();
        let changes_before = self.profile_changes.load(Ordering::Acquire);
        let details = store.details(user, &rooms).await?;
        let ids: HashMap<RoomId, RoomCardId> = ids.into_iter().map(|id| (id.room(), id)).collect();
        let (mut cards, mut peers) = (HashMap::with_capacity(details.len()), Vec::new());
        for mut details in details {
            peers.extend(details.peer.take());
            if let Some(id) = ids.get(&details.room.id) {
                cards.insert(*id, details.into());
            }
        }
        self.keep(peers, changes_before).await;
        Ok(cards)
    }

    /// Keeps profiles that were read after `changes_before`, if none changed since. The cache refuses only what was being
    /// read when it was invalidated, and these were read before it is asked: so it asks here, from within its own load.
    async fn keep(&self, profiles: Vec<Profile>, changes_before: u64) {
        if profiles.is_empty() {
            return;
        }
        let changes = Arc::clone(&self.profile_changes);
        let cards = by_user(profiles);
        let ids: Vec<ProfileCardId> = cards.keys().cloned().collect();
        let kept = self.profiles.get_many_or_load(&ids, move |_| {
            let is_unchanged = changes.load(Ordering::Acquire) == changes_before;
            ready(if is_unchanged { Ok(cards.clone()) } else { Err(ProfilesChanged) })
        });
        // Not kept: then they are read when they are asked for.
        drop(kept.await);
    }
}

fn by_user(profiles: Vec<Profile>) -> HashMap<ProfileCardId, ProfileCard> {
    profiles.into_iter().map(|profile| (ProfileCardId(profile.user.clone()), profile.into())).collect()
}

fn failed(failure: LoadError<StoreError>) -> ServiceError {
    match failure {
        LoadError::Source(error) => StoreError::clone(&error).into(),
        LoadError::TooBusy => ServiceError::Overloaded,
        failure => {
            error!(%failure, "cards could not be read");
            ServiceError::Unavailable { outcome: Outcome::NotApplied }
        }
    }
}

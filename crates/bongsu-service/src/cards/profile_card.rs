//! What a row of the chat list shows of a user.

use bongsu_cache::{CacheId, CacheSchema, EntryOptions, IdText};
use bongsu_types::{Profile, UserId};
use serde::{Deserialize, Serialize};

use super::{OPTIONS, form};

const PROFILE_CARDS: EntryOptions = OPTIONS;

/// What a row of the chat list shows of a user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, CacheSchema)]
#[cache(model = "profile_card", id = ProfileCardId, options = PROFILE_CARDS)]
pub struct ProfileCard {
    /// The user.
    #[serde(with = "form")]
    #[cache(opaque = "user_id", rev = 1)]
    pub user: UserId,
    /// Name; empty when none.
    pub name: String,
    /// Image URL; empty when none.
    pub image: String,
}

/// Whose.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ProfileCardId(pub(super) UserId);

impl CacheId for ProfileCardId {
    fn write(&self, text: &mut IdText) {
        text.part(self.0.as_str());
    }
}

impl From<Profile> for ProfileCard {
    fn from(profile: Profile) -> Self {
        let Profile { user, name, image, data: _ } = profile;
        Self { user, name, image }
    }
}

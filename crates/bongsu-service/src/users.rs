//! Profiles: read them, change one's own, and what server keys do to users.

use bongsu_store::ProfileChange;
use bongsu_types::{KeyScope, Profile, UserId};

use crate::auth::VerifiedKey;
use crate::{Actor, Service, ServiceError, ServiceResult, checks};

impl Service {
    /// Profiles in the order asked; unknown users are left out.
    ///
    /// # Errors
    /// `LimitReached` (`profiles_per_call`).
    pub async fn profiles(&self, actor: &Actor, users: &[UserId]) -> ServiceResult<Vec<Profile>> {
        actor.audit("user.get");
        checks::count(users.len(), "profiles_per_call", self.limits.profiles_per_call)?;
        Ok(self.store.profiles(users).await?)
    }

    /// As [`Service::profiles`], on the word of a server key without an acting user.
    ///
    /// # Errors
    /// `Forbidden` when the key may not; `LimitReached` (`profiles_per_call`).
    pub async fn profiles_as_key(&self, key: &VerifiedKey, users: &[UserId]) -> ServiceResult<Vec<Profile>> {
        key.require(KeyScope::Users)?;
        key.audit(None, "user.get");
        checks::count(users.len(), "profiles_per_call", self.limits.profiles_per_call)?;
        Ok(self.store.profiles(users).await?)
    }

    /// Changes the actor's own profile, where users own theirs.
    ///
    /// # Errors
    /// `Forbidden` where the host app owns profiles; `TooLarge`, `InvalidParams`.
    pub async fn update_profile(&self, actor: &Actor, change: ProfileChange) -> ServiceResult<()> {
        actor.audit("user.update");
        if !self.settings.users_own_profile {
            return Err(ServiceError::Forbidden);
        }
        self.check_profile(&change)?;
        Ok(self.store.upsert_users(&[(actor.user.clone(), change)]).await?)
    }

    /// Creates or changes users, on the word of a server key.
    ///
    /// # Errors
    /// `Forbidden` when the key may not; `LimitReached`, `TooLarge`, `InvalidParams`.
    pub async fn upsert_users(
        &self,
        key: &VerifiedKey,
        users: &[(UserId, ProfileChange)],
    ) -> ServiceResult<()> {
        key.require(KeyScope::Users)?;
        key.audit(None, "user.upsert");
        checks::count(users.len(), "profiles_per_call", self.limits.profiles_per_call)?;
        for (_, change) in users {
            self.check_profile(change)?;
        }
        Ok(self.store.upsert_users(users).await?)
    }

    /// Refuses all tokens of a user issued until now, on the word of a server key. Their sessions end.
    ///
    /// # Errors
    /// `Forbidden` when the key may not.
    pub async fn revoke_user(&self, key: &VerifiedKey, user: &UserId) -> ServiceResult<()> {
        key.require(KeyScope::Users)?;
        key.audit(Some(user), "user.revoke");
        Ok(self.store.revoke_user(user).await?)
    }

    pub(crate) fn check_profile(&self, change: &ProfileChange) -> ServiceResult<()> {
        checks::profile(change.name.as_deref(), change.image.as_deref(), change.data.as_ref(), &self.limits)
    }
}

//! Users: profiles, and what server keys do to users.

use bongsu_service::auth::VerifiedKey;
use bongsu_service::{Actor, ProfileChange, Service, ServiceError};
use bongsu_types::UserId;
use bongsu_wire::{Done, GetUsers, RevokeUser, UpdateUser, UpsertUsers, UserUpdate, Users, WireError};

use super::{Answer, answer};
use crate::error::to_wire;

/// `user.get`.
pub(crate) async fn get(service: &Service, actor: &Actor, params: GetUsers) -> Answer<Users> {
    let profiles = answer(service.profiles(actor, &params.users).await)?;
    Ok(profiles.iter().collect())
}

/// `user.get` by a server key without an acting user.
pub(crate) async fn get_as_key(service: &Service, key: &VerifiedKey, params: GetUsers) -> Answer<Users> {
    let profiles = answer(service.profiles_as_key(key, &params.users).await)?;
    Ok(profiles.iter().collect())
}

/// `user.update`.
pub(crate) async fn update(service: &Service, actor: &Actor, params: UpdateUser) -> Answer<Done> {
    let UpdateUser { name, image, data } = params;
    answer(service.update_profile(actor, ProfileChange { name, image, data }).await)?;
    Ok(Done {})
}

/// `user.upsert`, on the word of a server key.
pub(crate) async fn upsert(service: &Service, key: &VerifiedKey, params: UpsertUsers) -> Answer<Done> {
    let users: Vec<(UserId, ProfileChange)> = params.users.into_iter().map(profile_change).collect();
    answer(service.upsert_users(key, &users).await)?;
    Ok(Done {})
}

fn profile_change(update: UserUpdate) -> (UserId, ProfileChange) {
    let UserUpdate { user, name, image, data } = update;
    (user, ProfileChange { name, image, data })
}

/// `user.revoke`, on the word of a server key.
pub(crate) async fn revoke(service: &Service, key: &VerifiedKey, params: RevokeUser) -> Answer<Done> {
    answer(service.revoke_user(key, &params.user).await)?;
    Ok(Done {})
}

/// What a user's own token gets for a method of server keys.
pub(crate) fn only_server_keys() -> WireError {
    to_wire(ServiceError::Forbidden)
}

//! Users: profiles, and what server keys do to users.

use std::collections::BTreeMap;

use bongsu_types::{JsonObject, Profile, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::codec::{json, object, text};
use crate::schema::*;

/// `user.get`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GetUsers {
    /// Whose profiles, at most 100.
    #[serde(with = "text::list")]
    pub users: Vec<UserId>,
}

/// Answer to `user.get`: unknown users are left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Users {
    /// Profiles by user.
    #[serde(with = "text::map")]
    pub users: BTreeMap<UserId, ProfileObject>,
}

impl<'a> FromIterator<&'a Profile> for Users {
    fn from_iter<I: IntoIterator<Item = &'a Profile>>(profiles: I) -> Self {
        let users = profiles.into_iter().map(|profile| (profile.user.clone(), ProfileObject::from(profile)));
        Self { users: users.collect() }
    }
}

/// What others see of a user.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct ProfileObject {
    /// Name.
    #[serde(default, with = "text", skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Image URL.
    #[serde(default, with = "text", skip_serializing_if = "String::is_empty")]
    pub image: String,
    /// The host app's own facts.
    #[serde(default, with = "json::option", skip_serializing_if = "Option::is_none")]
    pub data: Option<JsonObject>,
}

impl From<&Profile> for ProfileObject {
    fn from(profile: &Profile) -> Self {
        Self { name: profile.name.clone(), image: profile.image.clone(), data: profile.data.clone() }
    }
}

/// `user.update`: what is absent does not change; "" and `{}` clear.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct UpdateUser {
    /// New name.
    #[serde(default, with = "text::option", skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// New image URL.
    #[serde(default, with = "text::option", skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// New data.
    #[serde(default, with = "json::option", skip_serializing_if = "Option::is_none")]
    pub data: Option<JsonObject>,
}

/// `user.upsert`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UpsertUsers {
    /// The users, at most 100.
    #[serde(with = "object::list")]
    pub users: Vec<UserUpdate>,
}

/// One user to create or change: what is absent does not change; "" and `{}` clear.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UserUpdate {
    /// The user.
    #[serde(with = "text")]
    pub user: UserId,
    /// New name.
    #[serde(default, with = "text::option", skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// New image URL.
    #[serde(default, with = "text::option", skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// New data.
    #[serde(default, with = "json::option", skip_serializing_if = "Option::is_none")]
    pub data: Option<JsonObject>,
}

/// `user.revoke`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RevokeUser {
    /// The user.
    #[serde(with = "text")]
    pub user: UserId,
}

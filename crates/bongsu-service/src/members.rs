//! Who is in a room: list, add, remove, leave, give roles.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bongsu_store::{Changed, MemberRow};
use bongsu_types::{Role, RoomId, UserId};

use crate::{Actor, Service, ServiceError, ServiceResult, checks};

/// Which members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListMembers {
    /// Of which room.
    pub room: RoomId,
    /// Members at most, 1 to `page_items`; absent means 50.
    pub limit: Option<usize>,
    /// After this page.
    pub cursor: Option<String>,
}

/// A page of members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MembersPage {
    /// Ascending by user id.
    pub members: Vec<MemberRow>,
    /// Where the next page begins, if there is one.
    pub cursor: Option<String>,
}

impl Service {
    /// Members of a room; in a channel for admins only.
    ///
    /// # Errors
    /// `InvalidParams` (`limit`, `cursor`), `RoomNotFound`, `Forbidden`.
    pub async fn members(&self, actor: &Actor, request: ListMembers) -> ServiceResult<MembersPage> {
        actor.audit("room.members");
        let limit = checks::page(request.limit, &self.limits)?;
        let after = request.cursor.as_deref().map(parse_cursor).transpose()?;
        let page = self.store.members(&actor.user, request.room, after.as_ref(), limit).await?;
        let cursor = page.members.last().filter(|_| page.more).map(|last| to_cursor(&last.user));
        Ok(MembersPage { members: page.members, cursor })
    }

    /// Adds plain members, all or none; those present are skipped. Admins.
    ///
    /// # Errors
    /// `InvalidParams` (nobody named), `LimitReached`, `RoomNotFound`, `Forbidden`.
    pub async fn add_members(
        &self,
        actor: &Actor,
        room: RoomId,
        users: Vec<UserId>,
    ) -> ServiceResult<Changed> {
        actor.audit("room.add_members");
        let users = self.checked_users(users)?;
        Ok(self.store.add_members(room, &actor.user, &users).await?)
    }

    /// Removes members, all or none; strangers are skipped. Admins; an admin does not remove an owner.
    ///
    /// # Errors
    /// `InvalidParams` (nobody named), `LimitReached`, `RoomNotFound`, `Forbidden`.
    pub async fn remove_members(
        &self,
        actor: &Actor,
        room: RoomId,
        users: Vec<UserId>,
    ) -> ServiceResult<Changed> {
        actor.audit("room.remove_members");
        let users = self.checked_users(users)?;
        Ok(self.store.remove_members(room, &actor.user, &users).await?)
    }

    /// The actor leaves; when the last owner does, another member becomes one.
    ///
    /// # Errors
    /// `RoomNotFound`, `Forbidden` (a direct room).
    pub async fn leave(&self, actor: &Actor, room: RoomId) -> ServiceResult<Changed> {
        actor.audit("room.leave");
        Ok(self.store.leave(room, &actor.user).await?)
    }

    /// Gives a role. Owners.
    ///
    /// # Errors
    /// `RoomNotFound`, `Forbidden`, `NotFound` (no such member), `LastOwner`.
    pub async fn set_role(
        &self,
        actor: &Actor,
        room: RoomId,
        user: &UserId,
        role: Role,
    ) -> ServiceResult<Changed> {
        actor.audit("room.set_role");
        Ok(self.store.set_role(room, &actor.user, user, role).await?)
    }

    /// Each user once, in the order given.
    fn checked_users(&self, mut users: Vec<UserId>) -> ServiceResult<Vec<UserId>> {
        if users.is_empty() {
            return Err(ServiceError::InvalidParams { field: "users", reason: "must name somebody" });
        }
        checks::count(users.len(), "users_per_call", self.limits.users_per_call)?;
        let mut seen = BTreeSet::new();
        users.retain(|user| seen.insert(user.clone()));
        Ok(users)
    }
}

/// First character of a cursor of this form.
const VERSION: &str = "1";

fn to_cursor(last: &UserId) -> String {
    format!("{VERSION}{}", URL_SAFE_NO_PAD.encode(last.as_str()))
}

fn parse_cursor(cursor: &str) -> ServiceResult<UserId> {
    let user = || {
        let bytes = URL_SAFE_NO_PAD.decode(cursor.strip_prefix(VERSION)?).ok()?;
        UserId::new(std::str::from_utf8(&bytes).ok()?).ok()
    };
    user().ok_or(ServiceError::InvalidParams { field: "cursor", reason: "must be one that the server gave" })
}

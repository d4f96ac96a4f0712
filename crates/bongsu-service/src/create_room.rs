//! Create a room, or find the one that exists.

use std::collections::HashSet;

use bongsu_store::{Authority, CreateRoom, Created, KeyScopeOfRoom};
use bongsu_types::{JsonObject, Retention, RoomKey, RoomKind, UserId};

use crate::auth::VerifiedKey;
use crate::{Actor, Service, ServiceError, ServiceResult, checks};

/// A room to create.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRoom {
    /// Kind.
    pub kind: RoomKind,
    /// The others; a caller named among them is left out. Direct: exactly one.
    pub members: Vec<UserId>,
    /// Name; empty for none.
    pub name: String,
    /// Image; empty for none.
    pub image: String,
    /// The host app's facts, as sent.
    pub data: Option<JsonObject>,
    /// Makes creation idempotent: among the rooms of its creator, or of the deployment when a server key creates it
    /// without an acting user. Not for direct rooms.
    pub key: Option<RoomKey>,
    /// Whether history before a join is readable.
    pub history_before_join: bool,
    /// How long records are kept; absent means for ever.
    pub retention: Option<Retention>,
}

impl Service {
    /// Creates a room, or finds it by its pair or by the creator's key. A direct room with a stranger is a request,
    /// unless a server key says so.
    ///
    /// # Errors
    /// `InvalidParams`, `TooLarge`, `LimitReached`, `RateLimited`; `RoomNotFound` when the key names a room the actor
    /// is not in.
    pub async fn create_room(&self, actor: &Actor, room: NewRoom) -> ServiceResult<Created> {
        actor.audit("room.create");
        self.create(actor, room, KeyScopeOfRoom::Creator).await
    }

    /// Creates a room on the word of a server key without an acting user: the first member becomes the creator, and
    /// the key is one of the whole deployment.
    ///
    /// # Errors
    /// As [`Service::create_room`], and `Forbidden` when the server key may not act for users.
    pub async fn create_room_as_key(&self, key: &VerifiedKey, room: NewRoom) -> ServiceResult<Created> {
        let Some(creator) = room.members.first().cloned() else {
            return Err(ServiceError::InvalidParams {
                field: "members",
                reason: "must name the creator first when nobody acts",
            });
        };
        let actor = key.act_for(creator)?;
        actor.audit("room.create");
        self.create(&actor, room, KeyScopeOfRoom::Global).await
    }

    async fn create(&self, actor: &Actor, room: NewRoom, scope: KeyScopeOfRoom) -> ServiceResult<Created> {
        self.check_new_room(&room)?;
        let members = others(&actor.user, room.members);
        let request = match room.kind {
            RoomKind::Direct => {
                check_direct(&members, room.key.as_ref())?;
                self.take_create(actor)?;
                self.is_request(actor, &members[0]).await?
            }
            RoomKind::Group | RoomKind::Channel => {
                self.take_create(actor)?;
                false
            }
        };
        let create = CreateRoom {
            kind: room.kind,
            creator: actor.user.clone(),
            key: room.key.map(|key| (scope, key)),
            members,
            name: room.name,
            image: room.image,
            data: room.data.filter(|data| !data.is_empty()),
            history_before_join: room.history_before_join,
            retention: room.retention.unwrap_or(Retention::History { days: None }),
            request,
        };
        Ok(self.store.create_room(create).await?)
    }

    fn check_new_room(&self, room: &NewRoom) -> ServiceResult<()> {
        checks::profile(Some(&room.name), Some(&room.image), room.data.as_ref(), &self.limits)?;
        checks::count(room.members.len(), "users_per_call", self.limits.users_per_call)?;
        check_retention(room.retention)
    }

    /// Whether `other` has to accept: the creator is a stranger to them and nobody vouches.
    async fn is_request(&self, actor: &Actor, other: &UserId) -> ServiceResult<bool> {
        match actor.authority {
            Authority::User if self.settings.requests => {
                Ok(!self.store.share_accepted_room(&actor.user, other).await?)
            }
            Authority::User | Authority::Server => Ok(false),
        }
    }
}

/// A rule of zero days would keep nothing.
pub(crate) fn check_retention(retention: Option<Retention>) -> ServiceResult<()> {
    match retention {
        Some(Retention::History { days: Some(0) }) => Err(ServiceError::InvalidParams {
            field: "retention",
            reason: "must keep at least 1 day; leave days out to keep records for ever",
        }),
        Some(Retention::History { .. } | Retention::Transit) | None => Ok(()),
    }
}

fn check_direct(members: &[UserId], key: Option<&RoomKey>) -> ServiceResult<()> {
    if members.len() != 1 {
        return Err(ServiceError::InvalidParams {
            field: "members",
            reason: "must name exactly one other user in a direct room",
        });
    }
    if key.is_some() {
        return Err(ServiceError::InvalidParams {
            field: "key",
            reason: "must be absent: a direct room is found by its two users",
        });
    }
    Ok(())
}

/// The members without the creator and without repetitions, in the order given.
fn others(creator: &UserId, members: Vec<UserId>) -> Vec<UserId> {
    let mut seen = HashSet::from([creator.clone()]);
    members.into_iter().filter(|user| seen.insert(user.clone())).collect()
}

//! Change a room's name, image, data or rules.

use bongsu_store::{Changed, Once, UpdateRoom};
use bongsu_types::{ClientId, Retention, RoomChange, RoomId};

use crate::create_room::check_retention;
use crate::request_hash::RequestHasher;
use crate::{Actor, Service, ServiceResult, checks};

/// A change of a room; absent means unchanged, "" and `{}` clear.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpdateRequest {
    /// Which.
    pub room: RoomId,
    /// What.
    pub change: RoomChange,
    /// Makes it idempotent.
    pub client_id: Option<ClientId>,
}

impl Service {
    /// Changes a room. Admins; in a direct room only its data, and only a server key.
    ///
    /// # Errors
    /// `TooLarge`, `InvalidParams`; from the commit `Conflict`, `RoomNotFound`, `Forbidden` and `LimitReached`
    /// (transit in a large room).
    pub async fn update_room(&self, actor: &Actor, request: UpdateRequest) -> ServiceResult<Changed> {
        actor.audit("room.update");
        let once = once(&request);
        if let Err(refusal) = self.check_change(&request.change) {
            let first = self.first_reply_or(refusal, request.room, actor, once.as_ref()).await?;
            return Ok(Changed { seq: first.seq, duplicate: true });
        }
        let UpdateRequest { room, change, client_id: _ } = request;
        let update = UpdateRoom { room, actor: actor.user.clone(), authority: actor.authority, once, change };
        Ok(self.store.update_room(update).await?)
    }

    fn check_change(&self, change: &RoomChange) -> ServiceResult<()> {
        checks::profile(change.name.as_deref(), change.image.as_deref(), change.data.as_ref(), &self.limits)?;
        check_retention(change.retention)
    }
}

fn once(request: &UpdateRequest) -> Option<Once> {
    let client_id = request.client_id.as_ref()?;
    let RoomChange { name, image, data, history_before_join, retention } = &request.change;
    let hasher = RequestHasher::new("room.update")
        .text(name.as_deref())
        .text(image.as_deref())
        .data(data.as_ref())
        .maybe_flag(*history_before_join);
    let hasher = match retention {
        None => hasher.number(0),
        Some(Retention::History { days }) => hasher.number(1).maybe_number(days.map(u64::from)),
        Some(Retention::Transit) => hasher.number(2),
    };
    Some(hasher.once(client_id))
}

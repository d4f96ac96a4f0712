//! Delete a message for everyone.

use bongsu_store::{Changed, DeleteMessage, Once};
use bongsu_types::{ClientId, RoomId, Seq};

use crate::request_hash::RequestHasher;
use crate::{Actor, Service, ServiceResult};

/// A deletion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeleteRequest {
    /// Where.
    pub room: RoomId,
    /// The message.
    pub seq: Seq,
    /// Makes the deletion idempotent.
    pub client_id: Option<ClientId>,
}

impl Service {
    /// Deletes a message: a tombstone stays. The sender or an admin.
    ///
    /// # Errors
    /// `RateLimited` here; from the commit `Conflict`, `RoomNotFound`, `MessageNotFound` and `Forbidden`.
    pub async fn delete(&self, actor: &Actor, request: DeleteRequest) -> ServiceResult<Changed> {
        actor.audit("message.delete");
        let once = once(&request);
        if let Err(refusal) = self.take_send(actor) {
            let first = self.first_reply_or(refusal, request.room, actor, once.as_ref()).await?;
            return Ok(Changed { seq: first.seq, duplicate: true });
        }
        let DeleteRequest { room, seq, client_id: _ } = request;
        Ok(self.store.delete(DeleteMessage { room, actor: actor.user.clone(), target: seq, once }).await?)
    }
}

fn once(request: &DeleteRequest) -> Option<Once> {
    let client_id = request.client_id.as_ref()?;
    Some(RequestHasher::new("message.delete").number(request.seq.get()).once(client_id))
}

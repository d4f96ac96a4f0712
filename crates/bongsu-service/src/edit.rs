//! Edit a message.

use bongsu_store::{Changed, EditMessage, Once};
use bongsu_types::{ClientId, JsonObject, RoomId, Seq};

use crate::request_hash::RequestHasher;
use crate::{Actor, Service, ServiceError, ServiceResult, checks};

/// A change of a message's text or data; absent means unchanged, "" and `{}` clear.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EditRequest {
    /// Where.
    pub room: RoomId,
    /// The message.
    pub seq: Seq,
    /// Makes the edit idempotent.
    pub client_id: Option<ClientId>,
    /// New text.
    pub text: Option<String>,
    /// New data, as sent.
    pub data: Option<JsonObject>,
}

impl Service {
    /// Changes a message of the actor. An edit that changes nothing writes no record.
    ///
    /// # Errors
    /// `TooLarge`, `InvalidParams` and `RateLimited` here; from the commit `Conflict`, `RoomNotFound`,
    /// `MessageNotFound`, `Forbidden` (not the sender) and `InvalidParams` (nothing would be left).
    pub async fn edit(&self, actor: &Actor, request: EditRequest) -> ServiceResult<Changed> {
        actor.audit("message.edit");
        let once = once(&request);
        if let Err(refusal) = self.admit_edit(actor, &request) {
            let first = self.first_reply_or(refusal, request.room, actor, once.as_ref()).await?;
            return Ok(Changed { seq: first.seq, duplicate: true });
        }
        let EditRequest { room, seq, client_id: _, text, data } = request;
        let edit = EditMessage { room, actor: actor.user.clone(), target: seq, once, text, data };
        Ok(self.store.edit(edit).await?)
    }

    fn admit_edit(&self, actor: &Actor, request: &EditRequest) -> ServiceResult<()> {
        if request.text.is_none() && request.data.is_none() {
            return Err(ServiceError::InvalidParams { field: "text", reason: "or data must be given" });
        }
        let text = request.text.as_deref().unwrap_or_default();
        checks::text("text", text, "text_bytes", self.limits.text_bytes)?;
        checks::data("data", request.data.as_ref(), &self.limits)?;
        self.take_send(actor)
    }
}

fn once(request: &EditRequest) -> Option<Once> {
    let client_id = request.client_id.as_ref()?;
    let hasher = RequestHasher::new("message.edit")
        .number(request.seq.get())
        .text(request.text.as_deref())
        .data(request.data.as_ref());
    Some(hasher.once(client_id))
}

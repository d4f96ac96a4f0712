//! React to a message.

use bongsu_store::{Changed, Once, React};
use bongsu_types::{ClientId, Emoji, ReactionOp, RoomId, Seq};

use crate::request_hash::RequestHasher;
use crate::{Actor, Service, ServiceResult};

/// A reaction added or removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReactRequest {
    /// Where.
    pub room: RoomId,
    /// The message.
    pub seq: Seq,
    /// The reaction.
    pub emoji: Emoji,
    /// Added or removed.
    pub op: ReactionOp,
    /// Makes it idempotent.
    pub client_id: Option<ClientId>,
}

impl Service {
    /// Adds or removes a reaction of the actor. Adding one that is there changes nothing.
    ///
    /// # Errors
    /// `RateLimited` here; from the commit `Conflict`, `RoomNotFound`, `MessageNotFound` and `LimitReached`
    /// (`reactions_per_message`).
    pub async fn react(&self, actor: &Actor, request: ReactRequest) -> ServiceResult<Changed> {
        actor.audit("message.react");
        let once = once(&request);
        if let Err(refusal) = self.take_send(actor) {
            let first = self.first_reply_or(refusal, request.room, actor, once.as_ref()).await?;
            return Ok(Changed { seq: first.seq, duplicate: true });
        }
        let ReactRequest { room, seq, emoji, op, client_id: _ } = request;
        Ok(self.store.react(React { room, actor: actor.user.clone(), target: seq, emoji, op, once }).await?)
    }
}

fn once(request: &ReactRequest) -> Option<Once> {
    let client_id = request.client_id.as_ref()?;
    let hasher = RequestHasher::new("message.react")
        .number(request.seq.get())
        .text(Some(request.emoji.as_str()))
        .flag(request.op == ReactionOp::Remove);
    Some(hasher.once(client_id))
}

//! Send a message.

use std::collections::HashSet;

use bongsu_store::{AppendMessage, Appended, Authority, Once};
use bongsu_types::{ClientId, JsonObject, Mentions, MessageKind, RoomId, Seq};

use crate::error::EMPTY_MESSAGE;
use crate::request_hash::RequestHasher;
use crate::{Actor, Service, ServiceError, ServiceResult, checks};

/// A message as its sender gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SendMessage {
    /// Where.
    pub room: RoomId,
    /// Makes sending idempotent.
    pub client_id: ClientId,
    /// Text; may be empty when there is data.
    pub text: String,
    /// The host app's facts, as sent.
    pub data: Option<JsonObject>,
    /// Who is called on.
    pub mentions: Mentions,
    /// The message this one answers.
    pub reply_to: Option<Seq>,
    /// Does not count as unread.
    pub silent: bool,
    /// Leave the sender's own mark where it is; absent means no for users and yes for server keys.
    pub keep_unread: Option<bool>,
}

impl Service {
    /// Appends a message to a room, once per `client_id`. Polled once, the request is in the store's queue: sends
    /// polled in order commit in order.
    ///
    /// # Errors
    /// `TooLarge`, `LimitReached`, `InvalidParams` and `RateLimited` here; from the commit `Conflict`, `RoomNotFound`,
    /// `Forbidden` (`@all` by a plain member) and `MessageNotFound` (`reply_to`).
    pub async fn send(&self, actor: &Actor, request: SendMessage) -> ServiceResult<Appended> {
        actor.audit("message.send");
        let once = once(&request);
        if let Err(refusal) = self.admit(actor, &request) {
            return self.first_reply_or(refusal, request.room, actor, Some(&once)).await;
        }
        let appended = self.store.append(append(actor, once, request)).await?;
        let result = if appended.duplicate { "duplicate" } else { "sent" };
        metrics::counter!("bongsu_sends_total", "result" => result).increment(1);
        Ok(appended)
    }

    fn admit(&self, actor: &Actor, request: &SendMessage) -> ServiceResult<()> {
        let limits = &self.limits;
        checks::text("text", &request.text, "text_bytes", limits.text_bytes)?;
        checks::data("data", request.data.as_ref(), limits)?;
        let named = request.mentions.users.len() + usize::from(request.mentions.all);
        checks::count(named, "mentions", limits.mentions)?;
        if request.text.is_empty() && request.data.as_ref().is_none_or(JsonObject::is_empty) {
            return Err(ServiceError::InvalidParams { field: "text", reason: EMPTY_MESSAGE });
        }
        self.take_send(actor)
    }
}

fn once(request: &SendMessage) -> Once {
    let mut hasher = RequestHasher::new("message.send")
        .text(Some(&request.text))
        .data(request.data.as_ref())
        .maybe_number(request.reply_to.map(Seq::get))
        .flag(request.silent)
        .maybe_flag(request.keep_unread)
        .flag(request.mentions.all);
    for user in &request.mentions.users {
        hasher = hasher.text(Some(user.as_str()));
    }
    hasher.once(&request.client_id)
}

fn append(actor: &Actor, once: Once, request: SendMessage) -> AppendMessage {
    let SendMessage { room, client_id: _, text, data, mut mentions, reply_to, silent, keep_unread } = request;
    let mut seen = HashSet::new();
    mentions.users.retain(|user| seen.insert(user.clone()));
    AppendMessage {
        room,
        sender: actor.user.clone(),
        once,
        kind: MessageKind::Message,
        text,
        data: data.filter(|data| !data.is_empty()),
        mentions,
        reply_to,
        silent,
        keep_unread: keep_unread.unwrap_or(actor.authority == Authority::Server),
    }
}

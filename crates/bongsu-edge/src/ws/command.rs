//! Commands of a session: each starts in the order it came, and is answered when it is done.

use std::sync::Arc;

use bongsu_service::Actor;
use bongsu_service::auth::Claims;
use bongsu_wire::{
    Ack, Command, ErrorKind, Incoming, PingResult, Refresh, RefreshResult, ReplyTo, RequestId, Typing,
    WireError, encode_error, encode_result,
};
use bytes::Bytes;
use futures_util::{FutureExt, StreamExt};
use serde::Serialize;
use tokio::time::Instant;

use super::presence::{begin_typing, watch};
use super::session::Session;
use crate::commands::{Answer, devices, members, messages, own, rooms, users};
use crate::error::{to_wire, token_to_wire};
use crate::hub::Mailbox;
use crate::state::EdgeState;

/// Who the commands of a session act for.
pub(super) struct Caller {
    pub(super) state: Arc<EdgeState>,
    pub(super) actor: Actor,
    pub(super) mailbox: Arc<Mailbox>,
}

/// A command that was carried out.
pub(super) struct Done {
    reply: Option<Bytes>,
    /// The session goes on with this token.
    renewed: Option<Claims>,
}

impl Session {
    /// Starts an item of a frame.
    pub(super) fn start(&mut self, item: Incoming) {
        match item {
            Incoming::Request { id, command } => self.start_command(id, command),
            Incoming::Refused { to, error } => {
                let reply = match to {
                    ReplyTo::Id(id) => encode_error(Some(&id), &error),
                    ReplyTo::Null => encode_error(None, &error),
                    ReplyTo::Nobody => return,
                };
                self.mailbox.push(Bytes::from(reply));
            }
        }
    }

    fn start_command(&mut self, id: Option<RequestId>, command: Command) {
        let method = command.method();
        /// Runs a use case: a function of service, actor and parameters.
        macro_rules! call {
            ($function:path, $params:expr) => {{
                let params = $params;
                self.run(id, method, |caller| async move {
                    $function(&caller.state.service, &caller.actor, params).await
                })
            }};
        }
        match command {
            Command::Hello(_) => self.reply::<()>(id, Err(already_open())),
            Command::Refresh(params) => self.refresh(id, params),
            Command::Ack(params) => self.ack(id, params),
            Command::Ping(_) => {
                let now_ms = self.state.service.clock().now_ms();
                self.reply(id, Ok(PingResult { now_ms }));
            }
            Command::Typing(params) => self.typing(id, params),
            Command::Watch(params) => self.run(id, method, |caller| watch(caller, params)),
            Command::SendMessage(params) => call!(messages::send, params),
            Command::EditMessage(params) => call!(messages::edit, params),
            Command::DeleteMessage(params) => call!(messages::delete, params),
            Command::React(params) => call!(messages::react, params),
            Command::History(params) => call!(messages::history, params),
            Command::CreateRoom(params) => call!(rooms::create, params),
            Command::ListRooms(params) => call!(rooms::list, params),
            Command::GetRoom(params) => call!(rooms::get, params),
            Command::UpdateRoom(params) => call!(rooms::update, params),
            Command::AcceptRoom(params) => call!(rooms::accept, params),
            Command::ListMembers(params) => call!(members::list, params),
            Command::AddMembers(params) => call!(members::add, params),
            Command::RemoveMembers(params) => call!(members::remove, params),
            Command::LeaveRoom(params) => call!(members::leave, params),
            Command::SetRole(params) => call!(members::set_role, params),
            Command::MarkRead(params) => call!(own::mark_read, params),
            Command::MarkUnread(params) => call!(own::mark_unread, params),
            Command::RoomChanges(params) => call!(own::changes, params),
            Command::ChangeSettings(params) => call!(own::settings, params),
            Command::ListDevices(_) => self.run(id, method, |caller| async move {
                devices::list(&caller.state.service, &caller.actor, Some(&caller.mailbox.device)).await
            }),
            Command::RemoveDevice(params) => call!(devices::remove, params),
            Command::GetUsers(params) => call!(users::get, params),
            Command::UpdateUser(params) => call!(users::update, params),
            Command::UpsertUsers(_) | Command::RevokeUser(_) => {
                self.reply::<()>(id, Err(users::only_server_keys()));
            }
        }
    }

    fn ack(&mut self, id: Option<RequestId>, params: Ack) {
        for (room, seq) in params.rooms {
            self.rooms.ack(room, seq);
        }
        self.reply(id, Ok(bongsu_wire::Done {}));
    }

    fn typing(&mut self, id: Option<RequestId>, params: Typing) {
        if let Err(error) = self.take_typing() {
            return self.reply::<()>(id, Err(error));
        }
        self.run(id, "room.typing", |caller| begin_typing(caller, params));
    }

    /// Answers at once.
    fn reply<T: Serialize>(&mut self, id: Option<RequestId>, answer: Answer<T>) {
        if let Some(reply) = encode(id.as_ref(), &answer) {
            self.mailbox.push(reply);
        }
    }

    /// Starts what takes time, and answers when it is done.
    fn run<T, F>(&mut self, id: Option<RequestId>, method: &'static str, call: impl FnOnce(Arc<Caller>) -> F)
    where
        T: Serialize,
        F: Future<Output = Answer<T>> + Send + 'static,
    {
        let called = call(self.caller.clone());
        self.push(method, async move {
            let answer = called.await;
            let reply = encode(id.as_ref(), &answer);
            (Done { reply, renewed: None }, answer.is_ok())
        });
    }

    fn refresh(&mut self, id: Option<RequestId>, params: Refresh) {
        let caller = self.caller.clone();
        self.push("session.refresh", async move {
            let (answer, renewed) = match refresh(&caller, &params).await {
                Ok(claims) => (Ok(RefreshResult { expires_ms: claims.expires_ms }), Some(claims)),
                Err(error) => (Err(error), None),
            };
            (Done { reply: encode(id.as_ref(), &answer), renewed }, answer.is_ok())
        });
    }

    fn push(&mut self, method: &'static str, run: impl Future<Output = (Done, bool)> + Send + 'static) {
        self.state.service.presence().active(&self.caller.actor.user);
        self.commands.push(Box::pin(async move {
            let started = Instant::now();
            let (done, is_ok) = run.await;
            let result = if is_ok { "ok" } else { "refused" };
            metrics::histogram!("bongsu_command_seconds", "method" => method, "result" => result)
                .record(started.elapsed().as_secs_f64());
            done
        }));
    }

    /// Answers a command that was carried out, and those that were in the same instant: one commit answers many.
    pub(super) fn finish_all(&mut self, first: Done) {
        let mut next = Some(first);
        while let Some(done) = next {
            self.finish(done);
            next = self.commands.next().now_or_never().flatten();
        }
    }

    /// Answers a command that was carried out.
    fn finish(&mut self, done: Done) {
        if let Some(claims) = done.renewed {
            self.renew(claims);
        }
        if let Some(reply) = done.reply {
            self.mailbox.push(reply);
        }
    }
}

fn encode<T: Serialize>(id: Option<&RequestId>, answer: &Answer<T>) -> Option<Bytes> {
    let id = id?;
    let text = match answer {
        Ok(result) => encode_result(id, result),
        Err(error) => encode_error(Some(id), error),
    };
    Some(Bytes::from(text))
}

async fn refresh(caller: &Caller, params: &Refresh) -> Answer<Claims> {
    let claims = caller.state.verifier.verify(&params.token).await.map_err(token_to_wire)?;
    caller.state.service.refresh_session(&caller.actor.user, &claims).await.map_err(to_wire)?;
    Ok(claims)
}

fn already_open() -> WireError {
    WireError::new(ErrorKind::InvalidRequest, "the session is open already")
}

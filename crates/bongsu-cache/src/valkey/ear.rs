//! One connection that does nothing but listen to some channels of one server.
//!
//! A subscription stands when the server has confirmed it on this connection, and ends with the connection. There is no
//! resubscribing on a connection: whenever anything is wrong, all of its channels are lost and a new one is made. That
//! also holds when the server ends one subscription by itself (the slot moved): the client library takes that for the
//! answer to whatever was asked last, so the connection cannot be trusted any more.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use redis::{Pipeline, PushInfo, PushKind, Value};
use tokio::sync::mpsc;
use tracing::debug;

use super::address::Address;
use super::link::{Link, Login};
use super::readers::{Hearer, Readers};
use crate::contract::Channel;

/// Pushes that were read from the connection and wait to be handed to the readers, which takes microseconds.
const PUSHES_MAX: usize = 4096;

/// What to listen to, and where.
#[derive(Debug)]
pub(super) struct Ear {
    pub(super) server: Address,
    /// By the names they have on the server.
    pub(super) channels: BTreeMap<String, Channel>,
    pub(super) login: Login,
    pub(super) answer_timeout: Duration,
    pub(super) ping_interval: Duration,
    pub(super) readers: Arc<Readers>,
}

/// Why listening ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Deaf {
    /// Not connected, or not in time.
    NotConnected,
    /// The server does not own the slot of a channel, or not any more.
    Moved,
    /// The server refused a subscription.
    Refused(String),
    /// The connection ended.
    Disconnected,
    /// The server hangs, or pushes came faster than they could be handed on.
    Stuck,
    /// Who listened panicked: said by whoever finds it.
    Panicked,
}

impl Ear {
    /// Listens until something is wrong, and says that the channels are lost then.
    pub(super) async fn listen(&self, hearer: Hearer) -> Deaf {
        let deaf = self.listen_until_deaf(hearer).await;
        debug!(server = %self.server, ?deaf, channels = self.channels.len(), "stopped listening");
        for channel in self.channels.values() {
            self.readers.lost(*channel, hearer);
        }
        deaf
    }

    async fn listen_until_deaf(&self, hearer: Hearer) -> Deaf {
        let (queue, mut pushes) = mpsc::channel(PUSHES_MAX);
        let missed = Arc::new(AtomicBool::new(false));
        let missing = Arc::clone(&missed);
        let sender = move |push: PushInfo| {
            queue.try_send(push).inspect_err(|_| missing.store(true, Ordering::Release))
        };
        let Ok(link) = Link::open(&self.server, &self.login, sender).await else { return Deaf::NotConnected };
        let subscribing = self.subscribe(&link);
        tokio::pin!(subscribing);
        let mut subscribed = false;
        let mut ping = tokio::time::interval(self.ping_interval);
        ping.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        ping.reset();
        let mut heartbeat = std::pin::pin!(self.heartbeat(&link, ping));
        loop {
            tokio::select! {
                biased;
                push = pushes.recv() => {
                    let Some(push) = push else { return Deaf::Disconnected };
                    if let Some(deaf) = self.hear(push, hearer) {
                        return deaf;
                    }
                }
                outcome = &mut subscribing, if !subscribed => match outcome {
                    Ok(()) => subscribed = true,
                    Err(deaf) => return deaf,
                },
                deaf = &mut heartbeat, if subscribed => return deaf,
            }
            if missed.load(Ordering::Acquire) {
                return Deaf::Stuck;
            }
        }
    }

    /// One command for each channel: their slots differ. The confirmations come as pushes, in order with the frames.
    async fn subscribe(&self, link: &Link) -> Result<(), Deaf> {
        let mut pipeline = Pipeline::with_capacity(self.channels.len());
        for name in self.channels.keys() {
            pipeline.cmd("SSUBSCRIBE").arg(name);
        }
        let answers = link.send(&pipeline, self.answer_timeout).await.map_err(|_| Deaf::Stuck)?;
        for answer in answers {
            if let Value::ServerError(refusal) = answer {
                return Err(match refusal.code() {
                    "MOVED" | "ASK" | "CLUSTERDOWN" | "TRYAGAIN" => Deaf::Moved,
                    _ => Deaf::Refused(refusal.to_string()),
                });
            }
        }
        Ok(())
    }

    /// A server that hangs sends nothing, and neither does the network when it is gone.
    async fn heartbeat(&self, link: &Link, mut ping: tokio::time::Interval) -> Deaf {
        let mut pipeline = Pipeline::with_capacity(1);
        pipeline.cmd("PING");
        loop {
            ping.tick().await;
            self.readers.tick();
            if link.send(&pipeline, self.ping_interval).await.is_err() {
                return Deaf::Stuck;
            }
        }
    }

    fn hear(&self, push: PushInfo, hearer: Hearer) -> Option<Deaf> {
        let mut data = push.data.into_iter();
        let channel = match data.next() {
            Some(Value::BulkString(name)) => {
                std::str::from_utf8(&name).ok().and_then(|name| self.channels.get(name))
            }
            _ => None,
        };
        match (push.kind, channel) {
            (PushKind::SMessage, Some(channel)) => {
                if let Some(Value::BulkString(frame)) = data.next() {
                    self.readers.frame(*channel, hearer, &Bytes::from(frame));
                }
                None
            }
            (PushKind::SSubscribe, Some(channel)) => {
                self.readers.subscribed(*channel, hearer);
                None
            }
            (PushKind::SUnsubscribe, _) => Some(Deaf::Moved),
            (PushKind::Disconnection, _) => Some(Deaf::Disconnected),
            _ => None,
        }
    }
}

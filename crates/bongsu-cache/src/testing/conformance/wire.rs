//! What a case of the backplane is given: the backplane, and the power to break its connections.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::{PATIENCE, until};
use crate::contract::{Backplane, BackplaneEvent, CHANNELS, Channel};

/// A backplane and its servers, which carry no frames but those of one case.
#[async_trait]
pub trait BackplaneUnderTest: Send + Sync {
    /// The backplane as one more process sees it: with connections of its own, over the same servers.
    async fn open(&self) -> Arc<dyn Backplane>;

    /// Every connection of every process breaks, once.
    async fn break_connections(&self);
}

/// A backplane under test.
pub struct Wire {
    servers: Box<dyn BackplaneUnderTest>,
    backplane: Arc<dyn Backplane>,
}

/// A subscription that was confirmed on every channel.
pub(super) struct Listener {
    events: mpsc::Receiver<BackplaneEvent>,
}

impl Wire {
    /// Connects the first process.
    pub async fn open(servers: Box<dyn BackplaneUnderTest>) -> Self {
        let backplane = servers.open().await;
        Self { servers, backplane }
    }

    pub(super) fn backplane(&self) -> &dyn Backplane {
        &*self.backplane
    }

    pub(super) async fn another_process(&self) -> Arc<dyn Backplane> {
        self.servers.open().await
    }

    pub(super) async fn break_connections(&self) {
        self.servers.break_connections().await;
    }

    /// Publishes, again if need be: an error may hide that it was published.
    pub(super) async fn publish(&self, channel: Channel, frame: impl Into<Bytes>) {
        publish(self.backplane(), channel, frame.into()).await;
    }
}

pub(super) async fn publish(backplane: &dyn Backplane, channel: Channel, frame: Bytes) {
    until("a frame to be taken", async || backplane.publish(channel, frame.clone()).await.ok()).await;
}

pub(super) fn channel(index: u16) -> Channel {
    Channel::new(index).unwrap()
}

impl Listener {
    /// Subscribes and waits for the confirmation of all channels.
    pub(super) async fn of(backplane: &dyn Backplane) -> Self {
        let mut listener = Self { events: backplane.subscribe() };
        listener.all_subscribed().await;
        listener
    }

    /// Waits until every channel is subscribed that was lost, all of them at the beginning. Frames are passed over.
    pub(super) async fn all_subscribed(&mut self) {
        let mut subscribed = [false; CHANNELS as usize];
        while subscribed.contains(&false) {
            match self.event().await {
                BackplaneEvent::Subscribed(channel) => subscribed[usize::from(channel.index())] = true,
                BackplaneEvent::Lost(channel) => subscribed[usize::from(channel.index())] = false,
                BackplaneEvent::Frame { .. } => {}
            }
        }
    }

    pub(super) async fn event(&mut self) -> BackplaneEvent {
        let event = timeout(PATIENCE, self.events.recv()).await;
        event.expect("an event comes").expect("the subscription stands")
    }

    /// The next frame.
    pub(super) async fn frame(&mut self) -> (Channel, Bytes) {
        loop {
            if let BackplaneEvent::Frame { channel, bytes } = self.event().await {
                return (channel, bytes);
            }
        }
    }
}

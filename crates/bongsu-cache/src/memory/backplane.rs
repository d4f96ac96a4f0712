//! A backplane inside one process: bounded queues, and `Lost` for whoever is too slow.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::mpsc;

use crate::contract::{Backplane, BackplaneError, BackplaneEvent, CHANNELS, Channel};

/// Frames that wait for one subscriber.
const QUEUE_MAX: usize = 4096;
/// Room behind the frames, so that there is always a place for the word that a channel is lost.
const RESERVED: usize = 2 * CHANNELS as usize;

/// A backplane in memory. Clones are the same one: give one to each hub.
#[derive(Debug, Clone)]
pub struct MemoryBackplane {
    queue_max: usize,
    subscribers: Arc<Mutex<Vec<Subscriber>>>,
}

#[derive(Debug)]
struct Subscriber {
    events: mpsc::Sender<BackplaneEvent>,
    lost: [bool; CHANNELS as usize],
}

impl Default for MemoryBackplane {
    fn default() -> Self {
        Self::new()
    }
}

impl MemoryBackplane {
    /// A backplane without subscribers.
    #[must_use]
    pub fn new() -> Self {
        Self::with_queue(QUEUE_MAX)
    }

    /// A backplane whose subscribers lose frames when more than so many wait for them.
    #[must_use]
    pub fn with_queue(queue_max: usize) -> Self {
        Self { queue_max, subscribers: Arc::default() }
    }

    /// As when a server drops its connections: every subscriber hears that the channel is lost, and then that it is
    /// subscribed again.
    pub fn interrupt(&self, channel: Channel) {
        for subscriber in self.lock().iter_mut() {
            subscriber.lose(channel);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Subscriber>> {
        self.subscribers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Subscriber {
    /// False: nobody listens any more.
    fn offer(&mut self, channel: Channel, frame: &Bytes) -> bool {
        let lost = &mut self.lost[usize::from(channel.index())];
        if self.events.capacity() <= RESERVED {
            if !*lost {
                self.lose(channel);
            }
            return !self.events.is_closed();
        }
        if *lost {
            *lost = false;
            if self.events.try_send(BackplaneEvent::Subscribed(channel)).is_err() {
                return false;
            }
        }
        self.events.try_send(BackplaneEvent::Frame { channel, bytes: frame.clone() }).is_ok()
    }

    /// There is room: frames leave it free, and each channel says this once until a frame is taken again.
    fn lose(&mut self, channel: Channel) {
        let lost = &mut self.lost[usize::from(channel.index())];
        if !*lost && self.events.try_send(BackplaneEvent::Lost(channel)).is_ok() {
            *lost = true;
        }
    }
}

#[async_trait]
impl Backplane for MemoryBackplane {
    async fn publish(&self, channel: Channel, frame: Bytes) -> Result<(), BackplaneError> {
        self.lock().retain_mut(|subscriber| subscriber.offer(channel, &frame));
        Ok(())
    }

    fn subscribe(&self) -> mpsc::Receiver<BackplaneEvent> {
        let (events, heard) = mpsc::channel(self.queue_max + RESERVED);
        let mut subscriber = Subscriber { events, lost: [false; CHANNELS as usize] };
        for channel in Channel::all() {
            if subscriber.events.try_send(BackplaneEvent::Subscribed(channel)).is_err() {
                // More room than channels is reserved, so this is never reached; a lost channel is safe.
                subscriber.lost[usize::from(channel.index())] = true;
            }
        }
        self.lock().push(subscriber);
        heard
    }
}

//! A backplane that loses, delays, repeats and disorders frames on their way to each subscriber.

use std::collections::VecDeque;
use std::sync::{Arc, PoisonError, RwLock};

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::faults::BackplaneFaults;
use crate::contract::{Backplane, BackplaneError, BackplaneEvent, CHANNELS, Channel};
use crate::testing::chance::{Chance, Dice};

/// Events on their way to one subscriber, and in its hands unread; beyond it the channel is `Lost`.
const EVENTS_MAX: usize = 4096;

/// Stands between a backplane and its subscribers. The fate of a subscriber's n-th event depends on the seed, on the
/// subscriber's number and on n alone. Clones are the same decorator.
#[derive(Debug, Clone)]
pub struct LossyBackplane {
    inner: Arc<dyn Backplane>,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    faults: RwLock<BackplaneFaults>,
    deaf: RwLock<[bool; CHANNELS as usize]>,
    mute: RwLock<[bool; CHANNELS as usize]>,
    publishing: Chance,
    subscribers: Chance,
}

impl LossyBackplane {
    /// Before `inner`, failing nothing until [`LossyBackplane::set`].
    #[must_use]
    pub fn new(inner: Arc<dyn Backplane>, seed: u64) -> Self {
        let shared = Shared {
            faults: RwLock::default(),
            deaf: RwLock::new([false; CHANNELS as usize]),
            mute: RwLock::new([false; CHANNELS as usize]),
            publishing: Chance::seeded(seed),
            subscribers: Chance::seeded(seed ^ 1),
        };
        Self { inner, shared: Arc::new(shared) }
    }

    /// From now on these faults.
    pub fn set(&self, faults: BackplaneFaults) {
        *self.shared.faults.write().unwrap_or_else(PoisonError::into_inner) = faults;
    }

    /// Subscribers hear nothing of this channel, and nobody says so, until [`LossyBackplane::hear`].
    pub fn deafen(&self, channel: Channel) {
        self.set_deaf(channel, true);
    }

    /// The end of [`LossyBackplane::deafen`], as silent as its beginning.
    pub fn hear(&self, channel: Channel) {
        self.set_deaf(channel, false);
    }

    /// Publications on this channel are refused, as when its server is out of reach of who publishes here, until
    /// [`LossyBackplane::unmute`].
    pub fn mute(&self, channel: Channel) {
        set(&self.shared.mute, channel, true);
    }

    /// The end of [`LossyBackplane::mute`].
    pub fn unmute(&self, channel: Channel) {
        set(&self.shared.mute, channel, false);
    }

    fn set_deaf(&self, channel: Channel, deaf: bool) {
        set(&self.shared.deaf, channel, deaf);
    }
}

#[async_trait]
impl Backplane for LossyBackplane {
    async fn publish(&self, channel: Channel, frame: Bytes) -> Result<(), BackplaneError> {
        let faults = self.shared.faults();
        let mut dice = self.shared.publishing.dice();
        if dice.happens(faults.refused) || is_set(&self.shared.mute, channel) {
            return Err(BackplaneError::Unreachable("by the will of the test".to_owned()));
        }
        let answer = self.inner.publish(channel, frame).await;
        if dice.happens(faults.reply_lost) { Err(BackplaneError::Timeout) } else { answer }
    }

    fn subscribe(&self) -> mpsc::Receiver<BackplaneEvent> {
        let (to, events) = mpsc::channel(EVENTS_MAX);
        let chance = Chance::seeded(self.shared.subscribers.dice().number());
        let way =
            Way { shared: Arc::clone(&self.shared), chance, due: VecDeque::new(), unsaid: Vec::new(), to };
        tokio::spawn(way.carry(self.inner.subscribe()));
        events
    }
}

impl Shared {
    fn faults(&self) -> BackplaneFaults {
        *self.faults.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_deaf(&self, channel: Channel) -> bool {
        is_set(&self.deaf, channel)
    }
}

fn set(channels: &RwLock<[bool; CHANNELS as usize]>, channel: Channel, value: bool) {
    channels.write().unwrap_or_else(PoisonError::into_inner)[usize::from(channel.index())] = value;
}

fn is_set(channels: &RwLock<[bool; CHANNELS as usize]>, channel: Channel) -> bool {
    channels.read().unwrap_or_else(PoisonError::into_inner)[usize::from(channel.index())]
}

/// The way to one subscriber.
struct Way {
    shared: Arc<Shared>,
    chance: Chance,
    /// By the time they are due.
    due: VecDeque<(Instant, BackplaneEvent)>,
    /// Channels the subscriber was too slow for and does not know it yet.
    unsaid: Vec<Channel>,
    to: mpsc::Sender<BackplaneEvent>,
}

impl Way {
    /// Until the subscriber or the backplane is gone.
    async fn carry(mut self, mut from: mpsc::Receiver<BackplaneEvent>) {
        let to = self.to.clone();
        loop {
            let next = self.due.front().map(|(due, _)| *due);
            // In this order: what a schedule with a stopped clock decides must not depend on chance of another kind.
            tokio::select! {
                biased;
                () = to.closed() => return,
                Ok(room) = to.reserve(), if !self.unsaid.is_empty() => {
                    if let Some(channel) = self.unsaid.pop() {
                        room.send(BackplaneEvent::Lost(channel));
                    }
                },
                () = sleep_until(next.unwrap_or_else(Instant::now)), if next.is_some() => self.hand_over_due(),
                event = from.recv() => match event {
                    Some(event) => {
                        self.take(event);
                        self.hand_over_due();
                    }
                    None => return,
                },
            }
        }
    }

    fn take(&mut self, event: BackplaneEvent) {
        let faults = self.shared.faults();
        let mut dice = self.chance.dice();
        let channel = channel_of(&event);
        let is_lost = match event {
            BackplaneEvent::Frame { .. } => dice.happens(faults.dropped) || self.shared.is_deaf(channel),
            BackplaneEvent::Lost(_) => dice.happens(faults.lost_withheld) || self.shared.is_deaf(channel),
            // A subscriber that never hears of its subscription would have to wait for ever: that is no fault of ours.
            BackplaneEvent::Subscribed(_) => false,
        };
        if is_lost {
            return;
        }
        if dice.happens(faults.duplicated) {
            self.schedule(event.clone(), &faults, &mut dice);
        }
        self.schedule(event, &faults, &mut dice);
    }

    fn schedule(&mut self, event: BackplaneEvent, faults: &BackplaneFaults, dice: &mut Dice) {
        let channel = channel_of(&event);
        if self.due.len() >= EVENTS_MAX {
            self.overflow(channel);
            return;
        }
        let now = Instant::now();
        let due = if dice.happens(faults.reordered) {
            now + dice.time_up_to(faults.delay)
        } else {
            let before = self.due.iter().rev().find(|(_, before)| channel_of(before) == channel);
            let in_order = before.map_or(now, |(due, _)| (*due).max(now));
            let late =
                if dice.happens(faults.delayed) { dice.time_up_to(faults.delay) } else { Default::default() };
            in_order + late
        };
        let place = self.due.partition_point(|(before, _)| *before <= due);
        self.due.insert(place, (due, event));
    }

    fn hand_over_due(&mut self) {
        let now = Instant::now();
        while self.due.front().is_some_and(|(due, _)| *due <= now) {
            self.hand_over();
        }
    }

    fn hand_over(&mut self) {
        let Some((_, event)) = self.due.pop_front() else { return };
        let channel = channel_of(&event);
        if self.unsaid.contains(&channel) || self.to.try_send(event).is_err() {
            self.overflow(channel);
        }
    }

    fn overflow(&mut self, channel: Channel) {
        if !self.unsaid.contains(&channel) {
            self.unsaid.push(channel);
        }
    }
}

fn channel_of(event: &BackplaneEvent) -> Channel {
    match event {
        BackplaneEvent::Frame { channel, .. }
        | BackplaneEvent::Lost(channel)
        | BackplaneEvent::Subscribed(channel) => *channel,
    }
}

//! Who reads the backplane in this process: each through a bounded queue, in which there is always room to say that
//! something was lost.

use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use tokio::sync::mpsc;

use crate::contract::{BackplaneEvent, CHANNELS, Channel};

/// Kept free for one `Lost` of each channel. A channel is said to be subscribed only outside of this room, so it
/// never needs a second place in it.
const ROOM_FOR_LOSSES: usize = CHANNELS as usize;

/// All readers, and what is known of the channels.
#[derive(Debug, Default)]
pub(super) struct Readers {
    state: Mutex<State>,
}

/// One who listens to channels. What somebody says of a channel that was given to somebody else meanwhile is ignored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Hearer(u64);

#[derive(Debug, Default)]
struct State {
    hearers: u64,
    heard: Heard,
    readers: Vec<Reader>,
}

/// Channels that the server confirmed, and who listens to them.
#[derive(Debug, Default)]
struct Heard {
    confirmed: [bool; CHANNELS as usize],
    by: [Hearer; CHANNELS as usize],
}

#[derive(Debug)]
struct Reader {
    queue: mpsc::Sender<BackplaneEvent>,
    /// Channels whose last word to this reader was `Subscribed`.
    told: [bool; CHANNELS as usize],
}

impl Readers {
    /// A new reader, whose queue holds this many events.
    pub(super) fn add(&self, events_max: usize) -> mpsc::Receiver<BackplaneEvent> {
        let (queue, events) = mpsc::channel(events_max + ROOM_FOR_LOSSES);
        let mut reader = Reader { queue, told: [false; CHANNELS as usize] };
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        reader.catch_up(&state.heard);
        state.readers.push(reader);
        events
    }

    /// Gives channels to somebody new. They are lost until they are confirmed again.
    pub(super) fn give(&self, channels: impl Iterator<Item = Channel>) -> Hearer {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.hearers += 1;
        let hearer = Hearer(state.hearers);
        for channel in channels {
            state.lose(channel);
            state.heard.by[place(channel)] = hearer;
        }
        hearer
    }

    /// The server confirmed a channel.
    pub(super) fn subscribed(&self, channel: Channel, by: Hearer) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.heard.by[place(channel)] == by {
            state.heard.confirmed[place(channel)] = true;
            state.catch_up();
        }
    }

    /// A channel is not heard any more, or some of it was missed.
    pub(super) fn lost(&self, channel: Channel, by: Hearer) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.heard.by[place(channel)] == by {
            state.lose(channel);
        }
    }

    /// A frame came in.
    pub(super) fn frame(&self, channel: Channel, by: Hearer, bytes: &Bytes) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.heard.by[place(channel)] != by {
            return;
        }
        state.catch_up();
        for reader in &mut state.readers {
            reader.frame(channel, bytes);
        }
    }

    /// Tells slow readers that caught up what they may rely on again.
    pub(super) fn tick(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).catch_up();
    }
}

impl State {
    fn lose(&mut self, channel: Channel) {
        self.heard.confirmed[place(channel)] = false;
        for reader in &mut self.readers {
            reader.lost(channel);
        }
    }

    fn catch_up(&mut self) {
        self.readers.retain(|reader| !reader.queue.is_closed());
        for reader in &mut self.readers {
            reader.catch_up(&self.heard);
        }
    }
}

impl Reader {
    /// Says of each channel that is heard again that it is, as far as there is room.
    fn catch_up(&mut self, heard: &Heard) {
        for channel in Channel::all() {
            if heard.confirmed[place(channel)] && !self.told[place(channel)] && self.has_room() {
                self.told[place(channel)] = true;
                self.send(BackplaneEvent::Subscribed(channel));
            }
        }
    }

    fn frame(&mut self, channel: Channel, bytes: &Bytes) {
        if !self.told[place(channel)] {
            return;
        }
        if self.has_room() {
            self.send(BackplaneEvent::Frame { channel, bytes: bytes.clone() });
        } else {
            self.lost(channel);
        }
    }

    fn lost(&mut self, channel: Channel) {
        if std::mem::take(&mut self.told[place(channel)]) {
            self.send(BackplaneEvent::Lost(channel));
        }
    }

    fn has_room(&self) -> bool {
        self.queue.capacity() > ROOM_FOR_LOSSES
    }

    fn send(&self, event: BackplaneEvent) {
        // The room was looked at; what remains is a reader that has just left.
        self.queue.try_send(event).unwrap_or_default();
    }
}

fn place(channel: Channel) -> usize {
    usize::from(channel.index())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn channel(index: u16) -> Channel {
        Channel::new(index).unwrap()
    }

    fn all(events: &mut mpsc::Receiver<BackplaneEvent>) -> Vec<BackplaneEvent> {
        std::iter::from_fn(|| events.try_recv().ok()).collect()
    }

    fn frame(index: u16, text: &'static str) -> BackplaneEvent {
        BackplaneEvent::Frame { channel: channel(index), bytes: text.as_bytes().into() }
    }

    #[test]
    fn a_reader_hears_nothing_of_a_channel_before_it_is_subscribed() {
        let readers = Readers::default();
        let by = readers.give(Channel::all());
        let mut events = readers.add(8);
        readers.frame(channel(1), by, &"early".into());
        readers.subscribed(channel(1), by);
        readers.frame(channel(1), by, &"a".into());
        let mut late = readers.add(8);
        assert_eq!(all(&mut events), [BackplaneEvent::Subscribed(channel(1)), frame(1, "a")]);
        assert_eq!(all(&mut late), [BackplaneEvent::Subscribed(channel(1))]);
    }

    #[test]
    fn a_slow_reader_is_told_that_it_lost_something_and_when_it_hears_again() {
        let readers = Readers::default();
        let by = readers.give(Channel::all());
        let mut events = readers.add(3);
        let mut quick = readers.add(100);
        readers.subscribed(channel(1), by);
        readers.subscribed(channel(2), by);
        for text in ["a", "b", "c"] {
            readers.frame(channel(1), by, &text.into());
        }
        readers.frame(channel(2), by, &"d".into());
        readers.frame(channel(2), by, &"e".into());
        let subscribed = |index| BackplaneEvent::Subscribed(channel(index));
        let lost = |index| BackplaneEvent::Lost(channel(index));
        assert_eq!(all(&mut events), [subscribed(1), subscribed(2), frame(1, "a"), lost(1), lost(2)]);
        readers.tick();
        assert_eq!(all(&mut events), [subscribed(1), subscribed(2)]);
        readers.frame(channel(2), by, &"f".into());
        assert_eq!(all(&mut events), [frame(2, "f")]);
        assert_eq!(all(&mut quick).len(), 8, "others lose nothing");
    }

    #[test]
    fn losses_always_fit() {
        let readers = Readers::default();
        let mut events = readers.add(16);
        for _ in 0..10 {
            let by = readers.give(Channel::all());
            Channel::all().for_each(|channel| readers.subscribed(channel, by));
            Channel::all().for_each(|channel| readers.frame(channel, by, &"x".into()));
            Channel::all().for_each(|channel| readers.lost(channel, by));
        }
        let mut subscribed = [false; CHANNELS as usize];
        for event in all(&mut events) {
            match event {
                BackplaneEvent::Subscribed(channel) => subscribed[place(channel)] = true,
                BackplaneEvent::Lost(channel) => subscribed[place(channel)] = false,
                BackplaneEvent::Frame { .. } => {}
            }
        }
        assert_eq!(
            subscribed, [false; CHANNELS as usize],
            "the last word on each channel is that it is lost"
        );
    }

    #[test]
    fn who_gave_a_channel_away_has_no_say_any_more() {
        let readers = Readers::default();
        let mut events = readers.add(8);
        let before = readers.give(Channel::all());
        let now = readers.give([channel(1)].into_iter());
        readers.subscribed(channel(1), before);
        readers.frame(channel(1), before, &"a".into());
        assert_eq!(all(&mut events), []);
        readers.subscribed(channel(1), now);
        readers.lost(channel(1), before);
        assert_eq!(all(&mut events), [BackplaneEvent::Subscribed(channel(1))]);
    }
}

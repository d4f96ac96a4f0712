//! What this process put into the shared tier moments ago, because a delete that it hears of may be older than its put.
//!
//! Two processes change a row: this one commits version 5, the other commits version 6 and deletes the entry, and only
//! then this one puts version 5. The tier has nothing to compare it with. The word of the delete is on its way while
//! that happens, so it comes soon after: then the put is taken back. If the word is lost, its channel is soon in doubt:
//! then every put of the channel is. The word that a whole model is dropped is about all puts of the model, and a
//! process that ends will hear no word any more: it takes back all.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use tokio::time::Instant;

use super::Doomed;
use crate::contract::{CHANNELS, Channel};
use crate::l1::channel_of;
use crate::sync::{Mutex, MutexGuard, PoisonError};

/// Puts of a channel that are remembered: two thousand in a second, of each of the channels.
const PUTS_MAX: usize = 4096;
/// Longer than a frame that is not lost is on its way; a lost one is noticed within that time too.
const REMEMBERED_FOR: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub(crate) struct RecentPuts {
    of_channels: [Mutex<Puts>; CHANNELS as usize],
}

#[derive(Debug, Default)]
struct Puts {
    by_hash: HashMap<u128, RecentPut>,
    /// Every put with its time, the oldest first. It may have been taken since, or put again.
    in_order: VecDeque<(Instant, u128)>,
}

#[derive(Debug)]
struct RecentPut {
    doomed: Doomed,
    at: Instant,
}

impl RecentPuts {
    pub(crate) fn new() -> Self {
        Self { of_channels: std::array::from_fn(|_| Mutex::default()) }
    }

    /// Said before the put, so that a word that comes while it is under way finds it. Returns a put that cannot be
    /// remembered any more, because there are so many: it is to be taken back now.
    #[must_use]
    pub(crate) fn note(&self, doomed: Doomed) -> Option<Doomed> {
        let mut puts = self.puts(channel_of(doomed.hash));
        let now = Instant::now();
        while puts.in_order.front().is_some_and(|(at, _)| now.duration_since(*at) >= REMEMBERED_FOR) {
            puts.forget_oldest();
        }
        puts.in_order.push_back((now, doomed.hash));
        puts.by_hash.insert(doomed.hash, RecentPut { doomed, at: now });
        if puts.in_order.len() > PUTS_MAX { puts.forget_oldest() } else { None }
    }

    /// What was put moments ago under this hash; said once.
    pub(crate) fn take(&self, hash: u128) -> Option<Doomed> {
        let put = self.puts(channel_of(hash)).by_hash.remove(&hash)?;
        put.is_recent().then_some(put.doomed)
    }

    /// All that was put moments ago and of which this channel tells; said once.
    pub(crate) fn take_channel(&self, channel: Channel) -> Vec<Doomed> {
        self.puts(channel).take(|_| true)
    }

    /// All that was put moments ago and is meant; said once.
    pub(crate) fn take_all(&self, is_meant: impl Fn(&Doomed) -> bool) -> Vec<Doomed> {
        Channel::all().flat_map(|channel| self.puts(channel).take(&is_meant)).collect()
    }

    fn puts(&self, channel: Channel) -> MutexGuard<'_, Puts> {
        self.of_channels[usize::from(channel.index())].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Puts {
    /// Returns it, unless it was taken or put again since.
    fn forget_oldest(&mut self) -> Option<Doomed> {
        let (at, hash) = self.in_order.pop_front()?;
        if self.by_hash.get(&hash)?.at > at {
            return None;
        }
        self.by_hash.remove(&hash).map(|put| put.doomed)
    }

    fn take(&mut self, is_meant: impl Fn(&Doomed) -> bool) -> Vec<Doomed> {
        let taken = self.by_hash.extract_if(|_, put| put.is_recent() && is_meant(&put.doomed));
        taken.map(|(_, put)| put.doomed).collect()
    }
}

impl RecentPut {
    fn is_recent(&self) -> bool {
        self.at.elapsed() < REMEMBERED_FOR
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::sync::Arc;

    use super::super::pending::tests::model;
    use super::*;

    fn put(model: &Arc<super::super::Model>, number: u64) -> Doomed {
        Doomed {
            model: Arc::clone(model),
            id: number.to_string().into(),
            hash: u128::from(number) << 64 | u128::from(number),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn of_many_puts_none_is_lost() {
        let (puts, model) = (RecentPuts::new(), model());
        let count = 2 * PUTS_MAX as u64 * u64::from(CHANNELS);
        let noted = (0..count).map(|number| put(&model, number).hash).collect::<HashSet<_>>();
        let mut back = HashSet::new();
        back.extend((0..count).filter_map(|number| puts.note(put(&model, number))).map(|put| put.hash));
        assert!(!back.is_empty(), "more than are remembered");
        let last = puts.take(put(&model, count - 1).hash);
        assert!(last.is_some());
        let channel = Channel::all().next().unwrap();
        let of_channel = puts.take_channel(channel);
        assert!(of_channel.iter().all(|put| channel_of(put.hash) == channel) && !of_channel.is_empty());
        assert!(puts.take_channel(channel).is_empty());
        let rest = puts.take_all(|_| true);
        assert!(rest.len() > of_channel.len(), "those of the other channels");
        back.extend(last.into_iter().chain(of_channel).chain(rest).map(|put| put.hash));
        assert_eq!(back, noted);
        assert!(puts.take_all(|_| true).is_empty(), "said once");
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_put_long_ago_is_forgotten_and_what_was_put_again_is_not() {
        let (puts, model) = (RecentPuts::new(), model());
        let (old, again) = (put(&model, 1), put(&model, 2));
        assert!(puts.note(old.clone()).is_none());
        assert!(puts.note(again.clone()).is_none());
        tokio::time::advance(REMEMBERED_FOR / 2).await;
        assert!(puts.note(again.clone()).is_none());
        tokio::time::advance(REMEMBERED_FOR / 2).await;
        assert!(puts.note(put(&model, 3)).is_none(), "there is room");
        assert!(puts.take(old.hash).is_none());
        assert!(puts.take(again.hash).is_some());
        assert!(puts.take(again.hash).is_none(), "said once");
    }
}

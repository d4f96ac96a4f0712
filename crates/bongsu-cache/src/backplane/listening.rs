//! What one channel's frames prove: the pure half of the receiver. It gets events and times, and says what to do.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

use super::frame::{Body, Stamp};

/// More origins than this on one channel are forgotten all at once, with a flush: strangers cannot fill the memory.
const ORIGINS_MAX: usize = 4096;

/// One channel.
#[derive(Debug)]
pub(crate) struct Listening {
    me: u64,
    silence: Duration,
    /// While the channel is lost: only a frame of one's own with a greater number proves that it is heard again.
    lost_since_seq: Option<u64>,
    /// When this was, if it is lost.
    lost_at: Instant,
    heard_at: Instant,
    origins: HashMap<u64, Heard>,
}

#[derive(Debug, Clone, Copy)]
struct Heard {
    epoch: u64,
    seq: u64,
    at: Instant,
}

/// Why a part of the process tier is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Doubt {
    /// A sequence number is missing.
    Gap,
    /// The origin does not know whether it said something.
    Epoch,
    /// An origin that was not heard before is in the middle of its sequence.
    Stranger,
    /// An origin is not heard any more.
    OriginSilent,
    /// One's own frames do not come back.
    Silence,
    /// The backplane says so.
    Lost,
    /// A frame cannot be read.
    Unreadable,
}

impl Doubt {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Gap => "gap",
            Self::Epoch => "epoch",
            Self::Stranger => "stranger",
            Self::OriginSilent => "origin_silent",
            Self::Silence => "silence",
            Self::Lost => "lost",
            Self::Unreadable => "unreadable",
        }
    }
}

/// What a frame means for the channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// Something may be missing: drop the channel's part.
    pub(crate) doubt: Option<Doubt>,
    /// One's own frame: the channel is proven until then, counted from its publication.
    pub(crate) proves: bool,
    /// The channel was lost and is not any more.
    pub(crate) recovered: bool,
}

impl Listening {
    /// Every channel begins lost.
    pub(crate) fn new(me: u64, silence: Duration, now: Instant) -> Self {
        Self { me, silence, lost_since_seq: Some(0), lost_at: now, heard_at: now, origins: HashMap::new() }
    }

    pub(crate) fn is_lost(&self) -> bool {
        self.lost_since_seq.is_some()
    }

    /// For how long it has been lost, if it is.
    pub(crate) fn lost_for(&self, now: Instant) -> Option<Duration> {
        self.is_lost().then(|| now.saturating_duration_since(self.lost_at))
    }

    /// Frames may be missing; `my_seq` is the last number this process used on the channel.
    pub(crate) fn lose(&mut self, my_seq: u64, now: Instant) {
        if !self.is_lost() {
            self.lost_at = now;
        }
        self.lost_since_seq = Some(my_seq);
        self.origins.clear();
    }

    pub(crate) fn hear(&mut self, stamp: Stamp, body: &Body, now: Instant) -> Verdict {
        let mine = stamp.origin == self.me;
        let known = self.origins.get(&stamp.origin).copied();
        let doubt = match known {
            Some(heard) if heard.epoch != stamp.epoch => (!mine).then_some(Doubt::Epoch),
            Some(heard) if stamp.seq > heard.seq.saturating_add(1) => Some(Doubt::Gap),
            Some(_) => None,
            // Before the first frame of one's own is heard, the channel is lost anyway.
            None if mine || stamp.seq == 1 => None,
            None => Some(Doubt::Stranger),
        };
        let crowded = known.is_none() && self.origins.len() >= ORIGINS_MAX;
        if crowded {
            self.origins.clear();
        }
        let seq = match known {
            Some(heard) if heard.epoch == stamp.epoch => heard.seq.max(stamp.seq),
            _ => stamp.seq,
        };
        if *body == Body::Bye {
            self.origins.remove(&stamp.origin);
        } else {
            self.origins.insert(stamp.origin, Heard { epoch: stamp.epoch, seq, at: now });
        }
        let proves = mine && self.lost_since_seq.is_none_or(|since| stamp.seq > since);
        let recovered = proves && self.lost_since_seq.take().is_some();
        if proves {
            self.heard_at = now;
        }
        Verdict { doubt: doubt.or(crowded.then_some(Doubt::Stranger)), proves, recovered }
    }

    /// What the passing of time means: silence of one's own frames, or how many others fell silent.
    pub(crate) fn check(&mut self, now: Instant) -> Option<Doubt> {
        if !self.is_lost() && now.saturating_duration_since(self.heard_at) > self.silence {
            return Some(Doubt::Silence);
        }
        let before = self.origins.len();
        let silence = self.silence;
        self.origins.retain(|_, heard| now.saturating_duration_since(heard.at) <= silence);
        (self.origins.len() < before).then_some(Doubt::OriginSilent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ME: u64 = 1;
    const PEER: u64 = 2;

    fn live(now: Instant) -> Listening {
        let mut channel = Listening::new(ME, Duration::from_millis(1250), now);
        assert!(hear(&mut channel, ME, 1, 1, now).recovered);
        channel
    }

    fn hear(channel: &mut Listening, origin: u64, epoch: u64, seq: u64, now: Instant) -> Verdict {
        channel.hear(Stamp { origin, epoch, seq }, &Body::Heartbeat, now)
    }

    #[tokio::test(start_paused = true)]
    async fn frames_in_order_raise_no_doubt() {
        let now = Instant::now();
        let mut channel = live(now);
        for seq in 1..10 {
            assert_eq!(hear(&mut channel, PEER, 7, seq, now).doubt, None);
        }
        assert_eq!(hear(&mut channel, PEER, 7, 9, now).doubt, None, "twice is no loss");
    }

    #[tokio::test(start_paused = true)]
    async fn a_gap_an_epoch_and_a_stranger_raise_doubt() {
        let now = Instant::now();
        let mut channel = live(now);
        assert_eq!(hear(&mut channel, PEER, 7, 5, now).doubt, Some(Doubt::Stranger));
        assert_eq!(hear(&mut channel, PEER, 7, 7, now).doubt, Some(Doubt::Gap));
        assert_eq!(hear(&mut channel, PEER, 8, 8, now).doubt, Some(Doubt::Epoch));
        assert_eq!(hear(&mut channel, PEER, 8, 9, now).doubt, None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_lost_channel_recovers_only_by_a_frame_of_its_own_said_afterwards() {
        let now = Instant::now();
        let mut channel = live(now);
        channel.lose(4, now);
        assert!(!hear(&mut channel, ME, 1, 4, now).proves, "said before the loss");
        assert!(!hear(&mut channel, PEER, 7, 1, now).recovered, "a peer's frame proves nothing");
        assert!(hear(&mut channel, ME, 1, 5, now).recovered);
    }

    #[tokio::test(start_paused = true)]
    async fn silence_is_noticed_and_bye_is_none() {
        let now = Instant::now();
        let mut channel = live(now);
        hear(&mut channel, PEER, 7, 1, now);
        hear(&mut channel, 3, 7, 1, now);
        channel.hear(Stamp { origin: 3, epoch: 7, seq: 2 }, &Body::Bye, now);
        let later = now + Duration::from_millis(1200);
        hear(&mut channel, ME, 1, 2, later);
        assert_eq!(channel.check(now + Duration::from_millis(1300)), Some(Doubt::OriginSilent));
        assert_eq!(channel.check(now + Duration::from_millis(1301)), None, "said once");
        assert_eq!(channel.check(later + Duration::from_millis(1300)), Some(Doubt::Silence));
    }
}

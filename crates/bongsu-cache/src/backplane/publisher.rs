//! Says things on the channels, in order: one task for each channel numbers the frames, joins words that wait together
//! into one frame, and sends the heartbeat.
//!
//! What a channel does not take is said on another one, a different one each time, until the channel takes something
//! again: a shard may be out of reach for this process alone, and the others would not miss what they do not hear. With
//! the first frame that gets through, the epoch tells them that something was missing.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::frame::{Body, ENTRIES_MAX, Frame, Named, Stamp};
use super::unsaid::Unsaid;
use crate::contract::{Backplane, CHANNELS, Channel};
use crate::random;

/// Words that wait for one channel's task.
const WORDS_MAX: usize = 1024;
/// A publication without an answer for this long is uncertain.
const PUBLISH_WAIT: Duration = Duration::from_secs(1);
/// Of so many frames the time of publication is known: enough for all that can be under way for a few seconds.
const TIMES: usize = 64;

/// The sending half.
#[derive(Debug)]
pub(crate) struct Publisher {
    origin: u64,
    channels: Box<[ChannelVoice]>,
}

#[derive(Debug)]
struct ChannelVoice {
    words: mpsc::Sender<Word>,
    spoken: Arc<Spoken>,
}

/// What was said on a channel until now.
#[derive(Debug)]
struct Spoken {
    started: Instant,
    seq: AtomicU64,
    /// When the frame with this sequence number (modulo their count) was handed over, in microseconds after `started`.
    times_us: [AtomicU64; TIMES],
    /// The last frame was taken for certain.
    is_well: AtomicBool,
    /// Entries and models that the channel did not take, and since when, in microseconds after `started`.
    unsaid: AtomicUsize,
    unsaid_since_us: AtomicU64,
}

/// What is said of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Telling {
    /// It was deleted.
    Dropped,
    /// A newer version of it is in the shared tier.
    Written,
}

/// Something to say. The answer: whether the backplane took it for certain.
enum Word {
    Entry(Telling, Named, oneshot::Sender<bool>),
    DropAll(String, oneshot::Sender<bool>),
    /// What another channel does not take. Nobody waits: that channel says it again.
    Detour(Body),
    Heartbeat,
}

impl Publisher {
    /// Starts the tasks of all channels. They say bye when `stop` is cancelled.
    pub(crate) fn start(
        backplane: &Arc<dyn Backplane>,
        heartbeat: Duration,
        tasks: &TaskTracker,
        stop: &CancellationToken,
    ) -> Self {
        let origin = random::number();
        let (mut channels, mut waiting) = (Vec::new(), Vec::new());
        for _ in Channel::all() {
            let (words, queue) = mpsc::channel(WORDS_MAX);
            channels.push(ChannelVoice { words, spoken: Arc::new(Spoken::new()) });
            waiting.push(queue);
        }
        // Weak, or the tasks would keep each other alive when nobody else has anything to say.
        let weak = |voice: &ChannelVoice| (voice.words.downgrade(), Arc::clone(&voice.spoken));
        let others: Arc<[_]> = channels.iter().map(weak).collect();
        for (channel, queue) in Channel::all().zip(waiting) {
            let speaker = Speaker {
                backplane: Arc::clone(backplane),
                channel,
                origin,
                epoch: random::number(),
                spoken: Arc::clone(&channels[usize::from(channel.index())].spoken),
                others: Arc::clone(&others),
                unsaid: Unsaid::default(),
                detours: usize::from(channel.index()),
            };
            tasks.spawn(speaker.run(queue, heartbeat, stop.clone()));
        }
        Self { origin, channels: channels.into() }
    }

    /// How many entries and models the channels did not take, and for how long the oldest of them waits: others may
    /// hold what this process invalidated.
    pub(crate) fn untold(&self) -> (usize, Duration) {
        let mut all = (0, Duration::ZERO);
        for voice in &self.channels {
            let count = voice.spoken.unsaid.load(Ordering::Acquire);
            if count > 0 {
                let since = Duration::from_micros(voice.spoken.unsaid_since_us.load(Ordering::Acquire));
                let age = voice.spoken.started.elapsed().saturating_sub(since);
                all = (all.0 + count, all.1.max(age));
            }
        }
        all
    }

    pub(crate) fn origin(&self) -> u64 {
        self.origin
    }

    /// Tells the others that an entry is not what they hold. False: it is not certain that they hear of it otherwise than by the gap.
    pub(crate) async fn tell(&self, channel: Channel, telling: Telling, entry: Named) -> bool {
        let (answer, answered) = oneshot::channel();
        self.say(channel, Word::Entry(telling, entry, answer)).await && answered.await.unwrap_or(false)
    }

    /// Tells the others to drop all entries of a model, on every channel.
    pub(crate) async fn drop_all(&self, model: &str) -> bool {
        let mut answers = Vec::with_capacity(usize::from(CHANNELS));
        for channel in Channel::all() {
            let (answer, answered) = oneshot::channel();
            let said = self.say(channel, Word::DropAll(model.to_owned(), answer)).await;
            answers.push(said.then_some(answered));
        }
        let mut all = true;
        for answer in answers {
            all &= match answer {
                Some(answered) => answered.await.unwrap_or(false),
                None => false,
            };
        }
        all
    }

    /// Sends a heartbeat now instead of later, if the channel is not busy anyway.
    pub(crate) fn hurry(&self, channel: Channel) {
        // A full queue is about to speak.
        if self.voice(channel).words.try_send(Word::Heartbeat).is_err() {
            tracing::debug!(channel = channel.index(), "the channel speaks anyway");
        }
    }

    /// The last sequence number used on a channel; zero before the first.
    pub(crate) fn last_seq(&self, channel: Channel) -> u64 {
        self.voice(channel).spoken.seq.load(Ordering::Acquire)
    }

    /// When a frame was handed to the backplane, if it is not too long ago.
    pub(crate) fn published_at(&self, channel: Channel, seq: u64) -> Option<Instant> {
        let spoken = &self.voice(channel).spoken;
        let recent = spoken.seq.load(Ordering::Acquire).saturating_sub(seq) < TIMES as u64 / 2;
        let time = Duration::from_micros(spoken.time(seq).load(Ordering::Acquire));
        recent.then(|| spoken.started + time)
    }

    async fn say(&self, channel: Channel, word: Word) -> bool {
        self.voice(channel).words.send(word).await.is_ok()
    }

    fn voice(&self, channel: Channel) -> &ChannelVoice {
        &self.channels[usize::from(channel.index())]
    }
}

impl Spoken {
    fn new() -> Self {
        Self {
            started: Instant::now(),
            seq: AtomicU64::new(0),
            times_us: [const { AtomicU64::new(0) }; TIMES],
            is_well: AtomicBool::new(true),
            unsaid: AtomicUsize::new(0),
            unsaid_since_us: AtomicU64::new(0),
        }
    }

    /// In microseconds after the beginning.
    fn now_us(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_micros()).unwrap_or(0)
    }

    fn time(&self, seq: u64) -> &AtomicU64 {
        #[allow(clippy::cast_possible_truncation, reason = "the remainder is small")]
        &self.times_us[(seq % TIMES as u64) as usize]
    }
}

/// The task of one channel.
struct Speaker {
    backplane: Arc<dyn Backplane>,
    channel: Channel,
    origin: u64,
    epoch: u64,
    spoken: Arc<Spoken>,
    /// By channel.
    others: Arc<[(mpsc::WeakSender<Word>, Arc<Spoken>)]>,
    unsaid: Unsaid,
    /// Taken until now, so that each one goes another way.
    detours: usize,
}

impl Speaker {
    async fn run(mut self, mut words: mpsc::Receiver<Word>, heartbeat: Duration, stop: CancellationToken) {
        let mut beat = tokio::time::interval(heartbeat);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                _ = beat.tick() => {
                    self.publish(Body::Heartbeat).await;
                    self.detour();
                }
                word = words.recv() => match word {
                    Some(word) => self.speak(word, &mut words).await,
                    None => break,
                },
            }
        }
        words.close();
        while let Ok(word) = words.try_recv() {
            self.speak(word, &mut words).await;
        }
        self.publish(Body::Bye).await;
    }

    /// Says `first`, and in the same frame all that can be said with it and waits right behind it.
    async fn speak(&mut self, first: Word, words: &mut mpsc::Receiver<Word>) {
        let mut next = Some(first);
        while let Some(word) = next.take() {
            match word {
                Word::Heartbeat => {
                    self.publish(Body::Heartbeat).await;
                }
                Word::Detour(body) => {
                    self.publish(body).await;
                }
                Word::DropAll(model, answer) => {
                    let certain = self.say(Body::DropAll(model)).await;
                    reply(answer, certain);
                }
                Word::Entry(telling, entry, answer) => {
                    let (mut entries, mut answers) = (vec![entry], vec![answer]);
                    while entries.len() < ENTRIES_MAX {
                        match words.try_recv() {
                            Ok(Word::Entry(same, entry, answer)) if same == telling => {
                                entries.push(entry);
                                answers.push(answer);
                            }
                            Ok(other) => {
                                next = Some(other);
                                break;
                            }
                            Err(_) => break,
                        }
                    }
                    let body = match telling {
                        Telling::Dropped => Body::Drop(entries),
                        Telling::Written => Body::Written(entries),
                    };
                    let certain = self.say(body).await;
                    for answer in answers {
                        reply(answer, certain);
                    }
                }
            }
        }
    }

    /// Says something that must be heard.
    async fn say(&mut self, body: Body) -> bool {
        let Some(unsaid) = self.publish(body).await else { return true };
        if self.unsaid.is_empty() {
            self.spoken.unsaid_since_us.store(self.spoken.now_us(), Ordering::Release);
        }
        self.unsaid.add(unsaid);
        self.spoken.unsaid.store(self.unsaid.len(), Ordering::Release);
        self.detour();
        false
    }

    /// Has what this channel did not take said on others that work, as far as their queues have room.
    fn detour(&mut self) {
        for body in self.unsaid.bodies() {
            for _ in 0..self.others.len() {
                self.detours += 1;
                let way = self.detours % self.others.len();
                let (words, spoken) = &self.others[way];
                let is_open =
                    way != usize::from(self.channel.index()) && spoken.is_well.load(Ordering::Acquire);
                let word = || Word::Detour(body.clone());
                if is_open && words.upgrade().is_some_and(|words| words.try_send(word()).is_ok()) {
                    break;
                }
            }
        }
    }

    /// After an uncertain publication the epoch is another one, by which the others know that something may be missing:
    /// so with a certain one after it, all that the channel did not take is made up for. Returns what was not taken.
    async fn publish(&mut self, body: Body) -> Option<Body> {
        let seq = self.spoken.seq.load(Ordering::Acquire) + 1;
        self.spoken.time(seq).store(self.spoken.now_us(), Ordering::Release);
        self.spoken.seq.store(seq, Ordering::Release);
        let kind = body.word();
        let stamp = Stamp { origin: self.origin, epoch: self.epoch, seq };
        let frame = Frame { stamp, body };
        let publishing = self.backplane.publish(self.channel, frame.encode());
        let published = tokio::time::timeout(PUBLISH_WAIT, publishing).await;
        let certain = matches!(published, Ok(Ok(())));
        self.spoken.is_well.store(certain, Ordering::Release);
        if certain {
            self.unsaid.clear();
            self.spoken.unsaid.store(0, Ordering::Release);
        } else {
            tracing::debug!(channel = self.channel.index(), kind, "publication is uncertain: {published:?}");
            self.epoch = random::number();
        }
        metrics::counter!("cache_backplane_messages_total", "dir" => "out", "kind" => kind).increment(1);
        (!certain).then_some(frame.body)
    }
}

/// Whoever asked may have gone.
fn reply(answer: oneshot::Sender<bool>, certain: bool) {
    if answer.send(certain).is_err() {
        tracing::trace!("nobody waits for this publication any more");
    }
}

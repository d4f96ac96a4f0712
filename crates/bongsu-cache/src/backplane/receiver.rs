//! Hears the backplane and drops what it tells to, and what it may have failed to tell.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior};

use super::frame::{Body, Frame, Named};
use super::listening::{Doubt, Listening};
use super::publisher::Publisher;
use crate::contract::{Backplane, BackplaneEvent, Channel};
use crate::hub::{Core, Deleted, entry_hash};

/// A backplane whose queue ended is subscribed to again after this long.
const RESUBSCRIBE_PAUSE: Duration = Duration::from_millis(500);

/// Runs until the hub stops.
pub(crate) async fn run(core: Arc<Core>, backplane: Arc<dyn Backplane>, publisher: Arc<Publisher>) {
    // A channel whose own heartbeat is missing for two and a half periods is lost: one may be late, two are not.
    let silence = core.options.heartbeat.mul_f64(2.5);
    let now = Instant::now();
    let listen = |_| Listening::new(publisher.origin(), silence, now);
    let channels = Channel::all().map(listen).collect();
    let mut receiver = Receiver { channels, silence, publisher, core };
    let mut events = backplane.subscribe();
    let mut check = tokio::time::interval(receiver.core.options.heartbeat / 2);
    check.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let stop = receiver.core.stop.clone();
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            event = events.recv() => match event {
                Some(event) => receiver.take(event),
                None => {
                    receiver.lose_all();
                    tokio::time::sleep(RESUBSCRIBE_PAUSE).await;
                    events = resubscribed(&backplane);
                }
            },
            _ = check.tick() => receiver.check(),
        }
    }
}

fn resubscribed(backplane: &Arc<dyn Backplane>) -> mpsc::Receiver<BackplaneEvent> {
    tracing::warn!("the backplane ended the subscription, subscribing again");
    backplane.subscribe()
}

struct Receiver {
    core: Arc<Core>,
    publisher: Arc<Publisher>,
    silence: Duration,
    channels: Vec<Listening>,
}

impl Receiver {
    fn take(&mut self, event: BackplaneEvent) {
        match event {
            BackplaneEvent::Frame { channel, bytes } => self.hear(channel, &bytes),
            BackplaneEvent::Lost(channel) => self.lose(channel, Doubt::Lost),
            BackplaneEvent::Subscribed(channel) => {
                // A new subscription on a channel that was not known to be lost: it was.
                if !self.listening(channel).is_lost() {
                    self.lose(channel, Doubt::Lost);
                }
                self.publisher.hurry(channel);
            }
        }
    }

    fn hear(&mut self, channel: Channel, bytes: &Bytes) {
        let now = Instant::now();
        let frame = match Frame::decode(bytes) {
            Ok(frame) => frame,
            Err(error) => {
                // A later version may say what this one cannot read: whatever it was, this part is in doubt.
                tracing::warn!(channel = channel.index(), %error, "unreadable frame on the backplane");
                self.flush(channel, Doubt::Unreadable);
                return;
            }
        };
        let kind = frame.body.word();
        metrics::counter!("cache_backplane_messages_total", "dir" => "in", "kind" => kind).increment(1);
        let verdict = self.listening(channel).hear(frame.stamp, &frame.body, now);
        if let Some(doubt) = verdict.doubt {
            self.flush(channel, doubt);
        }
        if verdict.proves {
            self.prove(channel, frame.stamp.seq, verdict.recovered, now);
        }
        // One's own words were obeyed before they were said.
        if frame.stamp.origin != self.publisher.origin() {
            self.obey(&frame.body);
        }
    }

    fn prove(&mut self, channel: Channel, seq: u64, recovered: bool, now: Instant) {
        let Some(published) = self.publisher.published_at(channel, seq) else { return };
        let lapsed = !self.core.l1.is_live(channel, now);
        if recovered || lapsed {
            self.core.l1.flush(channel);
            self.take_back_puts_of(channel);
        }
        self.core.l1.prove(channel, published + self.silence);
        if recovered || lapsed {
            self.core.live.send_modify(|live| *live |= 1 << channel.index());
        }
        let lag = now.saturating_duration_since(published);
        metrics::histogram!("cache_backplane_lag_seconds").record(lag.as_secs_f64());
    }

    fn obey(&self, body: &Body) {
        match body {
            Body::Drop(entries) => {
                self.forget(entries);
                self.take_back_puts(entries);
            }
            Body::Written(entries) => self.forget(entries),
            Body::DropAll(model) => {
                self.core.models.renew(model);
                self.core.take_back(self.core.recent_puts.take_all(|doomed| doomed.model.name == model));
            }
            Body::Heartbeat | Body::Bye => {}
        }
    }

    fn forget(&self, entries: &[Named]) {
        for entry in entries {
            self.core.l1.invalidate(entry_hash(&entry.model, entry.id.as_bytes()));
        }
        metrics::counter!("cache_invalidations_total", "source" => "backplane")
            .increment(entries.len() as u64);
    }

    /// A delete that is heard of now may have been carried out before this process put an older version. What was put
    /// moments ago is deleted once more.
    fn take_back_puts(&self, entries: &[Named]) {
        for entry in entries {
            let hash = entry_hash(&entry.model, entry.id.as_bytes());
            if let Some(doomed) = self.core.recent_puts.take(hash) {
                self.core.pending.add(doomed, Deleted::No, &self.core.prefix);
            }
        }
    }

    /// The word of such a delete may have been lost with the channel's other frames.
    fn take_back_puts_of(&self, channel: Channel) {
        self.core.take_back(self.core.recent_puts.take_channel(channel));
    }

    fn check(&mut self) {
        let now = Instant::now();
        for channel in Channel::all() {
            match self.listening(channel).check(now) {
                Some(Doubt::Silence) => self.lose(channel, Doubt::Silence),
                Some(doubt) => self.flush(channel, doubt),
                None => {}
            }
        }
        self.core.report_gauges();
        let lost_for = self.channels.iter().filter_map(|channel| channel.lost_for(now)).max();
        metrics::gauge!("cache_backplane_disconnected_seconds")
            .set(lost_for.unwrap_or_default().as_secs_f64());
    }

    fn lose_all(&mut self) {
        for channel in Channel::all() {
            self.lose(channel, Doubt::Lost);
        }
    }

    fn lose(&mut self, channel: Channel, doubt: Doubt) {
        let my_seq = self.publisher.last_seq(channel);
        let listening = self.listening(channel);
        if !listening.is_lost() {
            tracing::warn!(
                channel = channel.index(),
                why = doubt.word(),
                "channel lost: its part does not answer"
            );
        }
        listening.lose(my_seq, Instant::now());
        self.core.l1.lose(channel);
        self.take_back_puts_of(channel);
        self.core.live.send_modify(|live| *live &= !(1 << channel.index()));
        count(doubt);
    }

    fn flush(&self, channel: Channel, doubt: Doubt) {
        self.core.l1.flush(channel);
        self.take_back_puts_of(channel);
        count(doubt);
    }

    fn listening(&mut self, channel: Channel) -> &mut Listening {
        &mut self.channels[usize::from(channel.index())]
    }
}

fn count(doubt: Doubt) {
    metrics::counter!("cache_l1_flushes_total", "reason" => doubt.word()).increment(1);
    if matches!(doubt, Doubt::Gap | Doubt::Epoch | Doubt::Stranger) {
        metrics::counter!("cache_backplane_gaps_total", "reason" => doubt.word()).increment(1);
    }
}

//! The backplane on servers that break: every loss is told, and every channel is heard again.

use std::time::Duration;

use bongsu_cache::contract::{Backplane, BackplaneEvent, CHANNELS, Channel};
use bongsu_cache::valkey::Valkey;
use bongsu_testbed::{Engine, SHARDS, within};
use bytes::Bytes;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::servers::{Single, Turn, on_both_engines, shard_of};

on_both_engines! {
    all_channels_are_heard_again_after_their_connections_were_killed;
    a_server_that_hangs_is_noticed_and_its_channels_are_heard_again;
    channels_of_a_killed_primary_are_heard_again_and_others_were_not_lost;
    channels_of_a_primary_that_hangs_are_heard_again_and_others_were_not_lost;
    channels_follow_a_failover;
    channels_follow_their_slots;
}

/// How long is waited for all channels after a storm.
const STORM_BOUND: Duration = Duration::from_secs(2);
/// A machine that is busy with something else may need longer; not each time.
const STORMS_MAX: usize = 3;

struct Listener {
    events: mpsc::Receiver<BackplaneEvent>,
    subscribed: [bool; CHANNELS as usize],
    /// How often each channel was lost.
    losses: [u32; CHANNELS as usize],
}

impl Listener {
    async fn of(backplane: &dyn Backplane) -> Self {
        let none = [false; CHANNELS as usize];
        let mut listener =
            Self { events: backplane.subscribe(), subscribed: none, losses: [0; CHANNELS as usize] };
        listener.until(|listener| !listener.subscribed.contains(&false)).await;
        listener
    }

    async fn until(&mut self, what: impl Fn(&Self) -> bool) {
        while !what(self) {
            self.next().await;
        }
    }

    /// The next event; a frame is its channel and its bytes.
    async fn next(&mut self) -> Option<(Channel, Bytes)> {
        match within("an event", self.events.recv()).await.unwrap() {
            BackplaneEvent::Frame { channel, bytes } => {
                assert!(self.subscribed[place(channel)], "a frame of a channel that is lost");
                return Some((channel, bytes));
            }
            BackplaneEvent::Lost(channel) => {
                assert!(std::mem::take(&mut self.subscribed[place(channel)]), "lost twice");
                self.losses[place(channel)] += 1;
            }
            BackplaneEvent::Subscribed(channel) => {
                assert!(!std::mem::replace(&mut self.subscribed[place(channel)], true), "subscribed twice");
            }
        }
        None
    }

    /// Publishes on every channel and waits for what was published.
    async fn hears_everything(&mut self, backplane: &dyn Backplane, text: &'static str) {
        for channel in Channel::all() {
            bongsu_testbed::until("a frame to be taken", async || {
                backplane.publish(channel, Bytes::from_static(text.as_bytes())).await.ok()
            })
            .await;
        }
        let mut heard = [false; CHANNELS as usize];
        while heard.contains(&false) {
            if let Some((channel, bytes)) = self.next().await
                && bytes == text
            {
                heard[place(channel)] = true;
            }
        }
    }

    /// Takes what waits in the queue without waiting.
    fn drain(&mut self) -> usize {
        let mut events = 0;
        while let Ok(event) = self.events.try_recv() {
            events += 1;
            match event {
                BackplaneEvent::Lost(channel) => {
                    self.subscribed[place(channel)] = false;
                    self.losses[place(channel)] += 1;
                }
                BackplaneEvent::Subscribed(channel) => self.subscribed[place(channel)] = true,
                BackplaneEvent::Frame { .. } => {}
            }
        }
        events
    }
}

fn place(channel: Channel) -> usize {
    usize::from(channel.index())
}

/// The channels of a shard. Channel `n` lies in the first slot of region `n`.
fn channels_of(shard: usize) -> Vec<Channel> {
    Channel::all().filter(|channel| shard_of(channel.index() * 1024) == shard).collect()
}

async fn all_channels_are_heard_again_after_their_connections_were_killed(engine: Engine) {
    let turn = Turn::take(engine).await;
    let backplane = Valkey::connect(turn.options()).await.unwrap().backplane();
    let mut listener = Listener::of(&*backplane).await;
    let mut within_bound = false;
    for _ in 0..STORMS_MAX {
        for _ in 0..20 {
            for node in 0..2 * SHARDS {
                turn.cluster().client_kill_all(node).await;
            }
            listener.drain();
        }
        let over = Instant::now();
        listener.until(|listener| !listener.subscribed.contains(&false)).await;
        let took = over.elapsed();
        println!("{engine}: after a storm of CLIENT KILL all channels are confirmed after {took:?}");
        within_bound = took <= STORM_BOUND;
        if within_bound {
            break;
        }
    }
    assert!(within_bound, "all channels receive again within {STORM_BOUND:?}");
    // The last kill may be noticed only now.
    listener.hears_everything(&*backplane, "after the storm").await;
    assert!(listener.losses.iter().all(|losses| *losses > 0), "{:?}", listener.losses);
}

async fn a_server_that_hangs_is_noticed_and_its_channels_are_heard_again(engine: Engine) {
    let single = Single::start(engine).await;
    let options = single.options().with_listen_ping_interval(Duration::from_millis(200));
    let backplane = Valkey::connect(options).await.unwrap().backplane();
    let mut listener = Listener::of(&*backplane).await;
    single.server.pause();
    let paused = Instant::now();
    listener.until(|listener| !listener.subscribed.contains(&true)).await;
    println!("{engine}: SIGSTOP is noticed by those who listen after {:?}", paused.elapsed());
    single.server.resume();
    let resumed = Instant::now();
    listener.until(|listener| !listener.subscribed.contains(&false)).await;
    println!("{engine}: SIGCONT: all channels are heard again after {:?}", resumed.elapsed());
    listener.hears_everything(&*backplane, "again").await;
}

async fn channels_of_a_killed_primary_are_heard_again_and_others_were_not_lost(engine: Engine) {
    let turn = Turn::take(engine).await;
    let backplane = Valkey::connect(turn.options()).await.unwrap().backplane();
    let mut listener = Listener::of(&*backplane).await;
    let dead = turn.cluster().kill_primary(0).await;
    let killed = Instant::now();
    listener
        .until(|listener| channels_of(0).iter().all(|channel| !listener.subscribed[place(*channel)]))
        .await;
    let lost = killed.elapsed();
    listener.until(|listener| !listener.subscribed.contains(&false)).await;
    println!("{engine}: kill -9: lost after {lost:?}, heard again after {:?}", killed.elapsed());
    listener.hears_everything(&*backplane, "after the failover").await;
    only_lost(&listener, 0);
    turn.cluster().restart(dead).await;
}

async fn channels_of_a_primary_that_hangs_are_heard_again_and_others_were_not_lost(engine: Engine) {
    let turn = Turn::take(engine).await;
    let backplane = Valkey::connect(turn.options()).await.unwrap().backplane();
    let mut listener = Listener::of(&*backplane).await;
    let hung = turn.cluster().pause_primary(1).await;
    let paused = Instant::now();
    listener
        .until(|listener| channels_of(1).iter().all(|channel| !listener.subscribed[place(*channel)]))
        .await;
    let lost = paused.elapsed();
    listener.until(|listener| !listener.subscribed.contains(&false)).await;
    println!("{engine}: SIGSTOP: lost after {lost:?}, heard again after {:?}", paused.elapsed());
    listener.hears_everything(&*backplane, "after the failover").await;
    only_lost(&listener, 1);
    turn.cluster().resume(hung);
}

async fn channels_follow_a_failover(engine: Engine) {
    let turn = Turn::take(engine).await;
    let backplane = Valkey::connect(turn.options()).await.unwrap().backplane();
    let mut listener = Listener::of(&*backplane).await;
    turn.failover(2).await;
    let lost =
        |listener: &Listener| channels_of(2).iter().all(|channel| listener.losses[place(*channel)] > 0);
    listener.until(lost).await;
    listener.until(|listener| !listener.subscribed.contains(&false)).await;
    listener.hears_everything(&*backplane, "after the failover").await;
    only_lost(&listener, 2);
}

async fn channels_follow_their_slots(engine: Engine) {
    let turn = Turn::take(engine).await;
    let backplane = Valkey::connect(turn.options()).await.unwrap().backplane();
    let mut listener = Listener::of(&*backplane).await;
    let moving = channels_of(0)[1];
    let slot = moving.index() * 1024;
    turn.cluster().migrate_slots(0, 1, slot..=slot).await;
    listener.until(|listener| listener.losses[place(moving)] > 0).await;
    listener.until(|listener| !listener.subscribed.contains(&false)).await;
    listener.hears_everything(&*backplane, "elsewhere").await;
    turn.cluster().migrate_slots(1, 0, slot..=slot).await;
    listener.until(|listener| listener.losses[place(moving)] > 1).await;
    listener.until(|listener| !listener.subscribed.contains(&false)).await;
    listener.hears_everything(&*backplane, "at home").await;
    assert!(channels_of(2).iter().all(|channel| listener.losses[place(*channel)] == 0));
}

fn only_lost(listener: &Listener, shard: usize) {
    for channel in Channel::all() {
        let lost = listener.losses[place(channel)] > 0;
        assert_eq!(lost, channels_of(shard).contains(&channel), "{channel:?}: {:?}", listener.losses);
    }
}

//! Carrying frames: from everybody to everybody, in order, and never silently lost.

use bytes::Bytes;

use super::wire::{Listener, Wire, channel, publish};
use crate::contract::{BackplaneEvent, Channel};

/// More than any subscriber's queue holds.
const FLOOD: u32 = 20_000;

pub async fn every_channel_is_confirmed(wire: &Wire) {
    Listener::of(wire.backplane()).await;
}

pub async fn own_frames_come_back(wire: &Wire) {
    let mut listener = Listener::of(wire.backplane()).await;
    wire.publish(channel(3), "mine").await;
    assert_eq!(listener.frame().await, (channel(3), Bytes::from("mine")));
}

pub async fn frames_come_as_they_were_sent_on_the_channel_they_were_sent_on(wire: &Wire) {
    let mut listener = Listener::of(wire.backplane()).await;
    let frames = [Bytes::new(), (0..=255).collect(), vec![7; 64 * 1024].into()];
    for channel in Channel::all() {
        for frame in &frames {
            wire.publish(channel, frame.clone()).await;
            assert!(listener.frame().await == (channel, frame.clone()), "a frame of {channel:?} differs");
        }
    }
}

pub async fn frames_reach_every_subscriber_of_every_process(wire: &Wire) {
    let another = wire.another_process().await;
    let mut listeners = [
        Listener::of(wire.backplane()).await,
        Listener::of(wire.backplane()).await,
        Listener::of(&*another).await,
    ];
    wire.publish(channel(0), "to all").await;
    publish(&*another, channel(15), Bytes::from("to all too")).await;
    for listener in &mut listeners {
        let mut heard = [listener.frame().await, listener.frame().await];
        heard.sort_by_key(|(channel, _)| channel.index());
        assert_eq!(heard, [(channel(0), Bytes::from("to all")), (channel(15), Bytes::from("to all too"))]);
    }
}

pub async fn frames_of_a_publisher_keep_their_order_within_a_channel(wire: &Wire) {
    const EACH: u32 = 300;
    let another = wire.another_process().await;
    let mut listener = Listener::of(wire.backplane()).await;
    let ours = async {
        for number in 0..EACH {
            wire.publish(channel(5), number.to_be_bytes().to_vec()).await;
        }
    };
    let theirs = async {
        for number in 0..EACH {
            publish(&*another, channel(5), Bytes::from((1000 + number).to_be_bytes().to_vec())).await;
        }
    };
    let heard = async {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        while ours.len() + theirs.len() < 2 * EACH as usize {
            let (_, frame) = listener.frame().await;
            let number = u32::from_be_bytes(frame[..].try_into().unwrap());
            if number < 1000 { ours.push(number) } else { theirs.push(number - 1000) }
        }
        (ours, theirs)
    };
    let ((), (), (ours, theirs)) = tokio::join!(ours, theirs, heard);
    assert!(ours.into_iter().eq(0..EACH));
    assert!(theirs.into_iter().eq(0..EACH));
}

pub async fn what_was_published_before_is_not_heard(wire: &Wire) {
    wire.publish(channel(2), "before").await;
    let mut listener = Listener::of(wire.backplane()).await;
    wire.publish(channel(2), "after").await;
    assert_eq!(listener.frame().await, (channel(2), Bytes::from("after")));
}

pub async fn a_reader_that_is_too_slow_is_told_what_it_missed(wire: &Wire) {
    let mut slow = Listener::of(wire.backplane()).await;
    for number in 0..FLOOD {
        wire.publish(channel(1), number.to_be_bytes().to_vec()).await;
    }
    // It reads at last. Frames come in order; where some are missing, it was told before the next one.
    let mut next = 0;
    let mut was_told = false;
    let mut times_told = 0;
    while next < FLOOD {
        match slow.event().await {
            BackplaneEvent::Frame { bytes, .. } => {
                let number = u32::from_be_bytes(bytes[..].try_into().unwrap());
                assert!(number == next || (was_told && number > next), "{next} was missed in silence");
                next = number + 1;
                was_told = false;
            }
            BackplaneEvent::Lost(lost) => {
                assert_eq!(lost, channel(1), "nothing of another channel was missed");
                was_told = true;
                times_told += 1;
                // What follows may be missing to the end: send on until something arrives.
                wire.publish(channel(1), FLOOD.to_be_bytes().to_vec()).await;
            }
            BackplaneEvent::Subscribed(_) => {}
        }
    }
    assert!(times_told > 0, "{FLOOD} frames cannot fit into a bounded queue");
}

pub async fn a_subscriber_that_went_away_disturbs_nobody(wire: &Wire) {
    let gone = Listener::of(wire.backplane()).await;
    let mut listener = Listener::of(wire.backplane()).await;
    drop(gone);
    for number in 0..100_u8 {
        wire.publish(channel(9), vec![number]).await;
        assert_eq!(listener.frame().await, (channel(9), Bytes::from(vec![number])));
    }
    drop(listener);
    wire.publish(channel(9), "to nobody").await;
}

pub async fn a_broken_connection_is_told_and_mended(wire: &Wire) {
    let mut listener = Listener::of(wire.backplane()).await;
    wire.break_connections().await;
    let mut is_lost = Vec::new();
    while is_lost.len() < Channel::all().count() {
        match listener.event().await {
            BackplaneEvent::Lost(channel) if !is_lost.contains(&channel) => is_lost.push(channel),
            BackplaneEvent::Lost(_) | BackplaneEvent::Subscribed(_) => {}
            BackplaneEvent::Frame { .. } => panic!("nobody published"),
        }
    }
    // Whether confirmed before or after the last loss, every channel hears again.
    for channel in Channel::all() {
        super::until("a frame on every channel", async || {
            wire.publish(channel, "again").await;
            let heard = tokio::time::timeout(std::time::Duration::from_millis(200), listener.frame());
            heard.await.is_ok_and(|(heard, _)| heard == channel).then_some(())
        })
        .await;
    }
}

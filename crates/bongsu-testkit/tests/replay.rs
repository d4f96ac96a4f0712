//! The replay driver plays a generated log through a node and finds nothing wrong; and finds what is made wrong.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

use std::sync::Arc;

use bongsu_load::random::Random;
use bongsu_load::replay::{LogMessage, LogRoom, ReplayOptions, replay};
use bongsu_store::memory::MemoryStore;
use bongsu_testkit::{NodeOptions, TestNode, user_id};
use bongsu_types::RoomKey;

async fn node() -> TestNode {
    let options = NodeOptions::default().limits(|limits| limits.resume_room_records = 100);
    options.start(|options| Arc::new(MemoryStore::open(options))).await
}

fn options(node: &TestNode) -> ReplayOptions {
    let access = node.access().clone();
    let url = format!("http://{}", access.endpoint().authority());
    let key = access.server_key().to_owned();
    ReplayOptions::new(url, key, Arc::new(move |user| access.token(user.as_str())))
}

/// Rooms whose authors overlap, some of them in many rooms, some saying one thing only.
fn log(rooms: usize, messages: usize) -> Vec<LogRoom> {
    let mut random = Random::seeded(5);
    let mut log = Vec::new();
    for room in 0..rooms {
        let messages = (0..messages).map(|number| {
            let author = if random.once_in(5) { random.below(200) } else { random.below(8) };
            LogMessage {
                author: user_id(&format!("irc:user{author}")),
                at_ms: number as u64 * 1_000,
                text: format!("message {number} of room {room}, 한글도"),
            }
        });
        let messages = messages.collect();
        log.push(LogRoom {
            key: RoomKey::new(&format!("room{room}")).unwrap(),
            name: format!("room {room}"),
            messages,
        });
    }
    log
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_is_played_and_everything_is_right() {
    let node = node().await;
    let options = ReplayOptions { online_per_room: 6, connections_max: 24, ..options(&node) };
    let mut told = 0;
    let summary = replay(log(6, 150), options, |progress| told = progress.messages).await.unwrap();
    println!("{summary}");
    summary.report.assert_clean();
    assert_eq!((summary.rooms, summary.messages, summary.report.acked), (6, 900, 900));
    assert_eq!((summary.broken_sessions, summary.report.unread_checked), (0, 30));
    assert!(summary.report.delivered > 900);
    assert_eq!(told, 900);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_are_cut_at_the_limit_and_the_same_run_is_not_played_twice() {
    let node = node().await;
    let limited = |node| ReplayOptions { messages_max: Some(70), rate_max: Some(100_000.0), ..options(node) };
    let summary = replay(log(3, 50), limited(&node), |_| ()).await.unwrap();
    assert_eq!((summary.rooms, summary.messages), (2, 70));
    let again = replay(log(3, 50), limited(&node), |_| ()).await.unwrap_err();
    assert!(again.to_string().contains("another name"), "{again}");
}

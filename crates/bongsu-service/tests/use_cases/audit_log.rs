//! What a server key does in a user's name is written down.

use std::io;
use std::sync::{Arc, Mutex};

use crate::fixture::*;

/// The lines of a log.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_server_key_that_acts_for_a_user_is_written_down_and_the_user_is_not() {
    let world = World::new();
    let room = world.group(&["alice", "bob"]).await;
    let key = world.server_key().await;
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
    let written = tracing::subscriber::set_default(subscriber);
    world.service.send(&actor("bob"), message(room, "c-1", "private words")).await.unwrap();
    let alice = key.act_for(user("alice")).unwrap();
    world.service.send(&alice, message(room, "c-2", "private words")).await.unwrap();
    drop(written);
    let log = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    let audited: Vec<&str> = log.lines().filter(|line| line.contains("bongsu::audit")).collect();
    assert_eq!(audited.len(), 1, "{log}");
    for part in [format!("key.id=\"{}\"", key.id()), "user.id=\"alice\"".into(), "op=\"message.send\"".into()]
    {
        assert!(audited[0].contains(&part), "{part} in {log}");
    }
    assert!(!log.contains("private words"));
}

//! The driver: bounded memory, nothing half imported, resumed at any message, rooms of every size and kind.

use std::sync::Arc;

use crate::support::{Generated, World};
use bongsu_import::{MESSAGES_HELD_MAX, Source};
use bongsu_types::Seq;

fn source(messages: u64, rooms: u64) -> Arc<dyn Source> {
    Arc::new(Generated::new(messages, rooms))
}

#[tokio::test]
async fn however_large_a_source_is_only_a_bounded_number_of_messages_is_in_memory() {
    let world = World::new();
    let report = world.import(&source(200_000, 7)).await.unwrap();
    assert_eq!((report.rooms, report.messages), (7, 200_000));
    assert!(report.held_max <= MESSAGES_HELD_MAX, "{} held", report.held_max);
    assert!(report.held_max < 200_000 / 10, "far less than the source has");
}

#[tokio::test]
async fn rooms_that_lie_mixed_in_a_source_are_each_whole_and_in_order() {
    let world = World::new();
    world.import(&source(9_000, 299)).await.unwrap();
    let room = world.room("gen:room-7").await;
    let messages = world.messages("gen:ann", room).await;
    assert_eq!(messages.len(), 31);
    for (number, item) in messages.iter().enumerate() {
        let message = item.record.body.message().unwrap();
        assert_eq!(message.text, format!("message {}", 7 + number * 299));
        let answers_the_one_before = number % 10 == 8;
        assert_eq!(message.reply_to, answers_the_one_before.then_some(Seq(number as u64)), "{number}");
    }
}

#[tokio::test]
async fn a_source_that_breaks_in_the_first_reading_leaves_nothing_behind() {
    let world = World::new();
    let broken = Generated { breaks_off: Some((1, 9_999)), ..Generated::new(10_000, 3) };
    let error = world.import(&(Arc::new(broken) as Arc<dyn Source>)).await.unwrap_err();
    assert_eq!(error.to_string(), "generated: broken");
    assert_eq!(world.store.last_commit().await.unwrap().0, 0, "not one write");
}

#[tokio::test]
async fn an_import_that_was_cut_off_is_unseen_and_goes_on_where_it_stopped() {
    let world = World::new();
    let broken = Generated { breaks_off: Some((2, 25_000)), ..Generated::new(30_000, 2) };
    world.import(&(Arc::new(broken) as Arc<dyn Source>)).await.unwrap_err();
    assert!(world.sees_nothing("gen:ann").await, "a half-imported room is unseen");

    let done = world.import(&source(30_000, 2)).await.unwrap();
    assert!(done.messages_before > 10_000 && done.messages > 1_000, "{done:?}");
    assert_eq!((done.rooms, done.messages_before + done.messages), (2, 30_000));
    let room = world.room("gen:room-1").await;
    assert_eq!(world.store.heads(&[room]).await.unwrap()[0].seq, Seq(15_000));
    let last = world.messages("gen:bob", room).await.pop().unwrap();
    let last = last.record.body.message().unwrap().clone();
    assert_eq!((last.text.as_str(), last.reply_to), ("message 29999", Some(Seq(14_999))));
}

#[tokio::test]
async fn importing_again_changes_nothing_and_says_what_a_grown_source_left_out() {
    let world = World::new();
    world.import(&source(5_000, 5)).await.unwrap();
    let commits = world.store.last_commit().await.unwrap();
    let again = world.import(&source(5_000, 5)).await.unwrap();
    assert_eq!((again.rooms, again.messages, again.rooms_before, again.messages_before), (0, 0, 5, 5_000));
    let grown = world.import(&source(5_100, 5)).await.unwrap();
    assert_eq!((grown.left_out, grown.rooms_before), (100, 5));
    assert_eq!(world.store.last_commit().await.unwrap(), commits);
}

#[tokio::test]
async fn a_source_that_shrank_while_half_imported_is_refused_with_what_to_do() {
    let world = World::new();
    let broken = Generated { breaks_off: Some((2, 25_000)), ..Generated::new(30_000, 1) };
    world.import(&(Arc::new(broken) as Arc<dyn Source>)).await.unwrap_err();
    let report = world.import(&source(10, 1)).await.unwrap();
    assert_eq!(report.rooms, 0);
    assert!(report.refused[0].reason.contains("import the same files again"), "{:?}", report.refused);
    assert!(world.sees_nothing("gen:ann").await);
}

#[tokio::test]
async fn a_source_that_changes_between_its_readings_is_told_and_unseen() {
    struct Growing(Generated, Generated, std::sync::atomic::AtomicBool);
    impl Source for Growing {
        fn name(&self) -> &str {
            "growing"
        }
        fn prefix(&self) -> &str {
            "gen"
        }
        fn bytes(&self) -> u64 {
            0
        }
        fn read(&self, intake: &mut bongsu_import::Intake) -> Result<(), bongsu_import::ReadError> {
            let again = self.2.swap(true, std::sync::atomic::Ordering::Relaxed);
            if again { self.1.read(intake) } else { self.0.read(intake) }
        }
    }
    for second in [9, 11] {
        let world = World::new();
        let growing = Growing(Generated::new(10, 1), Generated::new(second, 1), false.into());
        let error = world.import(&(Arc::new(growing) as Arc<dyn Source>)).await.unwrap_err();
        assert!(error.to_string().contains("changed while it was imported"), "{error}");
    }
}

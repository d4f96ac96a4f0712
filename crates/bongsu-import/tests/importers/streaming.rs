//! No reader takes in more of its file than it has told of: shown by counting bytes, not by watching memory.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bongsu_import::discord::Channel;
use bongsu_import::jsonl::{Export as Jsonl, JsonlOptions};
use bongsu_import::kakao::{Files, KakaoRoom};
use bongsu_import::mattermost::Export as Mattermost;
use bongsu_import::telegram::Export as Telegram;
use bongsu_import::whatsapp::{Chat, ChatOptions, DateOrder};
use bongsu_import::{Input, MESSAGES_HELD_MAX, Progress, Source, UtcOffset};

use crate::support::World;

const MESSAGES: u64 = 60_000;

/// A file that is made while it is read: a head, messages, an end. Knows how far it was read.
fn made(head: &'static str, message: fn(u64) -> String, end: &'static str, given: &Arc<AtomicU64>) -> Input {
    let given = Arc::clone(given);
    Input::new("made.txt", 0, move || {
        let given = Arc::clone(&given);
        given.store(0, Ordering::Relaxed);
        Ok(Box::new(Made { head, message, end, next: 0, ready: Vec::new(), taken: 0, given })
            as Box<dyn Read + Send>)
    })
}

struct Made {
    head: &'static str,
    message: fn(u64) -> String,
    end: &'static str,
    next: u64,
    ready: Vec<u8>,
    taken: usize,
    given: Arc<AtomicU64>,
}

impl Read for Made {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.taken == self.ready.len() {
            self.ready = match self.next {
                0 => self.head.to_owned(),
                number if number <= MESSAGES => (self.message)(number),
                number if number == MESSAGES + 1 => self.end.to_owned(),
                _ => return Ok(0),
            }
            .into_bytes();
            self.taken = 0;
            self.given.store(self.next.min(MESSAGES), Ordering::Relaxed);
            self.next += 1;
        }
        let count = buffer.len().min(self.ready.len() - self.taken);
        buffer[..count].copy_from_slice(&self.ready[self.taken..self.taken + count]);
        self.taken += count;
        Ok(count)
    }
}

/// Text long enough that the buffers of a reader hold few messages.
fn words(number: u64) -> String {
    format!("message {number} {}", "some more words ".repeat(10))
}

fn comma(number: u64) -> &'static str {
    if number < MESSAGES { "," } else { "" }
}

/// Imports it, watching in the store how far the file had been read when messages arrived there.
async fn watch(source: impl Source + 'static, given: &Arc<AtomicU64>, name: &str) {
    let world = World::new();
    let source: Arc<dyn Source> = Arc::new(source);
    let ahead_max = AtomicU64::new(0);
    let written = AtomicU64::new(0);
    let tell = |progress| match progress {
        // Each room begins with what it has: nothing. The second reading begins after that.
        Progress::Read { .. } | Progress::Counted { .. } | Progress::Written { messages: 0 } => {}
        Progress::Written { messages } => {
            let before = written.fetch_add(messages, Ordering::Relaxed);
            ahead_max.fetch_max(given.load(Ordering::Relaxed).saturating_sub(before), Ordering::Relaxed);
        }
    };
    let report = world.import_telling(&source, &tell).await.unwrap();
    assert_eq!(report.messages, MESSAGES, "{name}");
    assert!(report.held_max <= MESSAGES_HELD_MAX, "{name}: {} held", report.held_max);
    // What is held, and what lies in the buffers of the reader (64 KiB each, messages of 200 bytes).
    let bound = MESSAGES_HELD_MAX + 2_000;
    let ahead = ahead_max.load(Ordering::Relaxed);
    assert!(ahead <= bound, "{name}: the reader was {ahead} messages ahead of the store");
}

#[tokio::test(flavor = "multi_thread")]
async fn kakao_is_read_as_a_stream() {
    let given = Arc::default();
    let message = |n: u64| format!("[민지] [오전 9:05] {}\n", words(n));
    let head = "--------------- 2026년 3월 1일 일요일 ---------------\n";
    let input = made(head, message, "", &given);
    let files = Files { name: "a.txt".to_owned(), parts: vec![input], beside: Vec::new() };
    let room = KakaoRoom::of_files(files, None, UtcOffset::KST);
    watch(room.unwrap(), &given, "kakao:a").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatsapp_is_read_as_a_stream() {
    let given = Arc::default();
    let input = made("", |n| format!("30/01/19, 20:49 - Ann: {}\n", words(n)), "", &given);
    let options = ChatOptions { order: Some(DateOrder::DayMonthYear), ..ChatOptions::default() };
    watch(Chat::of_input(input, "a".to_owned(), &options).unwrap(), &given, "whatsapp:a").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn json_lines_are_read_as_a_stream() {
    let given = Arc::default();
    let line = |n: u64| {
        format!("{{\"room\": \"r{}\", \"user\": \"u\", \"at\": {n}, \"text\": \"{}\"}}\n", n % 50, words(n))
    };
    watch(Jsonl::new(made("", line, "", &given), Arc::new(JsonlOptions::default())), &given, "jsonl:r").await;
    let given = Arc::default();
    let line = |n: u64| {
        let post = format!(
            "{{\"team\":\"t\",\"channel\":\"c\",\"user\":\"u\",\"message\":\"{}\",\"create_at\":{n}}}",
            words(n)
        );
        format!("{{\"type\":\"post\",\"post\":{post}}}\n")
    };
    let input = made("{\"type\":\"version\",\"version\":1}\n", line, "", &given);
    watch(Mattermost::new(input), &given, "mattermost:t/c").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_of_json_are_read_as_a_stream() {
    let given = Arc::default();
    let message = |n: u64| {
        format!(
            "{{\"id\":{n},\"type\":\"message\",\"date_unixtime\":\"{n}\",\"from_id\":\"user1\",\"text\":\"{}\"}}{}\n",
            words(n),
            comma(n)
        )
    };
    let input =
        made("{\"name\":\"a\",\"type\":\"private_group\",\"id\":1,\"messages\":[", message, "]}", &given);
    watch(Telegram::new(input, UtcOffset::UTC), &given, "telegram:chat1").await;

    let given = Arc::default();
    let message = |n: u64| {
        format!(
            "{{\"id\":\"{n}\",\"timestamp\":\"2018-05-20T16:09:51Z\",\"author\":{{\"id\":\"1\"}},\"content\":\"{}\"}}{}\n",
            words(n),
            comma(n)
        )
    };
    let head = "{\"guild\":{},\"channel\":{\"id\":\"1\",\"type\":\"GuildTextChat\"},\"messages\":[";
    watch(Channel::open(made(head, message, "],\"messageCount\":1}", &given)).unwrap(), &given, "discord:1")
        .await;
}

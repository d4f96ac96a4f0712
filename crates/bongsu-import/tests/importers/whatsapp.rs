//! WhatsApp, over small chats in the layouts of several phones.

use std::sync::Arc;

use bongsu_import::whatsapp::{Chat, ChatOptions, DateOrder, exports};
use bongsu_import::{Input, ReadError, Skipped, Source, UtcOffset};
use bongsu_types::{Millis, RoomKind};

use crate::support::{World, error, kind, names, only_room, texts, zip_of};

pub(crate) const ANDROID: &str = "30/01/19, 20:48 - Messages and calls are end-to-end encrypted.\n\
    30/01/19, 20:49 - Ann: hello: you\nsecond line\n1/2 of it\n\
    30/01/19, 20:50 - Bob: \u{200e}IMG-20190130-WA0035.jpg (file attached)\n\
    31/01/19, 08:05 - Ann: fixed <This message was edited>\n\
    31/01/19, 08:06 - Bob left\n\
    31/01/19, 08:07 - Bob: <Media omitted>\n";

pub(crate) const IOS: &str = "\u{200e}[2024. 8. 21. 오후 2:38:05] 캠핑: \u{200e}메시지와 통화는 종단간 암호화되어 안전하게 보호됩니다.\r\n\
    [2024. 8. 21. 오전 12:01:05] ~\u{202f}민지: 안녕\r\n둘째 줄\r\n\
    [2024. 8. 22. 오후 12:00:00] 준호: \u{200e}<attached: 00000012-PHOTO-2024.jpg>\r\n";

pub(crate) fn open(bytes: impl Into<Arc<[u8]>>) -> Result<Chat, ReadError> {
    Chat::of_input(Input::memory("chat.txt", bytes), "Bob".to_owned(), &ChatOptions::default())
}

#[test]
fn android_is_read_with_lines_files_and_edits() {
    let room = only_room(&open(ANDROID.as_bytes()).unwrap());
    assert_eq!((room.key.as_str(), kind(&room)), ("whatsapp:Bob", RoomKind::Direct));
    assert_eq!(
        texts(&room),
        [
            "hello: you\nsecond line\n1/2 of it",
            "IMG-20190130-WA0035.jpg (file attached)",
            "fixed",
            "<Media omitted>"
        ]
    );
    assert_eq!(names(&room), ["Ann", "Bob"]);
    assert_eq!(room.messages[0].at_ms, Millis(1_548_881_340_000));
    assert_eq!(room.messages[2].edited_ms, Some(room.messages[2].at_ms));
    let data = room.messages[1].data.as_ref().unwrap().as_str();
    assert!(data.contains(r#""kind":"photo","name":"IMG-20190130-WA0035.jpg""#), "{data}");
}

#[tokio::test]
async fn ios_in_korean_is_read_from_its_zip_and_system_lines_are_counted() {
    let (_dir, path) = zip_of(
        "WhatsApp Chat - 캠핑.zip",
        &[("_chat.txt", IOS.as_bytes()), ("00000012-PHOTO-2024.jpg", b"x")],
    );
    assert_eq!(exports(std::slice::from_ref(&path)).unwrap().len(), 1);
    let options = ChatOptions { offset: Some(UtcOffset::KST), ..ChatOptions::default() };
    let chat = Chat::open(&path, &options).unwrap();
    let room = only_room(&chat);
    assert_eq!(room.key.as_str(), "whatsapp:캠핑");
    assert_eq!(texts(&room)[1..], ["안녕\n둘째 줄", "<attached: 00000012-PHOTO-2024.jpg>"]);
    assert_eq!(room.messages[1].at_ms, Millis(1_724_166_065_000));

    let source: Arc<dyn Source> = Arc::new(open(ANDROID.as_bytes()).unwrap());
    let report = World::new().import(&source).await.unwrap();
    assert_eq!((report.messages, report.skipped[&Skipped::ServerLine]), (4, 2));
}

#[test]
fn dates_that_can_be_read_in_two_ways_are_asked_for() {
    let text = "5/6/24, 20:48 - Ann: a\n5/6/24, 20:49 - Bob: b\n";
    let asked = error(open(text.as_bytes()));
    assert!(asked.contains("line 1: a date whose order cannot be told; expected --date-order"), "{asked}");
    let options = ChatOptions { order: Some(DateOrder::MonthDayYear), ..ChatOptions::default() };
    let chat = Chat::of_input(Input::memory("chat.txt", text.as_bytes()), "x".to_owned(), &options).unwrap();
    assert_eq!(only_room(&chat).messages[0].at_ms, Millis(1_715_028_480_000), "2024-05-06 20:48");
}

#[test]
fn what_is_no_chat_is_refused_with_what_was_expected() {
    let wrong = error(open(b"hello\n".to_vec()));
    assert!(
        wrong.contains("line 1: no line of a WhatsApp chat in it; expected a WhatsApp chat: `30/01/19"),
        "{wrong}"
    );
}

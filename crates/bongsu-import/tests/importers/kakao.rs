//! KakaoTalk, over small exports of all four programs in both languages.

use std::path::PathBuf;
use std::sync::Arc;

use bongsu_import::kakao::{Files, KakaoRoom, Layout, exports};
use bongsu_import::{Input, ReadError, Source, UtcOffset, WholeRoom};
use bongsu_types::{Millis, RoomKind};

use crate::support::{World, error, kind, names, only_room, texts, zip_of};

pub(crate) const WINDOWS: &str = "캠핑 님과 카카오톡 대화\r\n저장한 날짜 : 2026-08-01 13:07:26\r\n\r\n\
    --------------- 2026년 3월 1일 일요일 ---------------\r\n\
    민지님이 들어왔습니다.\r\n\
    [민지] [오전 9:05] 텐트 있는 사람?\r\n\
    두 개 필요해요\r\n\
    [준호 [팀] ] [오후 12:00] 저요\r\n\
    --------------- 2026년 3월 2일 월요일 ---------------\r\n\
    [민지] [오전 12:01] 사진\r\n\
    --------------- 2026년 2월 1일 일요일 ---------------\r\n\
    메시지가 삭제되었습니다.\r\n\
    [준호 [팀] ] [오후 11:59] 끝\r\n";

pub(crate) const ANDROID: &str = "\u{feff}준호 님과 카카오톡 대화\n저장한 날짜 : 2026년 2월 8일 오후 3:19\n\n\
    2026년 2월 8일 오후 3:17\n\
    2026년 2월 8일 오후 3:17, 민지님이 들어왔습니다.\n\
    2026년 2월 8일 오후 3:18, 민지 : 안녕 : 하세요\n\
    2026년 2월 9일 오후 3:00\n\
    그때 봐요\n\
    2026년 2월 8일 오후 3:19, 준호 : 네\n\n\
    2026년 2월 9일 오후 3:17\n\
    2026년 2월 9일 오후 3:17, 준호 : 파일: %EB%B3%B4.pdf\n";

pub(crate) const IOS: &str = "캠핑님과 카카오톡 대화\n저장한 날짜 : 2026. 1. 27. 오후 9:37\n\n\n\
    2026년 1월 27일 화요일\n\
    2026. 1. 27. 21:37, 부서:영업팀 : 안녕\n\
    2026년 7월 1일 수요일\n\
    에 만나요\n\
    2026. 1. 27. 오후 9:39, 민지 : 사진\n\
    2026. 1. 27. 21:42: 준호님이 들어왔습니다.\n\
    2026년 1월 28일 수요일\n\
    2026. 1. 28. 09:00, 민지 : 좋은 아침\n";

pub(crate) const MACOS: &str = "Date,User,Message\n\
    2026-05-17 09:00:00,\"민지\",\"안녕, \"\"모두\"\"\n둘째 줄\"\n\
    2026-05-17 09:01:07,준호,쉼표, 없이\n\
    2026-05-17 09:02:00,준호,첫 줄\n\
    따옴표 없는 둘째 줄\n\
    ,,메시지가 삭제되었습니다.\n\
    2026-05-17 09:03:00,시스템,홍길동님이 들어왔습니다.\n";

const ENGLISH: &str = "KakaoTalk Chats with Camp\nDate Saved : June 23, 2023 at 5:25 PM\n\n\
    June 23, 2023 at 5:20\u{202f}PM, John : Hello\nand more\n\
    June 23, 2023 at 5:21 PM, Mary left.\n\
    June 24, 2023, 12:05 a.m., Mary : Night\n";

pub(crate) fn open(name: &str, bytes: impl Into<Arc<[u8]>>) -> Result<KakaoRoom, ReadError> {
    let parts = vec![Input::memory(name, bytes)];
    KakaoRoom::of_files(Files { name: name.to_owned(), parts, beside: Vec::new() }, None, UtcOffset::KST)
}

fn room(name: &str, text: &str) -> WholeRoom {
    only_room(&open(name, text.as_bytes()).unwrap())
}

/// Milliseconds of a Korean time, in May 2026 and the like.
fn kst(day_of_1970: u64, hour: u64, minute: u64) -> Millis {
    Millis(((day_of_1970 * 24 + hour) * 60 + minute) * 60_000 - 9 * 3_600_000)
}

#[test]
fn windows_has_its_days_on_lines_of_their_own() {
    let room = room("a.txt", WINDOWS);
    assert_eq!(room.key.as_str(), "kakao:캠핑");
    assert_eq!(kind(&room), RoomKind::Group);
    let expected = [
        "텐트 있는 사람?\n두 개 필요해요",
        "저요",
        "사진\n--------------- 2026년 2월 1일 일요일 ---------------",
        "끝",
    ];
    assert_eq!(texts(&room), expected, "a day that goes back in time is something somebody wrote");
    assert_eq!(names(&room), ["민지", "준호 [팀]"]);
    let at: Vec<Millis> = room.messages.iter().map(|message| message.at_ms).collect();
    assert_eq!(at, [kst(20_513, 9, 5), kst(20_513, 12, 0), kst(20_514, 0, 1), kst(20_514, 23, 59)]);
}

#[test]
fn android_has_its_times_in_every_line_and_a_chat_of_two_is_direct() {
    let room = room("KakaoTalkChats.txt", ANDROID);
    assert_eq!(kind(&room), RoomKind::Direct, "two wrote, and the title names one");
    assert_eq!(
        texts(&room),
        ["안녕 : 하세요\n2026년 2월 9일 오후 3:00\n그때 봐요", "네", "파일: %EB%B3%B4.pdf"]
    );
    let data = room.messages[2].data.as_ref().unwrap();
    assert_eq!(data.as_str(), r#"{"attachments":[{"kind":"file","name":"%EB%B3%B4.pdf"}]}"#);
}

#[test]
fn ios_has_both_clocks_and_dates_that_somebody_wrote() {
    let room = room("Talk_2026.1.27 21_37-1.txt", IOS);
    assert_eq!(texts(&room), ["안녕\n2026년 7월 1일 수요일\n에 만나요", "사진", "좋은 아침"]);
    assert_eq!(names(&room), ["부서:영업팀", "민지"]);
    assert_eq!(room.messages[1].at_ms, kst(20_480, 21, 39));
}

#[test]
fn macos_has_quotes_seconds_and_rows_without_a_sender() {
    let room = room("KakaoTalk_Chat_[캠핑]_2026-05-18-12-03-00.csv", MACOS);
    assert_eq!(room.key.as_str(), "kakao:캠핑");
    assert_eq!(texts(&room), ["안녕, \"모두\"\n둘째 줄", "쉼표, 없이", "첫 줄\n따옴표 없는 둘째 줄"]);
    assert_eq!(room.messages[1].at_ms, Millis(kst(20_590, 9, 1).get() + 7_000));
}

#[test]
fn english_exports_are_read_like_korean_ones() {
    let source = open("KakaoTalkChats.txt", ENGLISH.as_bytes()).unwrap();
    assert_eq!(source.layout(), Layout::Android);
    let room = only_room(&source);
    assert_eq!(room.key.as_str(), "kakao:Camp");
    assert_eq!(texts(&room), ["Hello\nand more", "Night"]);
    assert_eq!(room.messages[1].at_ms, kst(19_532, 0, 5));
}

#[test]
fn utf16_is_read_and_other_encodings_are_told_apart_with_their_line() {
    let utf16: Vec<u8> =
        std::iter::once(0xfeff).chain(WINDOWS.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    assert_eq!(only_room(&open("a.txt", utf16).unwrap()), room("a.txt", WINDOWS));
    // "민지" in CP949.
    let mut mixed = ANDROID.as_bytes().to_vec();
    mixed.extend_from_slice(b"\xb9\xce\xc1\xf6\n");
    let error = error(open("chat.txt", mixed));
    assert!(error.starts_with("chat.txt, line 13: bytes that are not UTF-8; expected UTF-8"), "{error}");
    assert!(error.contains("iconv -f cp949"), "{error}");
}

#[test]
fn what_is_no_export_is_refused_with_what_was_expected() {
    assert!(
        error(open("a.txt", b"hello\nthere\n".to_vec())).contains("line 1: no line of a KakaoTalk export")
    );
    let without_day = error(open("a.txt", "[민지] [오전 9:05] x\n".as_bytes()));
    assert!(
        without_day.contains("line 1: a message without a day; expected a day line before it"),
        "{without_day}"
    );
    let cut = error(open("a.csv", "Date,User,Message\n2026-05-17 09:00:00,a,\"x\n".as_bytes()));
    assert!(cut.contains("line 2: a quoted text that never ends"), "{cut}");
    let wrong = error(open("a.csv", "Date,User,Message\n1,2,3\n".as_bytes()));
    assert!(wrong.contains("line 2: a line that is no record; expected `2026-02-01"), "{wrong}");
}

#[test]
fn the_parts_of_a_long_chat_are_one_room_and_files_beside_it_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).unwrap();
    write("Talk_2026.1.27 21_37-1.txt", IOS);
    write("Talk_2026.1.27 21_37-2.txt", "2026. 1. 29. 09:00, 민지 : 둘째 파일\n");
    write("20260127_213912_1.jpeg", "");
    write("notes.txt", "");
    let found = exports(&[dir.path().to_owned()]).unwrap();
    assert_eq!(found.len(), 1);
    let room = only_room(&KakaoRoom::open(&found[0], None, UtcOffset::KST).unwrap());
    assert_eq!(texts(&room)[2..], ["좋은 아침", "둘째 파일"]);
    let data = room.messages[1].data.as_ref().unwrap();
    assert_eq!(data.as_str(), r#"{"attachments":[{"kind":"photo","file":"20260127_213912_1.jpeg"}]}"#);
}

#[tokio::test]
async fn a_zip_from_android_is_imported_once() {
    let (_dir, path): (_, PathBuf) =
        zip_of("KakaoTalk_Chats_2026.zip", &[("KakaoTalkChats.txt", ANDROID.as_bytes()), ("보.pdf", b"x")]);
    let source: Arc<dyn Source> = Arc::new(KakaoRoom::open(&[path], None, UtcOffset::KST).unwrap());
    let world = World::new();
    let report = world.import(&source).await.unwrap();
    assert_eq!((report.rooms, report.messages), (1, 3));
    let id = world.room("kakao:준호").await;
    let seen = world.messages("kakao:.eb.af.bc.ec.a7.80", id).await;
    let last = seen[2].record.body.message().unwrap();
    assert!(last.data.as_ref().unwrap().as_str().contains(r#""file":"보.pdf""#));
    assert_eq!(world.import(&source).await.unwrap().rooms_before, 1);
}

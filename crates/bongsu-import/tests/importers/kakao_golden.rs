//! KakaoTalk exports against the parses expected of them, where `BONGSU_TEST_DATA` names the set.
//!
//! The expected parses are of a program that shows consecutive texts of one person as one; here they stay the messages
//! they were sent as, so the comparison puts them together first. Two of the inputs are not in the set: they are written
//! here after what is expected of them.

use std::path::{Path, PathBuf};

use bongsu_import::kakao::{Files, KakaoRoom};
use bongsu_import::{Input, UtcOffset, WholeRoom};
use serde_json::Value;

use crate::support::{only_room, test_data};

const SECURITY_XSS: &str = "보안 테스트\n저장한 날짜 : 2026. 4. 1. 오후 1:00\n\n2026년 4월 1일 수요일\n\
    2026. 4. 1. 오후 1:00, 테스터 : 파일: <img src=x onerror=alert(1)>.pdf\n\
    2026. 4. 1. 오후 1:01, <script>alert(2)</script> : 안녕\n\
    2026. 4. 1. 오후 1:02, 테스터 : https://example.com\"onmouseover=alert(3)\n";

/// `{n}` stands for the n-th photo of the expected parse; others are made up.
const ANDROID_SAMPLE: &str = "테스트 3 님과 카카오톡 대화\n저장한 날짜 : 2026년 2월 8일 오후 3:19\n\n2026년 2월 8일 오후 3:17\n\
    2026년 2월 8일 오후 3:17, 티비 보는 라이언님이 들어왔습니다.\n\
    2026년 2월 8일 오후 3:17, 테스터 : 어서오세요\n\
    2026년 2월 8일 오후 3:17, 다른사람 : 반가워요\n\
    2026년 2월 8일 오후 3:17, 티비 보는 라이언 : 똥이다\n끝?\n더 해야함?\n\
    2026년 2월 8일 오후 3:18, 테스터 : 파일: Signature%20iFD01_User%20manual.pdf\n\
    2026년 2월 8일 오후 3:18, 테스터 : 잠시만\n\
    2026년 2월 8일 오후 3:18, 테스터 : 사진전송고 해뷰게\n\
    2026년 2월 8일 오후 3:18, 테스터 : {0}\n{1}\n{2}\n{3}\n\
    2026년 2월 8일 오후 3:18, 티비 보는 라이언 : 사진 잘 왔어요\n\
    2026년 2월 8일 오후 3:18, 테스터 : {4}\n{5}\n{6}\n{7}\n";

/// A message as the expected parses have them.
#[derive(Debug)]
struct Row {
    date: String,
    time: String,
    user: String,
    message_type: String,
    content: String,
    attachment_ref: String,
    attachment_path: String,
}

impl Row {
    fn matches(&self, expected: &Value) -> bool {
        expected.as_object().unwrap().iter().all(|(field, value)| match field.as_str() {
            "index" => true,
            "has_link" => value.as_bool() == Some(self.content.contains("https://")),
            field => value.as_str() == Some(self.field(field)),
        })
    }

    fn field(&self, name: &str) -> &str {
        match name {
            "date" => &self.date,
            "time" => &self.time,
            "user" => &self.user,
            "message_type" => &self.message_type,
            "content" => &self.content,
            "attachment_ref" => &self.attachment_ref,
            "attachment_path" => &self.attachment_path,
            other => panic!("the expected parse has a field {other}"),
        }
    }
}

#[test]
fn exports_equal_their_expected_parses() {
    let Some(data) = test_data() else { return };
    let folder = PathBuf::from(data).join("importer-fixtures/kakaotalk");
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder.join("parser-golden")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    for file in &files {
        let golden: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
        check(&golden, &export_of(&golden, &folder));
    }
    assert_eq!(files.len(), 9);
}

fn export_of(golden: &Value, folder: &Path) -> KakaoRoom {
    let id = golden["id"].as_str().unwrap();
    let listed = |value: &Value| -> Vec<String> {
        value.as_array().into_iter().flatten().map(|name| name.as_str().unwrap().to_owned()).collect()
    };
    let (input, path, beside) = match id {
        "security-xss" => (Input::memory(id, SECURITY_XSS.as_bytes()), PathBuf::from("a.txt"), Vec::new()),
        "android-sample" => {
            let photos = photos_of(golden);
            let mut text = ANDROID_SAMPLE.to_owned();
            for (number, photo) in photos.iter().enumerate() {
                text = text.replace(&format!("{{{number}}}"), photo);
            }
            (Input::memory(id, text.into_bytes()), PathBuf::from("KakaoTalkChats.txt"), photos)
        }
        "ios-zip-minimal" => {
            let path = folder.join("fixtures").join(id).join(golden["input"]["chatFile"].as_str().unwrap());
            let names = std::fs::read_dir(path.parent().unwrap()).unwrap();
            let beside = names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
            (Input::file(&path).unwrap(), path, beside)
        }
        _ => {
            let text = golden["input"]["text"].as_str().unwrap().strip_prefix("test/").unwrap();
            let path = folder.join(text);
            (Input::file(&path).unwrap(), path, listed(&golden["input"]["attachments"]))
        }
    };
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    KakaoRoom::of_files(Files { name, parts: vec![input], beside }, None, UtcOffset::KST).unwrap()
}

/// The photos expected, and as many more as are counted.
fn photos_of(golden: &Value) -> Vec<String> {
    let expected = golden["expected"]["containsMessages"].as_array().unwrap();
    let mut photos: Vec<String> =
        expected.iter().map(|row| row["attachment_ref"].as_str().unwrap().to_owned()).collect();
    while photos.len() < 8 {
        photos.push(format!("{:064x}.jpg", photos.len()));
    }
    photos
}

fn check(golden: &Value, export: &KakaoRoom) {
    let (id, expected) = (golden["id"].as_str().unwrap(), &golden["expected"]);
    assert_eq!(export.layout().name(), expected["detectedPlatform"].as_str().unwrap(), "{id}");
    let rows = put_together(&only_room(export));
    let count = |of: &dyn Fn(&Row) -> bool| rows.iter().filter(|row| of(row)).count() as u64;
    assert_eq!(Some(rows.len() as u64), expected["messageCount"].as_u64(), "{id}: {rows:#?}");

    let mut dates: Vec<&str> = rows.iter().map(|row| row.date.as_str()).collect();
    dates.dedup();
    dates.reverse();
    assert_eq!(serde_json::json!(dates), expected["dates"], "{id}");
    assert_eq!(Some(dates.len() as u64), expected["dateCount"].as_u64(), "{id}");
    for (kind, number) in expected["typeCounts"].as_object().unwrap() {
        assert_eq!(Some(count(&|row| row.message_type == *kind)), number.as_u64(), "{id}: {kind}");
    }
    assert_eq!(
        Some(count(&|row| row.message_type != "text")),
        expected["attachmentRefCount"].as_u64(),
        "{id}"
    );
    let mapped = count(&|row| !row.attachment_path.is_empty());
    assert_eq!(Some(mapped), expected["attachmentMappedCount"].as_u64(), "{id}");
    for (date, number) in expected["leaderCountByDate"].as_object().unwrap() {
        assert_eq!(
            Some(count(&|row| row.date == *date && row.user == "모임장")),
            number.as_u64(),
            "{id}: {date}"
        );
    }
    for message in expected["messages"].as_array().unwrap() {
        let row = &rows[message["index"].as_u64().unwrap() as usize];
        assert!(row.matches(message), "{id}: expected {message:#}, found {row:#?}");
    }
    for message in expected["containsMessages"].as_array().into_iter().flatten() {
        assert!(rows.iter().any(|row| row.matches(message)), "{id}: nothing like {message:#}");
    }
}

/// Consecutive texts of one person on one day are one row, as in the expected parses.
fn put_together(room: &WholeRoom) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for message in &room.messages {
        let data: Value =
            message.data.as_ref().map_or(Value::Null, |data| serde_json::from_str(data.as_str()).unwrap());
        let attachment = &data["attachments"][0];
        let text_of = |field: &str| attachment[field].as_str().unwrap_or_default().to_owned();
        let minutes = (message.at_ms.get() + 9 * 3_600_000) / 60_000;
        let row = Row {
            date: date(minutes / 1_440),
            time: format!("{:02}:{:02}", minutes / 60 % 24, minutes % 60),
            user: room.members.iter().find(|(id, _)| *id == message.sender).unwrap().1.clone(),
            message_type: attachment["kind"].as_str().unwrap_or("text").to_owned(),
            content: message.text.clone(),
            attachment_ref: text_of("name"),
            attachment_path: text_of("file"),
        };
        match rows.last_mut() {
            Some(last)
                if row.message_type == "text"
                    && (&last.message_type, &last.user, &last.date)
                        == (&row.message_type, &row.user, &row.date) =>
            {
                last.content = format!("{}\n{}", last.content, row.content);
            }
            _ => rows.push(row),
        }
    }
    rows
}

/// `2026-03-01` of a day since 1970, counted month by month.
fn date(mut days: u64) -> String {
    let leap = |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let mut year = 1970;
    while days >= if leap(year) { 366 } else { 365 } {
        days -= if leap(year) { 366 } else { 365 };
        year += 1;
    }
    let february = if leap(year) { 29 } else { 28 };
    let mut month = 0;
    let lengths = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    while days >= lengths[month] {
        days -= lengths[month];
        month += 1;
    }
    format!("{year}-{:02}-{:02}", month + 1, days + 1)
}

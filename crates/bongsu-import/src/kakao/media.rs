//! What stands for a picture or a file in KakaoTalk's text, and which file beside the export it is.

use std::collections::{BTreeMap, VecDeque};

use bongsu_types::Millis;

use super::layout::Layout;
use crate::room::Attachment;

/// What a whole text stands for; `None` when it is just text.
pub(super) fn kind_of(text: &str) -> Option<(&'static str, Option<&str>)> {
    let text = text.trim();
    if let Some(name) = text.strip_prefix("파일: ").or_else(|| text.strip_prefix("File: ")) {
        return (!name.contains('\n')).then_some(("file", Some(name.trim())));
    }
    let several = |word| text.strip_prefix(word).and_then(|rest| rest.strip_suffix('장')).map(str::trim);
    match text {
        "사진" | "Photo" => Some(("photo", None)),
        "동영상" | "Video" => Some(("video", None)),
        "이모티콘" | "Emoticons" => Some(("emoticon", None)),
        "음성메시지" | "Voice Message" => Some(("audio", None)),
        _ if several("사진 ").is_some_and(is_number) => Some(("photo", None)),
        _ if is_hash_name(text) => Some((class_of(text), Some(text))),
        _ => None,
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.len() <= 3 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// `5bb9…a022.jpg`: how Android names what was sent.
pub(super) fn is_hash_name(text: &str) -> bool {
    let Some((name, end)) = text.split_once('.') else { return false };
    name.len() == 64
        && name.bytes().all(|byte| byte.is_ascii_hexdigit())
        && (2..=4).contains(&end.len())
        && end.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn class_of(name: &str) -> &'static str {
    let end = name.rsplit_once('.').map_or("", |(_, end)| end).to_ascii_lowercase();
    match end.as_str() {
        "jpg" | "jpeg" | "png" | "webp" | "gif" | "heic" => "photo",
        "mp4" | "mov" | "avi" | "mkv" => "video",
        "m4a" | "mp3" | "aac" | "wav" => "audio",
        _ => "file",
    }
}

/// The files beside an export, each taken once.
pub(super) struct Beside {
    layout: Layout,
    /// Minute and class to files in the order of their names (iOS).
    by_minute: BTreeMap<(String, &'static str), VecDeque<String>>,
    /// Unescaped name to file (Android).
    by_name: BTreeMap<String, String>,
}

impl Beside {
    pub(super) fn of(layout: Layout, files: &[String]) -> Self {
        let mut beside = Self { layout, by_minute: BTreeMap::new(), by_name: BTreeMap::new() };
        for file in files {
            match layout {
                Layout::Ios => {
                    if let Some(minute) = minute_of(file) {
                        beside.by_minute.entry((minute, class_of(file))).or_default().push_back(file.clone());
                    }
                }
                Layout::Android => {
                    beside.by_name.insert(unescaped(file), file.clone());
                }
                // These come without files.
                Layout::Windows | Layout::MacOs => {}
            }
        }
        beside
    }

    /// The attachment a text stands for. `local_ms` is its minute on the exporter's clock.
    pub(super) fn attachment(&mut self, text: &str, local: &LocalMinute) -> Option<Attachment> {
        let (kind, name) = kind_of(text)?;
        let file = match self.layout {
            Layout::Ios => self.by_minute.get_mut(&(local.0.clone(), kind)).and_then(VecDeque::pop_front),
            Layout::Android => name.and_then(|name| self.by_name.get(&unescaped(name)).cloned()),
            Layout::Windows | Layout::MacOs => None,
        };
        Some(Attachment { kind, name: name.map(str::to_owned), file, ..Attachment::default() })
    }
}

/// A minute as iOS names files after: `20260127_2139`.
pub(super) struct LocalMinute(String);

impl LocalMinute {
    /// Of an instant counted on the exporter's own clock, as if that were UTC.
    pub(super) fn of(local: Millis) -> Self {
        let minutes = local.get() / 60_000;
        let (year, month, day) = civil(minutes / 1_440);
        Self(format!("{year:04}{month:02}{day:02}_{:02}{:02}", minutes / 60 % 24, minutes % 60))
    }
}

/// The date of a day since 1970; Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`.
fn civil(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let era = shifted / 146_097;
    let day_of_era = shifted % 146_097;
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_era + era * 400 + u64::from(month <= 2), month, day)
}

/// `20260127_213901_1.jpeg` is of `20260127_2139`.
fn minute_of(file: &str) -> Option<String> {
    let minute = file.get(..13)?;
    let valid = minute.bytes().enumerate().all(|(at, byte)| match at {
        8 => byte == b'_',
        _ => byte.is_ascii_digit(),
    });
    valid.then(|| minute.to_owned())
}

/// `%EB%B3%B4.pdf` as `보.pdf`; what is not escaped properly stays as it is.
fn unescaped(name: &str) -> String {
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name.as_bytes();
    while let Some((first, more)) = rest.split_first() {
        let hex = more.get(..2).filter(|_| *first == b'%').and_then(|two| str::from_utf8(two).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &more[2..];
            }
            None => {
                bytes.push(*first);
                rest = more;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_text_stands_for_a_file() {
        assert_eq!(kind_of("사진 12장"), Some(("photo", None)));
        assert_eq!(kind_of("사진 보냈어요"), None);
        assert_eq!(
            kind_of("파일: <img src=x onerror=alert(1)>.pdf"),
            Some(("file", Some("<img src=x onerror=alert(1)>.pdf")))
        );
        assert_eq!(kind_of("파일: a.pdf\n와 글"), None);
        let hash = format!("{}.jpg", "0a".repeat(32));
        assert_eq!(kind_of(&hash), Some(("photo", Some(hash.as_str()))));
        assert_eq!(kind_of("0a.jpg"), None);
    }

    #[test]
    fn files_are_found_by_minute_or_by_name_each_once() {
        let files = ["20260127_213901_1.jpeg", "20260127_213902_2.png", "20260127_214001.pdf", "notes.txt"];
        let files: Vec<String> = files.iter().map(|name| (*name).to_owned()).collect();
        let mut beside = Beside::of(Layout::Ios, &files);
        let minute = LocalMinute::of(Millis(1_769_549_940_000));
        let mut file = |text| beside.attachment(text, &minute).and_then(|attachment| attachment.file);
        assert_eq!(minute.0, "20260127_2139");
        assert_eq!(file("사진").as_deref(), Some("20260127_213901_1.jpeg"));
        assert_eq!(file("사진").as_deref(), Some("20260127_213902_2.png"));
        assert_eq!((file("사진"), file("파일: a.pdf")), (None, None));

        let mut beside = Beside::of(Layout::Android, &["%EB%B3%B4%EA%B3%A0%EC%84%9C.pdf".to_owned()]);
        let found = beside.attachment("파일: 보고서.pdf", &minute).unwrap();
        assert_eq!(found.file.as_deref(), Some("%EB%B3%B4%EA%B3%A0%EC%84%9C.pdf"));
        assert_eq!(unescaped("100%.pdf %zz %ff"), "100%.pdf %zz %ff");
    }
}

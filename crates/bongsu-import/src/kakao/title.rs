//! The name of a KakaoTalk room, from the head of its export or the file's name.

use super::layout::Layout;

/// The name in a head of two lines: the title, and when it was saved.
pub(super) fn of_head(first: &str, second: &str, layout: Layout) -> Option<String> {
    let saved = second.trim_start();
    if !saved.starts_with("저장한 날짜") && !saved.starts_with("Date Saved") {
        return None;
    }
    let title = first.trim();
    let korean = ["과 카카오톡 대화", "과의 카카오톡 대화"]
        .iter()
        .find_map(|end| title.strip_suffix(end))
        .and_then(|title| title.strip_suffix('님'));
    let name = match korean {
        Some(name) => name.trim_end(),
        None => title
            .strip_prefix("KakaoTalk Chats with ")
            .or_else(|| title.strip_suffix(" with KakaoTalk Chats"))
            .unwrap_or(title),
    };
    let name = if layout == Layout::Android && korean.is_some() { without_count(name) } else { name };
    Some(name.to_owned()).filter(|name| !name.is_empty())
}

/// Android adds the number of people to a group's name; it changes from one export to the next.
fn without_count(name: &str) -> &str {
    match name.rsplit_once(' ') {
        Some((rest, count)) if count.parse().is_ok_and(|count: u32| (3..=3_000).contains(&count)) => {
            rest.trim_end()
        }
        Some(_) | None => name,
    }
}

/// `KakaoTalk_Chat_[방이름]_2026-05-18-12-03-00.csv` as 방이름; other names without their ending.
pub(super) fn of_file(file_name: &str) -> String {
    let stem = file_name.rsplit_once('.').map_or(file_name, |(stem, _)| stem);
    let inner = stem.strip_prefix("KakaoTalk_Chat_").and_then(|rest| rest.rsplit_once('_'));
    let name = inner.map_or(stem, |(name, _)| name);
    name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name).to_owned()
}

/// `Talk_2026.1.27 21_37-2.txt` is part 2 of `Talk_2026.1.27 21_37`.
pub(super) fn part_of(file_name: &str) -> Option<(&str, u32)> {
    let (stem, part) = file_name.strip_suffix(".txt")?.rsplit_once('-')?;
    Some((stem, part.parse().ok()?)).filter(|_| stem.starts_with("Talk_"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_is_named_by_its_head_else_by_its_file() {
        let head = |first, layout| of_head(first, "저장한 날짜 : 2026. 1. 27. 오후 9:37", layout);
        for title in
            ["여행 님과 카카오톡 대화", "여행님과 카카오톡 대화", "여행 님과의 카카오톡 대화", "여행"]
        {
            assert_eq!(head(title, Layout::Windows).as_deref(), Some("여행"), "{title}");
        }
        assert_eq!(head("여행 12 님과 카카오톡 대화", Layout::Android).as_deref(), Some("여행"));
        assert_eq!(head("여행 12 님과 카카오톡 대화", Layout::Windows).as_deref(), Some("여행 12"));
        let english = of_head("KakaoTalk Chats with Trip", "Date Saved : June 1", Layout::Android);
        assert_eq!(english.as_deref(), Some("Trip"));
        assert_eq!(of_head("a", "b", Layout::Android), None);
        assert_eq!(of_file("KakaoTalk_Chat_[테스트_방]_2026-05-18-12-03-00.csv"), "테스트_방");
        assert_eq!(of_file("KakaoTalkChats.txt"), "KakaoTalkChats");
        assert_eq!(part_of("Talk_2026.1.27 21_37-2.txt"), Some(("Talk_2026.1.27 21_37", 2)));
        assert_eq!(part_of("KakaoTalk_20260301_2110_00_123_group.txt"), None);
    }
}

//! Short codes of reactions as the emoji they stand for.

/// The usual ones. Others stay `:code:`: workspaces have emoji of their own.
const CODES: [(&str, &str); 62] = [
    ("+1", "👍"),
    ("thumbsup", "👍"),
    ("-1", "👎"),
    ("thumbsdown", "👎"),
    ("100", "💯"),
    ("ballot_box_with_check", "☑️"),
    ("beers", "🍻"),
    ("blush", "😊"),
    ("boom", "💥"),
    ("broken_heart", "💔"),
    ("bow", "🙇"),
    ("bug", "🐛"),
    ("bulb", "💡"),
    ("clap", "👏"),
    ("coffee", "☕"),
    ("confetti_ball", "🎊"),
    ("cry", "😢"),
    ("dancer", "💃"),
    ("disappointed", "😞"),
    ("eyes", "👀"),
    ("face_palm", "🤦"),
    ("fire", "🔥"),
    ("grin", "😁"),
    ("grinning", "😀"),
    ("hand", "✋"),
    ("handshake", "🤝"),
    ("heart", "❤️"),
    ("heart_eyes", "😍"),
    ("heavy_check_mark", "✔️"),
    ("heavy_plus_sign", "➕"),
    ("hourglass", "⌛"),
    ("hugging_face", "🤗"),
    ("joy", "😂"),
    ("laughing", "😆"),
    ("muscle", "💪"),
    ("ok", "🆗"),
    ("ok_hand", "👌"),
    ("open_mouth", "😮"),
    ("partying_face", "🥳"),
    ("pray", "🙏"),
    ("question", "❓"),
    ("raised_hands", "🙌"),
    ("rage", "😡"),
    ("rocket", "🚀"),
    ("rolling_on_the_floor_laughing", "🤣"),
    ("scream", "😱"),
    ("see_no_evil", "🙈"),
    ("slightly_smiling_face", "🙂"),
    ("smile", "😄"),
    ("smiley", "😃"),
    ("sob", "😭"),
    ("sparkles", "✨"),
    ("star", "⭐"),
    ("sunglasses", "😎"),
    ("sweat_smile", "😅"),
    ("tada", "🎉"),
    ("thinking_face", "🤔"),
    ("warning", "⚠️"),
    ("wave", "👋"),
    ("white_check_mark", "✅"),
    ("x", "❌"),
    ("zap", "⚡"),
];

/// Skin tones as Slack writes them after a code: `+1::skin-tone-3`.
const TONES: [(&str, &str); 5] = [
    ("skin-tone-2", "\u{1f3fb}"),
    ("skin-tone-3", "\u{1f3fc}"),
    ("skin-tone-4", "\u{1f3fd}"),
    ("skin-tone-5", "\u{1f3fe}"),
    ("skin-tone-6", "\u{1f3ff}"),
];

/// What a short code without its colons shows.
pub(crate) fn of_code(code: &str) -> String {
    let (base, tone) = code.split_once("::").unwrap_or((code, ""));
    let found = CODES.iter().find(|(name, _)| *name == base).map(|(_, emoji)| *emoji);
    let tone_found = TONES.iter().find(|(name, _)| *name == tone).map(|(_, modifier)| *modifier);
    match (found, tone_found) {
        (Some(emoji), _) if tone.is_empty() => emoji.to_owned(),
        (Some(emoji), Some(modifier)) => format!("{emoji}{modifier}"),
        (Some(_) | None, _) => format!(":{code}:"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_codes_become_emoji_and_others_keep_their_name() {
        assert_eq!(of_code("tada"), "🎉");
        assert_eq!(of_code("+1::skin-tone-3"), "👍🏼");
        assert_eq!(of_code("party-parrot"), ":party-parrot:");
        assert_eq!(of_code("+1::odd"), ":+1::odd:");
    }
}

//! Foreign text made safe to show: it was written by anybody, and exported by anything.

/// The most of one text that a reader holds, in bytes. Whatever is longer is over every limit.
pub(crate) const TEXT_BYTES_HELD: usize = 1024 * 1024;

/// A message's text: line ends as `\n`, no control characters but `\n` and `\t`, no bidirectional embeddings and
/// overrides (U+202A to U+202E: they reorder what stands around the message), no byte order marks, no blanks at the end.
///
/// Marks and isolates (U+200E, U+200F, U+2066 to U+2069) stay: right-to-left chats need them, and they end with the
/// line. So do joiners and variation selectors: emoji are made of them.
pub(crate) fn clean(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' => {
                if chars.peek() != Some(&'\n') {
                    clean.push('\n');
                }
            }
            '\u{2028}' | '\u{2029}' => clean.push('\n'),
            '\n' | '\t' => clean.push(c),
            c if c.is_control() || is_reordering(c) || c == '\u{feff}' => {}
            c => clean.push(c),
        }
    }
    clean.truncate(clean.trim_end().len());
    let start = clean.len() - clean.trim_start_matches('\n').len();
    clean.drain(..start);
    clean
}

/// A name: one line, without direction marks, cut to `bytes`.
pub(crate) fn clean_name(name: &str, bytes: usize) -> String {
    let mut name: String = clean(name)
        .chars()
        .filter(|c| !matches!(c, '\u{200e}' | '\u{200f}' | '\u{2066}'..='\u{2069}'))
        .map(|c| if c == '\n' || c == '\t' { ' ' } else { c })
        .collect();
    crate::ids::cut(&mut name, bytes);
    name.trim().to_owned()
}

fn is_reordering(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}')
}

/// A text put together from lines, of which no more than [`TEXT_BYTES_HELD`] is held.
#[derive(Debug, Default)]
pub(crate) struct HeldText(String);

impl HeldText {
    pub(crate) fn of(line: &str) -> Self {
        let mut text = Self::default();
        text.push(line);
        text
    }

    pub(crate) fn add_line(&mut self, line: &str) {
        self.push("\n");
        self.push(line);
    }

    pub(crate) fn push(&mut self, part: &str) {
        let room = TEXT_BYTES_HELD.saturating_sub(self.0.len());
        if part.len() > room {
            // What does not fit makes the text too long for every limit; which part of it is kept does not matter.
            self.0.extend(std::iter::repeat_n('.', room));
        } else {
            self.0.push_str(part);
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_and_overrides_go_and_what_scripts_need_stays() {
        assert_eq!(clean("a\0b\u{1b}[31m\u{7f}\u{85}c"), "ab[31mc");
        assert_eq!(clean("one\r\ntwo\rthree\u{2028}four\t.\n\n"), "one\ntwo\nthree\nfour\t.");
        assert_eq!(clean("\u{feff}\u{202e}gpj.exe\u{202c}"), "gpj.exe");
        assert_eq!(clean("\u{200f}שלום\u{2069} 👩\u{200d}👧"), "\u{200f}שלום\u{2069} 👩\u{200d}👧");
        assert_eq!(clean_name("\u{200e}a\nb\u{2066}", 256), "a b");
        assert_eq!(clean_name("한글", 4), "한");
    }

    #[test]
    fn a_text_of_many_lines_is_held_up_to_its_bound() {
        let mut text = HeldText::of("a");
        for _ in 0..3 {
            text.add_line(&"b".repeat(TEXT_BYTES_HELD / 2));
        }
        assert_eq!(text.as_str().len(), TEXT_BYTES_HELD);
    }
}

//! Telegram writes control characters as `\x0B`, which is not JSON: they become `\u000B` on the way.

use std::io::{self, BufRead, BufReader, Read};

/// A stream with those escapes mended.
pub(super) struct Mended<R> {
    inner: BufReader<R>,
    after_backslash: bool,
    /// Bytes still to give that are not in the stream.
    extra: &'static [u8],
}

impl<R: Read> Mended<R> {
    pub(super) fn new(inner: R) -> Self {
        Self { inner: BufReader::with_capacity(64 * 1024, inner), after_backslash: false, extra: &[] }
    }
}

impl<R: Read> Read for Mended<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let mut count = 0;
        while count < out.len() {
            if let Some((first, rest)) = self.extra.split_first() {
                out[count] = *first;
                self.extra = rest;
                count += 1;
                continue;
            }
            // What is ready is given before more is waited for.
            if count > 0 && self.inner.buffer().is_empty() {
                break;
            }
            let Some(byte) = self.inner.fill_buf()?.first().copied() else { break };
            self.inner.consume(1);
            if self.after_backslash && byte == b'x' {
                self.extra = b"00";
                out[count] = b'u';
            } else {
                out[count] = byte;
            }
            self.after_backslash = byte == b'\\' && !self.after_backslash;
            count += 1;
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_escapes_that_json_lacks_are_mended() {
        for (text, expected) in [
            (r#""a\x0Bb""#, r#""a\u000Bb""#),
            (r#""a\\x0Bb \\\x0B""#, r#""a\\x0Bb \\\u000B""#),
            (r#""\"x\nx""#, r#""\"x\nx""#),
            (r"\x", r"\u00"),
        ] {
            let mut mended = String::new();
            // A byte at a time, so that every boundary is met.
            let mut stream = Mended::new(text.as_bytes());
            let mut byte = [0];
            while stream.read(&mut byte).unwrap() > 0 {
                mended.push(char::from(byte[0]));
            }
            assert_eq!(mended, expected);
        }
    }
}

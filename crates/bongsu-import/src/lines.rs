//! Lines of a text file, one at a time and of bounded length, whatever they were encoded in.

use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use crate::error::ReadError;
use crate::input::{Input, Stream};

const UTF8_EXPECTED: &str =
    "UTF-8, or UTF-16 with a byte order mark; convert the file first (iconv -f cp949 -t utf-8)";

/// A line without its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Line<'a> {
    /// From 1.
    pub(crate) number: u64,
    pub(crate) text: &'a str,
    /// It was longer than the bound; the rest of it is not in `text`.
    pub(crate) cut: bool,
}

/// The lines of a file.
pub(crate) struct Lines {
    file: String,
    reader: BufReader<Stream>,
    bytes: Vec<u8>,
    bytes_max: usize,
    number: u64,
}

impl Lines {
    /// Opens a file at its start. UTF-8 with or without a byte order mark, UTF-16 with one.
    pub(crate) fn open(
        input: &Input,
        counter: &Arc<AtomicU64>,
        line_bytes_max: usize,
    ) -> Result<Self, ReadError> {
        let mut stream = input.open(counter)?;
        let mut first = Vec::new();
        (&mut stream).take(4).read_to_end(&mut first).map_err(|error| ReadError::io(input.name(), error))?;
        let utf8_mark = if first.starts_with(&[0xef, 0xbb, 0xbf]) { 3 } else { 0 };
        let reader: Stream = match first[..] {
            [0xff, 0xfe, ..] => Box::new(Utf16::new(rejoin(&first[2..], stream), u16::from_le_bytes)),
            [0xfe, 0xff, ..] => Box::new(Utf16::new(rejoin(&first[2..], stream), u16::from_be_bytes)),
            _ if first.contains(&0) => {
                return Err(ReadError::format(
                    input.name(),
                    1,
                    "U+0000 in the first characters",
                    UTF8_EXPECTED,
                ));
            }
            _ => rejoin(&first[utf8_mark..], stream),
        };
        Ok(Self {
            file: input.name().to_owned(),
            reader: BufReader::with_capacity(64 * 1024, reader),
            bytes: Vec::new(),
            bytes_max: line_bytes_max,
            number: 0,
        })
    }

    /// The file's name.
    pub(crate) fn file(&self) -> &str {
        &self.file
    }

    /// The next line; `None` at the end.
    pub(crate) fn next(&mut self) -> Result<Option<Line<'_>>, ReadError> {
        self.number += 1;
        let Some(cut) = self.read_line()? else { return Ok(None) };
        while self.bytes.last() == Some(&b'\r') {
            self.bytes.pop();
        }
        if cut {
            // The cut may have gone through a character.
            let valid = str::from_utf8(&self.bytes).map_or_else(
                |error| if error.error_len().is_none() { error.valid_up_to() } else { self.bytes.len() },
                str::len,
            );
            self.bytes.truncate(valid);
        }
        match str::from_utf8(&self.bytes) {
            Ok(text) => Ok(Some(Line { number: self.number, text, cut })),
            Err(error) if error.error_len().is_none() => {
                let found = "it breaks off in the middle of a character";
                let expected = format!("the whole file, in {UTF8_EXPECTED}");
                Err(ReadError::format(&self.file, self.number, found, expected))
            }
            Err(_) => {
                Err(ReadError::format(&self.file, self.number, "bytes that are not UTF-8", UTF8_EXPECTED))
            }
        }
    }

    /// Fills `bytes` with the next line; whether it was cut. `None` at the end.
    fn read_line(&mut self) -> Result<Option<bool>, ReadError> {
        self.bytes.clear();
        let (mut any, mut cut) = (false, false);
        loop {
            let buffer = match self.reader.fill_buf() {
                Ok(buffer) => buffer,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                    return Err(ReadError::format(
                        &self.file,
                        self.number,
                        error.to_string(),
                        "a whole file",
                    ));
                }
                Err(error) => return Err(ReadError::io(&self.file, error)),
            };
            if buffer.is_empty() {
                return Ok(any.then_some(cut));
            }
            any = true;
            let end = buffer.iter().position(|byte| *byte == b'\n');
            let part = &buffer[..end.unwrap_or(buffer.len())];
            let room = self.bytes_max.saturating_sub(self.bytes.len());
            cut |= part.len() > room;
            self.bytes.extend_from_slice(&part[..part.len().min(room)]);
            let used = part.len() + usize::from(end.is_some());
            self.reader.consume(used);
            if end.is_some() {
                return Ok(Some(cut));
            }
        }
    }
}

fn rejoin(first: &[u8], rest: Stream) -> Stream {
    Box::new(Cursor::new(first.to_vec()).chain(rest))
}

/// UTF-16 as UTF-8.
struct Utf16<R> {
    inner: BufReader<R>,
    unit_of: fn([u8; 2]) -> u16,
    /// A unit read ahead of its pair.
    ready: Vec<u8>,
    taken: usize,
}

impl<R: Read> Utf16<R> {
    fn new(inner: R, unit_of: fn([u8; 2]) -> u16) -> Self {
        Self { inner: BufReader::with_capacity(64 * 1024, inner), unit_of, ready: Vec::new(), taken: 0 }
    }

    fn unit(&mut self) -> io::Result<Option<u16>> {
        let mut bytes = [0; 2];
        match self.inner.read(&mut bytes[..1])? {
            0 => Ok(None),
            _ => {
                self.inner.read_exact(&mut bytes[1..]).map_err(|_| broken())?;
                Ok(Some((self.unit_of)(bytes)))
            }
        }
    }

    fn char(&mut self) -> io::Result<Option<char>> {
        let Some(first) = self.unit()? else { return Ok(None) };
        let mut units = vec![first];
        if (0xd800..0xdc00).contains(&first) {
            units.extend(self.unit()?);
        }
        char::decode_utf16(units).next().transpose().map_err(|_| broken())
    }
}

fn broken() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "UTF-16 that breaks off")
}

impl<R: Read> Read for Utf16<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.taken == self.ready.len() {
            self.ready.clear();
            self.taken = 0;
            while self.ready.len() < buffer.len() {
                let Some(c) = self.char()? else { break };
                self.ready.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            }
        }
        let count = buffer.len().min(self.ready.len() - self.taken);
        buffer[..count].copy_from_slice(&self.ready[self.taken..self.taken + count]);
        self.taken += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(bytes: &[u8]) -> Result<Vec<(u64, String, bool)>, ReadError> {
        let mut lines = Lines::open(&Input::memory("a.txt", bytes), &Arc::default(), 10)?;
        let mut found = Vec::new();
        while let Some(line) = lines.next()? {
            found.push((line.number, line.text.to_owned(), line.cut));
        }
        Ok(found)
    }

    fn utf16(text: &str, bytes_of: fn(u16) -> [u8; 2]) -> Vec<u8> {
        std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(bytes_of).collect()
    }

    #[test]
    fn lines_end_in_one_way_and_byte_order_marks_go() {
        let expected =
            vec![(1, "a".to_owned(), false), (2, String::new(), false), (3, "한🎉".to_owned(), false)];
        let text = "a\r\n\n한🎉\r";
        assert_eq!(all(text.as_bytes()).unwrap(), expected);
        assert_eq!(all(format!("\u{feff}{text}").as_bytes()).unwrap(), expected);
        assert_eq!(all(&utf16(text, u16::to_le_bytes)).unwrap(), expected);
        assert_eq!(all(&utf16(text, u16::to_be_bytes)).unwrap(), expected);
        assert_eq!(all(b"").unwrap(), []);
    }

    #[test]
    fn a_long_line_is_cut_at_a_character_and_the_next_is_whole() {
        let found = all("한한한한\nb".as_bytes()).unwrap();
        assert_eq!(found, [(1, "한한한".to_owned(), true), (2, "b".to_owned(), false)]);
    }

    #[test]
    fn other_encodings_are_refused_with_their_line_and_what_to_do() {
        let error = all(b"ok\n\xb0\xa1\n").unwrap_err().to_string();
        assert!(error.starts_with("a.txt, line 2: bytes that are not UTF-8"), "{error}");
        assert!(error.contains("iconv -f cp949"), "{error}");
        let cut = all(&"ok\n한".as_bytes()[..5]).unwrap_err().to_string();
        assert!(cut.contains("line 2: it breaks off in the middle of a character"), "{cut}");
        assert!(all(b"a\0b\0").unwrap_err().to_string().contains("line 1: U+0000"));
        let mut broken = utf16("a\nb", u16::to_le_bytes);
        broken.pop();
        assert!(all(&broken).unwrap_err().to_string().contains("line 1: UTF-16 that breaks off"));
    }
}

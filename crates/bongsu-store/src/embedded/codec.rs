//! How values become bytes: a version byte, then fields in order; integers as LEB128, texts with their length.
//!
//! Only this engine reads these bytes. A byte that makes no sense is [`Corrupt`], never a panic.

use bongsu_types::{ClientId, Emoji, InvalidId, JsonObject, Millis, Ordinal, RoomId, RoomKey, Seq, UserId};

/// Version of every value written today.
const VERSION: u8 = 1;

/// Stored bytes that make no sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Corrupt(pub(crate) &'static str);

impl From<InvalidId> for Corrupt {
    fn from(_: InvalidId) -> Self {
        Self("invalid id")
    }
}

pub(crate) type Decoded<T> = Result<T, Corrupt>;

/// Writes one value.
#[derive(Debug)]
pub(crate) struct Writer(Vec<u8>);

impl Writer {
    /// Begins a value with its version byte.
    pub(crate) fn value() -> Self {
        let mut bytes = Vec::with_capacity(128);
        bytes.push(VERSION);
        Self(bytes)
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        self.0
    }

    pub(crate) fn byte(&mut self, byte: u8) -> &mut Self {
        self.0.push(byte);
        self
    }

    pub(crate) fn raw(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.extend_from_slice(bytes);
        self
    }

    pub(crate) fn flag(&mut self, flag: bool) -> &mut Self {
        self.byte(u8::from(flag))
    }

    pub(crate) fn number(&mut self, mut number: u64) -> &mut Self {
        while number >= 0x80 {
            self.0.push((number & 0x7f) as u8 | 0x80);
            number >>= 7;
        }
        self.byte(number as u8)
    }

    pub(crate) fn text(&mut self, text: &str) -> &mut Self {
        self.number(text.len() as u64).raw(text.as_bytes())
    }

    pub(crate) fn room(&mut self, room: RoomId) -> &mut Self {
        self.raw(room.as_bytes())
    }

    /// Absent is one zero byte, present a one and the value.
    pub(crate) fn option<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Self, T)) -> &mut Self {
        self.flag(value.is_some());
        if let Some(value) = value {
            write(self, value);
        }
        self
    }

    pub(crate) fn optional_text(&mut self, text: Option<&str>) -> &mut Self {
        self.option(text, |out, text| {
            out.text(text);
        })
    }

    pub(crate) fn optional_number(&mut self, number: Option<u64>) -> &mut Self {
        self.option(number, |out, number| {
            out.number(number);
        })
    }

    pub(crate) fn list<T>(&mut self, items: &[T], mut write: impl FnMut(&mut Self, &T)) -> &mut Self {
        self.number(items.len() as u64);
        for item in items {
            write(self, item);
        }
        self
    }
}

/// Reads one value.
#[derive(Debug)]
pub(crate) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// Begins at the version byte, which must be ours.
    pub(crate) fn value(bytes: &'a [u8]) -> Decoded<Self> {
        match bytes.split_first() {
            Some((&VERSION, rest)) => Ok(Self(rest)),
            Some(_) => Err(Corrupt("unknown value version")),
            None => Err(Corrupt("empty value")),
        }
    }

    /// Nothing may be left.
    pub(crate) fn end(self) -> Decoded<()> {
        if self.0.is_empty() { Ok(()) } else { Err(Corrupt("bytes after the value")) }
    }

    pub(crate) fn byte(&mut self) -> Decoded<u8> {
        let (&byte, rest) = self.0.split_first().ok_or(Corrupt("value ends early"))?;
        self.0 = rest;
        Ok(byte)
    }

    pub(crate) fn raw(&mut self, bytes: usize) -> Decoded<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(bytes).ok_or(Corrupt("value ends early"))?;
        self.0 = rest;
        Ok(taken)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Decoded<[u8; N]> {
        self.raw(N)?.try_into().map_err(|_| Corrupt("value ends early"))
    }

    pub(crate) fn flag(&mut self) -> Decoded<bool> {
        match self.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Corrupt("a flag that is neither 0 nor 1")),
        }
    }

    pub(crate) fn number(&mut self) -> Decoded<u64> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                return Err(Corrupt("number too large"));
            }
            number |= bits << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(Corrupt("number too long"))
    }

    pub(crate) fn small(&mut self) -> Decoded<u32> {
        u32::try_from(self.number()?).map_err(|_| Corrupt("number too large"))
    }

    pub(crate) fn text(&mut self) -> Decoded<&'a str> {
        let bytes = usize::try_from(self.number()?).map_err(|_| Corrupt("length too large"))?;
        std::str::from_utf8(self.raw(bytes)?).map_err(|_| Corrupt("text is not UTF-8"))
    }

    pub(crate) fn string(&mut self) -> Decoded<String> {
        Ok(self.text()?.to_owned())
    }

    pub(crate) fn option<T>(&mut self, read: impl FnOnce(&mut Self) -> Decoded<T>) -> Decoded<Option<T>> {
        if self.flag()? { Ok(Some(read(self)?)) } else { Ok(None) }
    }

    pub(crate) fn list<T>(&mut self, mut read: impl FnMut(&mut Self) -> Decoded<T>) -> Decoded<Vec<T>> {
        let count = usize::try_from(self.number()?).map_err(|_| Corrupt("length too large"))?;
        // Each item has at least one byte, so a false count cannot reserve much.
        let mut items = Vec::with_capacity(count.min(self.0.len()));
        for _ in 0..count {
            items.push(read(self)?);
        }
        Ok(items)
    }

    pub(crate) fn room(&mut self) -> Decoded<RoomId> {
        Ok(RoomId::from_bytes(self.array()?))
    }

    pub(crate) fn user(&mut self) -> Decoded<UserId> {
        Ok(UserId::new(self.text()?)?)
    }

    pub(crate) fn client_id(&mut self) -> Decoded<ClientId> {
        Ok(ClientId::new(self.text()?)?)
    }

    pub(crate) fn room_key(&mut self) -> Decoded<RoomKey> {
        Ok(RoomKey::new(self.text()?)?)
    }

    pub(crate) fn emoji(&mut self) -> Decoded<Emoji> {
        Ok(Emoji::new(self.text()?)?)
    }

    pub(crate) fn json(&mut self) -> Decoded<JsonObject> {
        JsonObject::parsed(self.text()?).map_err(|_| Corrupt("not a JSON object"))
    }

    pub(crate) fn seq(&mut self) -> Decoded<Seq> {
        Ok(Seq(self.number()?))
    }

    pub(crate) fn ord(&mut self) -> Decoded<Ordinal> {
        Ok(Ordinal(self.number()?))
    }

    pub(crate) fn millis(&mut self) -> Decoded<Millis> {
        Ok(Millis(self.number()?))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn numbers_and_texts_come_back(number: u64, text: String, flag: bool, list: Vec<u64>) {
            let mut out = Writer::value();
            out.number(number).text(&text).flag(flag).optional_number(flag.then_some(number));
            out.list(&list, |out, item| { out.number(*item); });
            let bytes = out.finish();
            let mut input = Reader::value(&bytes).unwrap();
            prop_assert_eq!(input.number().unwrap(), number);
            prop_assert_eq!(input.text().unwrap(), text);
            prop_assert_eq!(input.flag().unwrap(), flag);
            prop_assert_eq!(input.option(Reader::number).unwrap(), flag.then_some(number));
            prop_assert_eq!(input.list(Reader::number).unwrap(), list);
            prop_assert!(input.end().is_ok());
        }
    }

    #[test]
    fn a_false_length_is_corrupt_and_reserves_nothing() {
        let mut out = Writer::value();
        out.number(u64::MAX);
        let bytes = out.finish();
        assert!(Reader::value(&bytes).unwrap().text().is_err());
        assert!(Reader::value(&bytes).unwrap().list(Reader::number).is_err());
        assert_eq!(Reader::value(&[9, 0]).err(), Some(Corrupt("unknown value version")));
        assert_eq!(Reader::value(&[]).err(), Some(Corrupt("empty value")));
    }
}

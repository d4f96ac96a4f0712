//! JSON documents read as a stream: of a long array only one item is in memory.

use std::cell::{Cell, RefCell};
use std::io::{self, BufReader, Read};
use std::marker::PhantomData;
use std::rc::Rc;

use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::error::ReadError;
use crate::input::Stream;

/// The most bytes between two items of a stream: what one item, or all that lies between two arrays, may take.
const ITEM_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Why an item is of no use.
pub(crate) enum Fault {
    /// What is wrong with it; its line is added.
    Wrong(String),
    /// Something that has nothing to do with it.
    Read(ReadError),
}

impl From<ReadError> for Fault {
    fn from(error: ReadError) -> Self {
        Self::Read(error)
    }
}

/// What the parts of one document share.
#[derive(Clone)]
pub(crate) struct Context {
    left: Rc<Cell<u64>>,
    /// The line that is being parsed.
    line: Rc<Cell<u64>>,
    failed: Rc<RefCell<Option<Failed>>>,
}

/// Why reading was stopped from within.
enum Failed {
    Wrong { what: String, line: u64 },
    Read(ReadError),
}

impl Context {
    /// A new item begins.
    fn next_item(&self) {
        self.left.set(ITEM_BYTES_MAX);
    }

    pub(crate) fn error<E: Error>(&self, fault: Fault) -> E {
        // The parser would add the line it gets to, which may be that of the next item.
        self.failed.replace(Some(match fault {
            Fault::Wrong(what) => Failed::Wrong { what, line: self.line.get() },
            Fault::Read(error) => Failed::Read(error),
        }));
        E::custom("stopped")
    }
}

/// Reads the fields of an object one by one, in the order of the document.
pub(crate) trait Fields {
    /// Must take the value of `name` from `map`.
    fn field<'de, A: MapAccess<'de>>(
        &mut self,
        name: &str,
        map: &mut A,
        context: &Context,
    ) -> Result<(), A::Error>;
}

/// Reads a document that is one object.
pub(crate) fn read_object(
    file: &str,
    stream: Stream,
    expected: &str,
    fields: &mut impl Fields,
) -> Result<(), ReadError> {
    read(file, stream, expected, |context| Object { fields, context })
}

/// Reads a document that is one array of `T`.
pub(crate) fn read_array<T: DeserializeOwned>(
    file: &str,
    stream: Stream,
    expected: &str,
    each: impl FnMut(T) -> Result<(), Fault>,
) -> Result<(), ReadError> {
    read(file, stream, expected, |context| Each::new(context, each))
}

fn read<S>(
    file: &str,
    stream: Stream,
    expected: &str,
    seed: impl FnOnce(Context) -> S,
) -> Result<(), ReadError>
where
    S: for<'de> DeserializeSeed<'de, Value = ()>,
{
    let context = Context {
        left: Rc::new(Cell::new(ITEM_BYTES_MAX)),
        line: Rc::new(Cell::new(1)),
        failed: Rc::default(),
    };
    let bounded = Bounded { inner: stream, left: Rc::clone(&context.left) };
    let buffered = BufReader::with_capacity(64 * 1024, bounded);
    let mut json =
        serde_json::Deserializer::from_reader(Lined { inner: buffered, line: Rc::clone(&context.line) });
    let done = seed(context.clone()).deserialize(&mut json).and_then(|()| json.end());
    done.map_err(|error| match context.failed.take() {
        Some(Failed::Read(failed)) => failed,
        Some(Failed::Wrong { what, line }) => ReadError::format(file, line, what, expected),
        None => of_json(file, 0, error, expected),
    })
}

/// What a fault in JSON is as an error of a file; `line` is where its text begins, less one.
pub(crate) fn of_json(file: &str, line: u64, error: serde_json::Error, expected: &str) -> ReadError {
    if error.is_io() {
        return ReadError::io(file, error.into());
    }
    let at = line + (error.line() as u64).max(1);
    let found = if error.is_eof() {
        "it ends in the middle".to_owned()
    } else {
        let text = error.to_string();
        text.rsplit_once(" at line ").map_or(text.as_str(), |(found, _)| found).to_owned()
    };
    ReadError::format(file, at, found, expected)
}

/// Counts the lines that the parser has taken: it takes one byte at a time.
struct Lined<R> {
    inner: R,
    line: Rc<Cell<u64>>,
}

impl<R: Read> Read for Lined<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        let ends = buffer[..count].iter().filter(|byte| **byte == b'\n').count();
        self.line.set(self.line.get() + ends as u64);
        Ok(count)
    }
}

struct Bounded {
    inner: Stream,
    left: Rc<Cell<u64>>,
}

impl Read for Bounded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        match self.left.get().checked_sub(count as u64) {
            Some(left) => self.left.set(left),
            None => {
                let text = format!("an item of it is over {ITEM_BYTES_MAX} bytes");
                return Err(io::Error::new(io::ErrorKind::InvalidData, text));
            }
        }
        Ok(count)
    }
}

/// An object as [`Fields`].
pub(crate) struct Object<'a, F> {
    pub(crate) fields: &'a mut F,
    pub(crate) context: Context,
}

impl<'de, F: Fields> DeserializeSeed<'de> for Object<'_, F> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, F: Fields> Visitor<'de> for Object<'_, F> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<String>()? {
            self.fields.field(&name, &mut map, &self.context)?;
        }
        Ok(())
    }
}

/// An array of `T`, one after the other.
pub(crate) struct Each<T, F> {
    context: Context,
    each: F,
    item: PhantomData<fn() -> T>,
}

impl<T, F: FnMut(T) -> Result<(), Fault>> Each<T, F> {
    pub(crate) fn new(context: Context, each: F) -> Self {
        Self { context, each, item: PhantomData }
    }
}

impl<'de, T: DeserializeOwned, F: FnMut(T) -> Result<(), Fault>> DeserializeSeed<'de> for Each<T, F> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, T: DeserializeOwned, F: FnMut(T) -> Result<(), Fault>> Visitor<'de> for Each<T, F> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<(), A::Error> {
        self.context.next_item();
        while let Some(item) = items.next_element::<T>()? {
            (self.each)(item).map_err(|fault| self.context.error(fault))?;
            self.context.next_item();
        }
        Ok(())
    }
}

/// An array of objects that are read as a stream themselves.
pub(crate) struct EachObject<'a, F> {
    pub(crate) fields: &'a mut F,
    pub(crate) context: Context,
}

impl<'de, F: Fields> DeserializeSeed<'de> for EachObject<'_, F> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, F: Fields> Visitor<'de> for EachObject<'_, F> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an array of objects")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        loop {
            self.context.next_item();
            let object = Object { fields: &mut *self.fields, context: self.context.clone() };
            if items.next_element_seed(object)?.is_none() {
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn numbers(text: &'static str) -> Result<Vec<u32>, ReadError> {
        let mut found = Vec::new();
        read_array("a.json", Box::new(Cursor::new(text)), "an array of numbers", |number: u32| {
            if number == 13 {
                return Err(Fault::Wrong("13 is no number".to_owned()));
            }
            found.push(number);
            Ok(())
        })?;
        Ok(found)
    }

    #[test]
    fn an_array_is_read_item_by_item() {
        assert_eq!(numbers("[1, 2,\n3]").unwrap(), [1, 2, 3]);
    }

    #[test]
    fn faults_name_the_file_the_line_and_what_was_expected() {
        let error = |text| numbers(text).unwrap_err().to_string();
        assert_eq!(error("[1,\n2"), "a.json, line 2: it ends in the middle; expected an array of numbers");
        assert!(error("[1,\n\"x\"]").starts_with("a.json, line 2: invalid type: string \"x\""));
        assert!(error("[1,\n2,\n13, 4]").starts_with("a.json, line 3: 13 is no number"));
        assert!(error("{\"a\": 1}").contains("line 1: invalid type: map"));
        assert!(error("[1] trailing").contains("line 1: trailing characters"));
    }

    #[test]
    fn an_item_that_is_too_large_or_too_deep_is_refused() {
        let endless: Stream = Box::new(Cursor::new("[\"").chain(io::repeat(b'x')));
        let error = read_array("a.json", endless, "texts", |_: String| Ok(())).unwrap_err().to_string();
        assert!(error.contains("over 67108864 bytes"), "{error}");
        let deep: Stream = Box::new(Cursor::new("[").chain(io::repeat(b'[').take(1_000_000)));
        let ignore = |_: serde_json::Value| Ok(());
        let error = read_array("a.json", deep, "texts", ignore).unwrap_err().to_string();
        assert!(error.contains("recursion limit"), "{error}");
    }
}

//! Streams of bytes that can be opened again: files, packed files, parts of archives.

use std::fmt;
use std::fs::File;
use std::io::{self, Cursor, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::read::MultiGzDecoder;

use crate::error::ReadError;

/// A packed stream may grow to this many times its size. Chats grow ten to fifty times, a bomb a thousand.
pub(crate) const UNPACKED_RATIO_MAX: u64 = 200;

/// Small streams may grow more: what they are measured by is mostly their own overhead.
pub(crate) const UNPACKED_BYTES_FREE: u64 = 1024 * 1024;

pub(crate) type Stream = Box<dyn Read + Send>;

type Open = dyn Fn() -> io::Result<Stream> + Send + Sync;

/// A named stream of bytes that can be opened again and again.
#[derive(Clone)]
pub struct Input {
    name: String,
    bytes: u64,
    packed: bool,
    open: Arc<Open>,
}

impl Input {
    /// A stream of about `bytes`.
    #[must_use]
    pub fn new(
        name: impl Into<String>,
        bytes: u64,
        open: impl Fn() -> io::Result<Stream> + Send + Sync + 'static,
    ) -> Self {
        Self { name: name.into(), bytes, packed: false, open: Arc::new(open) }
    }

    /// A file; one that ends in `.gz` is unpacked on the way.
    ///
    /// # Errors
    /// When it is not there or no file.
    pub fn file(path: &Path) -> Result<Self, ReadError> {
        let name = path.display().to_string();
        let meta = std::fs::metadata(path).map_err(|error| ReadError::io(&name, error))?;
        if !meta.is_file() {
            return Err(ReadError::unusable(&name, "not a file"));
        }
        let owned = path.to_owned();
        let packed = path.extension().is_some_and(|end| end.eq_ignore_ascii_case("gz"));
        let open = move || Ok(Box::new(File::open(&owned)?) as Stream);
        Ok(Self { packed, ..Self::new(name, meta.len(), open) })
    }

    /// Bytes in memory.
    #[must_use]
    pub fn memory(name: impl Into<String>, bytes: impl Into<Arc<[u8]>>) -> Self {
        let bytes: Arc<[u8]> = bytes.into();
        let length = bytes.len() as u64;
        Self::new(name, length, move || Ok(Box::new(Cursor::new(Arc::clone(&bytes))) as Stream))
    }

    /// For errors and progress.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its size, as counted while it is read.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Opens it at its start; what is read is added to `counter`.
    pub(crate) fn open(&self, counter: &Arc<AtomicU64>) -> Result<Stream, ReadError> {
        let stream = (self.open)().map_err(|error| ReadError::io(&self.name, error))?;
        let counted = Counted { inner: stream, counter: Arc::clone(counter) };
        if !self.packed {
            return Ok(Box::new(counted));
        }
        let most = self.bytes.saturating_mul(UNPACKED_RATIO_MAX).saturating_add(UNPACKED_BYTES_FREE);
        Ok(Box::new(Unpacked::new(MultiGzDecoder::new(counted), most)))
    }
}

impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Input").field("name", &self.name).field("bytes", &self.bytes).finish_non_exhaustive()
    }
}

struct Counted<R> {
    inner: R,
    counter: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.counter.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

/// An unpacked stream that ends in an error when it grows past its bound.
pub(crate) struct Unpacked<R> {
    inner: R,
    left: u64,
}

impl<R> Unpacked<R> {
    pub(crate) fn new(inner: R, bytes_max: u64) -> Self {
        Self { inner, left: bytes_max }
    }
}

impl<R: Read> Read for Unpacked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.left = self.left.checked_sub(count as u64).ok_or_else(|| {
            let text = format!("it unpacks to over {UNPACKED_RATIO_MAX} times its size; unpack it first");
            io::Error::new(io::ErrorKind::InvalidData, text)
        })?;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn packed(bytes: &[u8]) -> (tempfile::TempDir, Input) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.jsonl.gz");
        let mut out = GzEncoder::new(File::create(&path).unwrap(), Compression::best());
        out.write_all(bytes).unwrap();
        out.finish().unwrap();
        let input = Input::file(&path).unwrap();
        (dir, input)
    }

    #[test]
    fn a_packed_file_is_unpacked_on_the_way_again_and_again() {
        let (_dir, input) = packed(b"one\ntwo\n");
        for _ in 0..2 {
            let mut text = String::new();
            input.open(&Arc::default()).unwrap().read_to_string(&mut text).unwrap();
            assert_eq!(text, "one\ntwo\n");
        }
    }

    #[test]
    fn a_packed_file_that_grows_without_end_is_stopped() {
        let (_dir, input) = packed(&vec![b' '; 32 * 1024 * 1024]);
        let mut stream = input.open(&Arc::default()).unwrap();
        let error = io::copy(&mut stream, &mut io::sink()).unwrap_err();
        assert!(error.to_string().contains("200 times its size"), "{error}");
    }
}

//! A zip, or the folder it was unpacked to: named parts, each a stream. Zips are hostile until shown otherwise.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use flate2::Crc;
use flate2::read::DeflateDecoder;
use zip::{CompressionMethod, ZipArchive};

use crate::error::ReadError;
use crate::input::{Input, Stream, UNPACKED_BYTES_FREE, UNPACKED_RATIO_MAX, Unpacked};

/// Parts of an archive: each is a line of a list in memory.
const ENTRIES_MAX: usize = 500_000;

/// The largest part of an archive, unpacked. A chat of this size has tens of millions of messages.
const ENTRY_BYTES_MAX: u64 = 16 * 1024 * 1024 * 1024;

/// Named parts of an export.
#[derive(Debug)]
pub struct Archive {
    name: String,
    entries: BTreeMap<String, Input>,
    ignored: u64,
}

impl Archive {
    /// Opens a zip or a folder. Parts whose names lead out of it are left out, links are not followed.
    ///
    /// # Errors
    /// When it cannot be read, holds too many parts, or a part is encrypted, too large, packed in an odd way or packed
    /// too well.
    pub fn open(path: &Path) -> Result<Self, ReadError> {
        let name = path.display().to_string();
        let mut archive = Self { name, entries: BTreeMap::new(), ignored: 0 };
        if path.is_dir() {
            archive.add_folder(path, path)?
        } else {
            archive.add_zip(path)?
        }
        Ok(archive)
    }

    /// For errors.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its parts by name, `/` between folders.
    #[must_use]
    pub fn entries(&self) -> &BTreeMap<String, Input> {
        &self.entries
    }

    /// Parts left out for their names.
    #[must_use]
    pub fn ignored(&self) -> u64 {
        self.ignored
    }

    fn add_folder(&mut self, root: &Path, folder: &Path) -> Result<(), ReadError> {
        for path in listed(folder)? {
            if path.is_dir() {
                self.add_folder(root, &path)?;
                continue;
            }
            let inside = path.strip_prefix(root).unwrap_or(&path);
            let names: Vec<_> = inside.components().map(|part| part.as_os_str().to_string_lossy()).collect();
            self.add(names.join("/"), Input::file(&path)?)?;
        }
        Ok(())
    }

    fn add_zip(&mut self, path: &Path) -> Result<(), ReadError> {
        let file = File::open(path).map_err(|error| ReadError::io(&self.name, error))?;
        let packed_bytes = file.metadata().map_err(|error| ReadError::io(&self.name, error))?.len();
        let mut zip = ZipArchive::new(BufReader::new(file)).map_err(|error| self.no_zip(&error))?;
        for index in 0..zip.len() {
            let entry = zip.by_index_raw(index).map_err(|error| self.no_zip(&error))?;
            if entry.is_dir() {
                continue;
            }
            let name = entry.name().map(|name| name.into_owned()).ok().filter(|name| stays_inside(name));
            let Some(name) = name else {
                self.ignored += 1;
                continue;
            };
            let part = Part {
                method: entry.compression(),
                start: entry.data_start().unwrap_or(packed_bytes),
                packed: entry.compressed_size(),
                bytes: entry.size(),
                crc: entry.crc32(),
            };
            let encrypted = entry.encrypted();
            drop(entry);
            let shown = format!("{}:{name}", self.name);
            if let Some(reason) = part.refusal(encrypted, packed_bytes) {
                return Err(ReadError::unusable(&shown, reason));
            }
            let zip_path = path.to_owned();
            self.add(name, Input::new(shown, part.bytes, move || part.open(&zip_path)))?;
        }
        Ok(())
    }

    fn no_zip(&self, error: &zip::result::ZipError) -> ReadError {
        ReadError::unusable(
            &self.name,
            format!("not a whole zip ({error}); expected the zip as it was exported"),
        )
    }

    fn add(&mut self, name: String, input: Input) -> Result<(), ReadError> {
        if self.entries.len() >= ENTRIES_MAX {
            return Err(ReadError::unusable(&self.name, format!("over {ENTRIES_MAX} files in it")));
        }
        self.entries.insert(name, input);
        Ok(())
    }
}

/// Names are only names here, never paths; a name that would lead elsewhere is still none of an export's.
fn stays_inside(name: &str) -> bool {
    !name.starts_with('/')
        && !name.contains(['\\', '\0', ':'])
        && !name.split('/').any(|part| part == ".." || part == "__MACOSX")
}

/// Where a part lies in its zip.
#[derive(Debug, Clone, Copy)]
struct Part {
    method: CompressionMethod,
    start: u64,
    packed: u64,
    bytes: u64,
    crc: u32,
}

impl Part {
    fn refusal(self, encrypted: bool, zip_bytes: u64) -> Option<String> {
        if encrypted {
            return Some("encrypted: unpack it first".to_owned());
        }
        if self.method != CompressionMethod::Stored && self.method != CompressionMethod::Deflated {
            return Some(format!("packed with {}: unpack it first", self.method));
        }
        if self.start.saturating_add(self.packed) > zip_bytes {
            return Some("it lies past the end of the zip: the zip was cut off".to_owned());
        }
        if self.bytes > ENTRY_BYTES_MAX {
            return Some(format!("{} bytes unpacked, over {ENTRY_BYTES_MAX}", self.bytes));
        }
        if self.bytes > self.bytes_max() {
            return Some(format!("it unpacks to over {UNPACKED_RATIO_MAX} times its size; unpack it first"));
        }
        None
    }

    fn bytes_max(self) -> u64 {
        self.packed.saturating_mul(UNPACKED_RATIO_MAX).saturating_add(UNPACKED_BYTES_FREE)
    }

    fn open(self, zip: &Path) -> io::Result<Stream> {
        let mut file = File::open(zip)?;
        file.seek(SeekFrom::Start(self.start))?;
        let packed = BufReader::new(file).take(self.packed);
        let stream: Stream = if self.method == CompressionMethod::Stored {
            Box::new(packed)
        } else {
            // What it says of its size was checked; this is for what it really is.
            Box::new(Unpacked::new(DeflateDecoder::new(packed), self.bytes))
        };
        Ok(Box::new(Checked { inner: stream, crc: Crc::new(), expected: self.crc, bytes: self.bytes }))
    }
}

/// A stream that ends in an error when it was not what the zip says it is.
struct Checked {
    inner: Stream,
    crc: Crc,
    expected: u32,
    bytes: u64,
}

impl Read for Checked {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.crc.update(&buffer[..count]);
        self.bytes = self.bytes.saturating_sub(count as u64);
        if count == 0 && !buffer.is_empty() && (self.bytes > 0 || self.crc.sum() != self.expected) {
            let text = "its checksum is wrong: the zip is damaged";
            return Err(io::Error::new(io::ErrorKind::InvalidData, text));
        }
        Ok(count)
    }
}

/// The files named by `paths`: files as they are, folders searched for what `accept` takes; sorted, each once.
///
/// # Errors
/// When a path does not exist or a folder cannot be read.
pub fn find_files(paths: &[PathBuf], accept: fn(&Path) -> bool) -> Result<Vec<PathBuf>, ReadError> {
    let mut files = Vec::new();
    for path in paths {
        let meta =
            std::fs::metadata(path).map_err(|error| ReadError::io(&path.display().to_string(), error))?;
        if meta.is_dir() { search(path, accept, &mut files)? } else { files.push(path.clone()) }
    }
    files.sort();
    files.dedup();
    Ok(files)
}

fn search(folder: &Path, accept: fn(&Path) -> bool, files: &mut Vec<PathBuf>) -> Result<(), ReadError> {
    for path in listed(folder)? {
        if path.is_dir() {
            search(&path, accept, files)?;
        } else if accept(&path) {
            files.push(path);
        }
    }
    Ok(())
}

/// What a folder holds. Links are left out: a loop of them would never end, and they lead elsewhere.
pub(crate) fn listed(folder: &Path) -> Result<Vec<PathBuf>, ReadError> {
    let failed = |error| ReadError::io(&folder.display().to_string(), error);
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if !entry.file_type().map_err(failed)?.is_symlink() {
            paths.push(entry.path());
        }
    }
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::Arc;

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    fn zip_of(parts: &[(&str, &[u8])]) -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("export.zip");
        let mut zip = ZipWriter::new(File::create(&path).unwrap());
        for (name, bytes) in parts {
            let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
            zip.start_file(*name, options).unwrap();
            zip.write_all(bytes).unwrap();
        }
        zip.finish().unwrap();
        (dir, path)
    }

    fn text(archive: &Archive, name: &str) -> io::Result<String> {
        let mut text = String::new();
        archive.entries()[name].open(&Arc::default()).unwrap().read_to_string(&mut text)?;
        Ok(text)
    }

    #[test]
    fn parts_of_a_zip_and_of_a_folder_are_the_same() {
        let (dir, path) = zip_of(&[("users.json", b"[]"), ("general/2020-01-01.json", b"[1]")]);
        let zip = Archive::open(&path).unwrap();
        assert_eq!(text(&zip, "general/2020-01-01.json").unwrap(), "[1]");
        assert_eq!(zip.entries()["users.json"].bytes(), 2);

        let folder = dir.path().join("export");
        std::fs::create_dir_all(folder.join("general")).unwrap();
        std::fs::write(folder.join("users.json"), "[]").unwrap();
        std::fs::write(folder.join("general/2020-01-01.json"), "[1]").unwrap();
        let unpacked = Archive::open(&folder).unwrap();
        assert_eq!(zip.entries().keys().collect::<Vec<_>>(), unpacked.entries().keys().collect::<Vec<_>>());
    }

    #[test]
    fn names_that_lead_out_are_left_out() {
        let (_dir, path) =
            zip_of(&[("../evil.json", b"x"), ("/etc/evil", b"x"), ("a/../../b", b"x"), ("ok", b"x")]);
        let zip = Archive::open(&path).unwrap();
        assert_eq!(zip.entries().keys().collect::<Vec<_>>(), ["ok"]);
        assert_eq!(zip.ignored(), 3);
    }

    #[test]
    fn a_bomb_is_refused_by_what_it_says_and_by_what_it_is() {
        let (_dir, path) = zip_of(&[("bomb.json", &vec![b' '; 16_789_123])]);
        let error = Archive::open(&path).unwrap_err().to_string();
        assert!(error.contains("bomb.json: it unpacks to over 200 times"), "{error}");

        // One that lies: every mention of its size says 5.
        let size = 16_789_123_u32.to_le_bytes();
        let mut bytes = std::fs::read(&path).unwrap();
        for at in 0..bytes.len() - 4 {
            if bytes[at..at + 4] == size {
                bytes[at..at + 4].copy_from_slice(&5_u32.to_le_bytes());
            }
        }
        std::fs::write(&path, bytes).unwrap();
        let liar = Archive::open(&path).unwrap();
        assert!(text(&liar, "bomb.json").unwrap_err().to_string().contains("times its size"));
    }

    #[test]
    fn a_zip_that_was_cut_off_or_damaged_is_refused() {
        let (_dir, path) = zip_of(&[("a.json", b"[1, 2, 3, 4, 5, 6, 7, 8, 9]")]);
        let whole = std::fs::read(&path).unwrap();
        std::fs::write(&path, &whole[..whole.len() - 30]).unwrap();
        let error = Archive::open(&path).unwrap_err().to_string();
        assert!(error.contains("not a whole zip"), "{error}");
        for at in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 0x55;
            std::fs::write(&path, damaged).unwrap();
            let Ok(archive) = Archive::open(&path) else { continue };
            for name in archive.entries().keys() {
                if let Ok(found) = text(&archive, name) {
                    assert_eq!(found, "[1, 2, 3, 4, 5, 6, 7, 8, 9]", "byte {at}");
                }
            }
        }
    }
}

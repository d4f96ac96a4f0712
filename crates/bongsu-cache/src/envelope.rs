//! The bytes of an entry in the shared tier: a fixed header, the text of the id, the value.
//!
//! The header is fixed so that a script on the server can compare the epoch and the version without knowing the rest.
//! All numbers are big-endian. Strangers' bytes are read without panic; whatever does not fit is a miss.
//!
//! ```text
//! [0] magic 0xB5  [1] format 1  [2] flags: 1 absent, 2 compressed, 4 versioned  [3] zero
//! [4..12] schema hash  [12..20] epoch: run  [20..28] epoch: generation  [28..36] version, 0 without one
//! [36..40] load time in us  [40..42] length of the id's text  [42..44] zero
//! then the id's text, then the value; a compressed one is its u32 length when it is not, then zstd
//! ```

use std::ops::Range;
use std::time::Duration;

use bytes::Bytes;

use crate::contract::Epoch;
use crate::schema::SchemaHash;

/// Length of the header.
pub const HEADER_BYTES: usize = 44;
/// Where the epoch (run, then generation) stands.
pub const EPOCH_AT: Range<usize> = 12..28;
/// Where the version stands.
pub const VERSION_AT: Range<usize> = 28..36;
/// Where the flags stand.
pub const FLAGS_AT: usize = 2;
/// Flag: there is no such thing.
pub const FLAG_ABSENT: u8 = 1;
/// Flag: the value is compressed.
pub const FLAG_COMPRESSED: u8 = 2;
/// Flag: the version is one.
pub const FLAG_VERSIONED: u8 = 4;

const MAGIC: u8 = 0xB5;
/// Raised when stored entries take another form. It is a part of every schema hash too, so that keys change with it.
pub(crate) const FORMAT: u8 = 1;
const FLAGS_KNOWN: u8 = FLAG_ABSENT | FLAG_COMPRESSED | FLAG_VERSIONED;
#[cfg(feature = "zstd")]
const ZSTD_LEVEL: i32 = 1;

/// The place of a value in the order of all the values its row had: it grows with every change, as a row's version
/// column or a sequence number does. Never a clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(pub u64);

/// What an entry says besides its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// The structure of the value.
    pub schema: SchemaHash,
    /// Under which it was written.
    pub epoch: Epoch,
    /// Of the value, if its source has versions.
    pub version: Option<Version>,
    /// How long the source took.
    pub load_time: Duration,
}

/// What an entry holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// There is no such thing.
    Absent,
    /// The encoded value.
    Value(Bytes),
}

/// An entry, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// What stands before the value.
    pub header: Header,
    /// The text of the id.
    pub id: String,
    /// The value.
    pub content: Content,
}

/// Limits of a model on the bytes of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// Longer values are compressed.
    pub compress_over_bytes: u32,
    /// Longer values are refused, written or read.
    pub max_bytes: u32,
}

/// Why bytes are not an entry, or a value cannot be one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EnvelopeError {
    /// Ends too early.
    #[error("the entry ends too early")]
    Truncated,
    /// Of another format, or with flags of a later one.
    #[error("not an entry of this format")]
    Format,
    /// The value is longer than the model allows.
    #[error("the value has {bytes} bytes, more than the model's max_bytes")]
    TooLarge {
        /// Its encoded length.
        bytes: u64,
    },
    /// The compressed value cannot be read (also when this build has no `zstd`).
    #[error("the compressed value cannot be read")]
    Compression,
}

/// The bytes of an entry.
///
/// # Errors
/// [`EnvelopeError::TooLarge`] when the value has more than `max_bytes`.
pub fn encode(header: &Header, id: &str, value: Option<&[u8]>, sizes: Sizes) -> Result<Bytes, EnvelopeError> {
    let value_bytes = value.map_or(0, <[u8]>::len);
    if value_bytes > sizes.max_bytes as usize {
        return Err(EnvelopeError::TooLarge { bytes: value_bytes as u64 });
    }
    let compressed =
        value.filter(|value| value.len() > sizes.compress_over_bytes as usize).and_then(compress);
    let mut flags = 0;
    if value.is_none() {
        flags |= FLAG_ABSENT;
    }
    if compressed.is_some() {
        flags |= FLAG_COMPRESSED;
    }
    if header.version.is_some() {
        flags |= FLAG_VERSIONED;
    }
    let payload = compressed.as_deref().or(value).unwrap_or_default();
    let id_bytes = u16::try_from(id.len()).map_err(|_| EnvelopeError::Format)?;
    let load_us = u32::try_from(header.load_time.as_micros()).unwrap_or(u32::MAX);
    let mut out = Vec::with_capacity(HEADER_BYTES + id.len() + payload.len());
    out.extend_from_slice(&[MAGIC, FORMAT, flags, 0]);
    out.extend_from_slice(&header.schema.as_u64().to_be_bytes());
    out.extend_from_slice(&header.epoch.run.to_be_bytes());
    out.extend_from_slice(&header.epoch.generation.to_be_bytes());
    out.extend_from_slice(&header.version.map_or(0, |version| version.0).to_be_bytes());
    out.extend_from_slice(&load_us.to_be_bytes());
    out.extend_from_slice(&id_bytes.to_be_bytes());
    out.extend_from_slice(&[0, 0]);
    out.extend_from_slice(id.as_bytes());
    out.extend_from_slice(payload);
    Ok(out.into())
}

/// Reads an entry whose value has at most `max_bytes`.
///
/// # Errors
/// When the bytes are no such entry.
pub fn decode(bytes: &Bytes, max_bytes: u32) -> Result<Envelope, EnvelopeError> {
    let (header, rest) = bytes.split_first_chunk::<HEADER_BYTES>().ok_or(EnvelopeError::Truncated)?;
    let flags = header[FLAGS_AT];
    let well_formed = header[0] == MAGIC && header[1] == FORMAT && header[3] == 0 && header[42..] == [0, 0];
    if !well_formed || flags & !FLAGS_KNOWN != 0 {
        return Err(EnvelopeError::Format);
    }
    let version = number(header, VERSION_AT.start);
    let versioned = flags & FLAG_VERSIONED != 0;
    let id_bytes = usize::from(u16::from_be_bytes([header[40], header[41]]));
    let id = rest.get(..id_bytes).ok_or(EnvelopeError::Truncated)?;
    let id = std::str::from_utf8(id).map_err(|_| EnvelopeError::Format)?.to_owned();
    let payload = bytes.slice(HEADER_BYTES + id_bytes..);
    let load_us = u32::from_be_bytes([header[36], header[37], header[38], header[39]]);
    let header = Header {
        schema: SchemaHash::from_u64(number(header, 4)),
        epoch: Epoch { run: number(header, EPOCH_AT.start), generation: number(header, EPOCH_AT.start + 8) },
        version: versioned.then_some(Version(version)),
        load_time: Duration::from_micros(u64::from(load_us)),
    };
    if !versioned && version != 0 {
        return Err(EnvelopeError::Format);
    }
    Ok(Envelope { header, id, content: content(flags, payload, max_bytes)? })
}

/// How long the value of an entry is as it was written, if it is compressed.
pub(crate) fn compressed_bytes(entry: &[u8]) -> Option<usize> {
    let (header, rest) = entry.split_first_chunk::<HEADER_BYTES>()?;
    let id_bytes = usize::from(u16::from_be_bytes([header[40], header[41]]));
    (header[FLAGS_AT] & FLAG_COMPRESSED != 0).then(|| rest.len().saturating_sub(id_bytes))
}

fn content(flags: u8, payload: Bytes, max_bytes: u32) -> Result<Content, EnvelopeError> {
    let compressed = flags & FLAG_COMPRESSED != 0;
    if flags & FLAG_ABSENT != 0 {
        let nothing = payload.is_empty() && !compressed;
        return if nothing { Ok(Content::Absent) } else { Err(EnvelopeError::Format) };
    }
    if compressed {
        return decompress(&payload, max_bytes).map(Content::Value);
    }
    if payload.len() > max_bytes as usize {
        return Err(EnvelopeError::TooLarge { bytes: payload.len() as u64 });
    }
    Ok(Content::Value(payload))
}

fn number(header: &[u8; HEADER_BYTES], at: usize) -> u64 {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&header[at..at + 8]);
    u64::from_be_bytes(bytes)
}

/// The value compressed, unless that makes it longer.
#[cfg(feature = "zstd")]
fn compress(value: &[u8]) -> Option<Vec<u8>> {
    let mut out = u32::try_from(value.len()).ok()?.to_be_bytes().to_vec();
    out.extend(zstd::bulk::compress(value, ZSTD_LEVEL).ok()?);
    (out.len() < value.len()).then_some(out)
}

#[cfg(not(feature = "zstd"))]
fn compress(_value: &[u8]) -> Option<Vec<u8>> {
    None
}

/// The length that stands before the compressed bytes bounds the memory taken, and must be the true one.
#[cfg(feature = "zstd")]
fn decompress(payload: &[u8], max_bytes: u32) -> Result<Bytes, EnvelopeError> {
    let (length, compressed) = payload.split_first_chunk().ok_or(EnvelopeError::Truncated)?;
    let length = u32::from_be_bytes(*length);
    if length > max_bytes {
        return Err(EnvelopeError::TooLarge { bytes: u64::from(length) });
    }
    let length = length as usize;
    let value = zstd::bulk::decompress(compressed, length).map_err(|_| EnvelopeError::Compression)?;
    if value.len() == length { Ok(value.into()) } else { Err(EnvelopeError::Compression) }
}

#[cfg(not(feature = "zstd"))]
fn decompress(_payload: &[u8], _max_bytes: u32) -> Result<Bytes, EnvelopeError> {
    Err(EnvelopeError::Compression)
}

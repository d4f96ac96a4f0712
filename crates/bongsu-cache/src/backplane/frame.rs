//! What travels on the backplane: a fixed header, then one of five bodies. Read from strangers' bytes without panic.
//!
//! ```text
//! [0] magic 0xBF  [1] format 1  [2] kind  [3] zero  [4..12] origin  [12..20] epoch  [20..28] seq, all big-endian
//! kind 1 drop:      u16 count, then for each: u8 model length, model, u16 id length, id text
//! kind 2 drop all:  u8 model length, model
//! kind 3 heartbeat: nothing      kind 4 bye: nothing      kind 5 written: as kind 1
//! ```

use bytes::{BufMut, Bytes, BytesMut};

/// Longer frames are neither written nor read.
pub const FRAME_BYTES_MAX: usize = 64 * 1024;
/// Entries that one frame names at most.
pub const ENTRIES_MAX: usize = 256;

const MAGIC: u8 = 0xBF;
const FORMAT: u8 = 1;
const HEADER_BYTES: usize = 28;
const MODEL_BYTES_MAX: usize = 32;
const ID_BYTES_MAX: usize = 160;

/// Who said something on a channel, and where it stands in the order of what they said there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// The process.
    pub origin: u64,
    /// Another number after a frame of which the process does not know whether it was published.
    pub epoch: u64,
    /// Begins at 1 and grows by one with every frame of the origin on the channel, whatever the epoch.
    pub seq: u64,
}

/// An entry by name: model and id, without the schema, so that every deployed version drops its own.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Named {
    /// The model.
    pub model: String,
    /// The text of the id.
    pub id: String,
}

/// What is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// These entries were deleted.
    Drop(Vec<Named>),
    /// A newer version of these entries is in the shared tier.
    Written(Vec<Named>),
    /// All entries of this model changed.
    DropAll(String),
    /// I am here, and you hear me.
    Heartbeat,
    /// I leave: my silence means nothing.
    Bye,
}

/// One message of the backplane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Whose, and where in the order.
    pub stamp: Stamp,
    /// What.
    pub body: Body,
}

/// Bytes that are no frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FrameError {
    /// Ends too early.
    #[error("the frame ends too early")]
    Truncated,
    /// Goes on after its end, or is longer than [`FRAME_BYTES_MAX`].
    #[error("the frame is too long")]
    TooLong,
    /// Of another format.
    #[error("not a frame of this format")]
    Format,
    /// A text is too long or not UTF-8, or a count is out of bounds.
    #[error("a text or a count of the frame is out of bounds")]
    OutOfBounds,
}

impl Frame {
    /// The bytes of the frame.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        let mut out = BytesMut::with_capacity(HEADER_BYTES + 64);
        out.put_slice(&[MAGIC, FORMAT, self.body.kind(), 0]);
        out.put_u64(self.stamp.origin);
        out.put_u64(self.stamp.epoch);
        out.put_u64(self.stamp.seq);
        match &self.body {
            Body::Drop(entries) | Body::Written(entries) => {
                out.put_u16(u16::try_from(entries.len()).unwrap_or(u16::MAX));
                for entry in entries {
                    put_model(&mut out, &entry.model);
                    out.put_u16(u16::try_from(entry.id.len()).unwrap_or(u16::MAX));
                    out.put_slice(entry.id.as_bytes());
                }
            }
            Body::DropAll(model) => put_model(&mut out, model),
            Body::Heartbeat | Body::Bye => {}
        }
        out.freeze()
    }

    /// Reads a frame that fills `bytes` to the last one.
    ///
    /// # Errors
    /// When the bytes are no such frame.
    pub fn decode(bytes: &[u8]) -> Result<Self, FrameError> {
        if bytes.len() > FRAME_BYTES_MAX {
            return Err(FrameError::TooLong);
        }
        let mut reader = Reader { rest: bytes };
        let [magic, format, kind, zero] = reader.array()?;
        if magic != MAGIC || format != FORMAT || zero != 0 {
            return Err(FrameError::Format);
        }
        let stamp = Stamp {
            origin: u64::from_be_bytes(reader.array()?),
            epoch: u64::from_be_bytes(reader.array()?),
            seq: u64::from_be_bytes(reader.array()?),
        };
        let body = match kind {
            1 => Body::Drop(reader.entries()?),
            2 => Body::DropAll(reader.model()?),
            3 => Body::Heartbeat,
            4 => Body::Bye,
            5 => Body::Written(reader.entries()?),
            _ => return Err(FrameError::Format),
        };
        if reader.rest.is_empty() { Ok(Self { stamp, body }) } else { Err(FrameError::TooLong) }
    }
}

impl Body {
    /// For metrics and logs.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Drop(_) => "drop",
            Self::Written(_) => "written",
            Self::DropAll(_) => "drop_all",
            Self::Heartbeat => "heartbeat",
            Self::Bye => "bye",
        }
    }

    fn kind(&self) -> u8 {
        match self {
            Self::Drop(_) => 1,
            Self::DropAll(_) => 2,
            Self::Heartbeat => 3,
            Self::Bye => 4,
            Self::Written(_) => 5,
        }
    }
}

fn put_model(out: &mut BytesMut, model: &str) {
    out.put_u8(u8::try_from(model.len()).unwrap_or(u8::MAX));
    out.put_slice(model.as_bytes());
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl Reader<'_> {
    fn array<const N: usize>(&mut self) -> Result<[u8; N], FrameError> {
        let (head, rest) = self.rest.split_first_chunk().ok_or(FrameError::Truncated)?;
        self.rest = rest;
        Ok(*head)
    }

    fn text(&mut self, length: usize, max: usize) -> Result<String, FrameError> {
        if length > max {
            return Err(FrameError::OutOfBounds);
        }
        let (head, rest) = self.rest.split_at_checked(length).ok_or(FrameError::Truncated)?;
        self.rest = rest;
        let text = std::str::from_utf8(head).map_err(|_| FrameError::OutOfBounds)?;
        Ok(text.to_owned())
    }

    fn model(&mut self) -> Result<String, FrameError> {
        let [length] = self.array()?;
        self.text(usize::from(length), MODEL_BYTES_MAX)
    }

    fn entries(&mut self) -> Result<Vec<Named>, FrameError> {
        let count = usize::from(u16::from_be_bytes(self.array()?));
        if !(1..=ENTRIES_MAX).contains(&count) {
            return Err(FrameError::OutOfBounds);
        }
        let mut entries = Vec::with_capacity(count);
        for _ in 0..count {
            let model = self.model()?;
            let length = u16::from_be_bytes(self.array()?);
            let id = self.text(usize::from(length), ID_BYTES_MAX)?;
            entries.push(Named { model, id });
        }
        Ok(entries)
    }
}

//! IRC logs: a file is a slice of a channel, and becomes a group room with the authors as its members.
//!
//! Two layouts: `[HH:MM] <nick> text` with the day in the file name, and `channel YYYY-MM-DD [HH:MM:SS] <nick> text`.
//! An action is `[HH:MM]  * nick text`. Joins, parts and notices (`===`, `-nick-`) are no messages.

mod clock;
mod line;
mod slice;

pub use slice::{Slice, is_slice, read_slice, slice_files};

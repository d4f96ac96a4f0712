//! Reading from a socket: a burst of frames in one system call, and no large buffer in a session that waits.
//!
//! Bytes are read into a buffer of the thread. What the WebSocket library has no room for yet is kept for its next
//! reads, which follow at once; a session that waits for its client keeps nothing here.

use std::cell::RefCell;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, ReadBuf};

/// Bytes read with one system call, at most; also what a session keeps at most while it does not read on.
const BURST_BYTES: usize = 8 * 1024;

thread_local! {
    static BURST: RefCell<Box<[u8]>> = RefCell::new(vec![0; BURST_BYTES].into());
}

/// What was read and not taken yet.
#[derive(Debug, Default)]
pub(super) struct Intake {
    left: Vec<u8>,
}

impl Intake {
    /// Takes what is left, else reads. No bytes: the stream has ended.
    pub(super) fn poll_read(
        &mut self,
        from: &mut (impl AsyncRead + Unpin),
        cx: &mut Context<'_>,
        into: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        if self.left.is_empty() {
            return BURST.with_borrow_mut(|burst| {
                let mut read = ReadBuf::new(burst);
                ready!(Pin::new(from).poll_read(cx, &mut read))?;
                let (now, later) = read.filled().split_at(read.filled().len().min(into.len()));
                into[..now.len()].copy_from_slice(now);
                self.left = later.to_vec();
                Poll::Ready(Ok(now.len()))
            });
        }
        let bytes = self.left.len().min(into.len());
        into[..bytes].copy_from_slice(&self.left[..bytes]);
        self.left.drain(..bytes);
        if self.left.is_empty() {
            self.left = Vec::new();
        }
        Poll::Ready(Ok(bytes))
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;

    use super::*;

    async fn read(intake: &mut Intake, from: &mut (impl AsyncRead + Unpin), bytes: usize) -> Vec<u8> {
        let mut into = vec![0; bytes];
        let read = std::future::poll_fn(|cx| intake.poll_read(from, cx, &mut into)).await.unwrap();
        into.truncate(read);
        into
    }

    #[tokio::test]
    async fn a_burst_is_read_at_once_and_taken_in_order_in_parts() {
        let mut from = (&b"abcdefg"[..]).chain(&b"hi"[..]);
        let mut intake = Intake::default();
        assert_eq!(read(&mut intake, &mut from, 3).await, b"abc");
        assert_eq!(read(&mut intake, &mut from, 3).await, b"def");
        assert_eq!(read(&mut intake, &mut from, 3).await, b"g", "what is left comes before what is new");
        assert_eq!(intake.left.capacity(), 0, "nothing is held while nothing is left");
        assert_eq!(read(&mut intake, &mut from, 3).await, b"hi");
        assert_eq!(read(&mut intake, &mut from, 3).await, b"", "the end");
    }
}

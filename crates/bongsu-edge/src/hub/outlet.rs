//! The writing side of a connection, shared by its session and the hub: whoever has something to say writes it at once,
//! from where they are, and only what the socket does not take waits for the session's task.
//!
//! Invariants, under one lock that is never held across an await:
//! - Frames leave in the order they were queued, each as a whole before the next.
//! - While something waits here, only the session's task writes: it is the one that is told when the socket takes more.
//! - Once the connection is being ended, nothing but what ends it is queued.

use std::cell::RefCell;
use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::io::AsyncWrite;
use tokio::net::tcp::OwnedWriteHalf;

use super::frame::{OPCODE_TEXT, put_frame, put_group};

/// Capacity the buffer of what waits keeps when nothing does: an idle session holds next to nothing.
const WAITING_BYTES_KEPT: usize = 1024;

/// What an outlet writes to.
pub(crate) trait Sink: fmt::Debug + Send {
    /// Writes what is taken at once, or fails with [`io::ErrorKind::WouldBlock`].
    fn try_write(&mut self, bytes: &[u8]) -> io::Result<usize>;

    /// Writes some of it, once that is possible.
    fn poll_write(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>>;

    /// Ends the stream.
    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;
}

impl Sink for OwnedWriteHalf {
    fn try_write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Self::try_write(self, bytes)
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        AsyncWrite::poll_write(Pin::new(self), cx, bytes)
    }

    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        AsyncWrite::poll_shutdown(Pin::new(self), cx)
    }
}

/// How much may wait for a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OutletBounds {
    /// Most bytes the hub queues.
    pub(crate) queue_bytes: usize,
    /// Bytes of a frame that several objects share, about.
    pub(crate) group_bytes: usize,
}

/// The writing side of one connection.
#[derive(Debug)]
pub(crate) struct Outlet {
    pub(super) bounds: OutletBounds,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    sink: Box<dyn Sink>,
    /// Whole frames, the first of them perhaps written in part.
    waiting: Vec<u8>,
    /// Bytes of `waiting` already written.
    written: usize,
    /// Bytes of `waiting` that answer the peer's control frames.
    control: usize,
    ending: bool,
}

/// What became of the objects that were to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flushed {
    /// All are on their way.
    Everything,
    /// Something waits: the session's task is to see to it.
    Waiting,
}

/// Where frames are put together. One for each thread, so that no session and no delivery needs its own.
#[derive(Debug, Default)]
struct Scratch {
    objects: Vec<Bytes>,
    frame: Vec<u8>,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

impl Outlet {
    pub(crate) fn new(sink: Box<dyn Sink>, bounds: OutletBounds) -> Self {
        let state = State { sink, waiting: Vec::new(), written: 0, control: 0, ending: false };
        Self { bounds, state: Mutex::new(state) }
    }

    /// Writes the objects that `take` puts into its argument, group by group until it puts none, each group as one frame.
    /// For whoever is not the session: does nothing where something waits already, or somebody writes just now.
    pub(super) fn try_flush(&self, take: impl FnMut(usize, &mut Vec<Bytes>)) -> Flushed {
        let mut state = match self.state.try_lock() {
            Ok(state) => state,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return Flushed::Waiting,
        };
        state.flush(self.bounds.group_bytes, take)
    }

    /// The same for the session itself, which waits for whoever writes just now.
    pub(super) fn flush(&self, take: impl FnMut(usize, &mut Vec<Bytes>)) -> Flushed {
        self.lock().flush(self.bounds.group_bytes, take)
    }

    /// Whether everything queued was written.
    pub(crate) fn is_drained(&self) -> bool {
        self.lock().waiting.is_empty()
    }

    /// Queues a frame. The session's task writes it with [`Outlet::poll_flush`].
    pub(crate) fn queue(&self, opcode: u8, payload: &[u8]) {
        put_frame(&mut self.lock().waiting, opcode, payload);
    }

    /// Queues answers to control frames as they are, as long as they are not more than `bytes_max` together. True when
    /// they were.
    pub(crate) fn queue_control(&self, bytes: &[u8], bytes_max: usize) -> bool {
        let mut state = self.lock();
        let fits = state.control + bytes.len() <= bytes_max;
        if fits {
            state.control += bytes.len();
            state.waiting.extend_from_slice(bytes);
        }
        fits
    }

    /// Writes once what waits: how many bytes, 0 when nothing does. For the session's task.
    pub(crate) fn poll_flush(&self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut state = self.lock();
        let State { sink, waiting, written, .. } = &mut *state;
        if waiting.is_empty() {
            return Poll::Ready(Ok(0));
        }
        let Poll::Ready(result) = sink.poll_write(cx, &waiting[*written..]) else { return Poll::Pending };
        let bytes = result?;
        if bytes == 0 {
            return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
        }
        state.wrote(bytes);
        Poll::Ready(Ok(bytes))
    }

    /// The hub writes nothing from now on.
    pub(crate) fn begin_end(&self) {
        self.lock().ending = true;
    }

    /// Ends the stream.
    pub(crate) fn poll_end(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.lock().sink.poll_end(cx)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn flush(&mut self, group_bytes: usize, mut take: impl FnMut(usize, &mut Vec<Bytes>)) -> Flushed {
        if !self.waiting.is_empty() || self.ending {
            return Flushed::Waiting;
        }
        SCRATCH.with_borrow_mut(|Scratch { objects, frame }| {
            loop {
                objects.clear();
                take(group_bytes, objects);
                if objects.is_empty() {
                    return Flushed::Everything;
                }
                frame.clear();
                put_group(frame, OPCODE_TEXT, objects);
                if !self.write(frame) {
                    objects.clear();
                    return Flushed::Waiting;
                }
            }
        })
    }

    /// Writes a frame before which nothing waits. False when some of it has to wait.
    fn write(&mut self, frame: &[u8]) -> bool {
        // What is wrong with a socket is seen by the session's task when it writes the rest.
        let bytes = self.sink.try_write(frame).unwrap_or_default();
        self.waiting.extend_from_slice(&frame[bytes..]);
        bytes == frame.len()
    }

    fn wrote(&mut self, bytes: usize) {
        self.written += bytes;
        if self.written == self.waiting.len() {
            self.waiting.clear();
            self.waiting.shrink_to(WAITING_BYTES_KEPT);
            self.written = 0;
            self.control = 0;
        }
    }
}

#[cfg(test)]
#[path = "outlet_tests.rs"]
pub(crate) mod tests;

//! What is written when, by whom, and in how many writes.

use std::sync::Arc;

use super::*;

/// Bytes a test looks at, and how much more may be written.
#[derive(Debug, Default)]
pub(crate) struct Wire {
    /// What was written.
    pub(crate) bytes: Vec<u8>,
    /// System calls it took, those that took nothing included.
    pub(crate) writes: usize,
    /// Bytes taken before it would block.
    pub(crate) room: usize,
}

/// A sink that counts.
#[derive(Debug, Clone, Default)]
pub(crate) struct CountingSink(pub(crate) Arc<Mutex<Wire>>);

impl Sink for CountingSink {
    fn try_write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut wire = self.0.lock().unwrap();
        wire.writes += 1;
        let taken = bytes.len().min(wire.room);
        if taken == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        wire.room -= taken;
        wire.bytes.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    fn poll_write(&mut self, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.try_write(bytes) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Poll::Pending,
            result => Poll::Ready(result),
        }
    }

    fn poll_end(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl CountingSink {
    /// Takes so many bytes, for which it has the memory already.
    pub(crate) fn with_room(room: usize) -> Self {
        Self(Arc::new(Mutex::new(Wire { bytes: Vec::with_capacity(room), room, ..Wire::default() })))
    }

    pub(crate) fn written(&self) -> Vec<u8> {
        self.0.lock().unwrap().bytes.clone()
    }

    pub(crate) fn writes(&self) -> usize {
        self.0.lock().unwrap().writes
    }

    fn make_room(&self, room: usize) {
        self.0.lock().unwrap().room = room;
    }
}

/// An outlet over a sink, with frames of about `group_bytes`.
pub(crate) fn outlet(sink: &CountingSink, bounds: OutletBounds) -> Arc<Outlet> {
    Arc::new(Outlet::new(Box::new(sink.clone()), bounds))
}

/// An outlet to which nothing is written: what is queued for it stays in the queue.
pub(crate) fn ended(queue_bytes: usize) -> Arc<Outlet> {
    let outlet = outlet(&CountingSink::default(), OutletBounds { queue_bytes, group_bytes: queue_bytes });
    outlet.begin_end();
    outlet
}

const BOUNDS: OutletBounds = OutletBounds { queue_bytes: 1_000, group_bytes: 100 };

/// Hands out these groups, one after the other.
fn groups(groups: &[&[&'static str]]) -> impl FnMut(usize, &mut Vec<Bytes>) {
    let groups: Vec<Vec<Bytes>> = groups
        .iter()
        .map(|group| group.iter().map(|object| Bytes::from_static(object.as_bytes())).collect())
        .collect();
    let mut groups = groups.into_iter();
    move |_, objects| objects.extend(groups.next().unwrap_or_default())
}

fn poll_flush(outlet: &Outlet) -> Poll<usize> {
    outlet.poll_flush(&mut Context::from_waker(std::task::Waker::noop())).map(Result::unwrap)
}

#[test]
fn a_group_is_one_write_whoever_writes_it() {
    let sink = CountingSink::with_room(1_000);
    let outlet = outlet(&sink, BOUNDS);
    assert_eq!(outlet.try_flush(groups(&[&["{1}"]])), Flushed::Everything);
    assert_eq!(outlet.flush(groups(&[&["{2}", "{3}"]])), Flushed::Everything);
    assert_eq!(sink.written(), b"\x81\x03{1}\x81\x09[{2},{3}]");
    assert_eq!(sink.writes(), 2);
}

#[test]
fn what_a_full_socket_does_not_take_is_left_to_the_session() {
    let sink = CountingSink::with_room(4);
    let outlet = outlet(&sink, BOUNDS);
    assert_eq!(outlet.try_flush(groups(&[&["{1}"], &["{2}"]])), Flushed::Waiting);
    assert!(!outlet.is_drained());
    sink.make_room(100);
    assert_eq!(outlet.try_flush(groups(&[&["{3}"]])), Flushed::Waiting, "only the session writes now");
    assert_eq!(sink.written(), b"\x81\x03{1");
    assert_eq!(poll_flush(&outlet), Poll::Ready(1));
    assert_eq!(poll_flush(&outlet), Poll::Ready(0));
    assert_eq!(outlet.flush(groups(&[&["{2}"]])), Flushed::Everything);
    assert_eq!(sink.written(), b"\x81\x03{1}\x81\x03{2}");
}

#[test]
fn an_answer_to_a_ping_goes_before_what_is_queued_later() {
    let sink = CountingSink::with_room(100);
    let outlet = outlet(&sink, BOUNDS);
    assert!(outlet.queue_control(b"pong", 6));
    assert!(!outlet.queue_control(b"pong", 6));
    assert_eq!(outlet.try_flush(groups(&[&["{1}"]])), Flushed::Waiting);
    assert_eq!(poll_flush(&outlet), Poll::Ready(4));
    assert!(outlet.queue_control(b"pong", 6));
}

#[test]
fn nothing_is_written_behind_the_end() {
    let sink = CountingSink::with_room(100);
    let outlet = outlet(&sink, BOUNDS);
    outlet.begin_end();
    outlet.queue(super::super::frame::OPCODE_CLOSE, b"");
    assert_eq!(outlet.try_flush(groups(&[&["{1}"]])), Flushed::Waiting);
    assert_eq!(poll_flush(&outlet), Poll::Ready(2));
    assert_eq!(outlet.flush(groups(&[&["{1}"]])), Flushed::Waiting);
    assert_eq!(sink.written(), b"\x88\x00");
}

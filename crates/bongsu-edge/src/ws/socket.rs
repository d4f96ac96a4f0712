//! The socket: all use of the WebSocket library is in this file.
//!
//! The library reads: it checks frames, masks, UTF-8 and sizes, and answers pings and closes. Text frames are written here,
//! so that a burst needs one buffer and one system call, and an idle socket holds no buffer for writing at all.

use std::io::{self, Read, Write};
use std::pin::Pin;
use std::task::{Context, Poll};

use bongsu_wire::CloseCode;
use bytes::Bytes;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Message, Role, WebSocketConfig, WebSocketContext};
use tokio_tungstenite::tungstenite::{self, Utf8Bytes};

/// Bytes read from the socket at once: most frames of a chat are shorter, and every idle session holds this.
const READ_BYTES: usize = 2 * 1024;

/// Pongs and close replies not written yet. A peer that pings faster than it reads gets only the last pong.
const CONTROL_BYTES_MAX: usize = 1024;

/// Capacity the write buffer keeps between bursts.
const WRITE_BYTES_KEPT: usize = 1024;

/// A frame longer than this is kept until the next read, so that the library takes a new small buffer then.
const LONG_FRAME_BYTES: usize = 2 * READ_BYTES;

/// Bytes still read, and thrown away, after a close: else the peer's system may drop the close with the connection.
const LINGER_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Answer to `Sec-WebSocket-Key`.
pub(super) fn accept_key(key: &[u8]) -> String {
    derive_accept_key(key)
}

/// A WebSocket of the server's side.
pub(super) struct Socket {
    context: WebSocketContext,
    io: Io,
    /// See [`LONG_FRAME_BYTES`].
    long_frame: Option<Utf8Bytes>,
}

/// What happened on the socket.
pub(super) enum Turn {
    /// A text frame came.
    Text(Text),
    /// A ping or pong came: the peer lives.
    Alive,
    /// Some bytes were written.
    Written,
    /// The connection is over.
    Closed,
    /// The peer broke the rules: close with this code.
    Abuse(CloseCode),
}

/// The text of a frame.
pub(super) struct Text(Utf8Bytes);

impl Text {
    pub(super) fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

/// Whether a turn may read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    /// Frames are welcome.
    On,
    /// The session has enough to do.
    Off,
}

impl Socket {
    pub(super) fn new(upgraded: Upgraded, frame_bytes: usize) -> Self {
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BYTES)
            .write_buffer_size(0)
            .max_write_buffer_size(CONTROL_BYTES_MAX)
            .max_message_size(Some(frame_bytes))
            .max_frame_size(Some(frame_bytes));
        Self {
            context: WebSocketContext::new(Role::Server, Some(config)),
            io: Io { stream: TokioIo::new(upgraded), out: Vec::new(), written: 0, control: 0 },
            long_frame: None,
        }
    }

    /// Whether everything queued was written.
    pub(super) fn is_drained(&self) -> bool {
        self.io.out.is_empty()
    }

    /// Queues one text frame: the object alone, or several as an array.
    pub(super) fn queue(&mut self, objects: &[Bytes]) {
        let [first, rest @ ..] = objects else { return };
        let out = &mut self.io.out;
        if rest.is_empty() {
            put_header(out, OPCODE_TEXT, first.len());
            out.extend_from_slice(first);
            return;
        }
        let objects_bytes: usize = objects.iter().map(Bytes::len).sum();
        put_header(out, OPCODE_TEXT, objects_bytes + objects.len() + 1);
        out.push(b'[');
        out.extend_from_slice(first);
        for object in rest {
            out.push(b',');
            out.extend_from_slice(object);
        }
        out.push(b']');
    }

    /// Queues a ping.
    pub(super) fn queue_ping(&mut self) {
        put_header(&mut self.io.out, OPCODE_PING, 0);
    }

    /// Writes what is queued and then reads, until something happens. Cancel-safe.
    pub(super) async fn turn(&mut self, reading: Reading) -> Turn {
        std::future::poll_fn(|cx| self.poll_turn(cx, reading)).await
    }

    fn poll_turn(&mut self, cx: &mut Context<'_>, reading: Reading) -> Poll<Turn> {
        match self.io.poll_flush(cx) {
            Poll::Ready(Ok(0)) | Poll::Pending => {}
            Poll::Ready(Ok(_)) => return Poll::Ready(Turn::Written),
            Poll::Ready(Err(_)) => return Poll::Ready(Turn::Closed),
        }
        if reading == Reading::Off {
            return Poll::Pending;
        }
        let result = self.context.read(&mut Wire { io: &mut self.io, cx });
        self.long_frame = None;
        let turn = match result {
            Ok(Message::Text(text)) => {
                if text.len() > LONG_FRAME_BYTES {
                    self.long_frame = Some(text.clone());
                }
                Turn::Text(Text(text))
            }
            Ok(Message::Ping(_) | Message::Pong(_)) => Turn::Alive,
            Ok(Message::Binary(_) | Message::Frame(_)) => Turn::Abuse(CloseCode::Protocol),
            Ok(Message::Close(_)) => {
                // The library owes the peer a close frame; it counts as an error that there is nothing after it.
                drop(self.context.flush(&mut Wire { io: &mut self.io, cx }));
                Turn::Closed
            }
            Err(tungstenite::Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {
                // A pong may have been queued by reading.
                return match self.io.poll_flush(cx) {
                    Poll::Ready(Ok(0)) | Poll::Pending => Poll::Pending,
                    Poll::Ready(Ok(_)) => Poll::Ready(Turn::Written),
                    Poll::Ready(Err(_)) => Poll::Ready(Turn::Closed),
                };
            }
            Err(error) => after(&error),
        };
        Poll::Ready(turn)
    }

    /// Sends a close frame after all that is queued, then reads on until the peer is done. The caller bounds the time.
    pub(super) async fn close(mut self, code: CloseCode) {
        let reason = code.reason().as_bytes();
        put_header(&mut self.io.out, OPCODE_CLOSE, 2 + reason.len());
        self.io.out.extend_from_slice(&code.code().to_be_bytes());
        self.io.out.extend_from_slice(reason);
        self.finish().await;
    }

    /// Writes what is queued, ends the stream, and reads on until the peer ends it too. The caller bounds the time.
    pub(super) async fn finish(mut self) {
        while !self.io.out.is_empty() {
            if std::future::poll_fn(|cx| self.io.poll_flush(cx)).await.is_err() {
                return;
            }
        }
        let ended = std::future::poll_fn(|cx| Pin::new(&mut self.io.stream).poll_shutdown(cx)).await;
        if ended.is_err() {
            return;
        }
        let mut thrown_away = 0;
        let mut buffer = [0_u8; 1024];
        while thrown_away < LINGER_BYTES_MAX {
            let mut read = ReadBuf::new(&mut buffer);
            let result =
                std::future::poll_fn(|cx| Pin::new(&mut self.io.stream).poll_read(cx, &mut read)).await;
            let bytes = read.filled().len();
            if result.is_err() || bytes == 0 {
                return;
            }
            thrown_away += bytes;
        }
    }
}

/// What an error of the library means for the session.
fn after(error: &tungstenite::Error) -> Turn {
    use tungstenite::error::ProtocolError;
    match error {
        tungstenite::Error::Utf8(_) => Turn::Abuse(CloseCode::InvalidUtf8),
        tungstenite::Error::Capacity(_) => Turn::Abuse(CloseCode::FrameTooLarge),
        tungstenite::Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => Turn::Closed,
        tungstenite::Error::Protocol(_) | tungstenite::Error::AttackAttempt => {
            Turn::Abuse(CloseCode::Protocol)
        }
        _ => Turn::Closed,
    }
}

const OPCODE_TEXT: u8 = 0x1;
const OPCODE_CLOSE: u8 = 0x8;
const OPCODE_PING: u8 = 0x9;

/// The header of a whole, unmasked frame (RFC 6455, section 5.2).
fn put_header(out: &mut Vec<u8>, opcode: u8, payload_bytes: usize) {
    out.reserve(payload_bytes + 10);
    out.push(0x80 | opcode);
    match payload_bytes {
        0..=125 => out.push(payload_bytes as u8),
        126..=0xffff => {
            out.push(126);
            out.extend_from_slice(&(payload_bytes as u16).to_be_bytes());
        }
        _ => {
            out.push(127);
            out.extend_from_slice(&(payload_bytes as u64).to_be_bytes());
        }
    }
}

/// The stream, and whole frames waiting to be written to it.
struct Io {
    stream: TokioIo<Upgraded>,
    out: Vec<u8>,
    /// Bytes of `out` already written.
    written: usize,
    /// Bytes of `out` that the library put there.
    control: usize,
}

impl Io {
    /// Writes once: how many bytes, 0 when nothing waits.
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        if self.out.is_empty() {
            return Poll::Ready(Ok(0));
        }
        let poll = Pin::new(&mut self.stream).poll_write(cx, &self.out[self.written..]);
        let Poll::Ready(result) = poll else { return Poll::Pending };
        let bytes = result?;
        if bytes == 0 {
            return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
        }
        self.written += bytes;
        if self.written == self.out.len() {
            self.out.clear();
            self.out.shrink_to(WRITE_BYTES_KEPT);
            self.written = 0;
            self.control = 0;
        }
        Poll::Ready(Ok(bytes))
    }
}

/// The stream as the library wants it: it reads from the socket, and writes behind what is queued.
struct Wire<'a, 'b> {
    io: &'a mut Io,
    cx: &'a mut Context<'b>,
}

impl Read for Wire<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut read = ReadBuf::new(buffer);
        match Pin::new(&mut self.io.stream).poll_read(self.cx, &mut read) {
            Poll::Ready(Ok(())) => Ok(read.filled().len()),
            Poll::Ready(Err(error)) => Err(error),
            Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
        }
    }
}

impl Write for Wire<'_, '_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.io.control + bytes.len() > CONTROL_BYTES_MAX {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.io.control += bytes.len();
        self.io.out.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

//! The socket: all use of the WebSocket library is in this file.
//!
//! The library reads, through the [`Intake`]: it checks frames, masks, UTF-8 and sizes, and answers pings and closes.
//! Text frames are written through the [`Outlet`], which the hub has too, so that a burst needs one system call and an
//! idle socket holds no buffer for writing at all.

use std::io::{self, Read, Write};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bongsu_wire::CloseCode;
use hyper::upgrade::{Parts, Upgraded};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, ReadBuf};
use tokio::net::TcpStream;
use tokio::net::tcp::OwnedReadHalf;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Message, Role, WebSocketConfig, WebSocketContext};
use tokio_tungstenite::tungstenite::{self, Utf8Bytes};

use super::intake::Intake;
use crate::hub::{OPCODE_CLOSE, OPCODE_PING, OPCODE_TEXT, Outlet, OutletBounds};

/// Buffer of the library: most frames of a chat are shorter, and every idle session holds this. Not less, because the
/// library's next buffer would be as short as the head of a frame.
const READ_BYTES: usize = 1024;

/// Pongs and close replies not written yet. A peer that pings faster than it reads gets only the last pong.
const CONTROL_BYTES_MAX: usize = 1024;

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
    half: OwnedReadHalf,
    intake: Intake,
    outlet: Arc<Outlet>,
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
    /// `None` when what was upgraded is no TCP connection: the listener accepts nothing else.
    pub(super) fn new(upgraded: Upgraded, bounds: OutletBounds, frame_bytes: usize) -> Option<Self> {
        let Parts { io, read_buf, .. } = upgraded.downcast::<TokioIo<TcpStream>>().ok()?;
        let (half, write_half) = io.into_inner().into_split();
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BYTES)
            .write_buffer_size(0)
            .max_write_buffer_size(CONTROL_BYTES_MAX)
            .max_message_size(Some(frame_bytes))
            .max_frame_size(Some(frame_bytes));
        Some(Self {
            context: WebSocketContext::from_partially_read(read_buf.to_vec(), Role::Server, Some(config)),
            half,
            intake: Intake::default(),
            outlet: Arc::new(Outlet::new(Box::new(write_half), bounds)),
            long_frame: None,
        })
    }

    /// The writing side.
    pub(super) fn outlet(&self) -> &Arc<Outlet> {
        &self.outlet
    }

    /// Whether everything queued was written.
    pub(super) fn is_drained(&self) -> bool {
        self.outlet.is_drained()
    }

    /// Queues one object as a text frame.
    pub(super) fn queue(&mut self, object: &str) {
        self.outlet.queue(OPCODE_TEXT, object.as_bytes());
    }

    /// Queues a ping.
    pub(super) fn queue_ping(&mut self) {
        self.outlet.queue(OPCODE_PING, &[]);
    }

    /// Writes what is queued and then reads, until something happens. Cancel-safe.
    pub(super) async fn turn(&mut self, reading: Reading) -> Turn {
        std::future::poll_fn(|cx| self.poll_turn(cx, reading)).await
    }

    fn poll_turn(&mut self, cx: &mut Context<'_>, reading: Reading) -> Poll<Turn> {
        match self.outlet.poll_flush(cx) {
            Poll::Ready(Ok(0)) | Poll::Pending => {}
            Poll::Ready(Ok(_)) => return Poll::Ready(Turn::Written),
            Poll::Ready(Err(_)) => return Poll::Ready(Turn::Closed),
        }
        if reading == Reading::Off {
            return Poll::Pending;
        }
        let Self { context, half, intake, outlet, .. } = self;
        let result = context.read(&mut Wire { half, intake, outlet, cx });
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
                drop(context.flush(&mut Wire { half, intake, outlet, cx }));
                Turn::Closed
            }
            Err(tungstenite::Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {
                // A pong may have been queued by reading.
                return match self.outlet.poll_flush(cx) {
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
    pub(super) async fn close(self, code: CloseCode) {
        self.outlet.begin_end();
        let payload = [&code.code().to_be_bytes(), code.reason().as_bytes()].concat();
        self.outlet.queue(OPCODE_CLOSE, &payload);
        self.finish().await;
    }

    /// Writes what is queued, ends the stream, and reads on until the peer ends it too. The caller bounds the time.
    pub(super) async fn finish(mut self) {
        self.outlet.begin_end();
        while !self.outlet.is_drained() {
            if std::future::poll_fn(|cx| self.outlet.poll_flush(cx)).await.is_err() {
                return;
            }
        }
        if std::future::poll_fn(|cx| self.outlet.poll_end(cx)).await.is_err() {
            return;
        }
        let mut thrown_away = 0;
        let mut buffer = [0_u8; 1024];
        while thrown_away < LINGER_BYTES_MAX {
            let mut read = ReadBuf::new(&mut buffer);
            let result = std::future::poll_fn(|cx| Pin::new(&mut self.half).poll_read(cx, &mut read)).await;
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

/// The stream as the library wants it: it reads from the socket, and writes behind what is queued.
struct Wire<'a, 'b> {
    half: &'a mut OwnedReadHalf,
    intake: &'a mut Intake,
    outlet: &'a Outlet,
    cx: &'a mut Context<'b>,
}

impl Read for Wire<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.intake.poll_read(self.half, self.cx, buffer) {
            Poll::Ready(read) => read,
            Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
        }
    }
}

impl Write for Wire<'_, '_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.outlet.queue_control(bytes, CONTROL_BYTES_MAX) {
            Ok(bytes.len())
        } else {
            Err(io::ErrorKind::WouldBlock.into())
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

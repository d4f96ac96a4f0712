//! fastwebsockets, with what it offers for speed left on: vectored writes, no copy of what is sent.

use anyhow::Result;
use fastwebsockets::{FragmentCollector, Frame, OpCode, Payload, Role, WebSocket};
use tokio::net::TcpStream;

use super::Shared;
use crate::client::TEXT_BYTES;
use crate::rounds::Job;

pub(super) async fn serve(stream: TcpStream, mut shared: Shared) -> Result<()> {
    let mut socket = FragmentCollector::new(WebSocket::after_handshake(stream, Role::Server));
    match shared.job() {
        Job::Read(_) => loop {
            let frame = socket.read_frame().await?;
            match frame.opcode {
                OpCode::Text => shared.has_read(std::str::from_utf8(&frame.payload)?.len())?,
                OpCode::Close => return Ok(()),
                _ => {}
            }
        },
        Job::Write(_) => {
            let text = "a".repeat(TEXT_BYTES);
            while let Some(round) = shared.round().await {
                for _ in 0..round.batch {
                    socket.write_frame(Frame::text(Payload::Borrowed(text.as_bytes()))).await?;
                }
            }
            Ok(())
        }
    }
}

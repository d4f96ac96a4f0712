//! One connection of the load side, as cheap as it gets: bytes written as they were made, frames handed out unparsed.

use bongsu_types::DeviceId;
use bongsu_wire::{
    Call, DeviceParam, FromServer, Hello, HelloResult, RequestId, decode_server_frame, encode_request,
};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use super::BenchError;
use super::frames::{CLOSE, Frame, Frames, PING, PONG, TEXT, client_frame};
use crate::{Endpoint, Socket};

/// Buffer of a connection that waits for many deliveries, bytes: one read takes a whole group of them.
pub(super) const BUSY_BUFFER: usize = 64 * 1024;

/// A WebSocket after hello. Reading and flushing may be given up half way and begun again.
#[derive(Debug)]
pub(super) struct Line {
    tcp: TcpStream,
    frames: Frames,
    outgoing: Vec<u8>,
    /// Bytes read since the start.
    pub(super) bytes_read: u64,
}

impl Line {
    /// Connects and says hello.
    pub(super) async fn open(
        endpoint: &Endpoint,
        hello: Hello,
        buffer: usize,
    ) -> Result<(Self, HelloResult), BenchError> {
        let mut line = Self::connect(endpoint, buffer).await?;
        line.queue(&text_frame(&encode_request(Some(&RequestId::from(1)), &hello.into_command())));
        let result = read_hello(&line.wait_text().await?)?;
        Ok((line, result))
    }

    /// Connects and says nothing yet.
    pub(super) async fn connect(endpoint: &Endpoint, buffer: usize) -> Result<Self, BenchError> {
        Ok(Self::over(Socket::connect(endpoint, None).await?.stream.into_inner(), buffer))
    }

    /// Frames over a socket that needs no upgrade and no hello.
    pub(super) fn over(tcp: TcpStream, buffer: usize) -> Self {
        Self { tcp, frames: Frames::with_buffer(buffer), outgoing: Vec::new(), bytes_read: 0 }
    }

    /// Puts bytes behind what is to be written.
    pub(super) fn queue(&mut self, bytes: &[u8]) {
        self.outgoing.extend_from_slice(bytes);
    }

    /// Writes what is queued.
    pub(super) async fn flush(&mut self) -> Result<(), BenchError> {
        while !self.outgoing.is_empty() {
            self.tcp.writable().await?;
            match self.tcp.try_write(&self.outgoing) {
                Ok(written) => drop(self.outgoing.drain(..written)),
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Writes what is queued and reads once.
    pub(super) async fn read(&mut self) -> Result<(), BenchError> {
        self.flush().await?;
        // Unlike `try_read`, this knows from a short read that there is no more: one system call, not two.
        let bytes = self.tcp.read(self.frames.space()).await?;
        if bytes == 0 {
            return Err(BenchError::Closed("end of stream".to_owned()));
        }
        self.frames.filled(bytes);
        self.bytes_read += bytes as u64;
        Ok(())
    }

    /// The next text that was read, if it is whole. A ping is answered with the next flush.
    pub(super) fn next_text(&mut self) -> Result<Option<&[u8]>, BenchError> {
        while let Some(frame) = self.frames.next()? {
            match frame.opcode {
                TEXT => return Ok(Some(self.frames.payload(&frame))),
                PING => self.answer_ping(&frame),
                CLOSE => return Err(BenchError::Closed(close_reason(self.frames.payload(&frame)))),
                _ => {}
            }
        }
        Ok(None)
    }

    fn answer_ping(&mut self, ping: &Frame) {
        let pong = client_frame(PONG, self.frames.payload(ping));
        self.queue(&pong);
    }

    /// Waits for a text frame.
    pub(super) async fn wait_text(&mut self) -> Result<String, BenchError> {
        loop {
            if let Some(text) = self.next_text()? {
                return Ok(String::from_utf8_lossy(text).into_owned());
            }
            self.read().await?;
        }
    }
}

/// A client's text frame.
pub(super) fn text_frame(text: &str) -> Vec<u8> {
    client_frame(TEXT, text.as_bytes())
}

/// The result in the frame that answers hello.
pub(super) fn read_hello(text: &str) -> Result<HelloResult, BenchError> {
    let unclear = |reason: String| BenchError::Unclear { method: Hello::METHOD, reason };
    let first = decode_server_frame(text).map_err(|error| unclear(error.message))?.into_iter().next();
    let Some(FromServer::Answer { result, .. }) = first else {
        return Err(unclear("the reply to hello precedes every event".to_owned()));
    };
    let raw = result.map_err(BenchError::HelloRefused)?;
    FromServer::result::<HelloResult>(&raw).map_err(|error| unclear(error.message))
}

/// A hello that asks for the first rows of the chat list.
pub(super) fn hello(token: String, device: DeviceId, rows: u32) -> Hello {
    let device = DeviceParam { id: device, platform: "bench".to_owned(), name: String::new() };
    Hello {
        token,
        device,
        epoch: None,
        user_rev: None,
        cursors: std::collections::BTreeMap::new(),
        list: (rows > 0).then_some(rows),
    }
}

fn close_reason(payload: &[u8]) -> String {
    match payload.split_first_chunk() {
        Some((code, reason)) => {
            format!("closed with {}: {}", u16::from_be_bytes(*code), String::from_utf8_lossy(reason))
        }
        None => "closed without a code".to_owned(),
    }
}

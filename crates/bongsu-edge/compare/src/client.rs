//! The other side: blocking sockets, and frames whose bytes are made once.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use anyhow::{Result, ensure};

use crate::rounds::Job;

/// Of the text in a frame.
pub(crate) const TEXT_BYTES: usize = 200;
/// A frame of a server: two bytes, two of length, the text.
const SERVER_FRAME_BYTES: usize = 4 + TEXT_BYTES;
const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

pub(crate) struct Clients {
    sockets: Vec<TcpStream>,
    buffer: Vec<u8>,
}

/// A text frame with the header of a server.
pub(crate) fn server_frame() -> Vec<u8> {
    let mut frame = vec![0x81, 126, 0, TEXT_BYTES as u8];
    frame.resize(SERVER_FRAME_BYTES, b'a');
    frame
}

fn client_frame() -> Vec<u8> {
    let mut frame = vec![0x81, 0x80 | 126, 0, TEXT_BYTES as u8];
    frame.extend(MASK);
    frame.extend((0..TEXT_BYTES).map(|at| b'a' ^ MASK[at % MASK.len()]));
    frame
}

impl Clients {
    pub(crate) fn connect(address: SocketAddr, job: Job, number: usize) -> Result<Self> {
        let mut sockets = Vec::with_capacity(number);
        for _ in 0..number {
            let mut socket = TcpStream::connect(address)?;
            socket.set_nodelay(true)?;
            let path = job.path();
            write!(
                socket,
                "GET {path} HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                 Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
            )?;
            let mut answer = Vec::new();
            let mut byte = [0];
            while !answer.ends_with(b"\r\n\r\n") {
                socket.read_exact(&mut byte)?;
                answer.push(byte[0]);
            }
            ensure!(answer.starts_with(b"HTTP/1.1 101"), "no upgrade: {}", String::from_utf8_lossy(&answer));
            sockets.push(socket);
        }
        Ok(Self { sockets, buffer: Vec::new() })
    }

    /// Writes this many frames on each connection, in one call.
    pub(crate) fn write(&mut self, batch: usize) -> Result<()> {
        if self.buffer.is_empty() {
            self.buffer = client_frame().repeat(batch);
        }
        for socket in &mut self.sockets {
            socket.write_all(&self.buffer)?;
        }
        Ok(())
    }

    /// Reads this many frames on each connection, and checks them.
    pub(crate) fn read(&mut self, batch: usize) -> Result<()> {
        let expected = server_frame();
        self.buffer.resize(expected.len() * batch, 0);
        for socket in &mut self.sockets {
            socket.read_exact(&mut self.buffer)?;
            ensure!(self.buffer.chunks(expected.len()).all(|frame| frame == expected), "another frame came");
        }
        Ok(())
    }
}

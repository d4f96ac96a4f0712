//! A proxy that makes a healthy server ill: it loses, doubles or reorders one message on its way to a client, or
//! refuses those who come back for a while.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::value::RawValue;
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader, copy};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::task::AbortOnDropHandle;

/// The message it happens to: some are behind it, so that nothing waits for the last one.
const VICTIM: u64 = 5;

/// Hellos of those who come back that are refused.
pub(super) const REFUSED: u64 = 3;

/// What they hear; the id is that of their first request.
const REFUSAL: &str = r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32011,"message":"overloaded","data":{"kind":"overloaded","retry":true,
    "retry_after_ms":1,"outcome":"not_applied"}}}"#;

/// Opcode of a text frame, with the bit of a last fragment.
const TEXT: u8 = 0x81;

/// What goes wrong.
#[derive(Debug, Clone, Copy)]
pub(super) enum Illness {
    Loses,
    Doubles,
    Reorders,
    /// Refuses the first who come back.
    Refuses,
}

/// Stands before a server as long as it lives.
pub(super) struct Doctor {
    pub(super) url: String,
    _task: AbortOnDropHandle<()>,
}

impl Doctor {
    pub(super) async fn before(server: &str, illness: Illness) -> Self {
        let server = server.trim_start_matches("http://").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(AtomicU64::new(0));
        let task = tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                let upstream = TcpStream::connect(&server).await.unwrap();
                let (mut from_client, to_client) = client.into_split();
                let (from_server, mut to_server) = upstream.into_split();
                tokio::spawn(async move { copy(&mut from_client, &mut to_server).await });
                let patient = Patient { illness, seen: Arc::clone(&seen), held: None };
                tokio::spawn(patient.pass(from_server, to_client));
            }
        });
        Self { url, _task: AbortOnDropHandle::new(task) }
    }
}

/// One connection.
struct Patient {
    illness: Illness,
    /// What it may happen to, seen on all connections: messages, or answers to those who come back.
    seen: Arc<AtomicU64>,
    /// The message that waits for the next one.
    held: Option<Box<RawValue>>,
}

impl Patient {
    /// Passes on what the server says; ends with the connection.
    async fn pass(mut self, from: OwnedReadHalf, mut to: OwnedWriteHalf) -> std::io::Result<()> {
        let mut from = BufReader::new(from);
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(from.read_u8().await?);
        }
        to.write_all(&head).await?;
        if !head.starts_with(b"HTTP/1.1 101") {
            copy(&mut from, &mut to).await?;
            return Ok(());
        }
        loop {
            let first = from.read_u8().await?;
            let length = match from.read_u8().await? {
                126 => u64::from(from.read_u16().await?),
                127 => from.read_u64().await?,
                short => u64::from(short),
            };
            let mut payload = vec![0; usize::try_from(length).unwrap()];
            from.read_exact(&mut payload).await?;
            if first != TEXT {
                to.write_all(&frame(first, &payload)).await?;
                continue;
            }
            for object in self.treat(&payload) {
                to.write_all(&frame(TEXT, object.get().as_bytes())).await?;
            }
        }
    }

    /// The objects of a frame, in order, one of them treated.
    fn treat(&mut self, payload: &[u8]) -> Vec<Box<RawValue>> {
        let objects: Vec<Box<RawValue>> = match payload.first() {
            Some(b'[') => serde_json::from_slice(payload).unwrap(),
            _ => vec![serde_json::from_slice(payload).unwrap()],
        };
        let mut treated = Vec::new();
        for object in objects {
            let mark = match self.illness {
                Illness::Refuses => r#""resumed":true"#,
                Illness::Loses | Illness::Doubles | Illness::Reorders => r#""method":"message.new""#,
            };
            if !object.get().contains(mark) {
                treated.push(object);
                continue;
            }
            let number = self.seen.fetch_add(1, Ordering::Relaxed) + 1;
            let is_victim = match self.illness {
                Illness::Refuses => number <= REFUSED,
                Illness::Loses | Illness::Doubles | Illness::Reorders => number == VICTIM,
            };
            match (is_victim, self.illness) {
                (true, Illness::Refuses) => treated.push(RawValue::from_string(REFUSAL.to_owned()).unwrap()),
                (true, Illness::Loses) => {}
                (true, Illness::Doubles) => treated.extend([object.clone(), object]),
                (true, Illness::Reorders) => self.held = Some(object),
                (false, _) => {
                    treated.push(object);
                    treated.extend(self.held.take());
                }
            }
        }
        treated
    }
}

fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match u16::try_from(payload.len()) {
        Ok(short @ 0..=125) => frame.extend_from_slice(&short.to_be_bytes()[1..]),
        Ok(middle) => {
            frame.push(126);
            frame.extend_from_slice(&middle.to_be_bytes());
        }
        Err(_) => {
            frame.push(127);
            frame.extend_from_slice(&(payload.len() as u64).to_be_bytes());
        }
    }
    frame.extend_from_slice(payload);
    frame
}

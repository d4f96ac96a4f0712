//! The task of a connection: writes what callers start, reads what the server sends, both at once.

use std::sync::Arc;
use std::time::Duration;

use bongsu_wire::{Call, Event, FromServer, Ping, RequestId, decode_server_frame, encode_request};
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::{self, Message};

use super::{Outgoing, Reading, Shared};
use crate::socket::{Closed, Incoming, Socket, closed_by, understood};

type Sink = SplitSink<WebSocketStream<TcpStream>, Message>;
type Stream = SplitStream<WebSocketStream<TcpStream>>;

/// Runs until the connection ends. When the callers are gone it says goodbye first.
pub(super) async fn run(
    socket: Socket,
    shared: Arc<Shared>,
    queue: mpsc::Receiver<Outgoing>,
    ping: Duration,
) {
    let (sink, stream) = socket.stream.split();
    // Reading goes on while a write waits: a server with a full send queue reads nothing until it is read from.
    let closed = tokio::select! {
        closed = read(stream, &shared) => closed,
        closed = write(sink, queue, ping) => closed,
    };
    shared.end(closed);
}

async fn write(mut sink: Sink, mut queue: mpsc::Receiver<Outgoing>, ping: Duration) -> Closed {
    let mut ticks = tokio::time::interval_at(tokio::time::Instant::now() + ping, ping);
    loop {
        let next = tokio::select! {
            next = queue.recv() => next.unwrap_or(Outgoing::Goodbye),
            _ = ticks.tick() => Outgoing::Text(encode_request(None, &Ping {}.into_command())),
        };
        match write_all(&mut sink, &mut queue, next).await {
            Ok(Written::More) => {}
            // The server's close comes through the reading half.
            Ok(Written::Goodbye) => std::future::pending().await,
            Err(error) => return closed_by(&error),
        }
    }
}

enum Written {
    More,
    Goodbye,
}

/// Writes a frame and those that wait behind it with as few system calls as they need.
async fn write_all(
    sink: &mut Sink,
    queue: &mut mpsc::Receiver<Outgoing>,
    first: Outgoing,
) -> Result<Written, tungstenite::Error> {
    let mut next = Some(first);
    while let Some(outgoing) = next {
        match outgoing {
            Outgoing::Text(text) => sink.feed(Message::text(text)).await?,
            Outgoing::Goodbye => {
                sink.send(Message::Close(None)).await?;
                return Ok(Written::Goodbye);
            }
        }
        next = queue.try_recv().ok();
    }
    sink.flush().await?;
    Ok(Written::More)
}

async fn read(mut stream: Stream, shared: &Shared) -> Closed {
    let mut reading = shared.reading.subscribe();
    loop {
        if reading.wait_for(|reading| *reading == Reading::On).await.is_err() {
            return Closed { code: None, reason: "the client is gone".to_owned() };
        }
        let step = tokio::select! {
            step = stream.next() => step,
            _ = reading.changed() => continue,
        };
        match understood(step) {
            Some(Incoming::Text(text)) => match accept(&text, shared) {
                Ok(events) => shared.inbox.push(events).await,
                Err(reason) => return Closed { code: None, reason: format!("unreadable frame: {reason}") },
            },
            Some(Incoming::Closed(closed)) => return closed,
            None => {}
        }
    }
}

/// Hands the answers of a frame to their callers and returns its events.
fn accept(text: &str, shared: &Shared) -> Result<Vec<Event>, String> {
    let objects = decode_server_frame(text)
        .map_err(|error| format!("{} {}: {text}", error.field.unwrap_or_default(), error.message))?;
    let mut events = Vec::new();
    for object in objects {
        match object {
            FromServer::Event(event) => events.push(event),
            FromServer::Answer { id: Some(RequestId::Number(id)), result } => shared.answer(id, result),
            // Answers to frames that were sent raw: their sender looks at what happens, not at a reply.
            FromServer::Answer { id: Some(RequestId::Text(_)) | None, .. } => {}
        }
    }
    Ok(events)
}

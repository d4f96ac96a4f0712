//! A bare WebSocket to a server: frames in, frames out, nothing understood. The ground under `Client`, and the tool
//! of tests that send what no client would.

use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::tungstenite::{self, ClientRequestBuilder, Message};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use crate::Endpoint;

/// The subprotocol of version 1.
const SUBPROTOCOL: &str = "bongsu.v1.json";

/// Read and write buffer of a connection, bytes: thousands of them fit on a small machine.
const BUFFER_BYTES: usize = 8 * 1024;

/// The longest message taken from a server, bytes: a page and its envelope fit many times.
const MESSAGE_BYTES_MAX: usize = 4 * 1024 * 1024;

/// How a connection ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closed {
    /// The close code, when the peer sent one.
    pub code: Option<u16>,
    /// What the peer or the transport said.
    pub reason: String,
}

impl std::fmt::Display for Closed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.code {
            Some(code) => write!(f, "closed with {code}: {}", self.reason),
            None => write!(f, "closed without a code: {}", self.reason),
        }
    }
}

/// What a socket gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Incoming {
    /// A text frame.
    Text(String),
    /// The end of the connection; nothing follows.
    Closed(Closed),
}

/// What can be wrong with the connection itself.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The TCP connection was not made.
    #[error("cannot connect to {authority}: {source}")]
    Tcp {
        /// `HOST:PORT`.
        authority: String,
        /// Why.
        source: std::io::Error,
    },
    /// The upgrade was refused.
    #[error("no WebSocket at {url}: {reason}")]
    Upgrade {
        /// The URL.
        url: String,
        /// Why.
        reason: String,
    },
}

/// A WebSocket connection of the right subprotocol, before any frame.
#[derive(Debug)]
pub struct Socket {
    pub(crate) stream: WebSocketStream<TcpStream>,
}

impl Socket {
    /// Connects and upgrades. `receive_buffer_bytes` shrinks the kernel's buffer, for tests of slow readers.
    ///
    /// # Errors
    /// When the server cannot be reached or does not upgrade.
    pub async fn connect(
        endpoint: &Endpoint,
        receive_buffer_bytes: Option<u32>,
    ) -> Result<Self, ConnectError> {
        let tcp = endpoint
            .open(receive_buffer_bytes)
            .await
            .map_err(|source| ConnectError::Tcp { authority: endpoint.authority().to_owned(), source })?;
        let url = endpoint.websocket_url();
        let refused = |reason: String| ConnectError::Upgrade { url: url.clone(), reason };
        let uri = url.parse().map_err(|_| refused("not a URL".to_owned()))?;
        let request = ClientRequestBuilder::new(uri).with_sub_protocol(SUBPROTOCOL);
        let config = WebSocketConfig::default()
            .read_buffer_size(BUFFER_BYTES)
            .write_buffer_size(BUFFER_BYTES)
            .max_message_size(Some(MESSAGE_BYTES_MAX))
            .max_frame_size(Some(MESSAGE_BYTES_MAX));
        let (stream, _response) = client_async_with_config(request, tcp, Some(config))
            .await
            .map_err(|error| refused(error.to_string()))?;
        Ok(Self { stream })
    }

    /// Sends a text frame.
    ///
    /// # Errors
    /// When the connection is over.
    pub async fn send_text(&mut self, text: &str) -> Result<(), Closed> {
        self.send(Message::text(text)).await
    }

    /// Sends any bytes as one text frame, valid UTF-8 or not.
    ///
    /// # Errors
    /// When the connection is over.
    pub async fn send_text_bytes(&mut self, bytes: Vec<u8>) -> Result<(), Closed> {
        self.send(Message::Frame(Frame::message(bytes, OpCode::Data(Data::Text), true))).await
    }

    /// Sends a binary frame, which the protocol does not have.
    ///
    /// # Errors
    /// When the connection is over.
    pub async fn send_binary(&mut self, bytes: Vec<u8>) -> Result<(), Closed> {
        self.send(Message::binary(bytes)).await
    }

    /// Says goodbye; the server's own close follows through [`Socket::next`].
    ///
    /// # Errors
    /// When the connection is over.
    pub async fn close(&mut self) -> Result<(), Closed> {
        self.send(Message::Close(None)).await
    }

    /// The next text frame, or the end.
    pub async fn next(&mut self) -> Incoming {
        loop {
            match understood(self.stream.next().await) {
                Some(incoming) => return incoming,
                None => continue,
            }
        }
    }

    async fn send(&mut self, message: Message) -> Result<(), Closed> {
        self.stream.send(message).await.map_err(|error| closed_by(&error))
    }
}

/// What a step of the stream means; `None` for frames that only keep a connection alive.
pub(crate) fn understood(step: Option<Result<Message, tungstenite::Error>>) -> Option<Incoming> {
    match step {
        Some(Ok(Message::Text(text))) => Some(Incoming::Text(text.as_str().to_owned())),
        Some(Ok(Message::Close(frame))) => Some(Incoming::Closed(Closed {
            code: frame.as_ref().map(|frame| frame.code.into()),
            reason: frame.map(|frame| frame.reason.as_str().to_owned()).unwrap_or_default(),
        })),
        Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => None,
        Some(Ok(Message::Binary(_))) => {
            Some(Incoming::Closed(Closed { code: None, reason: "the server sent a binary frame".to_owned() }))
        }
        Some(Err(error)) => Some(Incoming::Closed(closed_by(&error))),
        None => Some(Incoming::Closed(Closed { code: None, reason: "end of stream".to_owned() })),
    }
}

pub(crate) fn closed_by(error: &tungstenite::Error) -> Closed {
    Closed { code: None, reason: error.to_string() }
}

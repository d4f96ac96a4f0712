//! A small client: JSON in, JSON out, and raw frames for what no client library would send.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

/// Nothing in these tests takes so long: a test that waits for ever says what for.
const PATIENCE: Duration = Duration::from_secs(30);

/// A connection to a node.
pub(crate) struct Client {
    socket: WebSocketStream<TcpStream>,
    /// Objects read and not looked at.
    objects: VecDeque<Value>,
    next_id: u64,
    /// What hello says of the store: the client has seen it before.
    epoch: u64,
}

impl Client {
    /// Connects; a small receive buffer makes a client that the server notices when it does not read.
    pub(crate) async fn connect(address: SocketAddr, epoch: u64, receive_bytes: Option<u32>) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        if let Some(bytes) = receive_bytes {
            socket.set_recv_buffer_size(bytes).unwrap();
        }
        let stream = socket.connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let url = format!("ws://{address}/v1/connect");
        let (socket, _) = tokio_tungstenite::client_async(url, stream).await.unwrap();
        Self { socket, objects: VecDeque::new(), next_id: 1, epoch }
    }

    /// Says hello and returns the answer, which is the first thing that comes.
    pub(crate) async fn hello(&mut self, token: &str, device: &str) -> Value {
        self.hello_with(token, device, json!({})).await
    }

    /// Says hello with more parameters.
    pub(crate) async fn hello_with(&mut self, token: &str, device: &str, more: Value) -> Value {
        let mut params = json!({ "token": token, "device": { "id": device }, "epoch": self.epoch });
        params.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let id = self.request("session.hello", params).await;
        let answer = self.next().await;
        assert_eq!(answer["id"], id, "the answer to hello comes first: {answer}");
        answer["result"].clone()
    }

    /// Sends a request; returns its id.
    pub(crate) async fn request(&mut self, method: &str, params: Value) -> Value {
        let id = json!(self.next_id);
        self.next_id += 1;
        self.send(json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })).await;
        id
    }

    /// Sends a notification.
    pub(crate) async fn notify(&mut self, method: &str, params: Value) {
        self.send(json!({ "jsonrpc": "2.0", "method": method, "params": params })).await;
    }

    /// Sends a text frame.
    pub(crate) async fn send(&mut self, frame: Value) {
        self.send_message(Message::text(frame.to_string())).await;
    }

    pub(crate) async fn send_message(&mut self, message: Message) {
        self.socket.send(message).await.unwrap();
    }

    /// Calls a method; anything but a result fails the test.
    pub(crate) async fn call(&mut self, method: &str, params: Value) -> Value {
        let answer = self.answer(method, params).await;
        assert!(answer.get("result").is_some(), "{method}: {answer}");
        answer["result"].clone()
    }

    /// Calls a method that is refused; returns the kind of the error.
    pub(crate) async fn refused(&mut self, method: &str, params: Value) -> String {
        let answer = self.answer(method, params).await;
        answer["error"]["data"]["kind"].as_str().unwrap_or_else(|| panic!("{method}: {answer}")).to_owned()
    }

    async fn answer(&mut self, method: &str, params: Value) -> Value {
        let id = self.request(method, params).await;
        self.find(|object| object["id"] == id).await
    }

    /// Sends a message; returns its seq.
    pub(crate) async fn say(&mut self, room: &str, text: &str) -> u64 {
        let sent = self.call("message.send", message(room, text)).await;
        sent["seq"].as_u64().unwrap()
    }

    /// The next event of this name; what comes before it stays for later.
    pub(crate) async fn event(&mut self, method: &str) -> Value {
        self.find(|object| object["method"] == method).await["params"].clone()
    }

    /// Seqs of durable events of a room up to `last`, in the order they came. Other objects stay for later.
    pub(crate) async fn seqs_until(&mut self, room: &str, last: u64) -> Vec<u64> {
        let mut seqs = Vec::new();
        while seqs.last() != Some(&last) {
            let object = self.find(|object| is_record(object) && object["params"]["room"] == room).await;
            seqs.push(object["params"]["seq"].as_u64().unwrap());
        }
        seqs
    }

    /// Waits until everything the server had to say before is here: answers are given in order with what is queued.
    pub(crate) async fn settle(&mut self) {
        self.call("ping", json!({})).await;
    }

    /// Names of the events that came and were not looked at.
    pub(crate) fn pending(&self) -> Vec<String> {
        let name = |object: &Value| object["method"].as_str().map(str::to_owned);
        self.objects.iter().filter_map(name).collect()
    }

    /// Seqs of the records of a room that came and were not looked at.
    pub(crate) fn pending_seqs(&self, room: &str) -> Vec<u64> {
        let records =
            self.objects.iter().filter(|object| is_record(object) && object["params"]["room"] == room);
        records.map(|object| object["params"]["seq"].as_u64().unwrap()).collect()
    }

    /// The next object that fits; what comes before it stays for later, in order.
    pub(crate) async fn find(&mut self, fits: impl Fn(&Value) -> bool) -> Value {
        let mut looked_at = 0;
        loop {
            if let Some(at) = (looked_at..self.objects.len()).find(|at| fits(&self.objects[*at])) {
                return self.objects.remove(at).unwrap();
            }
            looked_at = self.objects.len();
            let more = self.read().await.unwrap_or_else(|code| panic!("closed with {code}"));
            self.objects.extend(more);
        }
    }

    /// The next object, whatever it is.
    pub(crate) async fn next(&mut self) -> Value {
        self.find(|_| true).await
    }

    /// Reads to the end; returns the close code, 1006 when there was none.
    pub(crate) async fn closed(&mut self) -> u16 {
        loop {
            match self.read().await {
                Ok(objects) => self.objects.extend(objects),
                Err(code) => {
                    // The library answers the close while it reads on.
                    while let Some(Ok(_)) = self.socket.next().await {}
                    return code;
                }
            }
        }
    }

    /// Closes as a client does.
    pub(crate) async fn close(mut self) {
        self.socket.close(None).await.unwrap();
        while let Some(Ok(_)) = self.socket.next().await {}
    }

    /// Sends a frame to a server that may have closed already.
    pub(crate) async fn try_send(&mut self, frame: Value) {
        drop(self.socket.send(Message::text(frame.to_string())).await);
    }

    /// The close code, or `None` when an object comes first.
    pub(crate) async fn closed_or_answered(&mut self) -> Option<u16> {
        self.read().await.err()
    }

    /// Reads until the server has pinged this often; the library answers.
    pub(crate) async fn pinged(&mut self, times: usize) {
        let mut pings = 0;
        while pings < times {
            let message = tokio::time::timeout(PATIENCE, self.socket.next()).await.unwrap();
            pings += usize::from(matches!(message.unwrap().unwrap(), Message::Ping(_)));
        }
    }

    /// Drops the connection without a word.
    pub(crate) fn close_hard(self) {}

    /// The stream itself, for frames no library would send.
    pub(crate) fn raw(&mut self) -> &mut TcpStream {
        self.socket.get_mut()
    }

    async fn read(&mut self) -> Result<Vec<Value>, u16> {
        loop {
            let message = tokio::time::timeout(PATIENCE, self.socket.next()).await;
            let waited_for = || format!("nothing came; unread: {:?}", self.objects);
            match message.unwrap_or_else(|_| panic!("{}", waited_for())) {
                Some(Ok(Message::Text(text))) => {
                    return Ok(match serde_json::from_str(&text).unwrap() {
                        Value::Array(objects) => objects,
                        object => vec![object],
                    });
                }
                Some(Ok(Message::Close(frame))) => {
                    return Err(frame.map_or(1005, |frame| frame.code.into()));
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Err(1006),
            }
        }
    }
}

fn is_record(object: &Value) -> bool {
    object["params"]["seq"].is_u64()
}

/// Parameters of a message with a client id of its own.
pub(crate) fn message(room: &str, text: &str) -> Value {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let client_id = format!("c-{}", NEXT.fetch_add(1, Ordering::Relaxed));
    json!({ "room": room, "client_id": client_id, "text": text })
}

/// Creates a group with these members; returns its id.
pub(crate) async fn group(owner: &mut Client, members: &[&str]) -> String {
    let created = owner.call("room.create", json!({ "kind": "group", "members": members })).await;
    created["room"].as_str().unwrap().to_owned()
}

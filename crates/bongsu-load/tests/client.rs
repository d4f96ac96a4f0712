//! The client against a scripted server: what it matches, keeps in order, leaves unread and says at the end.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

use std::time::Duration;

use bongsu_load::client::{CallError, Client, ClientOptions, Reading};
use bongsu_load::{Endpoint, Incoming, Socket};
use bongsu_types::{DeviceId, RoomId, Seq};
use bongsu_wire::{ErrorKind, Event, Ping};
use futures_util::{SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use tokio_tungstenite::{WebSocketStream, accept_hdr_async};

const HELLO: &str = r#"{"jsonrpc":"2.0","id":1,"result":{"session":"s","user":"alice","resumed":false,"epoch":7,
    "user_rev":3,"now_ms":1,"expires_ms":2,"ping_ms":60000,"limits":{"text_bytes":1,"data_bytes":1,"frame_bytes":1,
    "batch_items":1,"in_flight":1,"page_items":1,"watch_users":1}}}"#;

struct Server(TcpListener);

impl Server {
    async fn listen() -> (Self, Endpoint) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        (Self(listener), Endpoint::parse(&url).unwrap())
    }

    async fn accept(&self) -> Session {
        let (tcp, _) = self.0.accept().await.unwrap();
        #[expect(clippy::result_large_err, reason = "the signature is the library's")]
        let with_subprotocol = |request: &Request, mut response: Response| {
            let asked = request.headers()["sec-websocket-protocol"].clone();
            assert_eq!(asked, "bongsu.v1.json");
            response.headers_mut().insert("sec-websocket-protocol", asked);
            Ok(response)
        };
        Session(accept_hdr_async(tcp, with_subprotocol).await.unwrap())
    }
}

struct Session(WebSocketStream<TcpStream>);

impl Session {
    async fn read(&mut self) -> serde_json::Value {
        let Some(Ok(Message::Text(text))) = self.0.next().await else { panic!("no text frame") };
        serde_json::from_str(&text).unwrap()
    }

    async fn write(&mut self, text: &str) {
        self.0.send(Message::text(text)).await.unwrap();
    }

    async fn greet(&mut self, first_events: &str) {
        assert_eq!(self.read().await["method"], "session.hello");
        self.write(&format!("[{HELLO}{first_events}]")).await;
    }
}

fn options() -> ClientOptions {
    let options = ClientOptions::new("token", DeviceId::new("d").unwrap());
    ClientOptions { call_timeout: Duration::from_secs(30), ..options }
}

fn typing(on: bool) -> String {
    let room = RoomId::from_bytes([7; 16]);
    format!(r#"{{"jsonrpc":"2.0","method":"typing","params":{{"room":"{room}","user":"bob","on":{on}}}}}"#)
}

#[tokio::test]
async fn replies_find_their_calls_in_any_order() {
    let (server, endpoint) = Server::listen().await;
    let serve = async {
        let mut session = server.accept().await;
        session.greet("").await;
        let first = session.read().await["id"].clone();
        let second = session.read().await["id"].clone();
        let error = r#"{"code":-32004,"message":"no","data":{"kind":"not_found","retry":false,"outcome":"not_applied"}}"#;
        session
            .write(&format!(
                r#"[{{"jsonrpc":"2.0","id":{second},"result":{{"now_ms":2}}}},{{"jsonrpc":"2.0","id":{first},"error":{error}}}]"#
            ))
            .await;
        session
    };
    let ask = async {
        let (client, hello) = Client::connect(&endpoint, options()).await.unwrap();
        assert_eq!(hello.epoch.0, 7);
        let first = client.start(Ping {}).await.unwrap();
        let second = client.start(Ping {}).await.unwrap();
        assert_eq!(second.result().await.unwrap().now_ms.0, 2);
        assert_eq!(first.result().await.unwrap_err().kind(), Some(ErrorKind::NotFound));
        client
    };
    drop(tokio::join!(serve, ask));
}

#[tokio::test]
async fn events_keep_their_order_and_the_end_comes_after_the_last() {
    let (server, endpoint) = Server::listen().await;
    let serve = async {
        let mut session = server.accept().await;
        session.greet(&format!(",{}", typing(true))).await;
        session.write(&typing(false)).await;
        let frame =
            tokio_tungstenite::tungstenite::protocol::CloseFrame { code: 4109.into(), reason: "new".into() };
        session.0.close(Some(frame)).await.unwrap();
        session
    };
    let read = async {
        let (client, _) = Client::connect(&endpoint, options()).await.unwrap();
        let is_on = |event| matches!(event, Event::Typing(typing) if typing.on);
        assert!(is_on(client.next_event().await.unwrap()));
        assert!(!is_on(client.next_event().await.unwrap()));
        assert_eq!(client.next_event().await.unwrap_err().code, Some(4109));
        let refused = client.call(Ping {}).await.unwrap_err();
        assert!(matches!(refused, CallError::Closed { closed, .. } if closed.code == Some(4109)));
    };
    tokio::join!(serve, read);
}

#[tokio::test]
async fn a_client_told_not_to_read_leaves_everything_in_the_socket() {
    let (server, endpoint) = Server::listen().await;
    let (client, mut session) = tokio::join!(
        async { Client::connect(&endpoint, options().never_reading()).await.unwrap().0 },
        async {
            let mut session = server.accept().await;
            session.greet("").await;
            session
        }
    );
    let writer = tokio::spawn(async move {
        let mut written = 0_u64;
        // More than all buffers of a connection hold: this can only end once the client reads.
        for _ in 0..200_000 {
            session.0.feed(Message::text(typing(true))).await.unwrap();
            written += 1;
        }
        session.0.flush().await.unwrap();
        (written, session)
    });
    client.ack([(RoomId::from_bytes([7; 16]), Seq(1))].into()).await.unwrap();
    assert!(client.take_events().is_empty());
    assert!(!writer.is_finished());
    client.set_reading(Reading::On);
    let mut read = 0;
    while read < 200_000 {
        read += client.next_events().await.unwrap().len();
    }
    assert_eq!(writer.await.unwrap().0, 200_000);
}

#[tokio::test]
async fn events_nobody_takes_stop_the_reading_at_the_bound() {
    let (server, endpoint) = Server::listen().await;
    let options = ClientOptions { events_max: 2, ..options() };
    let serve = async {
        let mut session = server.accept().await;
        session.greet("").await;
        for _ in 0..10 {
            session.write(&typing(true)).await;
        }
        session
    };
    let read = async {
        let (client, _) = Client::connect(&endpoint, options).await.unwrap();
        let mut seen = 0;
        while seen < 10 {
            let events = client.next_events().await.unwrap();
            assert!(events.len() <= 2);
            seen += events.len();
        }
        client
    };
    drop(tokio::join!(serve, read));
}

#[tokio::test]
async fn a_bare_socket_sends_what_is_no_text() {
    let (server, endpoint) = Server::listen().await;
    let serve = async {
        let mut session = server.accept().await;
        assert!(session.0.next().await.unwrap().is_err());
    };
    let send = async {
        let mut socket = Socket::connect(&endpoint, None).await.unwrap();
        socket.send_text_bytes(vec![0xff, 0xfe]).await.unwrap();
        assert!(matches!(socket.next().await, Incoming::Closed(_)));
    };
    tokio::join!(serve, send);
}

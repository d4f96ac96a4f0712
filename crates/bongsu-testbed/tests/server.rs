//! A single server: up, broken in every way, and up again, on both engines.

use std::net::TcpStream;
use std::time::Duration;

use bongsu_testbed::{Engine, FaultProxy, Server, until, within};
use futures_util::StreamExt;
use redis::AsyncCommands;
use redis::aio::MultiplexedConnection;
use tokio::time::timeout;

/// Long enough for an answer that comes, short enough to wait for one that must not.
const NO_ANSWER: Duration = Duration::from_millis(200);

#[tokio::test]
async fn a_server_answers_and_is_the_engine_that_was_asked_for() {
    for engine in Engine::installed() {
        let server = Server::start(engine).await;
        let info: String = server.query(&["INFO", "server"]).await.unwrap();
        assert_eq!(info.contains("valkey_version:9."), engine == Engine::Valkey, "{info}");
        assert!(server.log().contains("Ready to accept connections"), "{}", server.log());
    }
}

#[tokio::test]
async fn a_dropped_server_is_gone_with_its_directory() {
    for engine in Engine::installed() {
        let server = Server::start(engine).await;
        let (address, directory) = (server.address(), server.directory().to_owned());
        drop(server);
        assert!(TcpStream::connect(address).is_err());
        assert!(!directory.exists());
    }
}

#[tokio::test]
async fn a_paused_server_answers_nothing_until_it_is_resumed() {
    for engine in Engine::installed() {
        let server = Server::start(engine).await;
        let mut connection = server.connection().await.unwrap();
        server.pause();
        assert!(!server.is_running());
        let answer = connection.incr::<_, _, i64>("count", 1);
        tokio::pin!(answer);
        assert!(timeout(NO_ANSWER, &mut answer).await.is_err());
        server.resume();
        assert_eq!(answer.await.unwrap(), 1);
        assert!(server.is_running());
    }
}

#[tokio::test]
async fn a_paused_server_can_be_killed() {
    for engine in Engine::installed() {
        let server = Server::start(engine).await;
        server.pause();
        server.kill();
        assert!(TcpStream::connect(server.address()).is_err());
    }
}

#[tokio::test]
async fn a_restarted_server_has_the_same_address_and_what_it_persisted() {
    for engine in Engine::installed() {
        let forgetful = Server::start(engine).await;
        let keeping = Server::start_with(engine, &[("appendonly", "yes")]).await;
        for (server, kept) in [(forgetful, None), (keeping, Some("hi"))] {
            let url = server.url();
            server.query::<()>(&["SET", "greeting", "hi"]).await.unwrap();
            let process = server.process_id();
            server.kill();
            assert!(server.query::<()>(&["PING"]).await.is_err());
            server.restart().await;
            assert_eq!(server.url(), url);
            assert_ne!(server.process_id(), process);
            let found: Option<String> = server.query(&["GET", "greeting"]).await.unwrap();
            assert_eq!(found.as_deref(), kept);
        }
    }
}

#[tokio::test]
async fn killing_all_clients_ends_every_connection_and_takes_new_ones() {
    for engine in Engine::installed() {
        let server = Server::start(engine).await;
        let connections = [server.connection().await.unwrap(), server.connection().await.unwrap()];
        server.client_kill_all().await;
        for connection in &connections {
            until("the connection to end", || ping_fails(connection.clone())).await;
        }
        server.query::<()>(&["PING"]).await.unwrap();
    }
}

#[tokio::test]
async fn killing_all_clients_ends_subscribers_too() {
    for engine in Engine::installed() {
        let server = Server::start(engine).await;
        let client = redis::Client::open(server.url()).unwrap();
        let mut subscriber = client.get_async_pubsub().await.unwrap();
        subscriber.subscribe("room").await.unwrap();
        server.client_kill_all().await;
        let after_it = within("the subscription to end", subscriber.on_message().next()).await;
        assert!(after_it.is_none());
    }
}

#[tokio::test]
async fn a_flush_and_a_setting_reach_the_server() {
    for engine in Engine::installed() {
        let server = Server::start_with(engine, &[("maxmemory", "50mb")]).await;
        server.query::<()>(&["SET", "greeting", "hi"]).await.unwrap();
        server.flush_all().await;
        assert_eq!(server.query::<i64>(&["DBSIZE"]).await.unwrap(), 0);
        server.config_set("maxmemory", "60mb").await;
        let setting: Vec<String> = server.query(&["CONFIG", "GET", "maxmemory"]).await.unwrap();
        assert_eq!(setting, ["maxmemory", "62914560"]);
    }
}

#[tokio::test]
async fn a_wrong_setting_is_shown_with_the_servers_own_words() {
    for engine in Engine::installed() {
        let started =
            tokio::spawn(async move { Server::start_with(engine, &[("no-such-setting", "1")]).await });
        let panic = started.await.unwrap_err().into_panic();
        let message = panic.downcast_ref::<String>().unwrap();
        assert!(message.contains("ended before it was ready"), "{message}");
        assert!(message.contains("no-such-setting"), "{message}");
    }
}

#[tokio::test]
async fn a_fault_proxy_stands_before_a_server() {
    for engine in Engine::installed() {
        let server = Server::start(engine).await;
        let proxy = FaultProxy::before(&server.url()).await;
        let client = redis::Client::open(format!("redis://{}", proxy.address())).unwrap();
        let mut connection = client.get_multiplexed_async_connection().await.unwrap();
        connection.ping::<()>().await.unwrap();
        proxy.cut();
        until("the connection to end", || ping_fails(connection.clone())).await;
    }
}

async fn ping_fails(mut connection: MultiplexedConnection) -> Option<redis::RedisError> {
    connection.ping::<()>().await.err()
}

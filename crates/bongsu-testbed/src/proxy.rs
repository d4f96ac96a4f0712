//! A TCP proxy that misbehaves on command: pauses, cuts, delays, or lets bytes trickle to the client.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::task::AbortOnDropHandle;

/// Bytes moved at once; small, so that a slow link is slow and not bursty.
const CHUNK_BYTES: usize = 4 * 1024;

/// How the link between clients and server is at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Link {
    /// Nothing moves in either direction.
    paused: bool,
    /// Added to every chunk.
    delay: Duration,
    /// Towards the client; `None` for as fast as it goes.
    bytes_per_s: Option<u64>,
    /// Connections of an older generation are cut.
    generation: u64,
}

/// A proxy in front of a server; dropping it cuts everything.
#[derive(Debug)]
pub struct FaultProxy {
    address: SocketAddr,
    link: watch::Sender<Link>,
    target: watch::Sender<String>,
    _acceptor: AbortOnDropHandle<()>,
}

impl FaultProxy {
    /// Listens on an ephemeral port in front of the server at `url` (`http://HOST:PORT`, or with another scheme or
    /// none).
    ///
    /// # Panics
    /// When no port can be bound.
    pub async fn before(url: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port for the proxy");
        let address = listener.local_addr().expect("a bound listener has an address");
        let link = watch::Sender::new(Link::default());
        let target = watch::Sender::new(authority(url));
        let acceptor = tokio::spawn(accept(listener, link.subscribe(), target.subscribe()));
        Self { address, link, target, _acceptor: AbortOnDropHandle::new(acceptor) }
    }

    /// Where it listens, for clients that speak anything but HTTP.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What clients of HTTP connect to instead.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// New connections go to another server, for example to the same one restarted.
    pub fn aim_at(&self, url: &str) {
        self.target.send_replace(authority(url));
    }

    /// Nothing moves from now on; connections stay open.
    pub fn pause(&self) {
        self.link.send_modify(|link| link.paused = true);
    }

    /// Everything moves again.
    pub fn resume(&self) {
        self.link.send_modify(|link| link.paused = false);
    }

    /// Ends every connection; new ones are taken.
    pub fn cut(&self) {
        self.link.send_modify(|link| link.generation += 1);
    }

    /// Adds `delay` to every chunk of bytes.
    pub fn delay(&self, delay: Duration) {
        self.link.send_modify(|link| link.delay = delay);
    }

    /// Lets at most this many bytes per second through to each client.
    pub fn throttle(&self, bytes_per_s: Option<u64>) {
        self.link.send_modify(|link| link.bytes_per_s = bytes_per_s);
    }
}

fn authority(url: &str) -> String {
    let after_scheme = url.split_once("://").map_or(url, |(_, rest)| rest);
    after_scheme.trim_end_matches('/').to_owned()
}

async fn accept(listener: TcpListener, link: watch::Receiver<Link>, target: watch::Receiver<String>) {
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = connections.join_next(), if !connections.is_empty() => continue,
        };
        // A listener that fails would look like a server that is gone: the tests' waits say so.
        let Ok((client, _)) = accepted else { return };
        let to = target.borrow().clone();
        connections.spawn(carry(client, to, link.clone()));
    }
}

async fn carry(client: TcpStream, target: String, mut link: watch::Receiver<Link>) {
    let born = link.borrow().generation;
    // An unreachable server shows to the client as a connection that ends.
    let Ok(server) = TcpStream::connect(target).await else { return };
    for side in [&client, &server] {
        if side.set_nodelay(true).is_err() {
            return;
        }
    }
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let (up, down) = (link.clone(), link.clone());
    tokio::select! {
        () = async { tokio::join!(pump(from_client, to_server, up, Direction::Up), pump(from_server, to_client, down, Direction::Down)); } => {}
        _ = link.wait_for(|link| link.generation != born) => {}
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    Up,
    Down,
}

async fn pump(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut link: watch::Receiver<Link>,
    direction: Direction,
) {
    let mut chunk = vec![0_u8; CHUNK_BYTES];
    loop {
        let Ok(now) = link.wait_for(|link| !link.paused).await.map(|link| *link) else { return };
        let Ok(bytes) = from.read(&mut chunk).await else { return };
        if bytes == 0 {
            break;
        }
        let rate = now.bytes_per_s.filter(|_| direction == Direction::Down);
        let trickle = rate.map_or(Duration::ZERO, |rate| per_bytes(bytes, rate));
        let wait = now.delay + trickle;
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
        if link.wait_for(|link| !link.paused).await.is_err() || to.write_all(&chunk[..bytes]).await.is_err() {
            return;
        }
    }
    // The other direction may still flow: pass on the half-close only.
    drop(to.shutdown().await);
}

fn per_bytes(bytes: usize, bytes_per_s: u64) -> Duration {
    let bytes = u64::try_from(bytes).expect("a chunk is small");
    Duration::from_micros(bytes * 1_000_000 / bytes_per_s.max(1))
}

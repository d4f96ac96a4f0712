//! The server: one thread, one task a connection, whichever library.

mod axum_ws;
mod edge;
mod fast;
mod tungstenite;

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use anyhow::{Context, Result, ensure};
use rustix::time::{ClockId, clock_gettime};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot, watch};

use crate::client::TEXT_BYTES;
use crate::rounds::Job;

/// What is compared.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Library {
    Axum,
    Tungstenite,
    TungsteniteSmall,
    Fast,
    Edge,
}

impl Library {
    pub(crate) const ALL: [Self; 5] =
        [Self::Axum, Self::Tungstenite, Self::TungsteniteSmall, Self::Fast, Self::Edge];
}

impl fmt::Display for Library {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Axum => "axum",
            Self::Tungstenite => "tokio-tungstenite",
            Self::TungsteniteSmall => "tokio-tungstenite, 2 KiB read buffer",
            Self::Fast => "fastwebsockets",
            Self::Edge => "as in Bongsu: tungstenite reads 2 KiB, encoded bytes are written",
        })
    }
}

/// What the tasks of connections share with the main thread.
#[derive(Debug, Clone)]
pub(crate) struct Shared {
    job: Job,
    read: Arc<AtomicU64>,
    /// Told about every frame that makes the number expected full.
    expected: Arc<AtomicU64>,
    full: SyncSender<()>,
    rounds: watch::Receiver<Round>,
}

/// What connections are to write.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Round {
    pub(crate) batch: usize,
}

pub(crate) struct Server {
    address: SocketAddr,
    read: Arc<AtomicU64>,
    expected: Arc<AtomicU64>,
    full: Receiver<()>,
    rounds: watch::Sender<Round>,
    /// Dropped, the server ends.
    times: Option<mpsc::Sender<oneshot::Sender<u64>>>,
    thread: Option<JoinHandle<()>>,
}

impl Shared {
    pub(crate) fn has_read(&self, bytes: usize) -> Result<()> {
        ensure!(bytes == TEXT_BYTES, "a frame of {bytes} bytes");
        if self.read.fetch_add(1, Ordering::AcqRel) + 1 == self.expected.load(Ordering::Acquire) {
            self.full.send(())?;
        }
        Ok(())
    }

    /// The next round, if there is one.
    pub(crate) async fn round(&mut self) -> Option<Round> {
        self.rounds.changed().await.ok()?;
        Some(*self.rounds.borrow_and_update())
    }

    pub(crate) fn job(&self) -> Job {
        self.job
    }
}

impl Server {
    pub(crate) fn start(library: Library, job: Job) -> Result<Self> {
        let (bound, address) = sync_channel(1);
        let (full, is_full) = sync_channel(1);
        let (rounds, round) = watch::channel(Round::default());
        let (times, mut time) = mpsc::channel::<oneshot::Sender<u64>>(1);
        let (read, expected) = (Arc::<AtomicU64>::default(), Arc::new(AtomicU64::new(u64::MAX)));
        let shared =
            Shared { job, read: Arc::clone(&read), expected: Arc::clone(&expected), full, rounds: round };
        let thread = thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_io().build().expect("a runtime");
            runtime.block_on(async move {
                let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
                bound.send(listener.local_addr().expect("bound")).expect("somebody waits");
                tokio::select! {
                    () = accept(library, listener, shared) => {}
                    () = async { while let Some(answer) = time.recv().await { answer.send(thread_time()).ok(); } } => {}
                }
            });
        });
        let address = address.recv().context("the server did not start")?;
        Ok(Self { address, read, expected, full: is_full, rounds, times: Some(times), thread: Some(thread) })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Of the server's thread, in nanoseconds.
    pub(crate) fn processor_time(&self) -> u64 {
        let (ask, answer) = oneshot::channel();
        self.times.as_ref().expect("not dropped").blocking_send(ask).expect("the server runs");
        answer.blocking_recv().expect("the server runs")
    }

    /// Waits until this many more frames were read.
    pub(crate) fn wait_read(&self, frames: usize) -> Result<()> {
        let all = self.all_read() + frames as u64;
        self.expected.store(all, Ordering::Release);
        // The last one may have come before it was expected.
        if self.read.load(Ordering::Acquire) >= all {
            self.full.try_recv().ok();
            return self.note(all);
        }
        self.full.recv().context("the server ended")?;
        self.note(all)
    }

    pub(crate) fn write(&self, batch: usize) {
        self.rounds.send_replace(Round { batch });
    }

    fn all_read(&self) -> u64 {
        match self.expected.load(Ordering::Acquire) {
            u64::MAX => 0,
            all => all,
        }
    }

    fn note(&self, all: u64) -> Result<()> {
        ensure!(self.read.load(Ordering::Acquire) == all, "more frames than were sent");
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.times = None;
        if let Some(thread) = self.thread.take() {
            thread.join().expect("the server's thread ends");
        }
    }
}

async fn accept(library: Library, listener: TcpListener, shared: Shared) {
    if matches!(library, Library::Axum) {
        return axum_ws::serve(listener, shared).await;
    }
    loop {
        let (stream, _) = listener.accept().await.expect("a connection");
        let shared = shared.clone();
        tokio::spawn(async move {
            // A connection ends with an error when the client goes away.
            upgraded(library, stream, shared).await.ok();
        });
    }
}

/// The handshake is not compared: bytes are enough.
async fn upgraded(library: Library, mut stream: TcpStream, shared: Shared) -> Result<()> {
    stream.set_nodelay(true)?;
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        request.push(stream.read_u8().await?);
    }
    stream.write_all(b"HTTP/1.1 101 Switching Protocols\r\n\r\n").await?;
    // What the handshake took is not part of a connection that waits.
    drop(request);
    match library {
        Library::Axum => unreachable!("axum accepts by itself"),
        Library::Tungstenite => tungstenite::serve(stream, tungstenite::default(), shared).await,
        Library::TungsteniteSmall => tungstenite::serve(stream, tungstenite::small(), shared).await,
        Library::Fast => fast::serve(stream, shared).await,
        Library::Edge => edge::serve(stream, shared).await,
    }
}

fn thread_time() -> u64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

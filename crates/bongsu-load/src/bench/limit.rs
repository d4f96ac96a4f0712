//! `bench limit`: what the machine can do, beside which the server's figures are read.
//!
//! Another process writes frames as the server would deliver them, to as many sockets; this side reads them exactly
//! as it reads the server's. What the writer needs is the kernel's price of a write and nothing else.

mod writer;

use std::fs::File;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bongsu_types::Seq;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, timeout};

pub use writer::{FRAME_BYTES_MIN, write_frames};

use self::writer::{FIRST_SEQ, ROOM};
use super::crowd::Crowd;
use super::line::{BUSY_BUFFER, Line};
use super::outcome::Meter;
use super::{BenchError, Histogram, Outcome, Phase, STALL};
use writer::Order;

/// Rounds of one order when the writer runs freely.
const ROUNDS_AT_ONCE: u32 = 200;

/// Frames of a write that is coalesced.
const FRAMES_COALESCED: u32 = 8;

/// Bytes of a log record written before each fdatasync.
const RECORD_BYTES: usize = 512;

/// Names of the phases whose rate is the limit of writes.
pub const ONE_A_WRITE: &str = "1 frame a write";
/// One frame a write, each round after the last frame of the one before was read: as an unloaded fan-out goes.
pub const IN_ROUNDS: &str = "1 frame a write, in rounds";
/// The same, each round after an fdatasync: nothing durable is delivered faster.
pub const IN_DURABLE_ROUNDS: &str = "the same, after a sync";
/// Several frames a write.
pub const COALESCED: &str = "8 frames a write";

/// What is measured.
#[derive(Debug, Clone)]
pub struct LimitOptions {
    /// Sockets written to.
    pub sockets: usize,
    /// Bytes of a frame, its header included.
    pub frame_bytes: usize,
    /// For each phase.
    pub measured: Duration,
    /// What is measured.
    pub scope: Scope,
    /// Where fdatasync is measured: the disk of the store.
    pub directory: PathBuf,
}

/// What of the machine is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Everything.
    All,
    /// What a fan-out is compared with: one frame a write.
    FanOut,
}

/// A way of writing.
struct Way {
    name: &'static str,
    order: Order,
    sync: Sync,
    scope: Scope,
}

/// Whether a record is made durable before each order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sync {
    Before,
    None,
}

const WAYS: [Way; 4] = [
    Way {
        name: ONE_A_WRITE,
        order: Order::Write { rounds: ROUNDS_AT_ONCE, frames: 1 },
        sync: Sync::None,
        scope: Scope::FanOut,
    },
    Way {
        name: IN_ROUNDS,
        order: Order::Write { rounds: 1, frames: 1 },
        sync: Sync::None,
        scope: Scope::FanOut,
    },
    Way {
        name: IN_DURABLE_ROUNDS,
        order: Order::Write { rounds: 1, frames: 1 },
        sync: Sync::Before,
        scope: Scope::FanOut,
    },
    Way {
        name: COALESCED,
        order: Order::Write { rounds: ROUNDS_AT_ONCE, frames: FRAMES_COALESCED },
        sync: Sync::None,
        scope: Scope::All,
    },
];

/// Waits for the writer's process.
#[derive(Debug)]
pub struct Machine {
    listener: TcpListener,
}

impl Machine {
    /// Listens on the loopback.
    ///
    /// # Errors
    /// When that is not possible.
    pub async fn listen() -> io::Result<Self> {
        Ok(Self { listener: TcpListener::bind("127.0.0.1:0").await? })
    }

    /// What the writer is to be called with, see [`write_frames`].
    ///
    /// # Errors
    /// When the socket has no address.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Measures. `writer` is the process that was started and connects.
    ///
    /// # Errors
    /// When the writer does not come, or ends early.
    pub async fn run(
        self,
        options: &LimitOptions,
        writer: Option<u32>,
        mut on_phase: impl FnMut(&str),
    ) -> Result<Outcome, BenchError> {
        let mut control = self.accept().await?;
        let mut crowd = Crowd::of(*ROOM, Seq(FIRST_SEQ - 1));
        for _ in 0..options.sockets {
            crowd.join(Line::over(self.accept().await?, BUSY_BUFFER));
        }
        let mut outcome = Outcome::default();
        let mut log = Log::create(&options.directory)?;
        for way in WAYS.iter().filter(|way| options.scope == Scope::All || way.scope == options.scope) {
            on_phase(way.name);
            let mut write = async |crowd: &mut Crowd, time: Duration| {
                let end = Instant::now() + time;
                while Instant::now() < end {
                    if way.sync == Sync::Before {
                        log.append()?;
                    }
                    write_once(&mut control, crowd, way.order).await?;
                }
                Ok::<(), BenchError>(())
            };
            // Warm-up: buffers grow, caches fill.
            write(&mut crowd, options.measured / 4).await?;
            let meter = Meter::of_process("writer", writer);
            let (before, _) = (crowd.arrived(), crowd.take_latency());
            write(&mut crowd, options.measured).await?;
            // Frames that wait for their turn in an order of many rounds have no latency worth telling.
            let is_in_rounds = matches!(way.order, Order::Write { rounds: 1, .. });
            let latency = if is_in_rounds { crowd.take_latency() } else { Histogram::default() };
            outcome.phases.push(meter.end(way.name, "writes and reads", crowd.arrived() - before, latency));
        }
        crowd.judge_deliveries(&mut outcome.report);
        if options.scope == Scope::FanOut {
            return Ok(outcome);
        }
        on_phase("loopback round trip");
        outcome.phases.push(echo(&mut control, options, writer).await?);
        on_phase("fdatasync");
        outcome.phases.push(sync(log, options.measured).await?);
        Ok(outcome)
    }

    async fn accept(&self) -> Result<TcpStream, BenchError> {
        let accepted = timeout(STALL, self.listener.accept()).await;
        let (stream, _) = accepted.map_err(|_| BenchError::Stalled("the writer to connect"))??;
        stream.set_nodelay(true)?;
        Ok(stream)
    }
}

/// Has an order carried out.
async fn write_once(control: &mut TcpStream, crowd: &mut Crowd, order: Order) -> Result<(), BenchError> {
    let now = Instant::now();
    for _ in 0..order.frames() {
        crowd.expect(now);
    }
    control.write_all(&order.encode()).await?;
    if crowd.all_arrived().await? { Ok(()) } else { Err(BenchError::Stalled("the writer's frames")) }
}

/// A frame there and back, between the two processes.
async fn echo(
    control: &mut TcpStream,
    options: &LimitOptions,
    writer: Option<u32>,
) -> Result<Phase, BenchError> {
    let mut frame = vec![0; options.frame_bytes];
    let mut latency = Histogram::default();
    let meter = Meter::of_process("writer", writer);
    let mut count = 0;
    while meter.elapsed() < options.measured {
        let start = Instant::now();
        control.write_all(&Order::Echo.encode()).await?;
        control.write_all(&frame).await?;
        control.read_exact(&mut frame).await?;
        latency.add(start.elapsed());
        count += 1;
    }
    Ok(meter.end("loopback round trip", "round trips", count, latency))
}

/// A record appended and synced, again and again.
async fn sync(mut log: Log, time: Duration) -> Result<Phase, BenchError> {
    let meter = Meter::of_process("writer", None);
    let synced = tokio::task::spawn_blocking(move || {
        let mut latency = Histogram::default();
        let start = Instant::now();
        while start.elapsed() < time {
            let one = Instant::now();
            log.append()?;
            latency.add(one.elapsed());
        }
        Ok::<_, io::Error>(latency)
    });
    let latency = synced.await??;
    Ok(meter.end("fdatasync", "syncs", latency.count(), latency))
}

/// A file that grows by a record at a time, each of them durable. It has no name any more, and goes with the process.
struct Log(File);

impl Log {
    fn create(directory: &Path) -> io::Result<Self> {
        let path = directory.join(format!("bench-limit-{}.tmp", std::process::id()));
        let file = File::create(&path)?;
        std::fs::remove_file(path)?;
        Ok(Self(file))
    }

    fn append(&mut self) -> io::Result<()> {
        self.0.write_all(&[0x5a; RECORD_BYTES])?;
        self.0.sync_data()
    }
}

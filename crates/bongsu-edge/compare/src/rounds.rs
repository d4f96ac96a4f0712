//! The jobs, and one run of all of them with one library.

use std::fmt;

use anyhow::Result;
use stats_alloc::Region;

use crate::ALLOCATOR;
use crate::client::Clients;
use crate::server::{Library, Server};

pub(crate) const CONNECTIONS: usize = 100;
const FRAMES: usize = 48_000;

/// What the server does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Job {
    /// Reads frames that come this many at once on each connection.
    Read(usize),
    /// Writes this many frames at once to each connection.
    Write(usize),
}

impl Job {
    pub(crate) const ALL: [Self; 4] = [Self::Read(1), Self::Read(16), Self::Write(1), Self::Write(16)];

    /// The path of the upgrade request, by which the server knows what to do.
    pub(crate) fn path(self) -> &'static str {
        match self {
            Self::Read(_) => "/read",
            Self::Write(_) => "/write",
        }
    }
}

impl fmt::Display for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(batch) => write!(f, "read {batch} at once"),
            Self::Write(batch) => write!(f, "write {batch} at once"),
        }
    }
}

/// One run.
#[derive(Debug)]
pub(crate) struct Figures {
    /// Nanoseconds a frame, of each job.
    nanoseconds: [u64; Job::ALL.len()],
    idle_bytes: u64,
}

impl Figures {
    pub(crate) fn measure(library: Library) -> Result<Self> {
        let mut nanoseconds = [0; Job::ALL.len()];
        for (job, nanoseconds) in Job::ALL.into_iter().zip(&mut nanoseconds) {
            *nanoseconds = frames(library, job)?;
        }
        Ok(Self { nanoseconds, idle_bytes: idle(library)? })
    }

    pub(crate) fn column(&self, column: usize) -> u64 {
        self.nanoseconds.get(column).copied().unwrap_or(self.idle_bytes)
    }
}

fn frames(library: Library, job: Job) -> Result<u64> {
    let server = Server::start(library, job)?;
    let mut clients = Clients::connect(server.address(), job, CONNECTIONS)?;
    let round = |clients: &mut Clients| match job {
        Job::Read(batch) => {
            clients.write(batch)?;
            server.wait_read(CONNECTIONS * batch)
        }
        Job::Write(batch) => {
            server.write(batch);
            clients.read(batch)
        }
    };
    // Once for buffers to grow.
    round(&mut clients)?;
    let (Job::Read(batch) | Job::Write(batch)) = job;
    let rounds = FRAMES / (CONNECTIONS * batch);
    let before = server.processor_time();
    for _ in 0..rounds {
        round(&mut clients)?;
    }
    Ok((server.processor_time() - before) / (rounds * CONNECTIONS * batch) as u64)
}

/// Each connection has read one frame, and waits for the next.
fn idle(library: Library) -> Result<u64> {
    let server = Server::start(library, Job::Read(1))?;
    let mut first = Clients::connect(server.address(), Job::Read(1), 1)?;
    first.write(1)?;
    server.wait_read(1)?;
    let region = Region::new(ALLOCATOR);
    let mut clients = Clients::connect(server.address(), Job::Read(1), CONNECTIONS)?;
    clients.write(1)?;
    server.wait_read(CONNECTIONS)?;
    let change = region.change();
    Ok((change.bytes_allocated.saturating_sub(change.bytes_deallocated) / CONNECTIONS) as u64)
}

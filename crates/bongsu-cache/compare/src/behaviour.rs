//! What the caches do when much happens at once: a stampede, changes, a lost message, a deployment.

use std::time::Duration;

use bongsu_testbed::Server;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::process::{Failure, Process, Tiers};
use crate::rounds::{ROUNDS, Rounds};
use crate::value::Source;

const READERS: usize = 1_000;
/// What the source takes: long enough that all readers miss.
const SOURCE_TIME: Duration = Duration::from_millis(100);
/// Two and a half heartbeats of bongsu-cache are 1.25 s; nobody else names a bound.
const LONGEST_WAIT: Duration = Duration::from_secs(3);

/// Ids of this part; each case has entries of its own.
const FIRST_ID: u64 = 1_000_000_000;

pub(crate) async fn compare<P: Process>(server: &Server) -> Result<(), Failure> {
    println!("{}", P::NAME);
    println!("  loads for {READERS} misses at once, 1 process:     {}", stampede::<P>(server, 1, 0).await?);
    println!("  the same in 4 processes:                  {}", stampede::<P>(server, 4, 100).await?);
    println!("  an invalidation during a load:            {}", during_load::<P>(server).await?);
    println!("  a change, until another process reads it: {}", change::<P>(server, false).await?);
    println!("  the same, its subscription cut before:    {}", change::<P>(server, true).await?);
    println!("  a field is replaced by another one:       {}", P::deploy(&server.address()).await);
    Ok(())
}

async fn start<P: Process>(server: &Server, count: usize) -> Result<Vec<P>, Failure> {
    let mut processes = Vec::new();
    for _ in 0..count {
        processes.push(P::start(&server.address(), Tiers::Both).await?);
    }
    Ok(processes)
}

async fn stop<P: Process>(processes: Vec<P>) {
    for process in processes {
        process.stop().await;
    }
}

async fn stampede<P: Process>(server: &Server, processes: usize, offset: u64) -> Result<String, Failure> {
    let processes = start::<P>(server, processes).await?;
    let mut loads = Rounds::default();
    for round in 0..ROUNDS as u64 {
        let source = Source::new(SOURCE_TIME);
        let id = FIRST_ID + offset + round;
        let mut misses = JoinSet::new();
        for reader in 0..READERS {
            let (process, source) = (processes[reader % processes.len()].clone(), source.clone());
            misses.spawn(async move { process.read(id, &source).await });
        }
        while let Some(read) = misses.join_next().await {
            if read??.id != id {
                return Err("a reader got another entry".into());
            }
        }
        loads.add(source.loads() as f64);
    }
    stop(processes).await;
    Ok(loads.to_string())
}

/// A value is read from the source, the source changes, the entry is invalidated, and only then the load ends.
async fn during_load<P: Process>(server: &Server) -> Result<&'static str, Failure> {
    let processes = start::<P>(server, 1).await?;
    let process = &processes[0];
    let (source, id) = (Source::new(SOURCE_TIME), FIRST_ID + 1_000);
    let loading = {
        let (process, source) = (process.clone(), source.clone());
        tokio::spawn(async move { process.read(id, &source).await })
    };
    while source.loads() == 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let current = source.change();
    process.invalidate(id).await?;
    loading.await??;
    let seen = process.read(id, &source).await?;
    stop(processes).await;
    Ok(if seen.version == current {
        "the new value is read"
    } else {
        "THE OLD VALUE STAYS, until its life ends"
    })
}

/// Two processes hold an entry; the source changes, one of them invalidates. How long does the other answer with the
/// old one? The second time, the server has ended the subscriptions right before.
async fn change<P: Process>(server: &Server, cut: bool) -> Result<String, Failure> {
    let processes = start::<P>(server, 2).await?;
    let [one, other] = processes.as_slice() else { return Err("two were started".into()) };
    let mut waits = Rounds::default();
    for round in 0..ROUNDS as u64 {
        let source = Source::new(Duration::ZERO);
        let id = FIRST_ID + 2_000 + u64::from(cut) * 100 + round;
        one.read(id, &source).await?;
        other.read(id, &source).await?;
        let current = source.change();
        if cut {
            server.query::<i64>(&["CLIENT", "KILL", "TYPE", "pubsub"]).await?;
        }
        one.invalidate(id).await?;
        if one.read(id, &source).await?.version != current {
            return Err(
                format!("{}: not even the process that invalidates reads the new value", P::NAME).into()
            );
        }
        let begun = Instant::now();
        while other.read(id, &source).await?.version != current {
            if begun.elapsed() > LONGEST_WAIT {
                stop(processes).await;
                return Ok(format!("NOT within {LONGEST_WAIT:?}: until its life in the process ends"));
            }
            tokio::time::sleep(Duration::from_micros(100)).await;
        }
        waits.add(begun.elapsed().as_secs_f64() * 1e3);
        if cut {
            // Everybody subscribes again before the next round.
            tokio::time::sleep(LONGEST_WAIT).await;
        }
    }
    stop(processes).await;
    Ok(format!("{waits} ms"))
}

//! Both tiers against the shared one only, on the same Zipf load, over the same Valkey.

use std::sync::Arc;
use std::time::Duration;

use bongsu_testbed::Server;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::process::{Failure, Process, Tiers};
use crate::rounds::{ROUNDS, Rounds};
use crate::value::Source;
use crate::zipf::{SEQUENCE, zipf};

const KEYS: u64 = 100_000;
const READERS: usize = 64;
/// Reads between two looks at the clock; then others run.
const READS_AT_ONCE: usize = 64;
const WARM_UP: Duration = Duration::from_millis(700);
const MEASURED: Duration = Duration::from_secs(1);

struct Figures {
    shared: Rounds,
    both: Rounds,
    ratio: Rounds,
    less: Rounds,
}

pub(crate) fn heading() {
    println!("{KEYS} entries in Valkey, {READERS} readers, Zipf; the process tier begins empty");
    println!(
        "{:<20}{:>26}{:>26}{:>20}{:>26}",
        "reads a second", "shared tier only", "both tiers", "both / shared", "% less commands a read"
    );
}

pub(crate) async fn compare<P: Process>(server: &Server) -> Result<(), Failure> {
    let valkey = server.address();
    let source = Source::new(Duration::ZERO);
    let sequence = zipf(KEYS);
    fill::<P>(&valkey, &source).await?;
    let [shared, both, ratio, less] = std::array::from_fn(|_| Rounds::default());
    let mut figures = Figures { shared, both, ratio, less };
    for _ in 0..ROUNDS {
        let (shared_rate, shared_commands) =
            measure::<P>(server, Tiers::SharedOnly, &source, &sequence).await?;
        let (both_rate, both_commands) = measure::<P>(server, Tiers::Both, &source, &sequence).await?;
        figures.shared.add(shared_rate);
        figures.both.add(both_rate);
        figures.ratio.add(both_rate / shared_rate);
        figures.less.add(100.0 * (1.0 - both_commands / shared_commands));
    }
    let texts = [figures.shared, figures.both, figures.ratio, figures.less].map(|rounds| rounds.to_string());
    let [shared, both, ratio, less] = texts;
    println!("{:<20}{shared:>26}{both:>26}{ratio:>20}{less:>26}", P::NAME);
    Ok(())
}

/// Every entry once, so that the shared tier has it.
async fn fill<P: Process>(valkey: &str, source: &Source) -> Result<(), Failure> {
    let process = P::start(valkey, Tiers::Both).await?;
    let mut readers = JoinSet::new();
    for reader in 0..READERS as u64 {
        let (process, source) = (process.clone(), source.clone());
        readers.spawn(async move {
            for id in (reader..KEYS).step_by(READERS) {
                process.read(id, &source).await?;
            }
            Ok::<(), Failure>(())
        });
    }
    while let Some(read) = readers.join_next().await {
        read??;
    }
    process.stop().await;
    Ok(())
}

/// Reads a second, and commands that Valkey counted for each read, both after a warm-up by a new process.
async fn measure<P: Process>(
    server: &Server,
    tiers: Tiers,
    source: &Source,
    sequence: &Arc<[u64]>,
) -> Result<(f64, f64), Failure> {
    let process = P::start(&server.address(), tiers).await?;
    let loads = source.loads();
    read_for(&process, source, sequence, WARM_UP).await?;
    let before = commands(server).await?;
    let begun = Instant::now();
    let reads = read_for(&process, source, sequence, MEASURED).await? as f64;
    let rate = reads / begun.elapsed().as_secs_f64();
    let commands = (commands(server).await? - before) / reads;
    // A tier that does not answer in time is passed by. Too many of these, and it is the source that is measured.
    let passed_by = source.loads() - loads;
    if passed_by as f64 > reads / 1000.0 {
        return Err(format!("{}: {passed_by} loads of what Valkey has", P::NAME).into());
    }
    process.stop().await;
    Ok((rate, commands))
}

async fn read_for<P: Process>(
    process: &P,
    source: &Source,
    sequence: &Arc<[u64]>,
    time: Duration,
) -> Result<u64, Failure> {
    let until = Instant::now() + time;
    let mut readers = JoinSet::new();
    for reader in 0..READERS {
        let (process, source, sequence) = (process.clone(), source.clone(), Arc::clone(sequence));
        readers.spawn(async move {
            let mut ids = sequence.iter().cycle().skip(reader * (SEQUENCE / READERS));
            let mut reads = 0;
            while Instant::now() < until {
                for id in ids.by_ref().take(READS_AT_ONCE).copied() {
                    let seen = process.read(id, &source).await?;
                    if seen.id != id {
                        return Err(format!("{}: a read gave another entry", P::NAME).into());
                    }
                }
                reads += READS_AT_ONCE as u64;
                tokio::task::yield_now().await;
            }
            Ok::<u64, Failure>(reads)
        });
    }
    let mut reads = 0;
    while let Some(read) = readers.join_next().await {
        reads += read??;
    }
    Ok(reads)
}

/// That Valkey has carried out so far.
async fn commands(server: &Server) -> Result<f64, Failure> {
    let info: String = server.query(&["INFO", "stats"]).await?;
    let line = info.lines().find_map(|line| line.strip_prefix("total_commands_processed:"));
    Ok(line.ok_or("INFO says nothing of commands")?.trim().parse()?)
}

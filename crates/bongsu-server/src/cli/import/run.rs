//! Imports one unit after the other, tells how far it is, and goes on when one of them is broken.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result, bail};
use bongsu_import::{ImportError, Progress as Step, Source, import};
use bongsu_service::Importer;
use bongsu_types::Limits;
use tokio::time::Instant;

use super::summary::Summary;
use super::{GROUP_MEMBERS, Target, Unit};
use crate::assemble;
use crate::cli::output::show;
use crate::cli::progress::Progress;
use crate::config::Config;
use crate::data_dir::DataDir;

pub(super) fn run(units: Vec<Unit>, target: &Target) -> Result<()> {
    let mut config = Config::load(target.config.as_deref())?;
    config.limits.group_members = config.limits.group_members.max(GROUP_MEMBERS);
    let limits = Arc::new(config.limits.to_limits());
    let data = DataDir::create(&target.data)?;
    let count = units.len();
    crate::cli::runtime()?.block_on(async {
        let store = assemble::offline(&config, &data)?;
        let summary = import_all(&store.importer, units, &limits).await;
        store.close().await?;
        let summary = summary?;
        show(&summary.to_string())?;
        if summary.failed > 0 {
            bail!("{} of {count} sources were not imported (see above)", summary.failed);
        }
        if !summary.report.refused.is_empty() {
            bail!("{} rooms were not imported (see above)", summary.report.refused.len());
        }
        Ok(())
    })
}

async fn import_all(importer: &Importer, units: Vec<Unit>, limits: &Arc<Limits>) -> Result<Summary> {
    let started = Instant::now();
    let mut summary = Summary::default();
    for Unit { name, open } in units {
        let opened = tokio::task::block_in_place(open);
        let imported = match opened {
            Ok(source) => import_one(importer, source, &name, limits).await,
            Err(error) => Err(error.into()),
        };
        match imported {
            Ok(report) => {
                let again: HashSet<_> = summary.report.keys.intersection(&report.keys).collect();
                if let Some(key) = again.iter().next() {
                    summary.failed += 1;
                    eprintln!(
                        "not imported: {name}: its room {} was in a file before it; name one of them with --room",
                        key.as_str()
                    );
                    continue;
                }
                summary.report.add(report);
            }
            Err(ImportError::Service(error)) => {
                return Err(error).with_context(|| format!("stopped at {name}; run the same command again"));
            }
            Err(ImportError::Read(error)) => {
                summary.failed += 1;
                eprintln!("not imported: {error}");
            }
        }
    }
    summary.seconds = started.elapsed().as_secs_f64();
    Ok(summary)
}

async fn import_one(
    importer: &Importer,
    source: Arc<dyn Source>,
    name: &str,
    limits: &Arc<Limits>,
) -> Result<bongsu_import::Report, ImportError> {
    let reading = Progress::of(source.bytes(), "bytes read");
    reading.now_on(name);
    let bar = Mutex::new(reading);
    let tell = |step| {
        let mut bar = bar.lock().unwrap_or_else(PoisonError::into_inner);
        match step {
            Step::Read { bytes } => bar.at(bytes),
            Step::Counted { messages } => {
                bar.done();
                *bar = Progress::of(messages, "messages");
                bar.now_on(name);
            }
            Step::Written { messages } => bar.add(messages),
        }
    };
    let report = import(importer, source, limits, &tell).await;
    bar.into_inner().unwrap_or_else(PoisonError::into_inner).done();
    report
}

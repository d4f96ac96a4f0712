//! A deployment in the middle: two versions of a struct side by side over one shared tier, two processes of each.
//! Neither ever decodes what the other wrote, and an invalidation by either drops the entries of both.
//!
//! cargo run -p bongsu-cache --example rolling_deployment

use std::collections::HashMap;
use std::error::Error;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bongsu_cache::memory::{MemoryBackplane, MemoryL2};
use bongsu_cache::{Cache, CacheHub, Cached};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

/// The struct before.
mod before {
    use bongsu_cache::CacheSchema;
    use serde::{Deserialize, Serialize};

    #[derive(Debug, Serialize, Deserialize, CacheSchema)]
    #[cache(model = "profile", id = u64)]
    pub(crate) struct Profile {
        pub(crate) name: String,
        pub(crate) city: String,
    }
}

/// The struct after: a field more, and one that changed its type.
mod after {
    use bongsu_cache::CacheSchema;
    use serde::{Deserialize, Serialize};

    #[derive(Debug, Serialize, Deserialize, CacheSchema)]
    #[cache(model = "profile", id = u64)]
    pub(crate) struct Profile {
        pub(crate) name: String,
        pub(crate) followers: u64,
        pub(crate) city: Option<String>,
    }
}

/// A row of the source.
#[derive(Debug, Clone)]
struct Row {
    name: String,
    city: String,
}

/// What both versions do with a row.
trait OfRow: Cached<Id = u64> {
    fn of_row(row: Row) -> Self;
    fn name(&self) -> &str;
}

impl OfRow for before::Profile {
    fn of_row(Row { name, city }: Row) -> Self {
        Self { name, city }
    }

    fn name(&self) -> &str {
        assert!(!self.city.is_empty());
        &self.name
    }
}

impl OfRow for after::Profile {
    fn of_row(Row { name, city }: Row) -> Self {
        Self { name, followers: 0, city: Some(city) }
    }

    fn name(&self) -> &str {
        assert!(self.followers == 0 && self.city.is_some());
        &self.name
    }
}

/// The database, and how often it was asked.
#[derive(Debug, Default)]
struct Source {
    rows: Mutex<HashMap<u64, Row>>,
    loads: AtomicU64,
}

impl Source {
    fn set(&self, id: u64, name: String) {
        let row = Row { name, city: "Busan".to_owned() };
        self.rows.lock().unwrap_or_else(PoisonError::into_inner).insert(id, row);
    }

    fn load<T: OfRow>(&self, id: u64) -> Result<Option<T>, std::io::Error> {
        self.loads.fetch_add(1, Ordering::Relaxed);
        let rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(rows.get(&id).cloned().map(T::of_row))
    }
}

/// A process of one version, with metrics of its own.
struct Process<T: Cached> {
    hub: CacheHub,
    profiles: Cache<T>,
    source: Arc<Source>,
    metrics: PrometheusHandle,
}

impl<T: OfRow> Process<T> {
    async fn start(
        l2: &MemoryL2,
        backplane: &MemoryBackplane,
        source: &Arc<Source>,
    ) -> Result<Self, Box<dyn Error>> {
        let recorder = PrometheusBuilder::new().build_recorder();
        let hub = CacheHub::builder("example")
            .l2(l2.clone())
            .backplane(backplane.clone())
            // The time for which a version is announced before it stores anything; 10 s where messages take time.
            .schema_notice(Duration::from_millis(100));
        let hub = metrics::with_local_recorder(&recorder, || hub.model::<T>().build())?;
        if !hub.settled(Duration::from_secs(10)).await {
            return Err("a process does not settle".into());
        }
        let profiles = hub.cache::<T>()?;
        Ok(Self { hub, profiles, source: Arc::clone(source), metrics: recorder.handle() })
    }

    async fn name(&self, id: u64) -> Result<String, Box<dyn Error>> {
        let source = Arc::clone(&self.source);
        let profile = self.profiles.get_or_load(&id, move || async move { source.load::<T>(id) }).await?;
        Ok(profile.ok_or("a profile is gone")?.name().to_owned())
    }

    /// Reads everybody and compares.
    async fn read_all(&self, profiles: u64) -> Result<(), Box<dyn Error>> {
        for id in 0..profiles {
            let (name, expected) = (self.name(id).await?, format!("user {id}"));
            if name != expected {
                return Err(format!("read {name} for {expected}").into());
            }
        }
        Ok(())
    }

    /// Reads one until it has its new name: another process hears of a change within two seconds.
    async fn hears(&self, id: u64, name: &str) -> Result<(), Box<dyn Error>> {
        let heard = tokio::time::timeout(Duration::from_secs(2), async {
            while self.name(id).await? != name {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            Ok(())
        });
        heard.await.map_err(|_| format!("{name} was not heard of"))?
    }

    fn decode_errors(&self) -> u64 {
        let text = self.metrics.render();
        let counts = text.lines().filter(|line| line.starts_with("cache_decode_errors_total{"));
        counts.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).sum()
    }
}

/// A step of the deployment: the loads that it is expected to cost, and those it cost.
#[derive(Debug)]
pub(crate) struct Step {
    what: &'static str,
    expected: u64,
    seen: u64,
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Deployment {
    pub(crate) steps: Vec<Step>,
    decode_errors: u64,
}

impl Deployment {
    pub(crate) fn is_clean(&self) -> bool {
        self.decode_errors == 0 && self.steps.iter().all(|step| step.expected == step.seen)
    }
}

/// Deploys the new version over the old one, with so many profiles of which so many are renamed meanwhile.
pub(crate) async fn run(profiles: u64, renamed: u64) -> Result<Deployment, Box<dyn Error>> {
    let (l2, backplane, source) = (MemoryL2::new(), MemoryBackplane::new(), Arc::new(Source::default()));
    for id in 0..profiles {
        source.set(id, format!("user {id}"));
    }
    let mut steps = Vec::new();
    let mut counted = 0;
    let mut step = |what, expected| {
        let loads = source.loads.load(Ordering::Relaxed);
        steps.push(Step { what, expected, seen: loads - counted });
        counted = loads;
    };

    let old = [
        Process::<before::Profile>::start(&l2, &backplane, &source).await?,
        Process::start(&l2, &backplane, &source).await?,
    ];
    old[0].read_all(profiles).await?;
    old[1].read_all(profiles).await?;
    step("two old processes read everybody", profiles);

    let new = [
        Process::<after::Profile>::start(&l2, &backplane, &source).await?,
        Process::start(&l2, &backplane, &source).await?,
    ];
    new[0].read_all(profiles).await?;
    step("the first new process does: it has keys of its own", profiles);
    for (old, new) in old.iter().zip(&new) {
        old.read_all(profiles).await?;
        new.read_all(profiles).await?;
    }
    step("old and new ones side by side", 0);

    for id in 0..renamed {
        let name = format!("renamed {id}");
        source.set(id, name.clone());
        // By an old and a new process in turn. The reach is not the question here: the reads below are.
        let reached = if id % 2 == 0 {
            old[0].profiles.invalidate(&id).await
        } else {
            new[0].profiles.invalidate(&id).await
        };
        if reached != bongsu_cache::Invalidated::Everywhere {
            return Err(format!("an invalidation reached {reached:?}").into());
        }
        for process in &old {
            process.hears(id, &name).await?;
        }
        for process in &new {
            process.hears(id, &name).await?;
        }
    }
    step("renames, dropped by either: both versions load anew", 2 * renamed);

    let decode_errors = old.iter().map(Process::decode_errors).sum::<u64>()
        + new.iter().map(Process::decode_errors).sum::<u64>();
    for process in old {
        process.hub.shutdown().await;
    }
    for id in 0..renamed {
        new[1].hears(id, &format!("renamed {id}")).await?;
    }
    step("the old ones are gone", 0);
    for process in new {
        process.hub.shutdown().await;
    }
    Ok(Deployment { steps, decode_errors })
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    println!("keys before: example:{}:profile:ID", before::Profile::SCHEMA);
    println!("keys after:  example:{}:profile:ID\n", after::Profile::SCHEMA);
    let deployment = run(1000, 100).await?;
    println!("{:<55}{:>15}{:>10}", "", "loads expected", "seen");
    for Step { what, expected, seen } in &deployment.steps {
        println!("{what:<55}{expected:>15}{seen:>10}");
    }
    println!("\ndecode errors: {}", deployment.decode_errors);
    if deployment.is_clean() { Ok(()) } else { Err("the deployment was not clean".into()) }
}

//! Puts the parts together: the only place that names an engine.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use bongsu_cluster::InProcessBus;
use bongsu_service::auth::{Secret, ServerKeys, TokenSettings, TokenVerifier};
use bongsu_service::{
    Bus, Cards, FeedCards, Importer, Presence, PublishCommits, Service, ServiceParts, ServiceSettings,
};
pub(crate) use bongsu_store::embedded::VerifyReport;
use bongsu_store::embedded::{BackupReport, EmbeddedSettings, EmbeddedStore};
use bongsu_store::{CommitObserver, Guard, GuardSettings, Store, StoreOptions, Unobserved};
use bongsu_types::{Clock, SystemClock};
use tracing::{info, warn};

use crate::cli::Progress;
use crate::config::Config;
use crate::data_dir::{DataDir, read_secret};
use crate::keys::KeyOrder;

/// The parts of a running node, below the edge.
pub(crate) struct Node {
    /// The engine itself, for backup and shutdown.
    pub engine: Arc<EmbeddedStore>,
    /// Use cases.
    pub service: Arc<Service>,
    /// What was committed.
    pub bus: Arc<dyn Bus>,
    /// Users who come in.
    pub tokens: Arc<TokenVerifier>,
    /// Servers who come in.
    pub server_keys: Arc<ServerKeys>,
    /// Brings rooms in (the demo's).
    pub importer: Importer,
}

/// Opens everything a server needs.
///
/// # Errors
/// When the store is in use, damaged, of another version, or behind its witness; each says what to do.
pub(crate) async fn node(config: &Config, data: &DataDir) -> Result<Node> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let limits = Arc::new(config.limits.to_limits());
    let bus: Arc<dyn Bus> = Arc::new(InProcessBus::new());
    let cards = Cards::open(config.cache.l1_mib * 1024 * 1024).context("cannot open the cache")?;
    let publish = Arc::new(PublishCommits::to(Arc::clone(&bus)));
    let engine = Arc::new(open(config, data, Arc::new(FeedCards::before(publish, &cards)))?);
    let store = guarded(&engine);
    let presence = Arc::new(Presence::new(Arc::clone(&bus), Arc::clone(&clock)));
    let service = Arc::new(Service::new(ServiceParts {
        store: Arc::clone(&store),
        cards,
        limits: Arc::clone(&limits),
        clock: Arc::clone(&clock),
        presence,
        settings: ServiceSettings {
            users_own_profile: config.users.own_profile,
            requests: config.users.requests,
        },
    }));
    let server_keys = Arc::new(ServerKeys::new(Arc::clone(&store), Arc::clone(&clock)));
    settle_development_key(&server_keys, data).await?;
    let tokens = Arc::new(TokenVerifier::open(token_settings(config, data)?, Arc::clone(&clock)).await?);
    let importer = Importer::new(store, limits);
    Ok(Node { engine, service, importer, bus, tokens, server_keys })
}

/// The key of `server.key` is known from now on, and no other development key is valid.
async fn settle_development_key(keys: &ServerKeys, data: &DataDir) -> Result<()> {
    let settled = keys
        .settle_development_key(&data.make_server_key()?)
        .await
        .context("cannot store the server key")?
        .context("server.key is not a server key: remove it and start again to get a new one")?;
    for id in &settled.revoked {
        info!(key.id = %id, "this development key is revoked: server.key holds another");
    }
    if !settled.is_valid {
        warn!(
            key.id = %settled.id,
            "the key in server.key is revoked and opens nothing: remove the file and start again to get a new one"
        );
    }
    Ok(())
}

fn open(config: &Config, data: &DataDir, observer: Arc<dyn CommitObserver>) -> Result<EmbeddedStore> {
    let options =
        StoreOptions { clock: Arc::new(SystemClock), limits: Arc::new(config.limits.to_limits()), observer };
    let settings = EmbeddedSettings {
        disk_floor_bytes: config.store.disk_reserve_mib * 1024 * 1024,
        cache_bytes: config.store.cache_mib * 1024 * 1024,
        ..EmbeddedSettings::default()
    };
    Ok(EmbeddedStore::open_with(&data.store(), options, settings)?)
}

fn guarded(engine: &Arc<EmbeddedStore>) -> Arc<dyn Store> {
    Arc::new(Guard::new(Arc::clone(engine) as Arc<dyn Store>, GuardSettings::default()))
}

fn token_settings(config: &Config, data: &DataDir) -> Result<TokenSettings> {
    let tokens = &config.tokens;
    let named = |file: &Path| (!file.as_os_str().is_empty()).then(|| file.to_owned());
    let jwks_file = named(&tokens.jwks_file);
    let secret = match (&jwks_file, named(&tokens.secret_file)) {
        (_, Some(file)) => Some(read_secret(&file)?),
        (Some(_), None) => None,
        (None, None) => Some(data.make_secret()?),
    };
    let secrets = secret.map(|secret| Secret { kid: None, bytes: secret.into_bytes() }).into_iter().collect();
    Ok(TokenSettings { audience: tokens.audience.clone(), secrets, jwks_file })
}

impl Config {
    /// The HS256 secret; never makes one.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) fn secret(&self, data: &DataDir) -> Result<String> {
        match self.tokens.secret_file.as_os_str().is_empty() {
            true => data.secret(),
            false => read_secret(&self.tokens.secret_file),
        }
    }
}

/// A store opened by a tool while no server runs.
pub(crate) struct Offline {
    engine: Arc<EmbeddedStore>,
    /// Brings rooms in.
    pub importer: Importer,
    server_keys: ServerKeys,
}

/// Opens the store for a tool.
///
/// # Errors
/// As [`node`]; a running server is told apart.
pub(crate) fn offline(config: &Config, data: &DataDir) -> Result<Offline> {
    let engine = Arc::new(open(config, data, Arc::new(Unobserved))?);
    let store = guarded(&engine);
    let server_keys = ServerKeys::new(Arc::clone(&store), Arc::new(SystemClock));
    let importer = Importer::new(store, Arc::new(config.limits.to_limits()));
    Ok(Offline { engine, importer, server_keys })
}

impl Offline {
    /// Closes it: everything is on disk then.
    ///
    /// # Errors
    /// When the last write fails.
    pub(crate) async fn close(self) -> Result<()> {
        self.engine.shutdown().await.context("cannot close the store")
    }
}

/// Verifies the whole store.
///
/// # Errors
/// When it cannot be opened or read.
pub(crate) async fn check(data: &DataDir, accept_loss: bool, progress: &Progress) -> Result<VerifyReport> {
    let settings = EmbeddedSettings { accept_loss, ..EmbeddedSettings::default() };
    let engine = EmbeddedStore::open_with(&data.store(), StoreOptions::default(), settings)?;
    let report = engine.verify(&mut |now| {
        progress.now_on(now.step);
        progress.at(now.rows);
    })?;
    engine.shutdown().await?;
    Ok(report)
}

/// Backs up a store that no server runs on.
///
/// # Errors
/// When the store cannot be opened or the file not written.
pub(crate) async fn backup_offline(data: &DataDir, to: &Path) -> Result<String> {
    let offline = offline(&Config::load(None)?, data)?;
    let written = backup(&offline.engine, to).await;
    offline.close().await?;
    written
}

/// Does something to the server keys of a store that no server runs on.
///
/// # Errors
/// When the store cannot be opened, or the order not be carried out.
pub(crate) async fn keys_offline(data: &DataDir, order: KeyOrder) -> Result<String> {
    let offline = offline(&Config::load(None)?, data)?;
    let done = order.carry_out(&offline.server_keys).await;
    offline.close().await?;
    done
}

/// Backs up a store while it is used.
///
/// # Errors
/// When the file cannot be written.
pub(crate) async fn backup(engine: &EmbeddedStore, to: &Path) -> Result<String> {
    let report = engine.backup(to).await?;
    Ok(format!("backup written to {}: {}", to.display(), told(&report)))
}

/// Makes a store from a backup.
///
/// # Errors
/// When the backup is damaged or the store cannot be written.
pub(crate) fn restore(data: &DataDir, from: &Path) -> Result<String> {
    let report = bongsu_store::embedded::restore(from, &data.store(), &SystemClock)?;
    Ok(format!("restored {} from {}: {}", data.root().display(), from.display(), told(&report)))
}

fn told(report: &BackupReport) -> String {
    let BackupReport { epoch, commit, rows, bytes, .. } = report;
    format!("{rows} rows, {bytes} bytes, epoch {epoch}, up to commit {commit}")
}

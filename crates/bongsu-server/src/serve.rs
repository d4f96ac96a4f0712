//! A server from its first file to its last: start, listen, drain, stop.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use bongsu_edge::{DemoUser, Edge, EdgeParts, Timing};
use bongsu_service::{Bus, Importer, Service};
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::{TcpListener, TcpSocket};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

use crate::admin::{AdminSocket, Order};
use crate::assemble::{self, Node};
use crate::config::Config;
use crate::data_dir::DataDir;
use crate::{telemetry, upkeep};

/// Connections that wait to be accepted, at most; the system may allow fewer. A client that finds no place tries again
/// after a second, then two, then four: when everybody comes back at once there has to be one.
const BACKLOG: u32 = 16 * 1024;

/// Where a server listens.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Listen {
    /// For clients.
    pub clients: SocketAddr,
    /// For `/metrics`.
    pub metrics: SocketAddr,
}

/// A server whose store is open and whose ports are taken, not yet listening.
pub(crate) struct Prepared {
    config: Config,
    data: DataDir,
    node: Node,
    clients: TcpListener,
    metrics: TcpListener,
    rendered: PrometheusHandle,
    demo_users: Vec<DemoUser>,
}

/// A server that serves.
pub(crate) struct Serving {
    config: Config,
    node: Node,
    edge: Arc<Edge>,
    address: SocketAddr,
    stop: CancellationToken,
    tasks: JoinSet<()>,
}

impl Serving {
    /// Opens the store and takes the ports.
    ///
    /// # Errors
    /// When a port is taken or the store cannot be opened.
    pub(crate) async fn prepare(config: Config, data: DataDir, listen: Listen) -> Result<Prepared> {
        let clients = bind(listen.clients, "--listen")?;
        let metrics = bind(listen.metrics, "--metrics-listen")?;
        // Before anything counts: a metric registered earlier would count nowhere.
        let rendered = telemetry::start_metrics()?;
        let node = assemble::node(&config, &data).await?;
        Ok(Prepared { config, data, node, clients, metrics, rendered, demo_users: Vec::new() })
    }

    /// Prepares and listens.
    ///
    /// # Errors
    /// As [`Serving::prepare`] and [`Prepared::listen`].
    pub(crate) async fn start(config: Config, data: DataDir, listen: Listen) -> Result<Self> {
        Self::prepare(config, data, listen).await?.listen().await
    }

    /// Where clients find it.
    #[must_use]
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Serves until a signal or the end of a task that must not end; then drains and closes the store.
    ///
    /// # Errors
    /// When a task ended by itself, or the store cannot be closed.
    pub(crate) async fn until_told_to_stop(mut self, mut signals: Signals) -> Result<()> {
        let is_well = tokio::select! {
            signal = signals.next() => {
                info!("{signal}: stopping");
                true
            }
            _ = self.tasks.join_next() => {
                error!("a task of the server ended by itself: stopping");
                false
            }
            () = self.edge.failed() => {
                error!("a task of delivery ended by itself: stopping");
                false
            }
        };
        self.stop().await?;
        ensure!(is_well, "a task of the server ended by itself (its words are above); start it again");
        Ok(())
    }

    /// Tells clients, stores where they are, closes the store.
    ///
    /// # Errors
    /// When the store cannot be closed.
    pub(crate) async fn stop(mut self) -> Result<()> {
        let drain = Duration::from_secs(self.config.shutdown.drain_s);
        self.edge.drain(drain).await;
        self.stop.cancel();
        while self.tasks.join_next().await.is_some() {}
        self.node.engine.shutdown().await.context("cannot close the store")?;
        info!("stopped");
        Ok(())
    }
}

/// What tells a server to stop. Made before the server says that it is ready: a signal before that would kill it.
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Takes the signals from now on.
    ///
    /// # Errors
    /// When the system refuses.
    pub(crate) fn take() -> Result<Self> {
        let terminate = signal(SignalKind::terminate()).context("cannot take SIGTERM")?;
        let interrupt = signal(SignalKind::interrupt()).context("cannot take SIGINT")?;
        Ok(Self { terminate, interrupt })
    }

    /// The name of the next one.
    pub(crate) async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}

impl Prepared {
    /// Use cases, before anybody connects.
    #[must_use]
    pub(crate) fn service(&self) -> &Arc<Service> {
        &self.node.service
    }

    /// What was committed.
    #[must_use]
    pub(crate) fn bus(&self) -> &Arc<dyn Bus> {
        &self.node.bus
    }

    /// Brings rooms in, before anybody connects.
    #[must_use]
    pub(crate) fn importer(&self) -> &Importer {
        &self.node.importer
    }

    /// Lets the demo's page become one of these.
    pub(crate) fn offer_demo_users(&mut self, users: Vec<DemoUser>) {
        self.demo_users = users;
    }

    /// Begins to serve.
    ///
    /// # Errors
    /// When the admin socket cannot be made.
    pub(crate) async fn listen(self) -> Result<Serving> {
        let Self { config, data, node, clients, metrics, rendered, demo_users } = self;
        let address = clients.local_addr()?;
        let stop = CancellationToken::new();
        let edge = Arc::new(
            Edge::start(EdgeParts {
                service: Service::clone(&node.service),
                verifier: Arc::clone(&node.tokens),
                server_keys: Arc::clone(&node.server_keys),
                demo_users,
                bus: Arc::clone(&node.bus),
                timing: Timing::default(),
            })
            .await?,
        );
        let mut tasks = JoinSet::new();
        tasks.spawn({
            let (edge, stop) = (Arc::clone(&edge), stop.clone());
            async move { edge.serve(clients, stop).await }
        });
        tasks.spawn(upkeep::run(Arc::clone(&node.service), config.upkeep.clone(), stop.clone()));
        tasks.spawn(admin_socket(&data, &node)?.serve(stop.clone()));
        let metrics_address = metrics.local_addr()?;
        tasks.spawn(bongsu_edge::serve_metrics(metrics, move || rendered.render(), stop.clone()));
        info!(clients = %address, metrics = %metrics_address, data = %data.root().display(), "serving");
        Ok(Serving { config, node, edge, address, stop, tasks })
    }
}

fn admin_socket(data: &DataDir, node: &Node) -> Result<AdminSocket> {
    let (engine, keys) = (Arc::clone(&node.engine), Arc::clone(&node.server_keys));
    AdminSocket::bind(data, move |order| {
        let (engine, keys) = (Arc::clone(&engine), Arc::clone(&keys));
        async move {
            match order {
                Order::Backup { to } => assemble::backup(&engine, &to).await,
                Order::Key { key } => key.carry_out(&keys).await,
            }
        }
    })
}

fn bind(address: SocketAddr, option: &str) -> Result<TcpListener> {
    listen(address)
        .with_context(|| format!("cannot listen at {address} (another server? choose another with {option})"))
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // As every server does, so that it can be started again while old connections fade.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_server_whose_task_ends_by_itself_stops_and_says_that_it_failed() {
        let root = tempfile::tempdir().unwrap();
        let data = DataDir::create(root.path()).unwrap();
        let free: SocketAddr = "127.0.0.1:0".parse().unwrap();
        let listen = Listen { clients: free, metrics: free };
        let mut serving = Serving::start(Config::load(None).unwrap(), data.clone(), listen).await.unwrap();
        serving.tasks.spawn(async {});
        let ended = serving.until_told_to_stop(Signals::take().unwrap()).await.unwrap_err();
        assert!(ended.to_string().contains("ended by itself"), "{ended}");
        let offline = assemble::offline(&Config::load(None).unwrap(), &data).unwrap();
        offline.close().await.unwrap();
    }
}

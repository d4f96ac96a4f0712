//! `bongsu serve`: the server.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Result;
use clap::Args;

use crate::cli::output::show;
use crate::config::{self, Config};
use crate::data_dir::DataDir;
use crate::serve::{Listen, Serving, Signals};
use crate::telemetry;

/// Run the server.
///
/// Needs no settings file: on first start it makes a token secret and one development server key in DIR (readable by
/// you only). Prints `bongsu ready http://HOST:PORT` to stdout once it serves; logs go to stderr. SIGTERM or Ctrl-C
/// tells the clients, stores where they are and stops.
#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Data directory; made when it does not exist.
    #[arg(long, value_name = "DIR", required_unless_present = "print_config")]
    data: Option<PathBuf>,
    #[command(flatten)]
    listen: ListenArgs,
    /// Settings file (TOML).
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print the default settings with their explanations, and stop.
    #[arg(long)]
    print_config: bool,
}

/// Where to listen.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct ListenArgs {
    /// Address for clients; port 0 takes a free one.
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:7400")]
    listen: SocketAddr,
    /// Address for `/metrics`; port 0 takes a free one (the log names it).
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:9464")]
    metrics_listen: SocketAddr,
}

impl ListenArgs {
    pub(super) fn addresses(self) -> Listen {
        Listen { clients: self.listen, metrics: self.metrics_listen }
    }
}

impl Serve {
    pub(super) fn run(self) -> Result<()> {
        let data = match self.data {
            Some(data) if !self.print_config => data,
            _ => {
                return show(config::DEFAULT);
            }
        };
        let config = Config::load(self.config.as_deref())?;
        telemetry::start_logs(&config.log)?;
        let data = DataDir::create(&data)?;
        super::runtime()?.block_on(async {
            let serving = Serving::start(config, data, self.listen.addresses()).await?;
            let signals = Signals::take()?;
            println!("bongsu ready {}", serving.url());
            serving.until_told_to_stop(signals).await
        })
    }
}

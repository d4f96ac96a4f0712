//! What a scenario runs against: a server of its own, or one that runs already.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result};
use bongsu_load::Endpoint;
use bongsu_load::bench::{SystemCalls, Target};
use bongsu_load::replay::MintToken;
use bongsu_service::auth::{NewToken, TokenSigner};
use bongsu_types::{Clock, SystemClock, UserId};
use clap::Args;

use super::own_server::OwnServer;
use crate::config::Config;
use crate::data_dir::DataDir;

/// Told with every run against a server that was not started here.
const RATES_OFF: &str = "measuring a server that runs already: its rate limits have to be off \
    (BONGSU_LIMITS__SENDS_PER_S=0, BONGSU_LIMITS__CREATES_PER_MIN=0); its own CPU and memory are not known here";

/// Which server is measured.
#[derive(Debug, Args)]
pub(super) struct Deployment {
    /// A running server instead of one of its own. Its rate limits have to be off: start it with
    /// BONGSU_LIMITS__SENDS_PER_S=0 and BONGSU_LIMITS__CREATES_PER_MIN=0.
    #[arg(long, value_name = "http://HOST:PORT", requires = "data")]
    url: Option<String>,
    /// Data directory of that server: its token secret and server key are read from there.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Count the system calls of the server with `perf`, which has to be installed and allowed; each call gets a
    /// little slower by it.
    #[arg(long, conflicts_with = "url")]
    syscalls: bool,
}

/// A server that is there.
pub(super) struct Deployed {
    pub(super) target: Target,
    own: Option<OwnServer>,
    counts_system_calls: bool,
}

impl Deployment {
    /// Finds the server, or starts one.
    pub(super) async fn open(&self) -> Result<Deployed> {
        let (url, data, own) = match (&self.url, &self.data) {
            (Some(url), Some(data)) => {
                eprintln!("{RATES_OFF}");
                (url.clone(), DataDir::existing(data)?, None)
            }
            _ => {
                let own = OwnServer::start().await?;
                (own.url.clone(), own.data.clone(), Some(own))
            }
        };
        let target = Target {
            endpoint: Endpoint::parse(&url).with_context(|| url.clone())?,
            server_key: data.server_key()?,
            mint_token: mint_token(&data)?,
            server_process: own.as_ref().and_then(OwnServer::process_id),
            system_calls: None,
            run: format!("bench-{:x}", SystemClock.now_ms().get()),
        };
        let mut deployed = Deployed { target, own, counts_system_calls: self.syscalls };
        deployed.count_system_calls().await?;
        Ok(deployed)
    }
}

impl Deployed {
    /// Starts the server anew on what it has stored, if it was started here; `meanwhile` has the store to itself.
    /// `None` when it was not.
    pub(super) async fn restart<T>(
        &mut self,
        meanwhile: impl AsyncFnOnce(&DataDir) -> Result<T>,
    ) -> Result<Option<T>> {
        let Some(own) = self.own.take() else { return Ok(None) };
        let (own, done) = own.restart(meanwhile).await?;
        self.target.endpoint = Endpoint::parse(&own.url)?;
        self.target.server_process = own.process_id();
        self.own = Some(own);
        self.count_system_calls().await?;
        Ok(Some(done))
    }

    async fn count_system_calls(&mut self) -> Result<()> {
        if let (true, Some(process)) = (self.counts_system_calls, self.target.server_process) {
            let calls =
                SystemCalls::of(process).await.context("--syscalls needs perf, and leave to use it")?;
            self.target.system_calls = Some(Arc::new(calls));
        }
        Ok(())
    }

    /// Stops the server if it was started here.
    pub(super) async fn close(self) -> Result<()> {
        match self.own {
            Some(own) => own.stop().await,
            None => Ok(()),
        }
    }
}

/// Makes tokens as the host app would.
fn mint_token(data: &DataDir) -> Result<MintToken> {
    let config = Config::load(None)?;
    let secret = config.secret(data)?;
    let signer = TokenSigner::new(secret.as_bytes(), config.tokens.audience, Arc::new(SystemClock));
    Ok(Arc::new(move |user: &UserId| signer.sign(&NewToken::of(user.clone()))))
}

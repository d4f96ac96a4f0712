//! What a scenario runs against: a server of its own, or one that runs already.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result};
use bongsu_load::Endpoint;
use bongsu_load::bench::Target;
use bongsu_load::replay::MintToken;
use bongsu_service::auth::{NewToken, TokenSigner};
use bongsu_types::{Clock, SystemClock, UserId};
use clap::Args;

use super::own_server::OwnServer;
use crate::config::Config;
use crate::data_dir::DataDir;

/// Which server is measured.
#[derive(Debug, Args)]
pub(super) struct Deployment {
    /// A running server instead of one of its own; its rate limits must be off (`limits.sends_per_s = 0`,
    /// `limits.creates_per_min = 0`).
    #[arg(long, value_name = "http://HOST:PORT", requires = "data")]
    url: Option<String>,
    /// Data directory of that server: its token secret and server key are read from there.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

/// A server that is there.
pub(super) struct Deployed {
    pub(super) target: Target,
    own: Option<OwnServer>,
}

impl Deployment {
    /// Finds the server, or starts one.
    pub(super) async fn open(&self) -> Result<Deployed> {
        let (url, data, own) = match (&self.url, &self.data) {
            (Some(url), Some(data)) => {
                eprintln!("measuring {url}: its rate limits must be off");
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
            run: format!("bench-{:x}", SystemClock.now_ms().get()),
        };
        Ok(Deployed { target, own })
    }
}

impl Deployed {
    /// Stops the server if it was started here.
    pub(super) async fn close(self) -> Result<()> {
        match self.own {
            Some(own) => own.stop().await,
            None => Ok(()),
        }
    }
}

/// Makes tokens as the host app would.
pub(super) fn mint_token(data: &DataDir) -> Result<MintToken> {
    let config = Config::load(None)?;
    let secret = config.secret(data)?;
    let signer = TokenSigner::new(secret.as_bytes(), config.tokens.audience, Arc::new(SystemClock));
    Ok(Arc::new(move |user: &UserId| signer.sign(&NewToken::of(user.clone()))))
}

//! `bongsu token`: a user token or the server key, from the files of a data directory.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result};
use bongsu_service::auth::{NewToken, TokenSigner};
use bongsu_types::{SystemClock, UserId};
use clap::{ArgGroup, Args};

use crate::config::Config;
use crate::data_dir::DataDir;

/// Print a token for a user (24 h), or the server key, for development.
///
/// Reads the files of the data directory only, so it works while the server runs. In production your app's own server
/// mints tokens with the same secret.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("what").required(true).args(["user", "server"])))]
pub(crate) struct Token {
    /// Data directory of the server.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// The user the token is for: 1-64 bytes of A-Z a-z 0-9 _ . @ : -
    #[arg(long, value_name = "ID")]
    user: Option<String>,
    /// Name to show, kept in the token.
    #[arg(long, requires = "user")]
    name: Option<String>,
    /// Print the development server key instead: it acts for any user, keep it on your servers. `bongsu key` makes
    /// others.
    #[arg(long)]
    server: bool,
    /// Settings file, when the audience or the secret file is not the default.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl Token {
    pub(super) fn run(self) -> Result<()> {
        let data = DataDir::existing(&self.data)?;
        let Some(user) = self.user else {
            println!("{}", data.server_key()?);
            return Ok(());
        };
        let user = UserId::new(&user).context("--user")?;
        let config = Config::load(self.config.as_deref())?;
        let secret = config.secret(&data)?;
        let signer = TokenSigner::new(secret.as_bytes(), config.tokens.audience, Arc::new(SystemClock));
        println!("{}", signer.sign(&NewToken { name: self.name, ..NewToken::of(user) }));
        Ok(())
    }
}

//! `bongsu key`: server keys, made, listed and revoked while the server runs or not.

use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, Subcommand};

use crate::admin::{self, Order};
use crate::assemble;
use crate::data_dir::DataDir;
use crate::keys::{KeyOrder, Scope};

/// Make, list and revoke server keys: how your app's servers prove themselves.
///
/// Asks the running server through DIR/admin.sock; opens the store itself if none runs. A key and its revocation hold
/// at once. To rotate: add a key, give it to your servers, revoke the old one. What a key does is in the log
/// (bongsu::audit), under the id of the key.
#[derive(Debug, Args)]
pub(crate) struct Key {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a key and print it. It is shown this once: the store holds only its hash.
    Add {
        #[command(flatten)]
        target: Target,
        /// What the key may do; may be given twice. Without it: everything.
        #[arg(long = "scope", value_enum, value_name = "SCOPE", default_values = ["act", "users"])]
        scopes: Vec<Scope>,
    },
    /// List all keys by their ids, revoked ones too. Ids that begin with `dev` were DIR/server.key.
    List {
        #[command(flatten)]
        target: Target,
    },
    /// Revoke a key, for good.
    Revoke {
        /// Its id: what stands between `bsk_` and the next `_` of the key.
        #[arg(value_name = "ID")]
        id: String,
        #[command(flatten)]
        target: Target,
    },
}

/// Whose keys.
#[derive(Debug, Args)]
struct Target {
    /// Data directory of the server.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
}

impl Key {
    pub(super) fn run(self) -> Result<()> {
        let (order, target) = match self.command {
            Command::Add { target, scopes } => (KeyOrder::Add { scopes }, target),
            Command::List { target } => (KeyOrder::List, target),
            Command::Revoke { id, target } => (KeyOrder::Revoke { id }, target),
        };
        let is_new = matches!(order, KeyOrder::Add { .. });
        let data = DataDir::existing(&target.data)?;
        let done = super::runtime()?.block_on(async {
            match admin::ask(&data, &Order::Key { key: order.clone() }).await? {
                Some(answer) => Ok(answer),
                None => assemble::keys_offline(&data, order).await,
            }
        })?;
        println!("{done}");
        if is_new {
            // Not on stdout, which may go to a file of the key alone.
            eprintln!("this key is shown once: keep it on your servers");
        }
        Ok(())
    }
}

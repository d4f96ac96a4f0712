//! `bongsu demo`: a running chat with data in it.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result};
use bongsu_edge::DemoUser;
use bongsu_service::auth::{NewToken, TokenSigner};
use bongsu_types::{Clock, SystemClock};
use clap::Args;
use tokio_util::sync::CancellationToken;

use crate::cli::progress::Progress;
use crate::cli::serve::ListenArgs;
use crate::config::Config;
use crate::data_dir::DataDir;
use crate::demo::{self, Market};
use crate::serve::{Serving, Signals};
use crate::telemetry;

/// Run a server with believable data in it and open it by one link.
///
/// 100 people, 500 rooms of a rental marketplace, 75,000 messages in Korean and English, and a few bots that keep
/// talking. Prints a link that is already logged in; the page lets you become anybody else in a second window.
#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Keep the data here; without it they are gone when the demo ends.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    #[command(flatten)]
    listen: ListenArgs,
    /// Nobody talks by itself.
    #[arg(long)]
    quiet: bool,
}

impl Demo {
    pub(super) fn run(self) -> Result<()> {
        let mut config = Config::load(None)?;
        config.log.level = std::env::var("BONGSU_LOG__LEVEL").unwrap_or_else(|_| "warn".to_owned());
        telemetry::start_logs(&config.log)?;
        // Dropped after the server has stopped: then the directory goes.
        let temporary = match &self.data {
            Some(_) => None,
            None => Some(
                tempfile::Builder::new()
                    .prefix("bongsu-demo-")
                    .tempdir()
                    .context("no temporary directory")?,
            ),
        };
        let root =
            self.data.as_deref().or(temporary.as_ref().map(|dir| dir.path())).context("no data directory")?;
        let data = DataDir::create(root)?;
        super::runtime()?.block_on(self.serve(config, data))
    }

    async fn serve(&self, config: Config, data: DataDir) -> Result<()> {
        let market = Market::open();
        let users = demo_users(&config, &data, &market)?;
        let link_token = users.first().map(|user| user.token.clone()).context("the demo has people")?;
        let mut serving = Serving::prepare(config, data, self.listen.addresses()).await?;

        let progress = Progress::of(75_000, "messages");
        progress.now_on("filling the market");
        let rooms =
            demo::seed(serving.importer(), &market, SystemClock.now_ms(), |count| progress.add(count))
                .await?;
        progress.done();

        serving.offer_demo_users(users);
        let (service, bus) = (Arc::clone(serving.service()), Arc::clone(serving.bus()));
        let serving = serving.listen().await?;
        let signals = Signals::take()?;
        println!("bongsu ready {}", serving.url());
        println!("open {}/#token={link_token}", serving.url());
        println!("(Ctrl-C ends the demo; the page's menu opens a second window as somebody else)");

        let stop = CancellationToken::new();
        let bots = match self.quiet {
            true => None,
            false => Some(tokio::spawn(demo::talk(service, bus, market, rooms, stop.clone()))),
        };
        let ended = serving.until_told_to_stop(signals).await;
        stop.cancel();
        if let Some(bots) = bots {
            bots.await.context("the bots")?;
        }
        ended
    }
}

fn demo_users(config: &Config, data: &DataDir, market: &Market) -> Result<Vec<DemoUser>> {
    data.make_secret()?;
    let secret = config.secret(data)?;
    let signer = TokenSigner::new(secret.as_bytes(), config.tokens.audience.clone(), Arc::new(SystemClock));
    let users = market
        .people
        .iter()
        .map(|person| {
            let name = person.name.to_owned();
            let token =
                signer.sign(&NewToken { name: Some(name.clone()), ..NewToken::of(person.user.clone()) });
            DemoUser { user: person.user.clone(), name, token }
        })
        .collect();
    Ok(users)
}

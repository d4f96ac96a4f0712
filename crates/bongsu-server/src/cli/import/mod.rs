//! `bongsu import`: rooms from elsewhere, one file a format.

mod discord;
mod irc;
mod jsonl;
mod kakao;
mod mattermost;
mod run;
mod slack;
mod summary;
mod telegram;
mod whatsapp;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Result, ensure};
use bongsu_import::{ReadError, Source};
use clap::{Args, Subcommand};

/// Import chats from elsewhere.
///
/// The server must be stopped. Every file is read twice: first to find whatever is wrong with it, so that a broken file
/// leaves nothing behind; then to import it. A room is seen by nobody until all of it is in; an import that was cut off
/// goes on where it stopped; importing the same files again changes nothing. Memory does not grow with the messages.
///
/// People become users with ids <format>:<their id or name there> (bytes outside A-Z a-z 0-9 _ @ - as .xx hex, long ones
/// end in a hash). Everything that was said counts as read. Files are named in a message's data, not copied. See
/// docs/IMPORT.md for every format.
#[derive(Debug, Args)]
pub(crate) struct Import {
    #[command(subcommand)]
    format: Format,
}

#[derive(Debug, Subcommand)]
enum Format {
    Kakao(kakao::Kakao),
    Slack(slack::Slack),
    Mattermost(mattermost::Mattermost),
    Discord(discord::Discord),
    Telegram(telegram::Telegram),
    Whatsapp(whatsapp::Whatsapp),
    Jsonl(jsonl::Jsonl),
    Irc(irc::Irc),
}

/// Where to.
#[derive(Debug, Args)]
struct Target {
    /// Data directory; made when it does not exist.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Settings file (TOML). Groups of up to 1,000 people are taken whatever it says; larger ones become channels.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Members of a group while importing: a public channel's slice has more authors than a group of friends.
pub(crate) const GROUP_MEMBERS: u32 = 1_000;

/// A part of what was named that stands or falls by itself.
struct Unit {
    name: String,
    open: Box<dyn FnOnce() -> Result<Arc<dyn Source>, ReadError>>,
}

impl Unit {
    fn new<S: Source + 'static>(path: &Path, open: impl FnOnce() -> Result<S, ReadError> + 'static) -> Self {
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        Self { name, open: Box::new(move || Ok(Arc::new(open()?) as Arc<dyn Source>)) }
    }
}

impl Import {
    pub(super) fn run(self) -> Result<()> {
        let (units, target, looked_for) = match self.format {
            Format::Kakao(kakao) => {
                (kakao.units()?, kakao.target, "KakaoTalk*.txt, Talk_*.txt, KakaoTalk*.csv")
            }
            Format::Slack(slack) => (slack.units(), slack.target, "Slack export"),
            Format::Mattermost(mattermost) => (mattermost.units(), mattermost.target, "Mattermost export"),
            Format::Discord(discord) => (discord.units()?, discord.target, "*.json"),
            Format::Telegram(telegram) => (telegram.units()?, telegram.target, "result.json"),
            Format::Whatsapp(whatsapp) => (whatsapp.units()?, whatsapp.target, "_chat.txt or WhatsApp*"),
            Format::Jsonl(jsonl) => (jsonl.units()?, jsonl.target, "JSON lines"),
            Format::Irc(irc) => (irc.units()?, irc.target, "*.raw.txt or *.ascii.txt"),
        };
        ensure!(!units.is_empty(), "no {looked_for} in the folders named");
        run::run(units, &target)
    }
}

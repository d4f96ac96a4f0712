//! `bongsu import kakao`.

use std::path::PathBuf;

use anyhow::{Result, ensure};
use bongsu_import::UtcOffset;
use bongsu_import::kakao::{KakaoRoom, exports};
use clap::Args;

use super::{Target, Unit};

/// KakaoTalk (카카오톡) chats, exported on iOS, Android, Windows or macOS, in Korean or English.
///
/// Each export is one room, named by its title; the key is kakao:<title>. The layout is found by the content. The parts of
/// a long iOS chat (…-1.txt, …-2.txt) are one room. People have only their display names: two of one name become one user.
/// Files beside an iOS or Android export are named in the data of their messages. Text is UTF-8, or UTF-16 with a byte
/// order mark; convert an old CP949 file with `iconv -f cp949 -t utf-8`.
#[derive(Debug, Args)]
pub(super) struct Kakao {
    /// KakaoTalkChats.txt, Talk_*.txt, KakaoTalk_*.txt, KakaoTalk_Chat_*.csv, a zip of them, or folders searched for them.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Names the room instead of the export's title; for one export.
    #[arg(long, value_name = "NAME")]
    room: Option<String>,
    /// The phone's zone: exports do not say it.
    #[arg(long, value_name = "±HH:MM", default_value = "+09:00", allow_hyphen_values = true)]
    utc_offset: UtcOffset,
    #[command(flatten)]
    pub(super) target: Target,
}

impl Kakao {
    pub(super) fn units(&self) -> Result<Vec<Unit>> {
        let exports = exports(&self.paths)?;
        ensure!(
            self.room.is_none() || exports.len() == 1,
            "--room names one room, there are {}",
            exports.len()
        );
        let unit = |parts: Vec<PathBuf>| {
            let (room, offset) = (self.room.clone(), self.utc_offset);
            let first = parts.first()?.clone();
            Some(Unit::new(&first, move || KakaoRoom::open(&parts, room.as_deref(), offset)))
        };
        Ok(exports.into_iter().filter_map(unit).collect())
    }
}

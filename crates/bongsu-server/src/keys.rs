//! What `bongsu key` does to the server keys: in the running server, or on a store that no server runs on.

use std::fmt::Write as _;

use anyhow::{Context, Result};
use bongsu_service::ServiceError;
use bongsu_service::auth::ServerKeys;
use bongsu_types::{KeyScope, Millis, ServerKey};
use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// Keys a list shows: it is one line of the admin socket.
const LISTED: usize = 400;

/// What a server key may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Scope {
    /// Act for any user: rooms, messages, reads.
    Act,
    /// Create, change and revoke users.
    Users,
}

/// What can be done to the server keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum KeyOrder {
    /// Make a key; the text is its answer.
    Add {
        /// What it may do.
        scopes: Vec<Scope>,
    },
    /// Show them.
    List,
    /// Revoke one, for good.
    Revoke {
        /// Its id.
        id: String,
    },
}

impl KeyOrder {
    /// Does it; the text is for the operator's stdout.
    ///
    /// # Errors
    /// When there is no such key, there are too many, or the store fails.
    pub(crate) async fn carry_out(self, keys: &ServerKeys) -> Result<String> {
        match self {
            Self::Add { scopes } => {
                let scopes = scopes.into_iter().map(KeyScope::from).collect();
                Ok(keys.add(scopes).await.context("no key was made")?.text)
            }
            Self::List => Ok(table(keys.list().await?)),
            Self::Revoke { id } => match keys.revoke(&id).await {
                Ok(key) => Ok(format!("{} is revoked", key.id)),
                Err(ServiceError::NotFound) => {
                    anyhow::bail!("there is no server key {id}: `bongsu key list` names them")
                }
                Err(error) => Err(error.into()),
            },
        }
    }
}

impl From<Scope> for KeyScope {
    fn from(scope: Scope) -> Self {
        match scope {
            Scope::Act => Self::Act,
            Scope::Users => Self::Users,
        }
    }
}

/// Valid keys first, then the revoked ones, the latest of both on top.
fn table(mut keys: Vec<ServerKey>) -> String {
    keys.sort_by_key(|key| (key.revoked_ms.is_some(), std::cmp::Reverse((key.revoked_ms, key.created_ms))));
    let mut text = format!("{:<16}{:<12}{:<22}{}", "id", "scopes", "created", "revoked");
    for key in keys.iter().take(LISTED) {
        let scopes: Vec<&str> = key.scopes.iter().map(|scope| scope_name(*scope)).collect();
        let revoked = key.revoked_ms.map_or_else(|| "-".to_owned(), utc);
        write!(text, "\n{:<16}{:<12}{:<22}{revoked}", key.id, scopes.join(","), utc(key.created_ms))
            .expect("a string takes any text");
    }
    if keys.len() > LISTED {
        write!(text, "\n({} more, revoked long ago)", keys.len() - LISTED).expect("a string takes any text");
    }
    text
}

fn scope_name(scope: KeyScope) -> &'static str {
    match scope {
        KeyScope::Act => "act",
        KeyScope::Users => "users",
    }
}

/// RFC 3339 to the second. Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`.
fn utc(at: Millis) -> String {
    let seconds = at.get() / 1_000;
    let (days, second) = (seconds / 86_400 + 719_468, seconds % 86_400);
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    // Years of this calendar begin in March, so that the day that may be missing is the last.
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_as_a_calendar_does() {
        for (ms, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399_000, "2000-02-28T23:59:59Z"),
            (951_782_400_000, "2000-02-29T00:00:00Z"),
            (1_709_251_199_999, "2024-02-29T23:59:59Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(utc(Millis(ms)), text);
        }
    }

    #[test]
    fn a_list_names_the_valid_keys_first_and_fits_one_line_of_the_socket() {
        let key = |number: u64| ServerKey {
            id: format!("dev{number:012}"),
            hash: [0; 32],
            scopes: vec![KeyScope::Act, KeyScope::Users],
            created_ms: Millis(number),
            revoked_ms: (number != 7).then_some(Millis(number)),
        };
        let text = table((0..1_000).map(key).collect());
        assert!(
            text.lines().nth(1).is_some_and(|line| line.starts_with("dev000000000007 act,users")),
            "{text}"
        );
        assert!(text.lines().nth(2).is_some_and(|line| line.starts_with("dev000000000999")), "{text}");
        assert!(text.ends_with("(600 more, revoked long ago)"));
        assert!(text.len() < 40_000);
    }
}

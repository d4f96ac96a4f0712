//! Every importer, from its files to what a member of the room sees.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod discord;
mod driver;
mod hostile;
mod irc;
mod jsonl;
mod kakao;
mod kakao_golden;
mod mattermost;
mod slack;
mod streaming;
mod support;
mod telegram;
mod whatsapp;

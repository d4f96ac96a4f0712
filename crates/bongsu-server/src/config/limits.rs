//! `[limits]` of the settings: the same fields as [`Limits`], each required by the default file.

use anyhow::{Result, ensure};
use bongsu_types::Limits;
use serde::Deserialize;

/// Mirrors `Limits` field by field: a field added there without its setting does not compile.
macro_rules! limits_config {
    ($($field:ident: $type:ty),* $(,)?) => {
        /// Bounds as settings.
        #[derive(Debug, Clone, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(crate) struct LimitsConfig {
            $(#[allow(missing_docs, reason = "documented in Limits and in the default file")] pub $field: $type,)*
        }

        impl LimitsConfig {
            /// The limits the server runs with.
            #[must_use]
            pub(crate) fn to_limits(&self) -> Limits {
                Limits { $($field: self.$field,)* }
            }
        }
    };
}

limits_config! {
    text_bytes: usize,
    data_bytes: usize,
    name_bytes: usize,
    image_bytes: usize,
    mentions: usize,
    reactions_per_message: usize,
    group_members: u32,
    channel_members: u32,
    rooms_per_user: usize,
    devices_per_user: usize,
    users_per_call: usize,
    profiles_per_call: usize,
    page_items: usize,
    page_bytes: usize,
    frame_bytes: usize,
    batch_items: usize,
    in_flight: usize,
    send_queue_bytes: usize,
    group_bytes: usize,
    watch_users: usize,
    small_room_members: u32,
    hello_cursors: usize,
    changes_items: usize,
    resume_records: usize,
    resume_bytes: usize,
    resume_room_records: u64,
    offline_days: u32,
    sends_per_s: u32,
    sends_burst: u32,
    creates_per_min: u32,
    watches_per_min: u32,
    typing_per_s: u32,
    sessions: usize,
}

impl LimitsConfig {
    /// Refuses bounds under which nothing works.
    pub(super) fn check(&self) -> Result<()> {
        for (name, value) in [
            ("text_bytes", self.text_bytes),
            ("data_bytes", self.data_bytes),
            ("page_items", self.page_items),
            ("batch_items", self.batch_items),
            ("in_flight", self.in_flight),
            ("rooms_per_user", self.rooms_per_user),
            ("devices_per_user", self.devices_per_user),
            ("sessions", self.sessions),
        ] {
            ensure!(value > 0, "limits.{name} must be at least 1");
        }
        ensure!(self.frame_bytes >= 1024, "limits.frame_bytes must be at least 1024: a hello has to fit");
        ensure!(
            self.send_queue_bytes >= self.group_bytes,
            "limits.send_queue_bytes must be at least limits.group_bytes"
        );
        ensure!(self.offline_days > 0, "limits.offline_days must be at least 1");
        Ok(())
    }
}

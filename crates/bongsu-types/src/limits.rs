//! Every bound of Bongsu in one place, with its unit and its reason.

/// Bounds on what clients send and what the server holds. All configurable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Text of a message, bytes: a long paragraph, not a document.
    pub text_bytes: usize,
    /// `data` of a message, room or user, bytes as sent: facts, not files.
    pub data_bytes: usize,
    /// Name of a user or room, bytes.
    pub name_bytes: usize,
    /// Image URL, bytes.
    pub image_bytes: usize,
    /// Users named in one message; each is a row written in the commit.
    pub mentions: usize,
    /// Distinct emoji on one message; each is part of the message row.
    pub reactions_per_message: usize,
    /// Members of a group: each sees each other's receipts and typing.
    pub group_members: u32,
    /// Members of a channel: each is a socket to write to.
    pub channel_members: u32,
    /// Rooms of a user: a chat list reads them all.
    pub rooms_per_user: usize,
    /// Devices of a user; one more replaces the least recently active.
    pub devices_per_user: usize,
    /// Users named in one call that changes members; all of them are rows of one commit.
    pub users_per_call: usize,
    /// Profiles in one `user.upsert` or `user.get`.
    pub profiles_per_call: usize,
    /// Items of a page.
    pub page_items: usize,
    /// Bytes of a page (at least one item).
    pub page_bytes: usize,
    /// One inbound frame or body, bytes.
    pub frame_bytes: usize,
    /// Requests in one batch.
    pub batch_items: usize,
    /// Commands of a session in flight; then its socket is not read.
    pub in_flight: usize,
    /// Bytes queued for a session; then its rooms fall behind and read the log at the socket's pace.
    pub send_queue_bytes: usize,
    /// Bytes of an array of replies and events the server groups.
    pub group_bytes: usize,
    /// Users one session watches.
    pub watch_users: usize,
    /// Rooms up to this size have receipts, transit and typing.
    pub small_room_members: u32,
    /// Cursors in one hello.
    pub hello_cursors: usize,
    /// Own rows `changes` returns before it says `list_reset`.
    pub changes_items: usize,
    /// Records one resume streams; rooms beyond get `room.reset`.
    pub resume_records: usize,
    /// Bytes one resume streams.
    pub resume_bytes: usize,
    /// Records of backlog of one room a resume streams.
    pub resume_room_records: u64,
    /// Days a device may be idle, a tombstone is kept, a transit record waits.
    pub offline_days: u32,
    /// Sends of one user: steady rate per second, 0 for no limit.
    pub sends_per_s: u32,
    /// Sends of one user at once before the rate applies.
    pub sends_burst: u32,
    /// Rooms one user creates: per minute, 0 for no limit. Creating reaches into other people's lists.
    pub creates_per_min: u32,
    /// Calls of one user that watch presence: per minute, 0 for no limit. Each looks for a shared room with every user
    /// it names, which is the dearest read there is.
    pub watches_per_min: u32,
    /// Typing notifications of one session per second.
    pub typing_per_s: u32,
    /// Sessions of a node; more are told 4002 after the upgrade.
    pub sessions: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            text_bytes: 16 * 1024,
            data_bytes: 8 * 1024,
            name_bytes: 256,
            image_bytes: 2048,
            mentions: 20,
            reactions_per_message: 50,
            group_members: 100,
            channel_members: 100_000,
            rooms_per_user: 5_000,
            devices_per_user: 16,
            users_per_call: 1_000,
            profiles_per_call: 100,
            page_items: 200,
            page_bytes: 128 * 1024,
            frame_bytes: 128 * 1024,
            batch_items: 32,
            in_flight: 32,
            send_queue_bytes: 256 * 1024,
            group_bytes: 64 * 1024,
            watch_users: 200,
            small_room_members: 100,
            hello_cursors: 1_000,
            changes_items: 200,
            resume_records: 5_000,
            resume_bytes: 4 * 1024 * 1024,
            resume_room_records: 1_000,
            offline_days: 30,
            sends_per_s: 50,
            sends_burst: 200,
            creates_per_min: 60,
            watches_per_min: 120,
            typing_per_s: 4,
            sessions: 100_000,
        }
    }
}

//! How the domain's types look in OpenAPI. Nothing here is ever made: `build.rs` puts these in the place of the types
//! they are named after.
#![expect(dead_code, reason = "read by the derive only")]

use bongsu_types::RoomId;
use utoipa::ToSchema;

/// A user, named by the host app.
#[derive(ToSchema)]
#[schema(as = UserId, min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9_.@:-]+$", example = "alice")]
pub(crate) struct UserIdSchema(String);

/// A running client of a user, named by that client.
#[derive(ToSchema)]
#[schema(as = DeviceId, min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9_.@:-]+$", example = "alice-phone")]
pub(crate) struct DeviceIdSchema(String);

/// A room: a UUID (version 7) in lower case, minted by the server.
#[derive(ToSchema)]
#[schema(as = RoomId, format = "uuid", example = "019a5c2e-7b00-7c3d-9e4f-5a6b7c8d9e0f")]
pub(crate) struct RoomIdSchema(String);

/// Chosen by the sender to make a change idempotent: 1 to 64 bytes.
#[derive(ToSchema)]
#[schema(as = ClientId, min_length = 1, max_length = 64, example = "c-1")]
pub(crate) struct ClientIdSchema(String);

/// Chosen by the creator to make room creation idempotent: 1 to 128 bytes.
#[derive(ToSchema)]
#[schema(as = RoomKey, min_length = 1, max_length = 128, example = "listing:4711")]
pub(crate) struct RoomKeySchema(String);

/// An emoji or a short code: 1 to 64 bytes.
#[derive(ToSchema)]
#[schema(as = Emoji, min_length = 1, max_length = 64, example = "👍")]
pub(crate) struct EmojiSchema(String);

/// The host app's own facts, kept exactly as sent. `{}` clears them in an update.
#[derive(ToSchema)]
#[schema(as = JsonObject, value_type = std::collections::BTreeMap<String, serde_json::Value>)]
pub(crate) struct JsonObjectSchema(serde_json::Value);

/// User ids, or `@all` for everybody.
#[derive(ToSchema)]
#[schema(as = Mentions)]
pub(crate) struct MentionsSchema(Vec<String>);

/// Who speaks in a message.
#[derive(ToSchema)]
#[schema(as = MessageKind, rename_all = "snake_case")]
pub(crate) enum MessageKindSchema {
    Message,
    System,
}

/// Whether a failed attempt may have happened.
#[derive(ToSchema)]
#[schema(as = Outcome, rename_all = "snake_case")]
pub(crate) enum OutcomeSchema {
    NotApplied,
    Unknown,
}

/// What a member may do.
#[derive(ToSchema)]
#[schema(as = Role, rename_all = "snake_case")]
pub(crate) enum RoleSchema {
    Member,
    Admin,
    Owner,
}

/// What kind of conversation a room is.
#[derive(ToSchema)]
#[schema(as = RoomKind, rename_all = "snake_case")]
pub(crate) enum RoomKindSchema {
    Direct,
    Group,
    Channel,
}

/// How long records are kept.
#[derive(ToSchema)]
#[schema(as = Retention)]
pub(crate) struct RetentionSchema {
    /// `history`, or `transit`: gone once every device has it.
    mode: RetentionMode,
    /// History only: days kept, at least 1; absent means for ever.
    #[schema(required = false, minimum = 1)]
    days: Option<u32>,
}

#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
enum RetentionMode {
    History,
    Transit,
}

/// Stable name of what went wrong.
#[derive(ToSchema)]
#[schema(as = ErrorKind, rename_all = "snake_case")]
pub(crate) enum ErrorKindSchema {
    Parse,
    InvalidRequest,
    UnknownMethod,
    InvalidParams,
    Internal,
    Unauthorized,
    TokenExpired,
    Forbidden,
    NotFound,
    Conflict,
    TooLarge,
    LimitReached,
    RateLimited,
    Overloaded,
    Unavailable,
    Unsupported,
}

/// `message.new`: the room and the message object, in one.
#[derive(ToSchema)]
#[schema(as = MessageNew)]
pub(crate) struct MessageNewSchema {
    /// The room.
    room: RoomId,
    #[serde(flatten)]
    message: crate::MessageObject,
}

//! The table of routes. Paths are stable within `/v1`.

use super::Verb::{Delete, Get, Patch, Post, Put};
use super::{Body, Form, Route, Verb};

/// All routes of the REST API, in the order of the documentation.
pub const ROUTES: &[Route] = &[
    with_body(Post, "/v1/rooms", "room.create"),
    Route {
        verb: Get,
        path: "/v1/rooms",
        method: "room.list",
        query: &[
            ("limit", Form::Number),
            ("cursor", Form::Text),
            ("unread_only", Form::Flag),
            ("kind", Form::Text),
            ("hidden", Form::Flag),
        ],
        body: Body::None,
    },
    plain(Get, "/v1/rooms/{room}", "room.get"),
    with_body(Patch, "/v1/rooms/{room}", "room.update"),
    Route {
        verb: Get,
        path: "/v1/rooms/{room}/messages",
        method: "message.history",
        query: &[
            ("before", Form::Number),
            ("after", Form::Number),
            ("around", Form::Number),
            ("limit", Form::Number),
        ],
        body: Body::None,
    },
    with_body(Post, "/v1/rooms/{room}/messages", "message.send"),
    with_body(Patch, "/v1/rooms/{room}/messages/{seq}", "message.edit"),
    with_client_id(Delete, "/v1/rooms/{room}/messages/{seq}", "message.delete", Body::None),
    with_client_id(Put, "/v1/rooms/{room}/messages/{seq}/reactions/{emoji}", "message.react", Body::None),
    with_client_id(
        Delete,
        "/v1/rooms/{room}/messages/{seq}/reactions/{emoji}",
        "message.react",
        Body::Remove,
    ),
    Route {
        verb: Get,
        path: "/v1/rooms/{room}/members",
        method: "room.members",
        query: &[("limit", Form::Number), ("cursor", Form::Text)],
        body: Body::None,
    },
    with_body(Post, "/v1/rooms/{room}/members", "room.add_members"),
    with_body(Post, "/v1/rooms/{room}/members/remove", "room.remove_members"),
    with_body(Put, "/v1/rooms/{room}/members/{user}/role", "room.set_role"),
    plain(Post, "/v1/rooms/{room}/leave", "room.leave"),
    plain(Post, "/v1/rooms/{room}/accept", "room.accept"),
    with_body(Post, "/v1/rooms/{room}/read", "room.mark_read"),
    plain(Post, "/v1/rooms/{room}/unread", "room.mark_unread"),
    with_body(Patch, "/v1/rooms/{room}/settings", "room.settings"),
    Route {
        verb: Get,
        path: "/v1/users",
        method: "user.get",
        query: &[("users", Form::List)],
        body: Body::None,
    },
    Route { verb: Put, path: "/v1/users/{user}", method: "user.upsert", query: &[], body: Body::OneUser },
    plain(Post, "/v1/users/{user}/revoke", "user.revoke"),
    plain(Get, "/v1/devices", "device.list"),
    plain(Delete, "/v1/devices/{device}", "device.remove"),
];

const fn plain(verb: Verb, path: &'static str, method: &'static str) -> Route {
    Route { verb, path, method, query: &[], body: Body::None }
}

const fn with_body(verb: Verb, path: &'static str, method: &'static str) -> Route {
    Route { verb, path, method, query: &[], body: Body::Fields }
}

/// Changes without a body take their idempotency key from the query.
const fn with_client_id(verb: Verb, path: &'static str, method: &'static str, body: Body) -> Route {
    Route { verb, path, method, query: &[("client_id", Form::Text)], body }
}

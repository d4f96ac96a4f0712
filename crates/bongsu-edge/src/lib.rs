//! The edge of Bongsu: WebSocket sessions, the HTTP API, the hub that delivers, and the web page.
//!
//! A walk through it: [`Edge::serve`] accepts connections, `router` sends each request to `http` (REST), `assets` (the
//! page) or `ws::upgrade`. A session (`ws::session`) is one task per connection: it decodes frames, starts use cases and
//! writes what is in its mailbox. The hub (`hub`) takes commits from the bus and puts each record, encoded once, into the
//! mailboxes of all live sessions of its room; a session that cannot keep up reads the log at its own pace (`ws::catch_up`).

mod assets;
mod commands;
mod convert;
mod edge;
mod error;
mod http;
mod hub;
mod router;
mod serve;
mod state;
mod supervise;
mod timing;
mod ws;

pub use edge::{Edge, EdgeParts};
pub use http::{DemoUser, metrics_router, serve_metrics};
pub use timing::Timing;

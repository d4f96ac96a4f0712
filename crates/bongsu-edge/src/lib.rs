//! The edge of Bongsu: sockets and HTTP on one side, use cases on the other.

mod commands;
mod convert;
mod error;
mod http;

pub use http::{ApiState, DemoUser, api_routes, metrics_router, serve_metrics};

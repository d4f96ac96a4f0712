//! A small HTTP/1.1 client for the calls a host app's server makes, and for reading metrics.

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio_util::task::AbortOnDropHandle;

use crate::Endpoint;

/// The longest body taken, bytes: a page and its envelope fit many times, metrics too.
const BODY_BYTES_MAX: usize = 4 * 1024 * 1024;

/// An answer over HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// The body as text.
    pub body: String,
}

impl Answer {
    /// Whether the status is 2xx.
    #[must_use]
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The body read as `T`.
    ///
    /// # Errors
    /// When the status is no success, or the body is of another shape.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, RestError> {
        if !self.is_success() {
            return Err(RestError::Refused { status: self.status, body: self.body.clone() });
        }
        serde_json::from_str(&self.body)
            .map_err(|error| RestError::Shape { error: error.to_string(), body: self.body.clone() })
    }
}

/// Why a call over HTTP gave nothing.
#[derive(Debug, thiserror::Error)]
pub enum RestError {
    /// The server was not reached, or broke the connection.
    #[error("no answer from {authority}: {reason}")]
    Transport {
        /// `HOST:PORT`.
        authority: String,
        /// Why.
        reason: String,
    },
    /// The answer is an error.
    #[error("refused with {status}: {body}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// The body.
        body: String,
    },
    /// The answer is not what was expected.
    #[error("unexpected answer ({error}): {body}")]
    Shape {
        /// What the parser said.
        error: String,
        /// The body.
        body: String,
    },
}

/// Calls over one kept-alive connection, opened when first needed and again when it broke. One call at a time.
#[derive(Debug)]
pub struct Rest {
    endpoint: Endpoint,
    bearer: Option<String>,
    acting_user: Option<String>,
    connection: Option<Connection>,
}

#[derive(Debug)]
struct Connection {
    sender: http1::SendRequest<Full<Bytes>>,
    _driver: AbortOnDropHandle<()>,
}

impl Rest {
    /// Calls without credentials.
    #[must_use]
    pub fn new(endpoint: Endpoint) -> Self {
        Self { endpoint, bearer: None, acting_user: None, connection: None }
    }

    /// Presents this user token or server key.
    #[must_use]
    pub fn bearer(mut self, credential: impl Into<String>) -> Self {
        self.bearer = Some(credential.into());
        self
    }

    /// With a server key: acts for this user.
    #[must_use]
    pub fn acting_for(mut self, user: impl Into<String>) -> Self {
        self.acting_user = Some(user.into());
        self
    }

    /// `GET path`.
    ///
    /// # Errors
    /// When no answer comes; an error status is an answer.
    pub async fn get(&mut self, path: &str) -> Result<Answer, RestError> {
        self.call(Method::GET, path, None).await
    }

    /// `POST path` with a JSON body.
    ///
    /// # Errors
    /// When no answer comes; an error status is an answer.
    pub async fn post<B: Serialize>(&mut self, path: &str, body: &B) -> Result<Answer, RestError> {
        self.send(Method::POST, path, body).await
    }

    /// `PUT path` with a JSON body.
    ///
    /// # Errors
    /// When no answer comes; an error status is an answer.
    pub async fn put<B: Serialize>(&mut self, path: &str, body: &B) -> Result<Answer, RestError> {
        self.send(Method::PUT, path, body).await
    }

    /// `PATCH path` with a JSON body.
    ///
    /// # Errors
    /// When no answer comes; an error status is an answer.
    pub async fn patch<B: Serialize>(&mut self, path: &str, body: &B) -> Result<Answer, RestError> {
        self.send(Method::PATCH, path, body).await
    }

    /// `DELETE path`.
    ///
    /// # Errors
    /// When no answer comes; an error status is an answer.
    pub async fn delete(&mut self, path: &str) -> Result<Answer, RestError> {
        self.call(Method::DELETE, path, None).await
    }

    /// Any method with any bytes as its body, for tests of bad input.
    ///
    /// # Errors
    /// When no answer comes, or the method is no HTTP method.
    pub async fn raw(
        &mut self,
        method: &str,
        path: &str,
        body: impl Into<Bytes>,
    ) -> Result<Answer, RestError> {
        let method = method.parse().map_err(|_| self.broken("not an HTTP method"))?;
        self.call(method, path, Some(body.into())).await
    }

    async fn send<B: Serialize>(
        &mut self,
        method: Method,
        path: &str,
        body: &B,
    ) -> Result<Answer, RestError> {
        let body = serde_json::to_vec(body).map_err(|error| self.broken(error))?;
        self.call(method, path, Some(body.into())).await
    }

    async fn call(&mut self, method: Method, path: &str, body: Option<Bytes>) -> Result<Answer, RestError> {
        let request = self.request(method, path, body)?;
        let mut connection = match self.connection.take().filter(|open| !open.sender.is_closed()) {
            Some(open) => open,
            None => self.connect().await?,
        };
        connection.sender.ready().await.map_err(|error| self.broken(error))?;
        let response = connection.sender.send_request(request).await.map_err(|error| self.broken(error))?;
        let status = response.status();
        let body = Limited::new(response.into_body(), BODY_BYTES_MAX).collect().await;
        let bytes = body.map_err(|error| self.broken(error))?.to_bytes();
        // A server that refuses a request before it has read all of it ends the connection after the answer.
        self.connection = status.is_success().then_some(connection);
        Ok(Answer { status: status.as_u16(), body: String::from_utf8_lossy(&bytes).into_owned() })
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        body: Option<Bytes>,
    ) -> Result<Request<Full<Bytes>>, RestError> {
        let mut request = Request::builder().method(method).uri(path).header(HOST, self.endpoint.authority());
        if let Some(bearer) = &self.bearer {
            request = request.header(AUTHORIZATION, format!("Bearer {bearer}"));
        }
        if let Some(user) = &self.acting_user {
            request = request.header("x-bongsu-user", user);
        }
        if body.is_some() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        request.body(Full::new(body.unwrap_or_default())).map_err(|error| self.broken(error))
    }

    async fn connect(&self) -> Result<Connection, RestError> {
        let tcp = self.endpoint.open(None).await.map_err(|error| self.broken(error))?;
        let (sender, driver) =
            http1::handshake(TokioIo::new(tcp)).await.map_err(|error| self.broken(error))?;
        // How the connection ends is told by the call that needs it.
        let driver = tokio::spawn(async move { drop(driver.await) });
        Ok(Connection { sender, _driver: AbortOnDropHandle::new(driver) })
    }

    fn broken(&self, reason: impl ToString) -> RestError {
        RestError::Transport { authority: self.endpoint.authority().to_owned(), reason: reason.to_string() }
    }
}

/// Writes a path segment so that any id or emoji may stand in it.
#[must_use]
pub fn path_segment(text: &str) -> String {
    let mut segment = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            segment.push(char::from(byte));
        } else {
            segment.push_str(&format!("%{byte:02X}"));
        }
    }
    segment
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_segment_hides_what_a_path_is_made_of() {
        assert_eq!(path_segment("irc:a/b"), "irc%3Aa%2Fb");
        assert_eq!(path_segment("👍"), "%F0%9F%91%8D");
    }
}

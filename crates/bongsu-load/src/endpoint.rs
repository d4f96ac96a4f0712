//! Where a server is: the one URL a caller gives, and the sockets opened to it.

use std::io;

use tokio::net::{TcpSocket, TcpStream, lookup_host};

/// The address of a Bongsu server, from a URL such as `http://127.0.0.1:8080`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    authority: String,
}

/// Why a URL names no server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidUrl {
    /// Neither `http://` nor `ws://`.
    #[error(
        "must begin with http:// or ws:// (this client speaks no TLS: put it inside the trusted network)"
    )]
    Scheme,
    /// No host, or something after the port.
    #[error("must be http://HOST:PORT and nothing more")]
    Authority,
}

impl Endpoint {
    /// Reads a URL. Without a port it is 80.
    ///
    /// # Errors
    /// When the URL is of another scheme, or holds more than a host and a port.
    pub fn parse(url: &str) -> Result<Self, InvalidUrl> {
        let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("ws://"));
        let authority = rest.ok_or(InvalidUrl::Scheme)?.trim_end_matches('/');
        if authority.is_empty() || authority.contains(['/', '?', '#', '@', ' ']) {
            return Err(InvalidUrl::Authority);
        }
        let port = authority.rsplit_once(':').map(|(_, port)| port);
        let has_port = port.is_some_and(|port| port.parse::<u16>().is_ok());
        let authority = if has_port { authority.to_owned() } else { format!("{authority}:80") };
        Ok(Self { authority })
    }

    /// `HOST:PORT`.
    #[must_use]
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// The URL sessions connect to.
    #[must_use]
    pub fn websocket_url(&self) -> String {
        format!("ws://{}/v1/connect", self.authority)
    }

    /// Opens a TCP connection; `receive_buffer_bytes` makes the kernel hold little for a reader that is slow.
    pub(crate) async fn open(&self, receive_buffer_bytes: Option<u32>) -> io::Result<TcpStream> {
        let mut last = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
        for address in lookup_host(&self.authority).await? {
            let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
            if let Some(bytes) = receive_buffer_bytes {
                socket.set_recv_buffer_size(bytes)?;
            }
            match socket.connect(address).await {
                Ok(stream) => {
                    stream.set_nodelay(true)?;
                    return Ok(stream);
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_a_scheme_a_host_and_a_port() {
        let endpoint = Endpoint::parse("http://127.0.0.1:8080/").unwrap();
        assert_eq!(endpoint.authority(), "127.0.0.1:8080");
        assert_eq!(endpoint.websocket_url(), "ws://127.0.0.1:8080/v1/connect");
        assert_eq!(Endpoint::parse("ws://chat.example").unwrap().authority(), "chat.example:80");
        assert_eq!(Endpoint::parse("https://chat.example"), Err(InvalidUrl::Scheme));
        assert_eq!(Endpoint::parse("http://a:1/b"), Err(InvalidUrl::Authority));
        assert_eq!(Endpoint::parse("http://"), Err(InvalidUrl::Authority));
    }
}

//! One connection to one server process. Who it is, is learned right after connecting and holds as long as the
//! connection does.

use std::fmt;
use std::time::Duration;

use redis::aio::{AsyncPushSender, MultiplexedConnection};
use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, ErrorKind, InfoDict, IntoConnectionInfo, Pipeline,
    ProtocolVersion, RedisConnectionInfo, RedisError, Value,
};
use tokio::time::timeout;
use xxhash_rust::xxh3::xxh3_64;

use super::address::Address;
use super::options::ValkeyOptions;

/// A connection; clones share it.
#[derive(Clone)]
pub(super) struct Link {
    connection: MultiplexedConnection,
    /// Who answers, see [`Identity`].
    pub(super) identity: Identity,
}

/// Who a server is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Identity {
    /// Of the process (`run_id`) and of its time as a primary (`master_replid2`, whom it took over from, another one
    /// with every promotion): a primary that was replaced and came back may lack what happened meanwhile, so it is
    /// another run.
    pub(super) run: u64,
    pub(super) primary: bool,
}

impl Identity {
    /// `None`: it does not say who it is. Two such servers would be taken for one.
    fn of(info: &InfoDict) -> Option<Self> {
        let text = |name| info.get::<String>(name).unwrap_or_default();
        let run_id = text("run_id");
        if run_id.is_empty() {
            return None;
        }
        let who = format!("{run_id}/{}", text("master_replid2"));
        Some(Self { run: xxh3_64(who.as_bytes()), primary: text("role") == "master" })
    }
}

/// Why there was no answer.
#[derive(Debug, Clone)]
pub(super) enum Silence {
    /// Not in time.
    Timeout,
    /// The connection broke, or could not be made.
    Broken(String),
}

/// What goes over a connection that is used for nothing else.
#[derive(Debug, Clone)]
pub(super) struct Login {
    settings: RedisConnectionInfo,
    connect_timeout: Duration,
}

impl Login {
    pub(super) fn new(options: &ValkeyOptions) -> Self {
        let mut settings = RedisConnectionInfo::default()
            .set_protocol(ProtocolVersion::RESP3)
            .set_skip_set_lib_name()
            .set_db(i64::from(options.database));
        if let Some(username) = &options.username {
            settings = settings.set_username(username);
        }
        if let Some(password) = &options.password {
            settings = settings.set_password(password);
        }
        Self { settings, connect_timeout: options.connect_timeout }
    }
}

impl Link {
    /// Connects, logs in and asks who is there. What the server says on its own goes to `pushes`, the end of the
    /// connection too.
    pub(super) async fn open(
        address: &Address,
        login: &Login,
        pushes: impl AsyncPushSender,
    ) -> Result<Self, Silence> {
        // The client's own limit on connecting does not cover all of it.
        let opening = Self::open_unbounded(address, login, pushes);
        match timeout(login.connect_timeout, opening).await {
            Ok(opened) => opened.map_err(|error| silence(&error)),
            Err(_) => Err(Silence::Timeout),
        }
    }

    async fn open_unbounded(
        address: &Address,
        login: &Login,
        pushes: impl AsyncPushSender,
    ) -> Result<Self, RedisError> {
        let server = ConnectionAddr::Tcp(address.host.to_string(), address.port)
            .into_connection_info()?
            .set_redis_settings(login.settings.clone());
        // Each call sets its own limit on waiting for an answer.
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(login.connect_timeout))
            .set_response_timeout(None)
            .set_push_sender(pushes);
        let connection = Client::open(server)?.get_multiplexed_async_connection_with_config(&config).await?;
        let mut link = Self { connection, identity: Identity { run: 0, primary: false } };
        link.identity = link.ask_identity().await?;
        Ok(link)
    }

    async fn ask_identity(&self) -> Result<Identity, RedisError> {
        let mut connection = self.connection.clone();
        let info: InfoDict =
            redis::cmd("INFO").arg("server").arg("replication").query_async(&mut connection).await?;
        Identity::of(&info)
            .ok_or_else(|| (ErrorKind::UnexpectedReturnType, "INFO does not say the server's run_id").into())
    }

    /// Whether the server still is who it was. Promotions do not end connections.
    pub(super) async fn is_who_it_was(&self, answer_timeout: Duration) -> bool {
        let identity = timeout(answer_timeout, self.ask_identity()).await;
        matches!(identity, Ok(Ok(identity)) if identity == self.identity)
    }

    /// Sends a pipeline. The answers stand in its order; what the server refused is among them.
    pub(super) async fn send(&self, pipeline: &Pipeline, wait: Duration) -> Result<Vec<Value>, Silence> {
        let mut connection = self.connection.clone();
        match timeout(wait, connection.send_packed_commands(pipeline, 0, pipeline.len())).await {
            Ok(Ok(answers)) if answers.len() == pipeline.len() => Ok(answers),
            Ok(Ok(_)) => Err(Silence::Broken("answers are missing".to_owned())),
            Ok(Err(error)) => Err(silence(&error)),
            Err(_) => Err(Silence::Timeout),
        }
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Link").field("identity", &self.identity).finish_non_exhaustive()
    }
}

fn silence(error: &RedisError) -> Silence {
    if error.is_timeout() { Silence::Timeout } else { Silence::Broken(error.to_string()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn who(info: &str) -> Option<Identity> {
        Identity::of(&InfoDict::new(info))
    }

    #[test]
    fn a_server_that_does_not_say_its_run_is_refused() {
        assert_eq!(who("role:master\r\nmaster_replid2:0000\r\n"), None);
        assert_eq!(who("run_id:\r\nrole:master\r\n"), None);
        let one = who("run_id:a1\r\nmaster_replid2:0000\r\nrole:master\r\n");
        assert!(one.is_some_and(|one| one.primary));
        assert_ne!(one, who("run_id:a2\r\nmaster_replid2:0000\r\nrole:master\r\n"));
    }
}

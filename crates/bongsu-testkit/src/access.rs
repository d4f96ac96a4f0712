//! The way into a server under test: where it is, tokens for anybody, the server key.

use std::path::Path;
use std::sync::Arc;

use bongsu_load::{Endpoint, Rest};
use bongsu_service::auth::{NewToken, TokenSigner};
use bongsu_types::{Clock, SystemClock, UserId};

use crate::client::TestClient;

/// What the server expects in `aud` unless it is configured otherwise.
const AUDIENCE: &str = "bongsu";

/// Everything a test needs to come in. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Access {
    endpoint: Endpoint,
    secret: Arc<[u8]>,
    server_key: Arc<str>,
    clock: Arc<dyn Clock>,
}

impl Access {
    /// From the parts.
    ///
    /// # Panics
    /// When `url` is none.
    #[must_use]
    pub fn new(url: &str, secret: &str, server_key: &str, clock: Arc<dyn Clock>) -> Self {
        let endpoint = Endpoint::parse(url).expect("the URL of a server under test");
        Self { endpoint, secret: secret.as_bytes().into(), server_key: server_key.into(), clock }
    }

    /// From the files of a data directory, as `bongsu token` reads them.
    ///
    /// # Panics
    /// When no server has made them.
    #[must_use]
    pub fn of_data_dir(url: &str, data: &Path) -> Self {
        let read = |name: &str| {
            let path = data.join(name);
            let text = std::fs::read_to_string(&path);
            text.unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display())).trim().to_owned()
        };
        Self::new(url, &read("token.secret"), &read("server.key"), Arc::new(SystemClock))
    }

    /// The same server at another URL, for example behind a proxy.
    ///
    /// # Panics
    /// When `url` is none.
    #[must_use]
    pub fn through(&self, url: &str) -> Self {
        let endpoint = Endpoint::parse(url).expect("the URL of a proxy");
        Self { endpoint, ..self.clone() }
    }

    /// Where the server is.
    #[must_use]
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// A token for a user, valid for a day.
    #[must_use]
    pub fn token(&self, user: &str) -> String {
        self.sign(&self.secret, &NewToken::of(user_id(user)))
    }

    /// A token that is over for at least `ms`, leeway included.
    #[must_use]
    pub fn expired_token(&self, user: &str) -> String {
        let an_hour_ago = bongsu_types::ManualClock::at(self.clock.now_ms().minus(3_600_000));
        let signer = TokenSigner::new(&self.secret, AUDIENCE, Arc::new(an_hour_ago));
        signer.sign(&NewToken { valid_ms: 60_000, ..NewToken::of(user_id(user)) })
    }

    /// A token signed with a secret that is not the server's.
    #[must_use]
    pub fn forged_token(&self, user: &str) -> String {
        self.sign(b"another secret, of thirty-two bytes or more", &NewToken::of(user_id(user)))
    }

    /// A token for another audience.
    #[must_use]
    pub fn foreign_token(&self, user: &str) -> String {
        let signer = TokenSigner::new(&self.secret, "elsewhere", Arc::clone(&self.clock));
        signer.sign(&NewToken::of(user_id(user)))
    }

    fn sign(&self, secret: &[u8], token: &NewToken) -> String {
        TokenSigner::new(secret, AUDIENCE, Arc::clone(&self.clock)).sign(token)
    }

    /// The server key.
    #[must_use]
    pub fn server_key(&self) -> &str {
        &self.server_key
    }

    /// REST calls as this user.
    #[must_use]
    pub fn rest(&self, user: &str) -> Rest {
        Rest::new(self.endpoint.clone()).bearer(self.token(user))
    }

    /// REST calls of the host app's server.
    #[must_use]
    pub fn server(&self) -> Rest {
        Rest::new(self.endpoint.clone()).bearer(&*self.server_key)
    }

    /// REST calls without credentials.
    #[must_use]
    pub fn anonymous(&self) -> Rest {
        Rest::new(self.endpoint.clone())
    }

    /// A user's only device, connected.
    ///
    /// # Panics
    /// When it cannot connect.
    pub async fn client(&self, user: &str) -> TestClient {
        self.device(user, &format!("{user}-device")).await
    }

    /// A device of a user, connected.
    ///
    /// # Panics
    /// When it cannot connect.
    pub async fn device(&self, user: &str, device: &str) -> TestClient {
        TestClient::connect(self.clone(), user, device).await
    }

    /// alice and bob in one group, both connected, with that group as their room.
    ///
    /// # Panics
    /// When anything fails.
    pub async fn two_members(&self) -> (TestClient, TestClient) {
        let mut members = self.members(&["alice", "bob"]).await.into_iter();
        let (Some(alice), Some(bob)) = (members.next(), members.next()) else {
            unreachable!("two were asked for")
        };
        (alice, bob)
    }

    /// These users in one group, all connected, with that group as their room; the first is its owner.
    ///
    /// # Panics
    /// When anything fails.
    pub async fn members(&self, users: &[&str]) -> Vec<TestClient> {
        let mut clients = Vec::with_capacity(users.len());
        for user in users {
            clients.push(self.client(user).await);
        }
        let Some((owner, others)) = clients.split_first_mut() else { return clients };
        let ids = others.iter().map(|other| other.user().clone()).collect();
        let room = owner.create_group("a group", ids).await;
        for client in &mut clients {
            client.enter(room).await;
        }
        clients
    }
}

/// A user id that a test wrote down.
///
/// # Panics
/// When it is none.
#[must_use]
pub fn user_id(text: &str) -> UserId {
    UserId::new(text).expect("a user id")
}

//! A user of the log: one device, connected while some room needs it.

use std::sync::Arc;

use bongsu_types::{DeviceId, UserId};
use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinHandle;

use super::players::Checks;
use super::watch::Watch;
use super::{MintToken, ReplayError};
use crate::Endpoint;
use crate::client::{Client, ClientOptions};
use crate::socket::Closed;

/// The one device of a user.
const DEVICE: &str = "replay";

/// A user and the state of its device.
#[derive(Debug)]
pub(super) struct Player {
    pub(super) user: UserId,
    pub(super) watch: Arc<Watch>,
    connection: Mutex<Connection>,
}

#[derive(Debug, Default)]
struct Connection {
    /// Rooms that need the user connected now.
    needed: usize,
    session: Option<Session>,
    /// Sessions opened so far.
    opened: u64,
    /// Sessions that ended without being asked to.
    broken: u64,
}

#[derive(Debug)]
struct Session {
    client: Arc<Client>,
    watching: JoinHandle<Result<Closed, ReplayError>>,
    _permit: OwnedSemaphorePermit,
}

/// What players need to connect.
pub(super) struct Access {
    pub(super) endpoint: Endpoint,
    pub(super) mint_token: MintToken,
    /// Connections that may be open.
    pub(super) connections: Arc<Semaphore>,
}

impl Player {
    pub(super) fn new(user: UserId, checks: Arc<Checks>) -> Self {
        Self { user, watch: Arc::new(Watch::new(checks)), connection: Mutex::default() }
    }

    /// Connects if needed. Every call is followed by one of [`Player::release`].
    pub(super) async fn need(&self, access: &Access) -> Result<Arc<Client>, ReplayError> {
        let mut connection = self.connection.lock().await;
        let client = self.connected(&mut connection, access).await?;
        connection.needed += 1;
        Ok(client)
    }

    /// The session, connected again if it broke; for who holds a need.
    pub(super) async fn client(&self, access: &Access) -> Result<Arc<Client>, ReplayError> {
        let mut connection = self.connection.lock().await;
        self.connected(&mut connection, access).await
    }

    /// Disconnects when no room needs the user any more.
    pub(super) async fn release(&self) -> Result<(), ReplayError> {
        let mut connection = self.connection.lock().await;
        connection.needed -= 1;
        if connection.needed > 0 {
            return Ok(());
        }
        match connection.session.take() {
            Some(session) => self.end(session).await,
            None => Ok(()),
        }
    }

    /// Sessions opened, and those that broke.
    pub(super) async fn sessions(&self) -> (u64, u64) {
        let connection = self.connection.lock().await;
        (connection.opened, connection.broken)
    }

    async fn connected(
        &self,
        connection: &mut Connection,
        access: &Access,
    ) -> Result<Arc<Client>, ReplayError> {
        if let Some(session) = &connection.session
            && session.client.closed().is_none()
        {
            return Ok(Arc::clone(&session.client));
        }
        if let Some(session) = connection.session.take() {
            connection.broken += 1;
            session.watching.await??;
        }
        connection.opened += 1;
        let session = self.begin(access).await?;
        let client = Arc::clone(&session.client);
        connection.session = Some(session);
        Ok(client)
    }

    async fn begin(&self, access: &Access) -> Result<Session, ReplayError> {
        let permit = Arc::clone(&access.connections).acquire_owned().await;
        let permit = permit.expect("the semaphore is never closed");
        let token = (access.mint_token)(&self.user);
        let device = DeviceId::new(DEVICE).expect("a device id");
        let mut options = ClientOptions::new(token, device);
        if let Some((epoch, user_rev)) = self.watch.known() {
            options = options.resuming(epoch, user_rev);
        }
        let (client, hello) = Client::connect(&access.endpoint, options)
            .await
            .map_err(|error| ReplayError::Hello { user: self.user.clone(), error })?;
        self.watch.begin(&client, &hello).await?;
        let client = Arc::new(client);
        let watching = {
            let (watch, client) = (Arc::clone(&self.watch), Arc::clone(&client));
            tokio::spawn(async move { watch.run(&client).await })
        };
        Ok(Session { client, watching, _permit: permit })
    }

    async fn end(&self, session: Session) -> Result<(), ReplayError> {
        // A session that broke meanwhile has nothing to say goodbye to.
        if session.client.ack(self.watch.cursors()).await.is_ok() {
            session.client.close().await;
        }
        session.watching.await??;
        Ok(())
    }
}

//! Open a session of a device: who it is, where it stands, and what it missed.

use bongsu_store::{Hello, Opened, OwnRows, ProfileChange};
use bongsu_types::{DeviceInfo, Epoch, Head, Millis, RoomId, Seq, UserId, UserRev};

use crate::auth::Claims;
use crate::list_rooms::{Chats, Wanted};
use crate::{Actor, ListPage, ListRooms, OwnChanges, Service, ServiceError, ServiceResult, checks};

/// A hello with a token that was verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenSession {
    /// Of the token.
    pub claims: Claims,
    /// The device.
    pub device: DeviceInfo,
    /// The epoch the client knows.
    pub epoch: Option<Epoch>,
    /// The revision of own facts the client knows.
    pub user_rev: Option<UserRev>,
    /// Acked positions not yet known to be stored; at most `hello_cursors`.
    pub cursors: Vec<(RoomId, Seq)>,
    /// Rows of the chat list to answer at once.
    pub list: Option<usize>,
}

/// A session that was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionOpened {
    /// Session number, effective cursors, revision, and whether positions stand.
    pub opened: Opened,
    /// Own rows of all the user's rooms, read after the commit of the hello.
    pub own: OwnRows,
    /// Heads of those rooms, in the same order, read after the own rows.
    pub heads: Vec<Head>,
    /// What changed since the client's revision; `Reset` unless the session resumed and said one.
    pub changes: OwnChanges,
    /// The first page of the chat list, when asked for.
    pub list: Option<ListPage>,
}

/// What a client says of its device, bytes at most; they are shown in a list of devices.
const PLATFORM_BYTES: usize = 64;
const DEVICE_NAME_BYTES: usize = 128;

impl Service {
    /// Opens a session in one commit and then reads what its client needs: four store calls, and up to three more for
    /// what changed.
    ///
    /// # Errors
    /// `InvalidParams`, `TooLarge`, `LimitReached`; `Unauthorized` when the token was revoked.
    pub async fn open_session(&self, request: OpenSession) -> ServiceResult<SessionOpened> {
        let wanted = self.check_hello(&request)?;
        let OpenSession { claims, device, epoch, user_rev, cursors, list: _ } = request;
        let actor = Actor::user(claims.user.clone());
        let profile = self.profile_of(&claims);
        let hello = Hello { user: claims.user, device, issued_ms: claims.issued_ms, epoch, cursors, profile };
        let opened = self.store.hello(hello).await?;
        let own = self.store.own_rows(&actor.user).await?;
        let rooms: Vec<RoomId> = own.rows.iter().map(|row| row.room).collect();
        let heads = self.store.heads(&rooms).await?;
        let changes = match user_rev {
            Some(since) if opened.resumed => self.changes_since(&actor, since).await?,
            Some(_) | None => OwnChanges::Reset { user_rev: own.user_rev },
        };
        let list = match wanted {
            Some(wanted) => {
                let chats = Chats::new(&own.rows, &heads);
                Some(self.list_page(&actor, chats, wanted).await?)
            }
            None => None,
        };
        Ok(SessionOpened { opened, own, heads, changes, list })
    }

    /// A session goes on with a fresh token. Returns when that one expires.
    ///
    /// # Errors
    /// `Unauthorized` when it is another user's or was revoked.
    pub async fn refresh_session(&self, user: &UserId, claims: &Claims) -> ServiceResult<Millis> {
        if claims.user != *user {
            return Err(ServiceError::Unauthorized);
        }
        self.actor_of(claims).await?;
        Ok(claims.expires_ms)
    }

    /// The user of a verified token, unless it was revoked. One store read: a revocation holds at once.
    ///
    /// # Errors
    /// `Unauthorized` when it was revoked.
    pub async fn actor_of(&self, claims: &Claims) -> ServiceResult<Actor> {
        let revoked_ms = self.store.revoked_before(&claims.user).await?;
        if claims.issued_ms <= revoked_ms {
            return Err(ServiceError::Unauthorized);
        }
        Ok(Actor::user(claims.user.clone()))
    }

    fn check_hello(&self, request: &OpenSession) -> ServiceResult<Option<Wanted>> {
        let OpenSession { device, cursors, list, .. } = request;
        checks::text("device.platform", &device.platform, "platform_bytes", PLATFORM_BYTES)?;
        checks::text("device.name", &device.name, "device_name_bytes", DEVICE_NAME_BYTES)?;
        checks::count(cursors.len(), "hello_cursors", self.limits.hello_cursors)?;
        if let Some(profile) = self.profile_of(&request.claims) {
            self.check_profile(&profile)?;
        }
        let page = |limit| ListRooms { limit: Some(limit), ..ListRooms::default() };
        list.map(|limit| Wanted::checked(&page(limit), &self.limits)).transpose()
    }

    /// What the token says of its user, where the host app owns profiles.
    fn profile_of(&self, claims: &Claims) -> Option<ProfileChange> {
        let says = claims.name.is_some() || claims.image.is_some();
        (says && !self.settings.users_own_profile).then(|| ProfileChange {
            name: claims.name.clone(),
            image: claims.image.clone(),
            data: None,
        })
    }
}

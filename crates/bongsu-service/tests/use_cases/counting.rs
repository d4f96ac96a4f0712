//! A store that writes down which calls it gets, so that a test can say what a use case costs.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bongsu_store::*;
use bongsu_types::*;
use tokio::sync::oneshot;

/// Delegates everything and keeps the names of the calls.
pub(crate) struct CountingStore {
    inner: Arc<dyn Store>,
    calls: Arc<Calls>,
}

/// Names of calls, in order.
#[derive(Default)]
pub(crate) struct Calls {
    names: Mutex<Vec<&'static str>>,
    hold: Mutex<Option<Hold>>,
}

/// The next call of this name stops when it has read.
struct Hold {
    call: &'static str,
    reached: oneshot::Sender<oneshot::Sender<()>>,
}

/// A call that is to be held.
pub(crate) struct HeldCall(oneshot::Receiver<oneshot::Sender<()>>);

impl HeldCall {
    /// The call has read; it answers when it is told to go on.
    pub(crate) async fn reached(self) -> oneshot::Sender<()> {
        self.0.await.unwrap()
    }
}

impl Calls {
    /// The calls since the last time.
    pub(crate) fn take(&self) -> Vec<&'static str> {
        std::mem::take(&mut *self.names.lock().unwrap())
    }

    /// Holds the next call of this name: `heads`, `details` or `profiles`.
    pub(crate) fn hold(&self, call: &'static str) -> HeldCall {
        let (reached, held) = oneshot::channel();
        *self.hold.lock().unwrap() = Some(Hold { call, reached });
        HeldCall(held)
    }

    async fn stop_if_held(&self, call: &'static str) {
        let hold = self.hold.lock().unwrap().take_if(|hold| hold.call == call);
        if let Some(hold) = hold {
            let (go_on, told) = oneshot::channel();
            hold.reached.send(go_on).unwrap();
            told.await.unwrap();
        }
    }
}

impl CountingStore {
    pub(crate) fn new(inner: Arc<dyn Store>, calls: Arc<Calls>) -> Self {
        Self { inner, calls }
    }

    fn note(&self, call: &'static str) {
        self.calls.names.lock().unwrap().push(call);
    }
}

#[async_trait]
impl Messages for CountingStore {
    async fn append(&self, request: AppendMessage) -> StoreResult<Appended> {
        self.note("append");
        self.inner.append(request).await
    }
    async fn replied(&self, room: RoomId, actor: &UserId, once: &Once) -> StoreResult<Option<Appended>> {
        self.note("replied");
        self.inner.replied(room, actor, once).await
    }
    async fn edit(&self, request: EditMessage) -> StoreResult<Changed> {
        self.note("edit");
        self.inner.edit(request).await
    }
    async fn delete(&self, request: DeleteMessage) -> StoreResult<Changed> {
        self.note("delete");
        self.inner.delete(request).await
    }
    async fn react(&self, request: React) -> StoreResult<Changed> {
        self.note("react");
        self.inner.react(request).await
    }
    async fn history(
        &self,
        user: &UserId,
        room: RoomId,
        from: HistoryFrom,
        limit: usize,
    ) -> StoreResult<HistoryPage> {
        self.note("history");
        self.inner.history(user, room, from, limit).await
    }
    async fn records(&self, room: RoomId, after: Seq, limit: usize, bytes: usize) -> StoreResult<RecordPage> {
        self.note("records");
        self.inner.records(room, after, limit, bytes).await
    }
    async fn own_reactions(
        &self,
        user: &UserId,
        room: RoomId,
        targets: &[Seq],
    ) -> StoreResult<Vec<(Seq, Emoji)>> {
        self.note("own_reactions");
        self.inner.own_reactions(user, room, targets).await
    }
}

#[async_trait]
impl Rooms for CountingStore {
    async fn create_room(&self, request: CreateRoom) -> StoreResult<Created> {
        self.note("create_room");
        self.inner.create_room(request).await
    }
    async fn share_accepted_room(&self, a: &UserId, b: &UserId) -> StoreResult<bool> {
        self.note("share_accepted_room");
        self.inner.share_accepted_room(a, b).await
    }
    async fn update_room(&self, request: UpdateRoom) -> StoreResult<Changed> {
        self.note("update_room");
        self.inner.update_room(request).await
    }
    async fn add_members(&self, room: RoomId, actor: &UserId, users: &[UserId]) -> StoreResult<Changed> {
        self.note("add_members");
        self.inner.add_members(room, actor, users).await
    }
    async fn remove_members(&self, room: RoomId, actor: &UserId, users: &[UserId]) -> StoreResult<Changed> {
        self.note("remove_members");
        self.inner.remove_members(room, actor, users).await
    }
    async fn leave(&self, room: RoomId, actor: &UserId) -> StoreResult<Changed> {
        self.note("leave");
        self.inner.leave(room, actor).await
    }
    async fn set_role(
        &self,
        room: RoomId,
        actor: &UserId,
        user: &UserId,
        role: Role,
    ) -> StoreResult<Changed> {
        self.note("set_role");
        self.inner.set_role(room, actor, user, role).await
    }
    async fn members(
        &self,
        user: &UserId,
        room: RoomId,
        after: Option<&UserId>,
        limit: usize,
    ) -> StoreResult<MemberPage> {
        self.note("members");
        self.inner.members(user, room, after, limit).await
    }
    async fn member_ids(&self, room: RoomId) -> StoreResult<Vec<UserId>> {
        self.note("member_ids");
        self.inner.member_ids(room).await
    }
    async fn room(&self, room: RoomId) -> StoreResult<Option<Room>> {
        self.note("room");
        self.inner.room(room).await
    }
}

#[async_trait]
impl Reads for CountingStore {
    async fn own_rows(&self, user: &UserId) -> StoreResult<OwnRows> {
        self.note("own_rows");
        self.inner.own_rows(user).await
    }
    async fn heads(&self, rooms: &[RoomId]) -> StoreResult<Vec<Head>> {
        self.note("heads");
        let answer = self.inner.heads(rooms).await;
        self.calls.stop_if_held("heads").await;
        answer
    }
    async fn details(&self, user: &UserId, rooms: &[RoomId]) -> StoreResult<Vec<RoomDetails>> {
        self.note("details");
        let answer = self.inner.details(user, rooms).await;
        self.calls.stop_if_held("details").await;
        answer
    }
    async fn room_row(&self, user: &UserId, room: RoomId) -> StoreResult<Option<RoomRow>> {
        self.note("room_row");
        self.inner.room_row(user, room).await
    }
    async fn standing(&self, user: &UserId, room: RoomId) -> StoreResult<Option<Standing>> {
        self.note("standing");
        self.inner.standing(user, room).await
    }
    async fn changes(&self, user: &UserId, since: UserRev) -> StoreResult<Changes> {
        self.note("changes");
        self.inner.changes(user, since).await
    }
    async fn mark_read(&self, user: &UserId, room: RoomId, seq: Seq) -> StoreResult<MarkedRead> {
        self.note("mark_read");
        self.inner.mark_read(user, room, seq).await
    }
    async fn mark_unread(&self, user: &UserId, room: RoomId) -> StoreResult<UserRev> {
        self.note("mark_unread");
        self.inner.mark_unread(user, room).await
    }
    async fn change_settings(
        &self,
        user: &UserId,
        room: RoomId,
        change: SettingsChange,
    ) -> StoreResult<(Settings, UserRev)> {
        self.note("change_settings");
        self.inner.change_settings(user, room, change).await
    }
    async fn accept(&self, user: &UserId, room: RoomId) -> StoreResult<UserRev> {
        self.note("accept");
        self.inner.accept(user, room).await
    }
}

#[async_trait]
impl Devices for CountingStore {
    async fn hello(&self, hello: Hello) -> StoreResult<Opened> {
        self.note("hello");
        self.inner.hello(hello).await
    }
    async fn store_cursors(
        &self,
        user: &UserId,
        device: &DeviceId,
        cursors: &[(RoomId, Seq)],
        active_ms: Millis,
    ) -> StoreResult<()> {
        self.note("store_cursors");
        self.inner.store_cursors(user, device, cursors, active_ms).await
    }
    async fn devices(&self, user: &UserId) -> StoreResult<Vec<Device>> {
        self.note("devices");
        self.inner.devices(user).await
    }
    async fn remove_device(&self, user: &UserId, device: &DeviceId) -> StoreResult<UserRev> {
        self.note("remove_device");
        self.inner.remove_device(user, device).await
    }
    async fn revoke_user(&self, user: &UserId) -> StoreResult<()> {
        self.note("revoke_user");
        self.inner.revoke_user(user).await
    }
    async fn revoked_before(&self, user: &UserId) -> StoreResult<Millis> {
        self.note("revoked_before");
        self.inner.revoked_before(user).await
    }
    async fn upsert_users(&self, users: &[(UserId, ProfileChange)]) -> StoreResult<()> {
        self.note("upsert_users");
        self.inner.upsert_users(users).await
    }
    async fn profiles(&self, users: &[UserId]) -> StoreResult<Vec<Profile>> {
        self.note("profiles");
        let answer = self.inner.profiles(users).await;
        self.calls.stop_if_held("profiles").await;
        answer
    }
    async fn put_server_key(&self, key: ServerKey) -> StoreResult<()> {
        self.note("put_server_key");
        self.inner.put_server_key(key).await
    }
    async fn server_keys(&self) -> StoreResult<Vec<ServerKey>> {
        self.note("server_keys");
        self.inner.server_keys().await
    }
}

#[async_trait]
impl Tail for CountingStore {
    fn epoch(&self) -> Epoch {
        self.inner.epoch()
    }
    async fn tail(&self, after: CommitNo, limit: usize) -> StoreResult<TailPage> {
        self.note("tail");
        self.inner.tail(after, limit).await
    }
    async fn last_commit(&self) -> StoreResult<CommitNo> {
        self.note("last_commit");
        self.inner.last_commit().await
    }
    async fn store_consumer(&self, name: &str, at: CommitNo) -> StoreResult<()> {
        self.note("store_consumer");
        self.inner.store_consumer(name, at).await
    }
}

#[async_trait]
impl Upkeep for CountingStore {
    async fn sweep(&self, budget: usize) -> StoreResult<SweepReport> {
        self.note("sweep");
        self.inner.sweep(budget).await
    }
    async fn expire_devices(&self) -> StoreResult<u64> {
        self.note("expire_devices");
        self.inner.expire_devices().await
    }
    async fn audit(
        &self,
        after: Option<(UserId, RoomId)>,
        sample: usize,
    ) -> StoreResult<(AuditReport, Option<(UserId, RoomId)>)> {
        self.note("audit");
        self.inner.audit(after, sample).await
    }
}

#[async_trait]
impl Import for CountingStore {
    async fn begin_import(&self, room: ImportRoom) -> StoreResult<ImportState> {
        self.note("begin_import");
        self.inner.begin_import(room).await
    }
    async fn append_import(
        &self,
        room: RoomId,
        after: Seq,
        messages: Vec<ImportMessage>,
    ) -> StoreResult<ImportState> {
        self.note("append_import");
        self.inner.append_import(room, after, messages).await
    }
    async fn finish_import(&self, room: RoomId, members: Vec<ImportMember>) -> StoreResult<ImportState> {
        self.note("finish_import");
        self.inner.finish_import(room, members).await
    }
}

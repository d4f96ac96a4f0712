//! Import: whole rooms from elsewhere.

use async_trait::async_trait;
use bongsu_types::{RoomId, Seq};

use crate::embedded::EmbeddedStore;
use crate::embedded::decide::import::{AppendImport, FinishImport};
use crate::{Import, ImportMember, ImportMessage, ImportRoom, ImportState, StoreResult};

#[async_trait]
impl Import for EmbeddedStore {
    async fn begin_import(&self, room: ImportRoom) -> StoreResult<ImportState> {
        self.submit(room).await
    }

    async fn append_import(
        &self,
        room: RoomId,
        after: Seq,
        messages: Vec<ImportMessage>,
    ) -> StoreResult<ImportState> {
        self.submit(AppendImport { room, after, messages }).await
    }

    async fn finish_import(&self, room: RoomId, members: Vec<ImportMember>) -> StoreResult<ImportState> {
        self.submit(FinishImport { room, members }).await
    }
}

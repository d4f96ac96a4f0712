//! Pages of a room's log for sessions that are behind: read once, encoded once, shared by all who are at the same place.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use bongsu_service::{Service, ServiceError, ServiceResult};
use bongsu_types::{RoomId, Seq};
use tokio::sync::{OnceCell, Semaphore};

use super::channel::RoomChannel;
use super::encoded::{Encoded, Page, SharedPage};

/// Records of one page.
const PAGE_RECORDS: usize = 200;

/// Bytes of one page, about: it has to fit into a queue that is not more than half full.
pub(super) const PAGE_BYTES: usize = 48 * 1024;

/// Reads of the log at once on a node: more would only queue in the store.
const READS: usize = 16;

/// Where a page begins.
type Place = (RoomId, Seq);

/// Reads pages. Waiting reads are served in the order they came, so sessions that ask for one page at a time share
/// fairly.
#[derive(Debug)]
pub(super) struct Pages {
    reads: Semaphore,
    flights: Mutex<HashMap<Place, Arc<OnceCell<SharedPage>>>>,
}

impl Pages {
    pub(super) fn new() -> Self {
        Self { reads: Semaphore::new(READS), flights: Mutex::default() }
    }

    /// Records from `next` on.
    pub(super) async fn read(
        &self,
        service: &Service,
        channel: &RoomChannel,
        next: Seq,
    ) -> ServiceResult<SharedPage> {
        if let Some(page) = channel.recent(next, PAGE_BYTES) {
            return Ok(page);
        }
        let flight = self.join((channel.room, next));
        let page =
            flight.cell.get_or_try_init(|| self.read_log(service, channel.room, next, Encoded::of)).await?;
        Ok(page.clone())
    }

    /// Records from `next` on for a former member who may see nothing after `until`; shared with nobody.
    pub(super) async fn read_until(
        &self,
        service: &Service,
        room: RoomId,
        next: Seq,
        until: Seq,
    ) -> ServiceResult<SharedPage> {
        self.read_log(service, room, next, |record| Encoded::until(record, until)).await
    }

    async fn read_log(
        &self,
        service: &Service,
        room: RoomId,
        next: Seq,
        encode: impl Fn(&bongsu_types::Record) -> Encoded,
    ) -> ServiceResult<SharedPage> {
        let Ok(_permit) = self.reads.acquire().await else { return Err(ServiceError::Overloaded) };
        let page = service.log_page(room, next.prev(), PAGE_RECORDS, PAGE_BYTES).await?;
        metrics::counter!("bongsu_log_pages_total").increment(1);
        Ok(Arc::new(Page {
            records: page.records.iter().map(encode).collect(),
            head_seq: page.head_seq,
            floor_seq: page.floor_seq,
        }))
    }

    fn join(&self, place: Place) -> Flight<'_> {
        let mut flights = self.flights.lock().unwrap_or_else(PoisonError::into_inner);
        let cell = flights.entry(place).or_default().clone();
        Flight { pages: self, place, cell }
    }
}

/// A share in a read under way. The last one to go takes it out of the map, done or not.
struct Flight<'a> {
    pages: &'a Pages,
    place: Place,
    cell: Arc<OnceCell<SharedPage>>,
}

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        let mut flights = self.pages.flights.lock().unwrap_or_else(PoisonError::into_inner);
        // The map and this one.
        if Arc::strong_count(&self.cell) == 2 {
            flights.remove(&self.place);
        }
    }
}

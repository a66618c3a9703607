//! The journal's store: append-only records, board snapshots, the watcher's lease.
//! Knows records and boards; decides nothing. Stored means: the commit has returned.

use std::path::Path;

use crate::board::Board;
use crate::domain::id::IncidentId;
use crate::domain::time::{Span, Timestamp};
use crate::incident::event::Record;

mod audit;
mod error;
mod mark;
mod place;
mod reading;
mod sqlite;
mod terms;
mod witness;

pub use audit::{Audit, AuditProblem};
pub use error::{JournalError, SCHEMA_VERSION};
pub use place::FileStamp;
pub use reading::JournalReading;
pub use sqlite::SeenRecords;
pub use terms::{Access, Copied, Durability, LeaseOutcome, Stored};

/// An open journal. Cheap calls, one connection; share it by reference.
#[derive(Debug)]
pub struct Journal {
    store: sqlite::SqliteStore,
}

/// The file that a URL names.
fn path_of(url: &str) -> Result<&Path, JournalError> {
    if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        return Err(JournalError::Postgres);
    }
    let path = url.strip_prefix("sqlite://").or_else(|| url.strip_prefix("sqlite:"));
    let path = path.filter(|p| !p.is_empty() && !p.starts_with(":memory:"));
    path.map(Path::new).ok_or_else(|| JournalError::Url(url.to_owned()))
}

impl Journal {
    /// Opens `sqlite:PATH`. With [`Access::Write`] the folder (0700), the file (0600) and the
    /// tables are made when they are missing.
    pub async fn open(url: &str, access: Access) -> Result<Self, JournalError> {
        Ok(Self { store: sqlite::SqliteStore::open(path_of(url)?, access).await? })
    }

    /// Something of a journal lies there: itself, or what was beside it.
    pub fn is_there(url: &str) -> bool {
        path_of(url).is_ok_and(|path| {
            path.exists() || place::log(path).exists() || mark::path(path).exists()
        })
    }

    pub async fn durability(&self) -> Result<Durability, JournalError> {
        self.store.durability().await
    }

    /// Writes all of `records` or none; returns the place of the last one, after the commit.
    /// An empty slice writes nothing and returns the newest place.
    pub async fn append(&self, records: &[Record]) -> Result<i64, JournalError> {
        self.store.append(records, None).await
    }

    /// The same for the watcher: only while the lease is `owner`'s, looked at inside the very
    /// transaction, so that a watcher which was stopped for a while writes nothing any more.
    pub async fn append_held(&self, owner: &str, records: &[Record]) -> Result<i64, JournalError> {
        self.store.append(records, Some(owner)).await
    }

    /// Reads the records of `id`, and with `others` those of every incident that is open or ended
    /// at that instant or later; lets `judge` decide by them; writes the records it gives, all or
    /// none. One transaction: nobody else writes between the reading and the commit. What `judge`
    /// refuses leaves nothing behind. `judge` runs at most once and must not wait.
    pub async fn decide<T: Send, E: Send>(
        &self,
        id: &IncidentId,
        others: Option<Timestamp>,
        judge: impl FnOnce(SeenRecords) -> Result<(Vec<Record>, T), E> + Send,
    ) -> Result<Result<T, E>, JournalError> {
        self.store.decide(id, others, judge).await
    }

    /// Where the journal lies.
    pub fn file(&self) -> &Path {
        self.store.file()
    }

    /// Every record of incidents that are open, or that ended at `ended_since` or later (they may
    /// reopen). Closed ones are found by an index, not by reading the journal.
    pub async fn open_records(
        &self,
        ended_since: Timestamp,
    ) -> Result<JournalReading, JournalError> {
        self.store.open_records(ended_since).await
    }

    pub async fn records_of(&self, incident: &IncidentId) -> Result<JournalReading, JournalError> {
        self.store.records_of(incident).await
    }

    /// The first `limit` records after place `seq`.
    pub async fn since(&self, seq: i64, limit: u32) -> Result<JournalReading, JournalError> {
        self.store.since(seq, limit).await
    }

    /// The newest place when something was written after `seq`, by whomever; one index look-up.
    pub async fn changed_since(&self, seq: i64) -> Result<Option<i64>, JournalError> {
        Ok(Some(self.store.newest().await?).filter(|newest| *newest > seq))
    }

    /// A number that changes when another connection has written anything, boards included.
    pub async fn data_version(&self) -> Result<i64, JournalError> {
        self.store.data_version().await
    }

    /// Whether the files still are the ones that were opened; if not, what became of them.
    pub fn standing(&self) -> Result<(), JournalError> {
        self.store.standing()
    }

    /// Who has the lease and until when (wall time), without taking it.
    pub async fn lease(&self) -> Result<Option<(String, Timestamp)>, JournalError> {
        self.store.lease().await
    }

    /// How many incidents were ever opened: the counter for `incident::id::incident_id`.
    pub async fn incident_count(&self) -> Result<u64, JournalError> {
        self.store.incident_count().await
    }

    /// Replaces the board that viewers read.
    pub async fn put_board(&self, board: &Board) -> Result<(), JournalError> {
        self.store.put_board(board, None).await
    }

    /// The same, only while the lease is `owner`'s.
    pub async fn put_board_held(&self, owner: &str, board: &Board) -> Result<(), JournalError> {
        self.store.put_board(board, Some(owner)).await
    }

    /// When the stored board was made, without reading it; none before the first one.
    pub async fn board_at(&self) -> Result<Option<Timestamp>, JournalError> {
        self.store.board_at().await
    }

    /// What the first picture shows of the newest board (`board::parts`): there in a third of the
    /// time, only to be shown until the board itself is read. None before the first one.
    pub async fn board_head(&self) -> Result<Option<Board>, JournalError> {
        self.store.board_head().await
    }

    /// How the files look from outside; equal ones mean that nothing was written in between,
    /// unless that was within one tick of the file system's clock. Costs two system calls.
    pub fn stamp(&self) -> FileStamp {
        self.store.stamp()
    }

    /// The newest board; none before the first one.
    pub async fn board(&self) -> Result<Option<Board>, JournalError> {
        self.store.board().await
    }

    /// Takes or renews the watcher's lease until `now + ttl` (wall time) when it is free, run out,
    /// the caller's own, or further in the future than any lease can be (a clock was set back).
    pub async fn take_lease(
        &self,
        owner: &str,
        now: Timestamp,
        ttl: Span,
    ) -> Result<LeaseOutcome, JournalError> {
        self.store.take_lease(owner, None, now, ttl).await
    }

    /// The same, and the lease of `dead` does not count: for a holder that is known to be gone.
    /// Another one that was faster keeps it.
    pub async fn take_lease_after(
        &self,
        dead: &str,
        owner: &str,
        now: Timestamp,
        ttl: Span,
    ) -> Result<LeaseOutcome, JournalError> {
        self.store.take_lease(owner, Some(dead), now, ttl).await
    }

    /// Gives the lease back; nothing happens when it is another's.
    pub async fn release_lease(&self, owner: &str) -> Result<(), JournalError> {
        self.store.release_lease(owner).await
    }

    /// Looks at all of it: every record, the sequence, the index, SQLite's own check, the file
    /// beside it.
    pub async fn audit(&self) -> Result<Audit, JournalError> {
        self.store.audit().await
    }

    /// Writes a consistent copy to `to`, whoever writes into the journal meanwhile: beside its
    /// place first, then there in one step. What is there already is replaced with `force` only,
    /// and only a copy that nobody has open.
    pub async fn backup(&self, to: &Path, force: bool) -> Result<Copied, JournalError> {
        self.store.backup(to, force).await
    }

    /// Writes `records` into this journal, which must have none and no watcher at `now` (wall
    /// time); all or none. The place of the last one.
    pub async fn import(&self, records: &[Record], now: Timestamp) -> Result<i64, JournalError> {
        self.store.import(records, now).await
    }

    /// The incidents with a record in `[from, until)`, in the order of their first one. Reads the
    /// whole table, without the lines.
    pub async fn touched(
        &self,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<IncidentId>, JournalError> {
        self.store.touched(from, until).await
    }

    /// Stands for a full disk in tests: SQLite refuses to grow the file beyond `pages`.
    #[cfg(test)]
    pub(crate) async fn limit_pages(&self, pages: u32) {
        self.store.limit_pages(pages).await;
    }

    /// Closes the connection and tidies the write-ahead log away.
    pub async fn close(self) {
        self.store.close().await;
    }
}

#[cfg(test)]
mod tests;

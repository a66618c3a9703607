//! The journal in one SQLite file: WAL, synchronous=FULL, one connection, no macros.
//! Every write is one immediate transaction; an error leaves nothing behind.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::sqlite::{SqlitePool, SqlitePoolOptions};
use sqlx::{Connection, Sqlite};

use super::error::{JournalError, SCHEMA_VERSION};
use super::mark;
use super::place::{self, FileIdentity};
use super::reading::JournalReading;
use super::terms::{Access, Durability, LeaseOutcome};
use super::witness::Witness;
use crate::domain::id::IncidentId;
use crate::domain::time::{Span, Timestamp};
use crate::incident::event::Record;

mod audit;
mod boards;
mod connect;
mod copy;
mod decide;
mod doubt;
mod enter;
mod lease;
mod line;
mod reading;
mod tables;
mod words;

use connect::{BUSY, one, options};
pub use decide::SeenRecords;
pub(super) use line::CommitFault;
use line::{CommitDoubt, InsertFailure, StoredLine, in_doubt, insert};
use reading::Which;
use words::{FULL, code, held_by_another, not_stored, unreadable};

const USED_UP: &str = "a record has the last number there is; remove it, or begin a new journal";

#[derive(Debug)]
pub(super) struct SqliteStore {
    pool: SqlitePool,
    path: PathBuf,
    identity: Option<FileIdentity>,
    access: Access,
    /// The open file; none where it cannot be opened beside SQLite.
    witness: Option<Witness>,
    /// The mark beside it; none for those who only look.
    mark: Option<mark::Kept>,
    /// A write of which nobody knows whether it happened.
    doubt: Mutex<Option<CommitDoubt>>,
    /// What the next commits do, in tests.
    #[cfg(test)]
    faults: Mutex<Vec<CommitFault>>,
}

impl SqliteStore {
    pub(super) async fn open(path: &Path, access: Access) -> Result<Self, JournalError> {
        match access {
            Access::Write => place::prepare(path)?,
            Access::Read => place::look(path)?,
        }
        enter::enter(path, access).await?;
        let pool = connect(path, access).await?;
        let mut store = Self {
            pool,
            path: path.to_owned(),
            identity: FileIdentity::of(path),
            access,
            witness: None,
            mark: None,
            doubt: Mutex::default(),
            #[cfg(test)]
            faults: Mutex::default(),
        };
        store.prepare().await?;
        store.mark = store.mark().await?;
        let name = tables::store(&mut *store.reader().await?).await;
        store.witness = Witness::of(path, name).ok();
        Ok(store)
    }

    /// Says beside the journal which one it is. That it cannot be said is no reason to refuse.
    async fn mark(&self) -> Result<Option<mark::Kept>, JournalError> {
        if self.access == Access::Read {
            return Ok(None);
        }
        let mut conn = self.reader().await?;
        let Some(name) = tables::adopt(&mut conn).await else { return Ok(None) };
        let newest = tables::newest(&mut conn).await;
        let kept = mark::keep(&self.path, name, if newest == i64::MAX { 0 } else { newest });
        Ok(kept.inspect_err(|e| tracing::debug!(error = %e, "no mark beside the journal")).ok())
    }

    async fn prepare(&self) -> Result<(), JournalError> {
        let mut conn = self.reader().await?;
        let found = tables::version(&mut conn).await?;
        match (found, self.access) {
            (Some(found), _) if found > SCHEMA_VERSION => Err(JournalError::Newer { found }),
            (Some(found), Access::Write) if found < SCHEMA_VERSION => {
                tables::widen(&mut conn).await
            }
            (Some(_), _) => Ok(()),
            (None, Access::Read) => Err(JournalError::Absent(self.path.display().to_string())),
            (None, Access::Write) => tables::create(&mut conn).await,
        }
    }

    pub(super) async fn durability(&self) -> Result<Durability, JournalError> {
        let mut conn = self.reader().await?;
        let journal_mode: (String,) = one(&mut conn, "PRAGMA journal_mode").await?;
        let synchronous: (i64,) = one(&mut conn, "PRAGMA synchronous").await?;
        let name = match synchronous.0 {
            0 => "off",
            1 => "normal",
            2 => "full",
            _ => "extra",
        };
        Ok(Durability { journal_mode: journal_mode.0, synchronous: name.to_owned() })
    }

    /// With `held` only while that owner has the lease.
    pub(super) async fn append(
        &self,
        records: &[Record],
        held: Option<&str>,
    ) -> Result<i64, JournalError> {
        if records.is_empty() {
            return self.newest().await;
        }
        let mut lines: Vec<StoredLine> =
            records.iter().map(StoredLine::of).collect::<Result<_, _>>()?;
        let mut conn = self.writer().await?;
        let there = match self.already(&mut conn, &lines).await {
            Ok(there) => there,
            Err(error) => return self.finish(conn, Err(error)).await,
        };
        lines.drain(..there.min(lines.len()));
        if lines.is_empty() {
            drop(conn);
            return self.newest().await;
        }
        let last = match insert(&mut conn, &lines, held, self.fault()).await {
            Ok(last) => last,
            Err(InsertFailure::AtCommit { first, error }) if in_doubt(&error) => {
                self.give_up(conn).await;
                return self.settle((first, lines), held, &error).await.inspect(|n| self.note(*n));
            }
            Err(InsertFailure::Before(error) | InsertFailure::AtCommit { error, .. }) => {
                // a full disk and record numbers that are used up have the same code
                let used =
                    code(&error) == Some(FULL) && tables::newest(&mut conn).await == i64::MAX;
                let refused = self.finish(conn, Err(error)).await;
                return if used {
                    Err(JournalError::NotStored(USED_UP.to_owned()))
                } else {
                    refused
                };
            }
        };
        last.inspect(|n| self.note(*n)).ok_or(JournalError::LeaseLost)
    }

    fn note(&self, newest: i64) {
        if let Some(mark) = &self.mark {
            mark.note(newest);
        }
    }

    fn remember(&self, doubt: Option<CommitDoubt>) -> Option<CommitDoubt> {
        let mut kept = self.doubt.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *kept, doubt)
    }

    #[cfg(test)]
    pub(super) fn fail(&self, faults: &[CommitFault]) {
        *self.faults.lock().expect("lock") = faults.to_vec();
    }

    #[cfg(test)]
    fn fault(&self) -> Option<CommitFault> {
        let mut faults = self.faults.lock().expect("lock");
        if faults.is_empty() { None } else { Some(faults.remove(0)) }
    }

    #[cfg(not(test))]
    #[expect(clippy::unused_self, reason = "tests have faults to give")]
    const fn fault(&self) -> Option<CommitFault> {
        None
    }

    pub(super) async fn open_records(
        &self,
        since: Timestamp,
    ) -> Result<JournalReading, JournalError> {
        self.read(Which::Open(since), i64::MIN, i64::MAX).await
    }

    pub(super) async fn records_of(&self, id: &IncidentId) -> Result<JournalReading, JournalError> {
        self.read(Which::Of(id), i64::MIN, i64::MAX).await
    }

    pub(super) async fn since(&self, seq: i64, limit: u32) -> Result<JournalReading, JournalError> {
        match seq.checked_add(1) {
            Some(from) => self.read(Which::All, from, i64::from(limit)).await,
            None => Ok(JournalReading::default()),
        }
    }

    async fn read(
        &self,
        which: Which<'_>,
        from: i64,
        most: i64,
    ) -> Result<JournalReading, JournalError> {
        reading::read(&mut *self.reader().await?, which, from, most).await
    }

    pub(super) async fn newest(&self) -> Result<i64, JournalError> {
        let mut conn = self.reader().await?;
        let row: (i64,) = one(&mut conn, "SELECT COALESCE(MAX(seq), 0) FROM record").await?;
        Ok(row.0)
    }

    pub(super) async fn data_version(&self) -> Result<i64, JournalError> {
        let mut conn = self.reader().await?;
        let row: (i64,) = one(&mut conn, "PRAGMA data_version").await?;
        Ok(row.0)
    }

    pub(super) async fn incident_count(&self) -> Result<u64, JournalError> {
        let mut conn = self.reader().await?;
        let row: (i64,) = one(&mut conn, "SELECT COUNT(*) FROM open_incident").await?;
        Ok(u64::try_from(row.0).unwrap_or(0))
    }

    pub(super) async fn take_lease(
        &self,
        owner: &str,
        dead: Option<&str>,
        now: Timestamp,
        ttl: Span,
    ) -> Result<LeaseOutcome, JournalError> {
        let mut conn = self.writer().await?;
        let taken = lease::take(&mut conn, (owner, dead), now, ttl).await;
        self.finish(conn, taken).await
    }

    pub(super) async fn release_lease(&self, owner: &str) -> Result<(), JournalError> {
        let mut conn = self.writer().await?;
        let done = sqlx::query("DELETE FROM lease WHERE owner = ?").bind(owner);
        let done = done.execute(&mut *conn).await.map(|_| ());
        self.finish(conn, done).await
    }

    #[cfg(test)]
    pub(super) async fn limit_pages(&self, pages: u32) {
        let sql = format!("PRAGMA max_page_count = {pages}");
        let mut conn = self.reader().await.expect("connection");
        sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&mut *conn).await.expect("pragma");
    }

    pub(super) async fn close(self) {
        self.pool.close().await;
    }

    pub(super) fn standing(&self) -> Result<(), JournalError> {
        place::standing(&self.path, self.identity).map_err(JournalError::NotStored)?;
        if let Some(what) = self.witness.as_ref().and_then(Witness::look) {
            return Err(JournalError::NotStored(format!(
                "the journal at {} {what} under this program: end every tillwatch on it, put a \
                 whole copy back and start again",
                self.path.display()
            )));
        }
        // while a connection that writes is open its log is there
        if self.access == Access::Write && self.pool.size() > 0 && !place::log(&self.path).exists()
        {
            return Err(JournalError::NotStored(format!(
                "{} was moved away or deleted under this program: end every tillwatch on it, then \
                 start again",
                place::log(&self.path).display()
            )));
        }
        Ok(())
    }

    pub(super) async fn lease(&self) -> Result<Option<(String, Timestamp)>, JournalError> {
        const SQL: &str = "SELECT owner, until FROM lease WHERE id = 1";
        let mut conn = self.reader().await?;
        let row: Result<Option<(String, i64)>, _> =
            sqlx::query_as(SQL).fetch_optional(&mut *conn).await;
        let row = row.map_err(|e| unreadable(&e))?;
        Ok(row.map(|(owner, until)| (owner, Timestamp::from_millis(until))))
    }

    pub(super) fn file(&self) -> &Path {
        &self.path
    }

    async fn reader(&self) -> Result<PoolConnection<Sqlite>, JournalError> {
        self.pool.acquire().await.map_err(|e| unreadable(&e))
    }

    /// The connection, after a look that its file still is the one that was opened.
    async fn writer(&self) -> Result<PoolConnection<Sqlite>, JournalError> {
        if self.access == Access::Read {
            return Err(JournalError::NotStored("opened for looking only".to_owned()));
        }
        self.standing()?;
        self.pool.acquire().await.map_err(|e| not_stored(&e))
    }

    /// After an error the connection is given up: SQLite may have rolled back by itself, and what a
    /// failed sync left on the disk is no longer known to it. The next call opens a new one.
    async fn finish<T>(
        &self,
        conn: PoolConnection<Sqlite>,
        result: Result<T, sqlx::Error>,
    ) -> Result<T, JournalError> {
        match result {
            Ok(value) => Ok(value),
            Err(error) => {
                self.give_up(conn).await;
                Err(not_stored(&error))
            }
        }
    }

    async fn give_up(&self, conn: PoolConnection<Sqlite>) {
        conn.detach().close_hard().await.ok();
    }
}

/// Opens the one connection. The switch to WAL needs the file for itself and SQLite answers "busy"
/// at once then, without its own patience: programs that start together are waited for here.
async fn connect(path: &Path, access: Access) -> Result<SqlitePool, JournalError> {
    let patience = BUSY.saturating_mul(2);
    let mut waited = Duration::ZERO;
    let mut pause = Duration::from_millis(5);
    loop {
        let pool = SqlitePoolOptions::new()
            .min_connections(1)
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .test_before_acquire(false)
            .acquire_timeout(patience)
            .connect_with(options(path, access))
            .await;
        match pool {
            Err(e) if held_by_another(&e) && waited < patience => {
                tokio::time::sleep(pause).await;
                waited = waited.saturating_add(pause);
                pause = pause.saturating_mul(2).min(Duration::from_millis(100));
            }
            pool => return pool.map_err(|e| unreadable(&e)),
        }
    }
}

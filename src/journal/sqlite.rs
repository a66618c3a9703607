//! The journal in one SQLite file: WAL, synchronous=FULL, one connection, no macros.
//! Every write is one immediate transaction; an error leaves nothing behind.

use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions,
    SqliteSynchronous,
};
use sqlx::{ConnectOptions, Connection, Sqlite};

use super::place::{self, Identity};
use super::{Access, Durability, JournalError, LeaseOutcome, Reading, SCHEMA_VERSION};
use crate::domain::id::IncidentId;
use crate::domain::time::{Span, Timestamp};
use crate::incident::event::{Event, Record};
use crate::incident::record::{kind, to_line};

mod boards;
mod decide;
mod lease;
mod reading;
mod tables;

pub use decide::Seen;
use reading::Which;

const BUSY: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(super) struct Store {
    pool: SqlitePool,
    path: PathBuf,
    identity: Option<Identity>,
    access: Access,
}

impl Store {
    pub(super) async fn open(path: &Path, access: Access) -> Result<Self, JournalError> {
        match access {
            Access::Write => place::prepare(path)?,
            Access::Read => place::look(path)?,
        }
        let pool = connect(path, access).await?;
        let identity = Identity::of(path);
        let store = Self { pool, path: path.to_owned(), identity, access };
        store.prepare().await?;
        Ok(store)
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
        let lines: Vec<Line> = records.iter().map(Line::of).collect::<Result<_, _>>()?;
        let mut conn = self.writer().await?;
        let written = insert(&mut conn, &lines, held).await;
        self.finish(conn, written).await?.ok_or(JournalError::LeaseLost)
    }

    pub(super) async fn open_records(&self, since: Timestamp) -> Result<Reading, JournalError> {
        self.read(Which::Open(since), i64::MIN, i64::MAX).await
    }

    pub(super) async fn records_of(&self, id: &IncidentId) -> Result<Reading, JournalError> {
        self.read(Which::Of(id), i64::MIN, i64::MAX).await
    }

    pub(super) async fn since(&self, seq: i64, limit: u32) -> Result<Reading, JournalError> {
        match seq.checked_add(1) {
            Some(from) => self.read(Which::All, from, i64::from(limit)).await,
            None => Ok(Reading::default()),
        }
    }

    async fn read(&self, which: Which<'_>, from: i64, most: i64) -> Result<Reading, JournalError> {
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
        place::standing(&self.path, self.identity).map_err(JournalError::NotStored)
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
                conn.detach().close_hard().await.ok();
                Err(not_stored(&error))
            }
        }
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

fn options(path: &Path, access: Access) -> SqliteConnectOptions {
    let options = SqliteConnectOptions::new().filename(path).busy_timeout(BUSY);
    let options = options.disable_statement_logging();
    match access {
        Access::Write => options
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true),
        Access::Read => options.read_only(true).pragma("query_only", "ON"),
    }
}

/// A record ready to be written, and what it does to the index of open incidents.
struct Line {
    at: i64,
    incident: String,
    kind: &'static str,
    body: String,
    mark: Mark,
}

#[derive(Clone, Copy)]
enum Mark {
    Open,
    /// Evidence that it fires (again).
    Fires,
    /// Closed; while it still fires it stays in the index until it clears.
    Closed,
    Cleared,
    None,
}

impl Line {
    fn of(record: &Record) -> Result<Self, JournalError> {
        let mark = match &record.event {
            Event::Opened { .. } | Event::Reopened { .. } => Mark::Open,
            Event::Resolved { .. } | Event::Cancelled { .. } => Mark::Closed,
            Event::Cleared => Mark::Cleared,
            Event::Updated { case } if case.firing => Mark::Fires,
            Event::Updated { .. }
            | Event::SeverityChanged { .. }
            | Event::Acknowledged { .. }
            | Event::AckUndone
            | Event::AckExpired { .. }
            | Event::TimerStarted { .. }
            | Event::TimerExtended { .. }
            | Event::TimerStopped
            | Event::Decided { .. }
            | Event::DecisionExpired
            | Event::RecheckDue { .. }
            | Event::ActionPrepared { .. }
            | Event::ActionSent { .. }
            | Event::ActionAnswered { .. }
            | Event::ActionVerified { .. }
            | Event::ActionNotHelping { .. }
            | Event::Noted { .. }
            | Event::Mitigated
            | Event::Reviewed { .. }
            | Event::ClockStepped { .. } => Mark::None,
        };
        let body = to_line(record).map_err(|e| JournalError::NotStored(e.to_string()))?;
        let incident = record.incident.to_string();
        Ok(Self { at: record.at.millis(), incident, kind: kind(&record.event), body, mark })
    }
}

/// Writes a line; its place.
async fn put(conn: &mut SqliteConnection, line: &Line) -> Result<i64, sqlx::Error> {
    const SQL: &str = "INSERT INTO record (at, incident, type, body) VALUES (?, ?, ?, ?)";
    let row = sqlx::query(SQL).bind(line.at).bind(&line.incident).bind(line.kind);
    Ok(row.bind(&line.body).execute(conn).await?.last_insert_rowid())
}

/// The place of the last line; none when the lease is not `held` any more.
async fn insert(
    conn: &mut SqliteConnection,
    lines: &[Line],
    held: Option<&str>,
) -> Result<Option<i64>, sqlx::Error> {
    let mut tx = conn.begin_with("BEGIN IMMEDIATE").await?;
    if !lease::is_held(&mut tx, held).await? {
        return Ok(None);
    }
    let mut seq = 0;
    for line in lines {
        seq = put(&mut tx, line).await?;
        tables::mark(&mut tx, line).await?;
    }
    tx.commit().await?;
    Ok(Some(seq))
}

async fn one<T>(conn: &mut SqliteConnection, sql: &'static str) -> Result<T, JournalError>
where
    T: for<'r> sqlx::FromRow<'r, sqlx::sqlite::SqliteRow> + Send + Unpin,
{
    sqlx::query_as(sql).fetch_one(conn).await.map_err(|e| unreadable(&e))
}

const BUSY_CODE: i64 = 5;
const LOCKED: i64 = 6;
const IOERR: i64 = 10;

/// SQLite's primary result code (sqlite.org/rescode.html).
fn code(error: &sqlx::Error) -> Option<i64> {
    let extended: i64 = error.as_database_error()?.code()?.parse().ok()?;
    Some(extended & 0xFF)
}

fn held_by_another(error: &sqlx::Error) -> bool {
    matches!(code(error), Some(BUSY_CODE | LOCKED))
}

fn words(error: &sqlx::Error) -> String {
    match code(error) {
        Some(13) => "disk full".to_owned(),
        Some(8) => "the disk or the file is read-only".to_owned(),
        Some(IOERR) => format!("disk error: {error}"),
        Some(BUSY_CODE | LOCKED) => "another program holds the journal".to_owned(),
        Some(11) => "the journal is damaged; put a copy back or move it away".to_owned(),
        Some(26) => "the file is not a journal".to_owned(),
        Some(14) => "the file cannot be opened".to_owned(),
        Some(_) | None => error.to_string(),
    }
}

fn not_stored(error: &sqlx::Error) -> JournalError {
    JournalError::NotStored(words(error))
}

fn unreadable(error: &sqlx::Error) -> JournalError {
    JournalError::Unreadable(words(error))
}

//! The tables: records, the index of open incidents, one board, one lease, one schema version.
//! Shapes only; who writes what when is `sqlite`.

use sqlx::Connection;
use sqlx::sqlite::SqliteConnection;

use super::connect::one;
use super::words::{not_stored, unreadable};
use crate::journal::error::{JournalError, SCHEMA_VERSION};

/// `open_incident.ended` is null while an incident is open or fires, else when that ended.
const TABLES: [&str; 7] = [
    "CREATE TABLE record (seq INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, \
     incident TEXT NOT NULL, type TEXT NOT NULL, body TEXT NOT NULL) STRICT",
    "CREATE INDEX record_of_incident ON record (incident, seq)",
    "CREATE TABLE open_incident (incident TEXT PRIMARY KEY, firing INTEGER NOT NULL, \
     closed INTEGER, ended INTEGER) STRICT",
    "CREATE INDEX open_incident_ended ON open_incident (ended)",
    "CREATE TABLE board (id INTEGER PRIMARY KEY CHECK (id = 1), at INTEGER NOT NULL, \
     body TEXT NOT NULL, rest TEXT) STRICT",
    "CREATE TABLE lease (id INTEGER PRIMARY KEY CHECK (id = 1), owner TEXT NOT NULL, \
     until INTEGER NOT NULL) STRICT",
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT",
];

/// What makes a journal known as one of ours, and as this one.
const APPLICATION: i64 = 0x7469_6C77;
const NAME: [&str; 2] = [
    "INSERT OR IGNORE INTO meta (key, value) VALUES ('store', random())",
    "PRAGMA application_id = 1953066103",
];

/// The schema version of the file; none when it has no tables yet.
pub(super) async fn version(conn: &mut SqliteConnection) -> Result<Option<i64>, JournalError> {
    const HAS: &str = "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'meta'";
    const READ: &str = "SELECT value FROM meta WHERE key = 'schema'";
    let row: Result<Option<(i64,)>, _> = sqlx::query_as(READ).fetch_optional(&mut *conn).await;
    if let Ok(row) = row {
        return Ok(row.map(|r| r.0));
    }
    let has: (i64,) = one(&mut *conn, HAS).await?;
    if has.0 == 0 {
        return Ok(None);
    }
    // Another process may have made the tables between the two questions.
    let row: Result<Option<(i64,)>, _> = sqlx::query_as(READ).fetch_optional(&mut *conn).await;
    row.map(|r| r.map(|r| r.0)).map_err(|e| unreadable(&e))
}

/// Brings the tables of an older program up to date, unless another process was faster: version 2
/// keeps a part of the board apart (`board::parts`).
pub(super) async fn widen(conn: &mut SqliteConnection) -> Result<(), JournalError> {
    const WIDER: &str = "ALTER TABLE board ADD COLUMN rest TEXT";
    const MARK: &str = "UPDATE meta SET value = ? WHERE key = 'schema' AND value < ?";
    let widened: Result<(), sqlx::Error> = async {
        let mut tx = conn.begin_with("BEGIN IMMEDIATE").await?;
        let marked = sqlx::query(MARK).bind(SCHEMA_VERSION).bind(SCHEMA_VERSION);
        if marked.execute(&mut *tx).await?.rows_affected() > 0 {
            sqlx::query(WIDER).execute(&mut *tx).await?;
        }
        tx.commit().await
    }
    .await;
    widened.map_err(|e| not_stored(&e))
}

/// What a file says of itself, whoever made it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct FileLook {
    /// The schema version of a journal.
    pub version: Option<i64>,
    /// Which journal it is; older ones have no name.
    pub store: Option<i64>,
    /// The highest number that a record ever had.
    pub newest: i64,
    tables: i64,
    application: i64,
    /// A number that we never write.
    user_version: i64,
}

impl FileLook {
    /// Of another program: its tables or its mark are not ours.
    pub const fn is_foreign(self) -> bool {
        let marked = self.application != 0 && self.application != APPLICATION;
        let unnamed = self.application == 0 && self.user_version != 0;
        marked || unnamed || (self.tables > 0 && self.version.is_none())
    }
}

/// Looks and changes nothing.
pub(super) async fn look(conn: &mut SqliteConnection) -> Result<FileLook, JournalError> {
    const TABLES: &str = "SELECT COUNT(*) FROM sqlite_master WHERE type IN ('table', 'view') \
         AND name NOT LIKE 'sqlite~_%' ESCAPE '~'";
    const OURS: &str = "SELECT \
         (SELECT COUNT(*) FROM pragma_table_info('meta') WHERE name IN ('key', 'value')) + \
         (SELECT COUNT(*) FROM pragma_table_info('record') \
          WHERE name IN ('seq', 'at', 'incident', 'type', 'body'))";
    const BESIDE: &str = "SELECT \
         (SELECT COUNT(*) FROM pragma_table_info('board') WHERE name IN ('id', 'at', 'body')) + \
         (SELECT COUNT(*) FROM pragma_table_info('lease') WHERE name IN ('id', 'owner', 'until'))";
    let (tables,): (i64,) = one(conn, TABLES).await?;
    let (application,): (i64,) = one(conn, "PRAGMA application_id").await?;
    let (user_version,): (i64,) = one(conn, "PRAGMA user_version").await?;
    let (columns,): (i64,) = one(conn, OURS).await?;
    let (beside,): (i64,) = one(conn, BESIDE).await?;
    let mut look =
        FileLook { version: None, store: None, newest: 0, tables, application, user_version };
    // one that bears our mark is ours, whole or not
    if columns == 7 && (beside == 6 || application == APPLICATION) {
        look.version = value(conn, "schema").await?;
        look.store = value(conn, "store").await?;
        look.newest = newest(conn).await;
    }
    Ok(look)
}

async fn value(conn: &mut SqliteConnection, key: &str) -> Result<Option<i64>, JournalError> {
    const READ: &str = "SELECT CAST(value AS INTEGER) FROM meta WHERE key = ?";
    let row: Result<Option<(Option<i64>,)>, _> =
        sqlx::query_as(READ).bind(key).fetch_optional(conn).await;
    Ok(row.map_err(|e| unreadable(&e))?.and_then(|row| row.0))
}

/// Counted on where records were removed by hand; what cannot be read says nothing.
pub(super) async fn newest(conn: &mut SqliteConnection) -> i64 {
    const NEWEST: &str = "SELECT COALESCE(MAX(seq), 0) FROM record";
    const GIVEN: &str = "SELECT COALESCE(MAX(seq), 0) FROM sqlite_sequence WHERE name = 'record'";
    let there: Result<(i64,), _> = one(conn, NEWEST).await;
    let given: Result<(i64,), _> = one(conn, GIVEN).await;
    let there = there.map_or(i64::MAX, |row| row.0);
    given.map_or(there, |row| row.0.max(there))
}

/// Gives a journal of an older program its name. None where it cannot be written now.
pub(super) async fn adopt(conn: &mut SqliteConnection) -> Option<i64> {
    if let Ok(Some(store)) = value(conn, "store").await {
        return Some(store);
    }
    if let Err(error) = name(conn).await {
        tracing::debug!(%error, "the journal could not be given a name yet");
    }
    store(conn).await
}

/// What the journal is called; none where that cannot be read.
pub(super) async fn store(conn: &mut SqliteConnection) -> Option<i64> {
    value(conn, "store").await.ok().flatten()
}

async fn name(conn: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    let mut tx = conn.begin_with("BEGIN IMMEDIATE").await?;
    for sql in NAME {
        sqlx::query(sql).execute(&mut *tx).await?;
    }
    tx.commit().await
}

/// Makes the tables, unless another process was faster.
pub(super) async fn create(conn: &mut SqliteConnection) -> Result<(), JournalError> {
    let made = make(conn).await;
    match made {
        Ok(()) => Ok(()),
        Err(e) => match version(conn).await? {
            Some(SCHEMA_VERSION) => Ok(()),
            Some(_) | None => Err(not_stored(&e)),
        },
    }
}

async fn make(conn: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    let mut tx = conn.begin_with("BEGIN IMMEDIATE").await?;
    for sql in TABLES.into_iter().chain(NAME) {
        sqlx::query(sql).execute(&mut *tx).await?;
    }
    sqlx::query("INSERT INTO meta (key, value) VALUES ('schema', ?)")
        .bind(SCHEMA_VERSION)
        .execute(&mut *tx)
        .await?;
    tx.commit().await
}

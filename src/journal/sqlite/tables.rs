//! The tables: records, the index of open incidents, one board, one lease, one schema version.
//! Shapes only; who writes what when is `sqlite`.

use sqlx::Connection;
use sqlx::sqlite::SqliteConnection;

use super::{Line, Mark, not_stored, unreadable};
use crate::journal::{JournalError, SCHEMA_VERSION};

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

/// The schema version of the file; none when it has no tables yet.
pub(super) async fn version(conn: &mut SqliteConnection) -> Result<Option<i64>, JournalError> {
    const HAS: &str = "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'meta'";
    const READ: &str = "SELECT value FROM meta WHERE key = 'schema'";
    let row: Result<Option<(i64,)>, _> = sqlx::query_as(READ).fetch_optional(&mut *conn).await;
    if let Ok(row) = row {
        return Ok(row.map(|r| r.0));
    }
    let has: (i64,) = super::one(&mut *conn, HAS).await?;
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
    for sql in TABLES {
        sqlx::query(sql).execute(&mut *tx).await?;
    }
    sqlx::query("INSERT INTO meta (key, value) VALUES ('schema', ?)")
        .bind(SCHEMA_VERSION)
        .execute(&mut *tx)
        .await?;
    tx.commit().await
}

/// Keeps the index of open incidents in step with a record.
pub(super) async fn mark(conn: &mut SqliteConnection, line: &Line) -> Result<(), sqlx::Error> {
    const OPEN: &str = "INSERT INTO open_incident (incident, firing) VALUES (?1, 1) \
         ON CONFLICT (incident) DO UPDATE SET firing = 1, closed = NULL, ended = NULL";
    const FIRES: &str =
        "UPDATE open_incident SET firing = 1 WHERE incident = ?1 AND closed IS NULL";
    const CLOSE: &str = "UPDATE open_incident SET closed = ?2, \
         ended = CASE WHEN firing = 1 THEN NULL ELSE ?2 END \
         WHERE incident = ?1 AND closed IS NULL";
    const CLEAR: &str = "UPDATE open_incident SET firing = 0, \
         ended = CASE WHEN closed IS NULL THEN NULL ELSE ?2 END WHERE incident = ?1";
    let sql = match line.mark {
        Mark::Open => OPEN,
        Mark::Fires => FIRES,
        Mark::Closed => CLOSE,
        Mark::Cleared => CLEAR,
        Mark::None => return Ok(()),
    };
    sqlx::query(sql).bind(&line.incident).bind(line.at).execute(conn).await?;
    Ok(())
}

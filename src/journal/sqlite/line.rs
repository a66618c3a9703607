//! Records on their way into the tables: each a line with its place in the index of open incidents,
//! all of them one transaction. What a failed commit leaves is told apart here, settled in `doubt`.

use sqlx::Connection;
use sqlx::sqlite::SqliteConnection;

use super::lease;
use super::words::{BUSY_CODE, FULL, LOCKED, READ_ONLY, code};
use crate::incident::event::{Event, Record};
use crate::incident::record::{kind, to_line};
use crate::journal::error::JournalError;

/// A commit that fails on demand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(not(test), expect(dead_code, reason = "tests alone make commits fail"))]
pub(in crate::journal) enum CommitFault {
    /// It is there and says that it failed.
    Kept,
    /// It is not there.
    Lost,
}

/// A record ready to be written, and what it does to the index of open incidents.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct StoredLine {
    pub at: i64,
    pub incident: String,
    kind: &'static str,
    pub body: String,
    pub mark: IndexMark,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum IndexMark {
    Open,
    /// Evidence that it fires (again).
    Fires,
    /// Closed; while it still fires it stays in the index until it clears.
    Closed,
    Cleared,
    None,
}

impl StoredLine {
    pub(super) fn of(record: &Record) -> Result<Self, JournalError> {
        let mark = match &record.event {
            Event::Opened { .. } | Event::Reopened { .. } => IndexMark::Open,
            Event::Resolved { .. } | Event::Cancelled { .. } => IndexMark::Closed,
            Event::Cleared => IndexMark::Cleared,
            Event::Updated { case } if case.firing => IndexMark::Fires,
            Event::Updated { .. }
            | Event::SeverityChanged { .. }
            | Event::Acknowledged { .. }
            | Event::AckUndone
            | Event::AckExpired { .. }
            | Event::AskedAgain { .. }
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
            | Event::ClockStepped { .. }
            | Event::EmissionPrepared { .. }
            | Event::EmissionSent { .. }
            | Event::EmissionAnswered { .. } => IndexMark::None,
        };
        let body = to_line(record).map_err(|e| JournalError::NotStored(e.to_string()))?;
        let incident = record.incident.to_string();
        Ok(Self { at: record.at.millis(), incident, kind: kind(&record.event), body, mark })
    }
}

/// How an insert ended early.
#[derive(Debug)]
pub(super) enum InsertFailure {
    /// Nothing of it can be there.
    Before(sqlx::Error),
    /// All of it was written, from place `first` on; whether that holds is not known.
    AtCommit { first: i64, error: sqlx::Error },
}

impl From<sqlx::Error> for InsertFailure {
    fn from(error: sqlx::Error) -> Self {
        Self::Before(error)
    }
}

/// Writes a line; its place.
pub(super) async fn put(
    conn: &mut SqliteConnection,
    line: &StoredLine,
) -> Result<i64, sqlx::Error> {
    const SQL: &str = "INSERT INTO record (at, incident, type, body) VALUES (?, ?, ?, ?)";
    let row = sqlx::query(SQL).bind(line.at).bind(&line.incident).bind(line.kind);
    Ok(row.bind(&line.body).execute(conn).await?.last_insert_rowid())
}

/// The place of the last line; none when the lease is not `held` any more.
pub(super) async fn insert(
    conn: &mut SqliteConnection,
    lines: &[StoredLine],
    held: Option<&str>,
    fault: Option<CommitFault>,
) -> Result<Option<i64>, InsertFailure> {
    let mut tx = conn.begin_with("BEGIN IMMEDIATE").await?;
    if !lease::is_held(&mut tx, held).await? {
        return Ok(None);
    }
    let (mut first, mut last) = (None, 0);
    for line in lines {
        last = put(&mut tx, line).await?;
        first = first.or(Some(last));
        mark(&mut tx, line).await?;
    }
    let failed = match fault {
        None => tx.commit().await.err(),
        Some(fault) => {
            match fault {
                CommitFault::Kept => tx.commit().await?,
                CommitFault::Lost => tx.rollback().await?,
            }
            Some(sqlx::Error::Io(std::io::Error::other("a fault on demand")))
        }
    };
    match failed {
        Some(error) => Err(InsertFailure::AtCommit { first: first.unwrap_or(0), error }),
        None => Ok(Some(last)),
    }
}

/// A commit that failed so may be on the disk: it was written, and not confirmed.
pub(super) fn in_doubt(error: &sqlx::Error) -> bool {
    !matches!(code(error), Some(BUSY_CODE | LOCKED | FULL | READ_ONLY))
}

/// Keeps the index of open incidents in step with a record.
pub(super) async fn mark(
    conn: &mut SqliteConnection,
    line: &StoredLine,
) -> Result<(), sqlx::Error> {
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
        IndexMark::Open => OPEN,
        IndexMark::Fires => FIRES,
        IndexMark::Closed => CLOSE,
        IndexMark::Cleared => CLEAR,
        IndexMark::None => return Ok(()),
    };
    sqlx::query(sql).bind(&line.incident).bind(line.at).execute(conn).await?;
    Ok(())
}

/// Records of which nobody knows whether they are stored.
#[derive(Debug)]
pub(super) struct CommitDoubt {
    pub(super) first: i64,
    pub(super) lines: Vec<StoredLine>,
}

//! A commit that failed after everything was written: nobody knows what is on the disk. A new
//! connection looks for the very records, and one more write makes the answer last; only where that
//! fails too the answer is "unknown".

use sqlx::sqlite::SqliteConnection;

use super::SqliteStore;
use super::line::{CommitDoubt, InsertFailure, StoredLine, insert};
use super::words::{not_stored, words};
use crate::journal::error::JournalError;

impl SqliteStore {
    /// After a commit of `lines` from place `first` on failed with `error`.
    pub(super) async fn settle(
        &self,
        (first, lines): (i64, Vec<StoredLine>),
        held: Option<&str>,
        error: &sqlx::Error,
    ) -> Result<i64, JournalError> {
        match self.second_look(first, &lines, held).await {
            Ok(Some(last)) => Ok(last),
            Ok(None) => Err(JournalError::LeaseLost),
            Err(first) => {
                self.remember(Some(CommitDoubt { first, lines }));
                Err(JournalError::Unknown(words(error)))
            }
        }
    }

    /// The same for what was judged in its transaction: it is not written again, for others may
    /// have stored something since that it was not judged by.
    pub(super) async fn settle_judged(
        &self,
        (first, lines): (i64, &[StoredLine]),
        error: &sqlx::Error,
    ) -> Result<(), JournalError> {
        let unknown = || JournalError::Unknown(words(error));
        let mut conn = self.writer().await.map_err(|_| unknown())?;
        let there = is_there(&mut conn, first, lines).await;
        // one more commit makes either answer last
        match (there, touch(&mut conn).await) {
            (Ok(true), Ok(())) => Ok(()),
            (Ok(false), Ok(())) => Err(not_stored(error)),
            (Ok(_) | Err(_), _) => {
                self.give_up(conn).await;
                Err(unknown())
            }
        }
    }

    /// The place of the last record; none when the lease is another's by now and nothing is stored.
    /// Where nobody knows still, the place from which on they may be.
    async fn second_look(
        &self,
        first: i64,
        lines: &[StoredLine],
        held: Option<&str>,
    ) -> Result<Option<i64>, i64> {
        let mut conn = self.writer().await.map_err(|_| first)?;
        let result = match is_there(&mut conn, first, lines).await {
            // one more commit syncs what is before it in the log
            Ok(true) => {
                touch(&mut conn).await.map(|()| Some(last(first, lines))).map_err(|_| first)
            }
            Ok(false) => match insert(&mut conn, lines, held, self.fault()).await {
                Ok(last) => Ok(last),
                Err(InsertFailure::AtCommit { first, .. }) => Err(first),
                Err(InsertFailure::Before(_)) => Err(first),
            },
            Err(_) => Err(first),
        };
        if result.is_err() {
            self.give_up(conn).await;
        }
        result
    }

    /// Before `lines` are written: how many of them are there already from a write in doubt.
    pub(super) async fn already(
        &self,
        conn: &mut SqliteConnection,
        lines: &[StoredLine],
    ) -> Result<usize, sqlx::Error> {
        let Some(doubt) = self.remember(None) else { return Ok(0) };
        if !lines.starts_with(&doubt.lines) {
            return Ok(0);
        }
        match is_there(conn, doubt.first, &doubt.lines).await {
            Ok(false) => Ok(0),
            Ok(true) => match touch(conn).await {
                Ok(()) => Ok(doubt.lines.len()),
                Err(error) => {
                    self.remember(Some(doubt));
                    Err(error)
                }
            },
            Err(error) => {
                self.remember(Some(doubt));
                Err(error)
            }
        }
    }
}

fn last(first: i64, lines: &[StoredLine]) -> i64 {
    first.saturating_add(i64::try_from(lines.len()).unwrap_or(0)).saturating_sub(1)
}

/// True when exactly these records lie at their places.
async fn is_there(
    conn: &mut SqliteConnection,
    first: i64,
    lines: &[StoredLine],
) -> Result<bool, sqlx::Error> {
    const SQL: &str = "SELECT COUNT(*) FROM record WHERE seq = ? AND at = ? AND incident = ? \
         AND body = ?";
    for (line, seq) in lines.iter().zip(first..) {
        let query = sqlx::query_as(SQL).bind(seq).bind(line.at).bind(&line.incident);
        let found: (i64,) = query.bind(&line.body).fetch_one(&mut *conn).await?;
        if found.0 == 0 {
            return Ok(false);
        }
    }
    Ok(true)
}

async fn touch(conn: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    const SQL: &str = "INSERT INTO meta (key, value) VALUES ('settled', 1) \
         ON CONFLICT (key) DO UPDATE SET value = value + 1";
    sqlx::query(SQL).execute(conn).await.map(drop)
}

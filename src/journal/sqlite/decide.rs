//! Reading, judging and appending as one transaction: of several processes that order at once each
//! sees what the one before it stored. What is judged is the caller's; nothing is sent in here.

use sqlx::Connection;
use sqlx::sqlite::SqliteConnection;

use super::SqliteStore;
use super::line::{StoredLine, in_doubt, mark, put};
use super::reading::{self, Which};
use super::words::not_stored;
use crate::domain::id::IncidentId;
use crate::domain::time::Timestamp;
use crate::incident::event::Record;
use crate::journal::{JournalError, JournalReading};

/// What a decision may look at, as it is in this very transaction.
#[derive(Debug)]
pub struct SeenRecords {
    /// Every record of the incident.
    pub own: JournalReading,
    /// Records of all incidents that are open or ended lately, when they were asked for.
    pub others: JournalReading,
}

/// What went wrong inside the transaction.
enum DecideFault<T> {
    Sql(sqlx::Error),
    /// All of it was written, from place `first` on, and not confirmed.
    Commit {
        first: i64,
        lines: Vec<StoredLine>,
        error: sqlx::Error,
        done: T,
    },
    Journal(JournalError),
}

impl<T> From<sqlx::Error> for DecideFault<T> {
    fn from(error: sqlx::Error) -> Self {
        Self::Sql(error)
    }
}

impl<T> From<JournalError> for DecideFault<T> {
    fn from(error: JournalError) -> Self {
        Self::Journal(error)
    }
}

impl SqliteStore {
    pub(in crate::journal) async fn decide<T, E>(
        &self,
        id: &IncidentId,
        others: Option<Timestamp>,
        judge: impl FnOnce(SeenRecords) -> Result<(Vec<Record>, T), E> + Send,
    ) -> Result<Result<T, E>, JournalError>
    where
        T: Send,
        E: Send,
    {
        let mut conn = self.writer().await?;
        match decide(&mut conn, id, others, judge).await {
            Ok(done) => Ok(done.map(|(done, last)| {
                if let Some(last) = last {
                    self.note(last);
                }
                done
            })),
            Err(DecideFault::Commit { first, lines, error, done }) if in_doubt(&error) => {
                self.give_up(conn).await;
                self.settle_judged((first, &lines), &error).await.map(|()| Ok(done))
            }
            Err(DecideFault::Journal(error)) => {
                drop(conn);
                Err(error)
            }
            Err(DecideFault::Sql(error) | DecideFault::Commit { error, .. }) => {
                self.give_up(conn).await;
                Err(not_stored(&error))
            }
        }
    }
}

async fn decide<T, E>(
    conn: &mut SqliteConnection,
    id: &IncidentId,
    others: Option<Timestamp>,
    judge: impl FnOnce(SeenRecords) -> Result<(Vec<Record>, T), E>,
) -> Result<Result<(T, Option<i64>), E>, DecideFault<T>> {
    let mut tx = conn.begin_with("BEGIN IMMEDIATE").await?;
    let own = reading::read(&mut tx, Which::Of(id), i64::MIN, i64::MAX).await?;
    let others = match others {
        Some(since) => reading::read(&mut tx, Which::Open(since), i64::MIN, i64::MAX).await?,
        None => JournalReading::default(),
    };
    let (records, done) = match judge(SeenRecords { own, others }) {
        Ok(judged) => judged,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let (mut first, mut last, mut lines) = (None, None, Vec::new());
    for record in &records {
        let line = StoredLine::of(record)?;
        last = Some(put(&mut tx, &line).await?);
        first = first.or(last);
        mark(&mut tx, &line).await?;
        lines.push(line);
    }
    match tx.commit().await {
        Ok(()) => Ok(Ok((done, last))),
        Err(error) => Err(DecideFault::Commit { first: first.unwrap_or(0), lines, error, done }),
    }
}

//! Reading, judging and appending as one transaction: of several processes that order at once each
//! sees what the one before it stored. What is judged is the caller's; nothing is sent in here.

use sqlx::Connection;
use sqlx::sqlite::SqliteConnection;

use super::Store;
use super::line::{Line, in_doubt, mark, put};
use super::reading::{self, Which};
use super::words::not_stored;
use crate::domain::id::IncidentId;
use crate::domain::time::Timestamp;
use crate::incident::event::Record;
use crate::journal::{JournalError, Reading};

/// What a decision may look at, as it is in this very transaction.
#[derive(Debug)]
pub struct Seen {
    /// Every record of the incident.
    pub own: Reading,
    /// Records of all incidents that are open or ended lately, when they were asked for.
    pub others: Reading,
}

/// What went wrong inside the transaction.
enum Fault<T> {
    Sql(sqlx::Error),
    /// All of it was written, from place `first` on, and not confirmed.
    Commit {
        first: i64,
        lines: Vec<Line>,
        error: sqlx::Error,
        done: T,
    },
    Journal(JournalError),
}

impl<T> From<sqlx::Error> for Fault<T> {
    fn from(error: sqlx::Error) -> Self {
        Self::Sql(error)
    }
}

impl<T> From<JournalError> for Fault<T> {
    fn from(error: JournalError) -> Self {
        Self::Journal(error)
    }
}

impl Store {
    pub(in crate::journal) async fn decide<T, E>(
        &self,
        id: &IncidentId,
        others: Option<Timestamp>,
        judge: impl FnOnce(Seen) -> Result<(Vec<Record>, T), E> + Send,
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
            Err(Fault::Commit { first, lines, error, done }) if in_doubt(&error) => {
                self.give_up(conn).await;
                self.settle_judged((first, &lines), &error).await.map(|()| Ok(done))
            }
            Err(Fault::Journal(error)) => {
                drop(conn);
                Err(error)
            }
            Err(Fault::Sql(error) | Fault::Commit { error, .. }) => {
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
    judge: impl FnOnce(Seen) -> Result<(Vec<Record>, T), E>,
) -> Result<Result<(T, Option<i64>), E>, Fault<T>> {
    let mut tx = conn.begin_with("BEGIN IMMEDIATE").await?;
    let own = reading::read(&mut tx, Which::Of(id), i64::MIN, i64::MAX).await?;
    let others = match others {
        Some(since) => reading::read(&mut tx, Which::Open(since), i64::MIN, i64::MAX).await?,
        None => Reading::default(),
    };
    let (records, done) = match judge(Seen { own, others }) {
        Ok(judged) => judged,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let (mut first, mut last, mut lines) = (None, None, Vec::new());
    for record in &records {
        let line = Line::of(record)?;
        last = Some(put(&mut tx, &line).await?);
        first = first.or(last);
        mark(&mut tx, &line).await?;
        lines.push(line);
    }
    match tx.commit().await {
        Ok(()) => Ok(Ok((done, last))),
        Err(error) => Err(Fault::Commit { first: first.unwrap_or(0), lines, error, done }),
    }
}

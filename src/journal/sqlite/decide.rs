//! Reading, judging and appending as one transaction: of several processes that order at once each
//! sees what the one before it stored. What is judged is the caller's; nothing is sent in here.

use sqlx::Connection;
use sqlx::sqlite::SqliteConnection;

use super::reading::{self, Which};
use super::{Line, Store, not_stored, tables};
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
enum Fault {
    Sql(sqlx::Error),
    Journal(JournalError),
}

impl From<sqlx::Error> for Fault {
    fn from(error: sqlx::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<JournalError> for Fault {
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
            Ok(done) => Ok(done),
            Err(Fault::Journal(error)) => {
                drop(conn);
                Err(error)
            }
            Err(Fault::Sql(error)) => {
                conn.detach().close_hard().await.ok();
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
) -> Result<Result<T, E>, Fault> {
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
    for record in &records {
        let line = Line::of(record)?;
        super::put(&mut tx, &line).await?;
        tables::mark(&mut tx, &line).await?;
    }
    tx.commit().await?;
    Ok(Ok(done))
}

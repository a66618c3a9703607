//! How a journal file is opened, and the smallest question to it.
//! Who opens it, and what is done when it is busy, is `sqlite` and `enter`.

use std::path::Path;
use std::time::Duration;

use sqlx::ConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};

use super::words::unreadable;
use crate::journal::error::JournalError;
use crate::journal::terms::Access;

pub(super) const BUSY: Duration = Duration::from_secs(5);

pub(super) fn options(path: &Path, access: Access) -> SqliteConnectOptions {
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

pub(super) async fn one<T>(
    conn: &mut SqliteConnection,
    sql: &'static str,
) -> Result<T, JournalError>
where
    T: for<'r> sqlx::FromRow<'r, sqlx::sqlite::SqliteRow> + Send + Unpin,
{
    sqlx::query_as(sql).fetch_one(conn).await.map_err(|e| unreadable(&e))
}

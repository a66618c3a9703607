//! The one stored board: put whole, read whole or as its head. What the two parts of its row hold
//! is `board::parts`; who may replace it is `lease`.

use sqlx::Row;

use super::words::{code, unreadable};
use super::{SqliteStore, lease};
use crate::board::{Board, SCHEMA, parts};
use crate::domain::time::Timestamp;
use crate::incident::unread::short;
use crate::journal::JournalError;
use crate::journal::place::FileStamp;

impl SqliteStore {
    pub(in crate::journal) async fn put_board(
        &self,
        board: &Board,
        held: Option<&str>,
    ) -> Result<(), JournalError> {
        let parts = parts::split(board).map_err(|e| JournalError::NotStored(e.to_string()))?;
        let mut conn = self.writer().await?;
        let put = lease::put_board(&mut conn, (board.generated_at, &parts.0, &parts.1), held).await;
        let put = self.finish(conn, put).await?;
        if put { Ok(()) } else { Err(JournalError::LeaseLost) }
    }

    pub(in crate::journal) fn stamp(&self) -> FileStamp {
        FileStamp::of(&self.path)
    }

    pub(in crate::journal) async fn board_at(&self) -> Result<Option<Timestamp>, JournalError> {
        let mut conn = self.reader().await?;
        let row: Option<(i64,)> = sqlx::query_as("SELECT at FROM board WHERE id = 1")
            .fetch_optional(&mut *conn)
            .await
            .map_err(|e| unreadable(&e))?;
        Ok(row.map(|r| Timestamp::from_millis(r.0)))
    }

    pub(in crate::journal) async fn board_head(&self) -> Result<Option<Board>, JournalError> {
        let mut conn = self.reader().await?;
        let row = sqlx::query("SELECT body FROM board WHERE id = 1").fetch_optional(&mut *conn);
        let Some(row) = row.await.map_err(|e| unreadable(&e))? else { return Ok(None) };
        let head: &str = row.try_get(0).map_err(|e| unreadable(&e))?;
        parts::head(head).map(Some).map_err(|why| damaged(head, &why))
    }

    pub(in crate::journal) async fn board(&self) -> Result<Option<Board>, JournalError> {
        const SQL: &str = "SELECT body, rest FROM board WHERE id = 1";
        const OLD: &str = "SELECT body, NULL FROM board WHERE id = 1";
        let mut conn = self.reader().await?;
        let row = match sqlx::query(SQL).fetch_optional(&mut *conn).await {
            // a file of an older program that nobody has written to since
            Err(e) if code(&e) == Some(1) => sqlx::query(OLD).fetch_optional(&mut *conn).await,
            row => row,
        };
        let Some(row) = row.map_err(|e| unreadable(&e))? else { return Ok(None) };
        let head: &str = row.try_get(0).map_err(|e| unreadable(&e))?;
        let rest: Option<&str> = row.try_get(1).map_err(|e| unreadable(&e))?;
        parts::whole(head, rest).map(Some).map_err(|why| damaged(head, &why))
    }
}

/// A board of another schema is told as that.
fn damaged(head: &str, why: &str) -> JournalError {
    let found: Option<serde_json::Value> = serde_json::from_str(head).ok();
    let schema = found.as_ref().and_then(|board| board.get("schema")?.as_str());
    JournalError::Unreadable(match schema {
        Some(schema) if schema != SCHEMA => {
            format!("board: a `{}`, written by another tillwatch; update this one", short(schema))
        }
        Some(_) | None => format!("board: not whole: {why}; a running watcher replaces it"),
    })
}

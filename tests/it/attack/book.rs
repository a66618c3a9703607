//! What is in a journal after an attack: opened by the product first, so that recovery is its own,
//! then read row by row without its code. Says what is broken in words; asserts nothing.

use std::path::Path;

use serde_json::Value;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection};
use tillwatch::board::Board;
use tillwatch::domain::time::Timestamp;
use tillwatch::journal::{Access, Journal};
use tokio::runtime::{Builder, Runtime};

/// One record.
#[derive(Clone, PartialEq, Debug)]
pub struct Entry {
    pub seq: i64,
    pub incident: String,
    pub kind: String,
    pub body: String,
}

impl Entry {
    fn field(&self, pointer: &str) -> Value {
        let body: Value = serde_json::from_str(&self.body).unwrap_or_default();
        body.pointer(pointer).cloned().unwrap_or_default()
    }

    pub fn pid(&self) -> u64 {
        self.field("/actor/pid").as_u64().unwrap_or(0)
    }

    pub fn by(&self) -> String {
        self.field("/actor/name").as_str().unwrap_or_default().to_owned()
    }

    /// `accepted`, `refused` ... of an answer.
    pub fn outcome(&self) -> String {
        self.field("/payload/answer/outcome").as_str().unwrap_or_default().to_owned()
    }
}

/// Reads journals on one runtime.
pub struct Reader(Runtime);

impl Reader {
    pub fn new() -> Self {
        Self(Builder::new_current_thread().enable_all().build().expect("a runtime"))
    }

    /// Opens it as an operator does, closes it, then looks at every row.
    pub fn recovered(&self, path: &Path) -> Result<Vec<Entry>, String> {
        self.0.block_on(async {
            let url = format!("sqlite:{}", path.display());
            let journal = Journal::open(&url, Access::Write).await.map_err(|e| e.to_string())?;
            journal.close().await;
            rows(path).await
        })
    }

    /// Looks at every row, beside programs that have it open.
    pub fn rows(&self, path: &Path) -> Result<Vec<Entry>, String> {
        self.0.block_on(rows(path))
    }

    /// The stored board.
    pub fn board(&self, path: &Path) -> Option<Board> {
        self.0.block_on(async {
            let url = format!("sqlite:{}", path.display());
            let journal = Journal::open(&url, Access::Read).await.ok()?;
            journal.board().await.ok().flatten()
        })
    }

    /// Makes the stored board one of this moment, as a watcher would that saw nothing new.
    pub fn renew_board(&self, path: &Path, now: Timestamp) {
        self.0.block_on(async {
            let url = format!("sqlite:{}", path.display());
            let journal = Journal::open(&url, Access::Write).await.expect("a journal");
            let mut board = journal.board().await.expect("readable").expect("a board");
            board.generated_at = now;
            for source in &mut board.sources {
                source.last_ok_at = Some(now);
            }
            if let Some(watcher) = &mut board.watcher {
                watcher.wall_at = Some(now);
            }
            journal.put_board(&board).await.expect("stored");
            journal.close().await;
        });
    }
}

async fn rows(path: &Path) -> Result<Vec<Entry>, String> {
    let options = SqliteConnectOptions::new().filename(path).disable_statement_logging();
    let mut conn = SqliteConnection::connect_with(&options).await.map_err(|e| e.to_string())?;
    let whole: Result<(String,), _> =
        sqlx::query_as("PRAGMA integrity_check").fetch_one(&mut conn).await;
    let rows: Result<Vec<(i64, String, String, String)>, _> =
        sqlx::query_as("SELECT seq, incident, type, body FROM record ORDER BY seq")
            .fetch_all(&mut conn)
            .await;
    conn.close().await.ok();
    let whole = whole.map_err(|e| e.to_string())?.0;
    if whole != "ok" {
        return Err(format!("integrity: {whole}"));
    }
    let entry = |(seq, incident, kind, body)| Entry { seq, incident, kind, body };
    Ok(rows.map_err(|e| e.to_string())?.into_iter().map(entry).collect())
}

/// How many records of these are of a kind.
pub fn count(entries: &[Entry], kind: &str) -> usize {
    entries.iter().filter(|e| e.kind == kind).count()
}

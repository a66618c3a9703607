//! Copies of a journal: a whole one of a file that is being written, made beside its place and put
//! there in one step; and records of another journal into an empty one, all or none.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection};

use super::SqliteStore;
use super::connect::{BUSY, options};
use super::enter::beside;
use super::line::{StoredLine, in_doubt, mark as index, put};
use super::tables::{self, FileLook};
use super::words::{not_stored, unreadable, words};
use crate::domain::id::IncidentId;
use crate::domain::time::Timestamp;
use crate::incident::event::Record;
use crate::journal::JournalError;
use crate::journal::mark;
use crate::journal::place::{self, FileIdentity};
use crate::journal::terms::{Access, Copied};

impl SqliteStore {
    /// A consistent copy of the journal as it is now, whoever writes to it meanwhile.
    pub(in crate::journal) async fn backup(
        &self,
        to: &Path,
        force: bool,
    ) -> Result<Copied, JournalError> {
        free(&self.path, to, force)?;
        let new = beside(to);
        let made = async {
            let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new);
            made.map_err(|e| refused(to, &e.to_string()))?;
            vacuum(&self.path, &new).await?;
            let look = look(&new).await?;
            File::open(&new).and_then(|f| f.sync_all()).map_err(|e| refused(to, &e.to_string()))?;
            settle(&new, to, force)?;
            Ok(look)
        }
        .await;
        let _moved = fs::remove_file(&new);
        let look: FileLook = made?;
        if let Some(store) = look.store {
            mark::keep(to, store, look.newest).map_err(|e| refused(to, &e.to_string()))?;
        }
        place::sync_folder(to)?;
        let bytes = fs::metadata(to).map_or(0, |meta| meta.len());
        Ok(Copied { newest: look.newest, bytes })
    }

    /// Writes records of another journal into this one, which has none; all of them or none.
    pub(in crate::journal) async fn import(
        &self,
        records: &[Record],
        now: Timestamp,
    ) -> Result<i64, JournalError> {
        let lines: Vec<StoredLine> =
            records.iter().map(StoredLine::of).collect::<Result<_, _>>()?;
        let lease = self.lease().await?.filter(|(_, until)| *until > now);
        if let Some((owner, _)) = lease {
            return Err(JournalError::Place(format!(
                "{owner} watches into it; import while no tillwatch runs on it"
            )));
        }
        let mut conn = self.writer().await?;
        if tables::newest(&mut conn).await != 0 {
            return Err(JournalError::Place(format!(
                "{} has records already; import goes into an empty journal only",
                self.path.display()
            )));
        }
        let done = write(&mut conn, &lines).await;
        match done {
            Ok(last) => {
                self.note(last);
                Ok(last)
            }
            Err((true, error)) => {
                self.give_up(conn).await;
                Err(JournalError::Unknown(words(&error)))
            }
            Err((false, error)) => self.finish(conn, Err(error)).await,
        }
    }

    /// The incidents with a record in `[from, until)`, in the order of their first one.
    pub(in crate::journal) async fn touched(
        &self,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<IncidentId>, JournalError> {
        const SQL: &str = "SELECT incident FROM record WHERE at >= ? AND at < ? \
             GROUP BY incident ORDER BY MIN(seq)";
        let mut conn = self.reader().await?;
        let query = sqlx::query_as(SQL).bind(from.millis()).bind(until.millis());
        let rows: Result<Vec<(String,)>, _> = query.fetch_all(&mut *conn).await;
        let rows = rows.map_err(|e| unreadable(&e))?;
        Ok(rows.into_iter().map(|row| row.0.as_str().into()).collect())
    }
}

/// Whether nothing, or all of it, may be there: false where it surely is not.
async fn write(
    conn: &mut SqliteConnection,
    lines: &[StoredLine],
) -> Result<i64, (bool, sqlx::Error)> {
    let sure = |error| (false, error);
    let mut tx = conn.begin_with("BEGIN IMMEDIATE").await.map_err(sure)?;
    // another program may have been faster
    let first: (i64,) =
        sqlx::query_as("SELECT COUNT(*) FROM record").fetch_one(&mut *tx).await.map_err(sure)?;
    if first.0 > 0 {
        return Err(sure(sqlx::Error::Protocol("another program wrote into it".to_owned())));
    }
    let mut last = 0;
    for line in lines {
        last = put(&mut tx, line).await.map_err(sure)?;
        index(&mut tx, line).await.map_err(sure)?;
    }
    tx.commit().await.map_err(|error| (in_doubt(&error), error))?;
    Ok(last)
}

/// Nothing that is of use to anybody is written over: without `force` nothing at all, with it an
/// older copy that nobody has open.
fn free(from: &Path, to: &Path, force: bool) -> Result<(), JournalError> {
    if FileIdentity::of(to).is_some_and(|there| Some(there) == FileIdentity::of(from)) {
        return Err(refused(to, "is the journal itself"));
    }
    let log = place::log(to);
    if fs::metadata(&log).is_ok_and(|meta| meta.len() > 0) {
        return Err(refused(to, "is a journal in use: its write-ahead log is beside it"));
    }
    let there = fs::symlink_metadata(to);
    if there.is_err() && !mark::path(to).exists() {
        return Ok(());
    }
    if !force {
        return Err(refused(to, "is there already; name another file, or --force replaces it"));
    }
    match there {
        Ok(meta) if !meta.is_file() => Err(refused(to, "is not a plain file")),
        Ok(_) if !is_journal(to) => Err(refused(to, "is no journal and is not written over")),
        Ok(_) | Err(_) => Ok(()),
    }
}

/// SQLite's head with our mark in it (sqlite.org/fileformat.html, offset 68).
fn is_journal(path: &Path) -> bool {
    let mut head = [0; 72];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut head));
    read.is_ok() && head.starts_with(b"SQLite format 3\0") && head.ends_with(b"tilw")
}

/// The one statement that reads a live database as it is at one instant, log included.
async fn vacuum(from: &Path, to: &Path) -> Result<(), JournalError> {
    // not `query_only`: that forbids to write the copy too
    let options = SqliteConnectOptions::new().filename(from).busy_timeout(BUSY).read_only(true);
    let connected = options.disable_statement_logging().connect().await;
    let mut conn = connected.map_err(|e| unreadable(&e))?;
    let copied = sqlx::query("VACUUM INTO ?").bind(to.to_string_lossy().into_owned());
    let copied = copied.execute(&mut conn).await;
    let _closed = conn.close().await;
    copied.map(|_| ()).map_err(|e| not_stored(&e))
}

/// The copy is opened and read before it counts as one.
async fn look(new: &Path) -> Result<FileLook, JournalError> {
    let connected = options(new, Access::Read).connect().await;
    let mut conn = connected.map_err(|e| unreadable(&e))?;
    let look = tables::look(&mut conn).await;
    let check: Result<(String,), _> =
        sqlx::query_as("PRAGMA quick_check(1)").fetch_one(&mut conn).await;
    let _closed = conn.close().await;
    match check.map_err(|e| unreadable(&e))?.0.as_str() {
        "ok" => look,
        damage => Err(JournalError::Unreadable(format!("the copy is damaged: {damage}"))),
    }
}

/// Puts the finished file in its place; without `force` another one that came meanwhile stays.
fn settle(new: &Path, to: &Path, force: bool) -> Result<(), JournalError> {
    let failed = |e: std::io::Error| refused(to, &e.to_string());
    if force {
        return fs::rename(new, to).map_err(failed);
    }
    match fs::hard_link(new, to) {
        Err(e) if e.kind() == ErrorKind::AlreadyExists => Err(refused(to, "is there already")),
        // not every file system has links
        Err(_) if !to.exists() => fs::rename(new, to).map_err(failed),
        linked => linked.map_err(failed),
    }
}

fn refused(path: &Path, why: &str) -> JournalError {
    JournalError::Copy(format!("{} {why}", path.display()))
}

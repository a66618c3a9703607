//! The door: what lies at a path is looked at before anything is written there. A new journal
//! appears whole or not at all; a foreign file, half a copy and an emptied journal are refused with
//! what to do, and never taken for a new one.

use std::fs::{self, OpenOptions};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::ErrorKind;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use sqlx::ConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};

use super::connect::options;
use super::tables::{self, FileLook};
use super::words::{not_stored, unreadable};
use crate::journal::error::JournalError;
use crate::journal::mark::{self, StoreMark};
use crate::journal::place;
use crate::journal::terms::Access;

/// What the file system shows of a journal before it is opened.
struct Files {
    /// Length of the main file; none where there is none.
    main: Option<u64>,
    /// The write-ahead log has something in it.
    log: bool,
    mark: StoreMark,
}

/// Refuses what is no whole journal of ours; makes one where there is none and never was.
pub(super) async fn enter(path: &Path, access: Access) -> Result<(), JournalError> {
    let files = Files {
        main: fs::metadata(path).ok().map(|meta| meta.len()),
        log: fs::metadata(place::log(path)).is_ok_and(|meta| meta.len() > 0),
        mark: mark::read(path),
    };
    match files.main {
        None | Some(0) if files.log || matches!(files.mark, StoreMark::Kept { .. }) => {
            Err(lost(path, &files))
        }
        None if access == Access::Write => make(path).await,
        Some(0) if access == Access::Write => begin(path),
        None | Some(0) => Err(JournalError::Absent(path.display().to_string())),
        Some(_) => {
            let look = look(path).await?;
            judge(path, &files, &look)?;
            if access == Access::Write { begin(path) } else { Ok(()) }
        }
    }
}

fn begin(path: &Path) -> Result<(), JournalError> {
    // An old journal on a disk that is full or read-only is opened all the same.
    if let Err(error) = mark::begin(path) {
        tracing::debug!(%error, "no mark could be made beside the journal");
    }
    Ok(())
}

/// A journal was here: its log or its mark is still beside where it was.
fn lost(path: &Path, files: &Files) -> JournalError {
    let what = if files.main.is_some() { "was cut to nothing" } else { "is gone" };
    let (log, mark) = (place::log(path), mark::path(path));
    let beside = if files.log { &log } else { &mark };
    JournalError::Place(format!(
        "{} {what}, but {} says that a journal was here; put it (or a whole copy) back, or move \
         all of {}* away to begin a new one",
        path.display(),
        beside.display(),
        path.display()
    ))
}

async fn look(path: &Path) -> Result<FileLook, JournalError> {
    let connected = options(path, Access::Read).connect().await;
    let mut conn = connected.map_err(|e| unreadable(&e))?;
    let look = tables::look(&mut conn).await;
    let closed = sqlx::Connection::close(conn).await;
    closed.map_err(|e| unreadable(&e))?;
    look
}

fn judge(path: &Path, files: &Files, look: &FileLook) -> Result<(), JournalError> {
    let at = path.display();
    let refuse = |why: String| Err(JournalError::Place(format!("{at} {why}")));
    if look.is_foreign() {
        let words = "is a database of another program and is not touched; name another file in \
             [journal] url";
        return refuse(words.to_owned());
    }
    let half = match (look.version, look.store, files.mark) {
        (None, _, _) => !files.log && in_log_mode(path),
        (Some(_), Some(_), StoreMark::Absent) => !files.log,
        _whole => false,
    };
    if half {
        let (log, mark) = (place::log(path), mark::path(path));
        return refuse(format!(
            "is a copy of the main file alone: what was in its {} is missing; copy both with every \
             tillwatch ended, or, when you know that it is whole, `touch {}`",
            log.display(),
            mark.display()
        ));
    }
    let StoreMark::Kept { store, newest } = files.mark else { return Ok(()) };
    let mark = mark::path(path);
    if look.version.is_some() && look.store != Some(store) {
        return refuse(format!(
            "is not the journal that was here; put that one back, or remove {} to go on with this \
             one",
            mark.display()
        ));
    }
    if look.newest < newest {
        return refuse(format!(
            "ends with record {} and had {newest}: its {} is missing, or it is an older copy; put \
             the rest back, or remove {} to go on without it",
            look.newest,
            place::log(path).display(),
            mark.display()
        ));
    }
    Ok(())
}

/// The head of the file says that changes go to a log first.
fn in_log_mode(path: &Path) -> bool {
    let mut head = [0; 20];
    let read = fs::File::open(path).and_then(|file| file.read_exact_at(&mut head, 0));
    read.is_ok() && head.ends_with(&[2, 2])
}

/// A journal with its tables, made beside the place and put there in one step. Another program
/// that was faster wins.
async fn make(path: &Path) -> Result<(), JournalError> {
    let failed = |e: std::io::Error| JournalError::NotStored(format!("{}: {e}", path.display()));
    mark::begin(path).map_err(failed)?;
    let new = beside(path);
    let made = fill(&new).await.and_then(|()| match fs::hard_link(&new, path) {
        Err(e) if e.kind() == ErrorKind::AlreadyExists => Ok(()),
        // not every file system has links
        Err(_) if !path.exists() => fs::rename(&new, path).map_err(failed),
        linked => linked.map_err(failed),
    });
    let _renamed = fs::remove_file(&new);
    made?;
    place::sync_folder(path)
}

/// A name beside `path` that nobody has.
pub(super) fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    let random = RandomState::new().build_hasher().finish();
    name.push(format!("-new-{random:016x}"));
    name.into()
}

async fn fill(new: &Path) -> Result<(), JournalError> {
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(new);
    made.map_err(|e| JournalError::NotStored(format!("{}: {e}", new.display())))?;
    let options = SqliteConnectOptions::new()
        .filename(new)
        .disable_statement_logging()
        .journal_mode(SqliteJournalMode::Memory)
        .synchronous(SqliteSynchronous::Full);
    let mut conn: SqliteConnection = options.connect().await.map_err(|e| not_stored(&e))?;
    tables::create(&mut conn).await?;
    sqlx::Connection::close(conn).await.map_err(|e| not_stored(&e))
}

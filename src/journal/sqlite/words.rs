//! What SQLite says in numbers, in words that tell a person what is wrong.
//! Result codes are those of sqlite.org/rescode.html.

use crate::journal::error::JournalError;

pub(super) const BUSY_CODE: i64 = 5;
pub(super) const LOCKED: i64 = 6;
pub(super) const READ_ONLY: i64 = 8;
const IOERR: i64 = 10;
pub(super) const FULL: i64 = 13;

/// SQLite's primary result code (sqlite.org/rescode.html).
pub(super) fn code(error: &sqlx::Error) -> Option<i64> {
    Some(extended(error)? & 0xFF)
}

fn extended(error: &sqlx::Error) -> Option<i64> {
    error.as_database_error()?.code()?.parse().ok()
}

/// What the disk did not do, by the extended code.
fn disk(error: &sqlx::Error) -> &'static str {
    match extended(error).map(|code| code >> 8) {
        Some(1 | 2) => "the disk failed while it was read",
        Some(3) => "the disk failed while it was written",
        Some(4 | 5) => "the disk did not confirm what was written (fsync)",
        Some(6 | 25) => "the disk failed while a file was made shorter",
        Some(8 | 9 | 14 | 15) => "the disk failed while a file was locked",
        Some(10 | 11 | 13) => "the disk failed while a file was deleted or looked for",
        Some(18 | 19 | 20 | 21 | 24) => "the disk failed while memory was shared (-shm)",
        _other => "the disk failed",
    }
}

pub(super) fn held_by_another(error: &sqlx::Error) -> bool {
    matches!(code(error), Some(BUSY_CODE | LOCKED))
}

pub(super) fn words(error: &sqlx::Error) -> String {
    match code(error) {
        Some(FULL) => "disk full".to_owned(),
        Some(READ_ONLY) => "the disk or the file is read-only".to_owned(),
        Some(IOERR) => format!("disk error: {}", disk(error)),
        Some(BUSY_CODE | LOCKED) => "another program holds the journal".to_owned(),
        Some(11) => "the journal is damaged; put a copy back or move it away".to_owned(),
        Some(26) => "the file is not a journal".to_owned(),
        Some(14) => "the file cannot be opened".to_owned(),
        Some(_) | None => error.to_string(),
    }
}

pub(super) fn not_stored(error: &sqlx::Error) -> JournalError {
    JournalError::NotStored(words(error))
}

pub(super) fn unreadable(error: &sqlx::Error) -> JournalError {
    JournalError::Unreadable(words(error))
}

//! What can go wrong with a journal, in sentences that say what to do.
//! Told apart is what is surely not stored and what nobody knows.

use thiserror::Error;

/// The layout of the tables; a newer one is read by nobody older and never rewritten.
pub const SCHEMA_VERSION: i64 = 2;

#[derive(Debug, Error)]
pub enum JournalError {
    #[error("`{0}` is no journal; write sqlite:PATH")]
    Url(String),
    #[error("postgres:// journals are not in this version; write sqlite:PATH")]
    Postgres,
    #[error("journal refused: {0}")]
    Place(String),
    /// A copy that was not made; the journal itself is as it was.
    #[error("no copy was made: {0}")]
    Copy(String),
    #[error("no journal at {0}; a watcher creates it")]
    Absent(String),
    #[error(
        "the journal has schema {found}, this program knows {SCHEMA_VERSION}: it was written by a \
         newer tillwatch and is not touched; update this one"
    )]
    Newer { found: i64 },
    /// A write that did not happen; nothing of it is in the journal.
    #[error("NOT STORED - {0}")]
    NotStored(String),
    /// A write of which nobody knows whether it happened.
    #[error("UNKNOWN whether it is stored - {0}; look before you do it again")]
    Unknown(String),
    /// Another watcher holds the lease by now; nothing of the write is in the journal.
    #[error("another watcher holds the lease; nothing was written")]
    LeaseLost,
    #[error("journal cannot be read: {0}")]
    Unreadable(String),
}

impl JournalError {
    /// Why, for sentences that begin with what came of it.
    pub fn why(&self) -> String {
        match self {
            Self::NotStored(why) => why.clone(),
            Self::Unknown(why) => format!("{why}, it may be there all the same"),
            other => other.to_string(),
        }
    }

    /// What came of a write that ended so.
    pub fn said(&self) -> String {
        match self {
            Self::Unknown(_) => self.to_string(),
            other => format!("NOT STORED - {}", other.why()),
        }
    }
}

//! An open journal for commands that are about it as a whole: config, address, runtime, and the
//! exit code of what went wrong with it. No words about incidents.

use crate::config::Config;
use crate::journal::{Access, Journal, JournalError};
use crate::shell::clock::Clock;

use super::app;
use super::args::Global;
use super::exit::Exit;
use super::out;

/// Why such a command ended early.
#[derive(Debug)]
pub enum StoreFailed {
    /// It was said already.
    Told(Exit),
    Journal(JournalError),
}

impl From<JournalError> for StoreFailed {
    fn from(error: JournalError) -> Self {
        Self::Journal(error)
    }
}

/// An open journal and what belongs to it.
pub struct OpenStore {
    pub journal: Journal,
    pub config: Config,
    /// The time of the watcher whose journal it is.
    pub clock: Clock,
}

/// Opens the journal, does `work` with it, maps what went wrong to an exit code.
pub fn with(
    global: &Global,
    access: Access,
    work: impl AsyncFnOnce(&OpenStore) -> Result<Exit, StoreFailed>,
) -> Exit {
    match opened(global, access, work) {
        Ok(exit) | Err(StoreFailed::Told(exit)) => exit,
        Err(StoreFailed::Journal(error)) => {
            out::error(&error.to_string());
            exit_of(&error)
        }
    }
}

fn opened(
    global: &Global,
    access: Access,
    work: impl AsyncFnOnce(&OpenStore) -> Result<Exit, StoreFailed>,
) -> Result<Exit, StoreFailed> {
    let config = app::config(global).map_err(StoreFailed::Told)?.config();
    let url = app::journal_url(global, &config).map_err(StoreFailed::Told)?;
    let runtime = app::runtime().map_err(StoreFailed::Told)?;
    runtime.block_on(async {
        let journal = Journal::open(&url, access).await?;
        let board = journal.board().await.ok().flatten();
        let clock = board.as_ref().map_or_else(Clock::system, Clock::of_board);
        let open = OpenStore { journal, config, clock };
        let done = work(&open).await;
        open.journal.close().await;
        done
    })
}

/// A copy or an import that was refused is a no; a journal that cannot be had is 5.
pub fn exit_of(error: &JournalError) -> Exit {
    match error {
        JournalError::Copy(_) | JournalError::Unreadable(_) => Exit::No,
        JournalError::Url(_) => Exit::Usage,
        JournalError::Unknown(_) => Exit::Unsure,
        JournalError::Postgres
        | JournalError::Place(_)
        | JournalError::Absent(_)
        | JournalError::Newer { .. }
        | JournalError::NotStored(_)
        | JournalError::LeaseLost => Exit::NoJournal,
    }
}

//! What the watcher's thread asks of the journal, in calls that return when it is done. Every write
//! is held to the lease; tests put a keeper in its place that fails.

use std::sync::Arc;

use tokio::runtime::Handle;

use crate::board::Board;
use crate::incident::event::Record;
use crate::journal::{Journal, JournalError, JournalReading};

use super::kill_switch::KillSwitch;

/// A journal in the hands of one watcher.
pub trait Keeper: Send {
    /// Stores all or none; the place of the last one. They have the places before it.
    fn append(&self, records: &[Record]) -> Result<i64, JournalError>;
    /// The first `limit` records after place `seq`.
    fn since(&self, seq: i64, limit: u32) -> Result<JournalReading, JournalError>;
    fn put_board(&self, board: &Board) -> Result<(), JournalError>;
    /// Whether the files still are the ones that were opened.
    fn standing(&self) -> Result<(), JournalError>;
    /// Why nothing may be sent outside, while that is so.
    fn killed(&self) -> Option<String> {
        None
    }
}

/// The journal, written under the lease of `owner`.
pub struct Held {
    pub journal: Arc<Journal>,
    pub runtime: Handle,
    pub owner: String,
}

impl Keeper for Held {
    fn append(&self, records: &[Record]) -> Result<i64, JournalError> {
        self.runtime.block_on(self.journal.append_held(&self.owner, records))
    }

    fn since(&self, seq: i64, limit: u32) -> Result<JournalReading, JournalError> {
        self.runtime.block_on(self.journal.since(seq, limit))
    }

    fn put_board(&self, board: &Board) -> Result<(), JournalError> {
        self.runtime.block_on(self.journal.put_board_held(&self.owner, board))
    }

    fn standing(&self) -> Result<(), JournalError> {
        self.journal.standing()
    }

    fn killed(&self) -> Option<String> {
        KillSwitch::of(self.journal.file()).why()
    }
}

//! Orders on their way out and what the person is told about them, as data.
//! The words are made in `present`; the rules of incidents live in `incident`.

use crate::domain::id::{ActionId, IncidentId};
use crate::domain::time::Timestamp;

/// An order that was sent and not answered yet: on screen it is not stored.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pending {
    pub ticket: u64,
    pub incident: IncidentId,
    pub verb: Verb,
    /// Wall time.
    pub asked_at: Timestamp,
}

/// A rollback that was ordered and stored, and no byte of it left.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unsent {
    pub incident: IncidentId,
    pub action: ActionId,
    pub why: String,
    /// Wall time.
    pub at: Timestamp,
}

/// What was ordered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verb {
    Acknowledge,
    Undo,
    Decide,
    Rollback,
    StartTimer,
    ExtendTimer,
    StopTimer,
    Note,
    Resolve,
}

/// A message to the person.
#[derive(Clone, PartialEq, Debug)]
pub enum Say {
    Stored(Verb),
    Failed(Verb, String),
    ReadOnly,
    NotHere,
    NoIncident,
    /// The selected release is no incident's suspect.
    NotSuspected,
    /// No verdict to unfold here.
    NothingThere,
    NoMatch(String),
    AlreadySent(Verb),
    AlreadyOwned(String),
    Closed,
    NothingToUndo,
    /// No plan: no action configured, or no release suspected.
    NoRollback,
    NotAllowed(String),
    Burst,
    PasteRefused,
    Copied,
    /// The watcher is gone and this process watches now.
    TookOver,
    /// The lease is another's: this process stopped watching.
    Relieved(String),
}

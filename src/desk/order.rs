//! Orders on their way out and what the person is told about them, as data.
//! The words are made in `present`; the rules of incidents live in `incident`.

use crate::board::{Action, ActionState};
use crate::domain::id::{IncidentId, ReleaseId};
use crate::domain::time::Timestamp;
use crate::incident::order::OrderKind;

use super::chord::Chord;

/// An order that was sent and not answered yet: on screen it is not stored.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pending {
    pub ticket: u64,
    pub incident: IncidentId,
    pub verb: OrderKind,
    /// Wall time.
    pub asked_at: Timestamp,
    /// The incident's action as the board had it then.
    pub before: Option<Action>,
}

/// A rollback that was stored and is on its way out of this process, or did not get out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outgoing {
    pub incident: IncidentId,
    /// The incident's action before the order; another one on the board says how it went.
    pub before: Option<Action>,
    /// Shop time.
    pub since: Timestamp,
    /// What went wrong on the way; none while it is being sent.
    pub failed: Option<FailedSend>,
}

/// What no record says about a rollback that was stored, with why.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum FailedSend {
    /// No byte of it left.
    NotSent(String),
    /// It was sent; what was answered is not in the journal.
    Unstored(String),
}

/// Why a dialog closed by itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shut {
    /// The incident was closed meanwhile.
    Closed,
    /// The incident is not on the board any more.
    Gone,
    /// There is no rollback any more.
    NoPlan,
    /// The rollback would be another one.
    OtherPlan,
}

/// A message to the person.
#[derive(Clone, PartialEq, Debug)]
pub enum Say {
    Stored(OrderKind),
    Failed(OrderKind, String),
    ReadOnly,
    NotHere,
    /// No command has this key.
    NoKey(Chord),
    NoIncident,
    /// The selected release is no incident's suspect.
    NotSuspected,
    /// No verdict to unfold here.
    NothingThere,
    NoMatch(String),
    AlreadySent(OrderKind),
    AlreadyOwned(String),
    Closed,
    NothingToUndo,
    /// No plan, because no release is suspected.
    NoSuspect,
    /// No plan for the release that is suspected: no action serves it.
    NoRollback(ReleaseId),
    NotAllowed(String),
    Burst,
    /// Text was longer than its field; the end is gone.
    PasteCut,
    /// A dialog closed by itself.
    Shut(IncidentId, Shut),
    /// How far a rollback came that this desk ordered.
    Came(ActionState),
    /// A rollback was stored, and the rest went wrong.
    Went(FailedSend),
    PasteRefused,
    /// What was sent to the clipboard.
    Copied(String),
    /// The watcher is gone and this process watches now.
    TookOver,
    /// The lease is another's: this process stopped watching.
    Relieved(String),
}

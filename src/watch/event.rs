//! What wakes the watcher and what it orders from the outside. Plain data, closed enums.
//! Every event carries its instant in policy time; nothing here asks for the time.

use crate::board::Board;
use crate::domain::change::Change;
use crate::domain::check::Check;
use crate::domain::flaw::Flaw;
use crate::domain::id::{EmissionId, IncidentId, SourceId};
use crate::domain::observation::Observation;
use crate::domain::past::Past;
use crate::domain::time::{Span, Timestamp};
use crate::incident::emission::Emission;
use crate::incident::event::{Outcome, Record};
use crate::incident::unread::Unread;

/// One good answer of a source.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    pub observations: Vec<Observation>,
    pub checks: Vec<Check>,
    pub changes: Vec<Change>,
    /// Doubts in plain words: `3 warnings: results truncated`.
    pub notes: Vec<String>,
    /// Something asked for is not in here.
    pub partial: bool,
    /// It holds samples whose first window is not over.
    pub waiting: bool,
    /// What was noticed about the telling itself.
    pub flaws: Vec<Flaw>,
}

/// A message whose try is in the journal and may leave.
#[derive(Clone, PartialEq, Debug)]
pub struct Letter {
    pub incident: IncidentId,
    pub emission: Emission,
    pub try_no: u32,
}

/// What became of a letter.
#[derive(Clone, PartialEq, Debug)]
pub struct Reply {
    pub incident: IncidentId,
    pub key: EmissionId,
    pub sink: String,
    pub try_no: u32,
    pub answer: Outcome,
    pub at: Timestamp,
}

/// Past tense: what happened outside.
#[derive(Clone, Debug)]
pub enum WatchEvent {
    /// A source answered; it will be asked again at `next_at`.
    Polled { source: SourceId, batch: Batch, at: Timestamp, next_at: Timestamp },
    /// A source failed; `why` is fit for a screen.
    PollFailed { source: SourceId, why: String, at: Timestamp, next_at: Timestamp },
    /// A piece of a source's own past, coarse windows.
    PastRead { source: SourceId, batch: Batch },
    /// How far the past of each question of a source has come. `enough`: judging need not wait for
    /// this source any longer, because enough is there or cannot be had for now; more may follow.
    PastTold { source: SourceId, pasts: Vec<Past>, enough: bool, at: Timestamp },
    /// A source has told all of its past that there is.
    PastEnded { source: SourceId, at: Timestamp },
    /// An append is in the journal: ours and what others stored before it, in journal order.
    Journaled { records: Vec<Record>, at: Timestamp },
    /// Records that others stored, in journal order.
    News { records: Vec<Record>, at: Timestamp },
    /// An append was refused; its records wait in memory and the board says so.
    NotStored { records: Vec<Record>, why: String, at: Timestamp },
    /// What waits is to be tried now.
    Flush { at: Timestamp },
    /// Records of the journal that cannot be read.
    Unread { records: Vec<Unread>, at: Timestamp },
    /// What is wrong with the journal as a whole; none when nothing is any more.
    JournalTrouble { why: Option<String>, at: Timestamp },
    /// The machine's clock was set and is `off` ahead of ours now; ours goes on. Deadlines that run
    /// come `earlier` by what the machine's clock would reach them sooner.
    ClockStepped { by: Span, off: Span, earlier: Span, at: Timestamp },
    /// This process did not run for so long on the wall (a suspended machine, SIGSTOP).
    Paused { by: Span, at: Timestamp },
    /// The kill switch was thrown, with the reason, or is off again.
    KillSwitch { why: Option<String>, at: Timestamp },
    /// A sink answered, or did not.
    Emitted(Reply),
    /// Time passed.
    Woke { at: Timestamp },
}

/// Orders to the outside.
#[derive(Clone, Debug)]
pub enum WatchEffect {
    /// Store these; answered by `Journaled` or `NotStored`.
    Append(Vec<Record>),
    /// Send this; answered by `Emitted`.
    Emit(Box<Letter>),
    /// Show this to every viewer.
    Publish(Box<Board>),
}

//! What an incident holds beside its evidence: acknowledgements, a timer, actions. Plain data; what
//! moves it is the fold.

use crate::domain::money::Range;
use crate::domain::segment::Scope;
use crate::domain::time::{Span, Timestamp};
use crate::incident::event::{Actor, Intent, Outcome};
use crate::incident::state::ActionState;

#[derive(Clone, PartialEq, Debug)]
pub struct Ack {
    pub actor: Actor,
    pub at: Timestamp,
    pub note: String,
    pub expires_at: Option<Timestamp>,
    pub seen: AckSeen,
}

/// What an acknowledgement was given for.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct AckSeen {
    pub segments: Vec<Scope>,
    /// Money at risk a minute.
    pub risk: Option<Range>,
}

/// A timer started by hand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Timer {
    pub started_at: Timestamp,
    pub due_at: Timestamp,
    pub extended: bool,
}

/// One action and how far it came.
#[derive(Clone, PartialEq, Debug)]
pub struct ActionRun {
    pub intent: Intent,
    pub by: Actor,
    /// Who sent it last.
    pub sent_by: Option<Actor>,
    pub state: ActionState,
    pub prepared_at: Timestamp,
    pub sent_at: Option<Timestamp>,
    pub answered_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
    pub tries: u32,
    /// A try of it may have arrived; what a later try that never left says is no proof against it.
    pub doubtful: bool,
    /// What the receiver asked for last, whatever was learnt of it since.
    pub rest: Option<AskedRest>,
    /// The receiver's own name of the run, when an answer told it.
    pub run_id: Option<String>,
    /// What was said last about it.
    pub answer: Option<Outcome>,
    pub detail: String,
}

/// The time for which a receiver asked to be left alone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AskedRest {
    pub asked_at: Timestamp,
    /// Wall time.
    pub secs: u64,
}

impl AskedRest {
    /// Until when, for who knows how wall time passes in its world.
    pub fn until(self, passed: impl FnOnce(Span) -> Span) -> Timestamp {
        self.asked_at.plus(passed(Span::from_secs(i64::try_from(self.secs).unwrap_or(i64::MAX))))
    }
}

/// Counts over the whole life of an incident.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Asks {
    /// Acknowledgements asked for, the first at the opening.
    pub acks: u32,
    /// Decision deadlines that passed.
    pub missed: u32,
}

impl Asks {
    pub(super) fn again(&mut self) {
        self.acks = self.acks.saturating_add(1);
    }
}

//! How a board stands, in one word: open, firing, stale, blind, learning, unsure, recovering, calm.
//! The banner, the wall, `once` and the exit codes all ask here, so none of them can be calmer than
//! another. Pure; the words for people are made in `present`.

use serde::{Deserialize, Serialize};

use super::{Board, IncidentView, SourceState, SourceView};
use crate::domain::id::{GuardrailId, SourceId};
use crate::domain::severity::Severity;
use crate::domain::time::{Span, Timestamp};
use crate::incident::state::State;
use crate::policy::guardrail::Exposure;
use crate::verdict::{GuardrailState, Judged};

/// Judging lags by up to two minutes; later than this it has stopped.
const JUDGED_WITHIN: Span = Span::from_mins(6);
/// The same in wall time, where the shop runs fast.
const JUDGED_WITHIN_WALL: f64 = 15_000.0;

/// What is missing before every guardrail of high exposure has a verdict.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Learning {
    /// Sources that have told their past, of those that can tell one.
    pub histories_read: usize,
    pub histories: usize,
    /// Whose past is being read.
    pub reading: Vec<SourceId>,
    /// When there will be verdicts, as far as that can be told.
    pub judging_at: Option<Timestamp>,
    /// Guardrails of high exposure that have none yet.
    pub without_verdict: Vec<GuardrailId>,
}

/// How far a board can be believed, whatever it says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Trust {
    Fresh,
    /// No newer one came when it should have: the watcher hangs or cannot store. Its age.
    Late(Span),
    /// Nobody watches any more. Its age.
    Unwatched(Span),
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// An incident is open.
    Open,
    /// None is open, and one that was closed by hand fires on.
    Firing,
    /// The board is too old, or nobody watches: what is open now is not known.
    Stale,
    /// Too little is seen to say anything.
    Blind,
    /// Some guardrail of high exposure has no verdict yet.
    Learning,
    /// Some source cannot be relied on, or some guardrail of high exposure has too little to go by.
    Unsure,
    /// Nothing fires, and what did is not closed yet.
    Recovering,
    /// Nothing is open and everything that matters is seen.
    Calm,
}

impl Standing {
    pub fn of(board: &Board, trust: Trust) -> Self {
        if trust != Trust::Fresh {
            return Self::Stale;
        }
        if board.incidents.iter().any(|i| i.state.is_open()) {
            return Self::Open;
        }
        if board.incidents.iter().any(fires_on) {
            return Self::Firing;
        }
        if all_dark(board) {
            return Self::Blind;
        }
        if is_learning(board) {
            return Self::Learning;
        }
        if board.sources.iter().any(is_dark) || high(board).any(is_unseen) {
            return Self::Blind;
        }
        if board.sources.iter().any(|s| s.state != SourceState::Live) || high(board).any(is_unsure)
        {
            return Self::Unsure;
        }
        if board.incidents.iter().any(|i| i.state == State::Mitigated) {
            return Self::Recovering;
        }
        Self::Calm
    }

    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Firing => "firing",
            Self::Stale => "stale",
            Self::Blind => "blind",
            Self::Learning => "learning",
            Self::Unsure => "unsure",
            Self::Recovering => "recovering",
            Self::Calm => "calm",
        }
    }

    /// Nothing can be said of the shop as it is now.
    pub fn is_blind(self, board: &Board) -> bool {
        match self {
            Self::Stale | Self::Blind | Self::Learning => true,
            Self::Unsure => board.sources.iter().any(is_doubtful),
            Self::Open | Self::Firing => is_learning(board) || board.sources.iter().any(is_dark),
            Self::Recovering | Self::Calm => false,
        }
    }
}

/// Closed by hand while it fired, and it still does.
pub fn fires_on(incident: &IncidentView) -> bool {
    match incident.state {
        State::Resolved | State::Reviewed | State::Cancelled => incident.firing,
        State::Pending
        | State::Triggered
        | State::Acknowledged
        | State::Mitigating
        | State::Verifying
        | State::Mitigated => false,
    }
}

/// The worst severity that is open or fires on.
pub fn worst(board: &Board) -> Option<Severity> {
    let asks = |i: &&IncidentView| i.state.is_open() || fires_on(i);
    board.incidents.iter().filter(asks).map(|i| i.severity).min()
}

/// Guardrails of high exposure.
pub fn high(board: &Board) -> impl Iterator<Item = &GuardrailState> {
    board.guardrails.iter().filter(|g| g.exposure == Exposure::High)
}

/// A guardrail that would be judged and sees nothing.
pub fn is_unseen(row: &GuardrailState) -> bool {
    match row.judged {
        Judged::Blind | Judged::Unseen => true,
        Judged::Yes
        | Judged::Learning
        | Judged::Unmeasured
        | Judged::Undecided
        | Judged::Excused => false,
    }
}

/// A guardrail that was looked at and has no verdict: too few samples, numbers nobody can believe.
pub fn is_unsure(row: &GuardrailState) -> bool {
    row.judged == Judged::Undecided
}

/// Before the first judgement, while a row of high exposure learns, and when judging stopped.
pub fn is_learning(board: &Board) -> bool {
    board.learning.is_some() || judging_stopped(board)
}

/// The newest judged minute is too far from the board's own time, either way.
pub fn judging_stopped(board: &Board) -> bool {
    let wall =
        if board.speed.is_finite() { JUDGED_WITHIN_WALL * board.speed.max(1.0) } else { 0.0 };
    let within = JUDGED_WITHIN.max(Span::from_millis(wall as i64));
    let apart =
        |end: Timestamp| Span::from_millis(board.generated_at.since(end).millis().saturating_abs());
    board.judged_until.is_none_or(|end| apart(end) > within)
}

/// No source tells anything, or there is none.
fn all_dark(board: &Board) -> bool {
    board.sources.iter().all(|s| is_dark(s) || is_doubtful(s) && s.last_ok_at.is_some())
}

/// Blind, or tried and never heard.
fn is_dark(source: &SourceView) -> bool {
    source.state == SourceState::Blind || source.last_ok_at.is_none() && source.error.is_some()
}

/// What it says now is not what is.
fn is_doubtful(source: &SourceView) -> bool {
    match source.state {
        SourceState::Stale | SourceState::Suspect | SourceState::Blind => true,
        SourceState::Live | SourceState::Partial => false,
    }
}

//! The journal's vocabulary: what happened to an incident, who did it, when; and what one may
//! command. The line format of the journal is `incident::record`; the meaning of an event is
//! `incident::fold`.

use serde::{Deserialize, Serialize};

use super::emission::Emission;
use super::truth::AlarmTruth;
use crate::domain::id::{ActionId, EmissionId, IncidentId, ReleaseId};
use crate::domain::severity::Severity;
use crate::domain::time::{Span, Timestamp};
use crate::policy::severity::Choice;
use crate::verdict::Case;

/// Who did it: the name people know and the identity the machine knows.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Actor {
    /// Operator name; `tillwatch` for the watcher itself.
    pub name: String,
    /// OS user (real user behind sudo), host, terminal, process id.
    pub os_user: String,
    pub host: String,
    pub tty: String,
    pub pid: u32,
}

/// One journal entry.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Record {
    pub at: Timestamp,
    pub incident: IncidentId,
    pub actor: Actor,
    /// What led to it: a key, a command line, a poll, a deadline.
    pub cause: String,
    pub event: Event,
}

/// What a rollback (or other action) intends, complete enough to be sent again byte for byte.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Intent {
    /// Derived from the facts (`incident::id`), also `webhook-id` and `Idempotency-Key`.
    pub id: ActionId,
    /// Name of the configured `[[action]]`.
    pub action: String,
    pub environment: String,
    pub service: String,
    /// Release left, the one expected to be live (precondition).
    pub from: ReleaseId,
    /// Release gone to.
    pub to: ReleaseId,
    pub attempt: u32,
    pub dry_run: bool,
    /// The exact request body.
    pub body: String,
}

/// Pre-checks that failed and were gone past by the person who ordered, with the typed reason.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Waived {
    pub checks: Vec<String>,
    pub reason: String,
}

/// A release that an operator chose to roll back, whatever judging says.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Chosen {
    /// The suspect that it was chosen against; none where no release was suspected.
    pub against: Option<ReleaseId>,
}

/// What the receiver said.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "outcome")]
pub enum Outcome {
    Accepted {
        status: u16,
        detail: String,
    },
    Refused {
        status: u16,
        detail: String,
        retry_after_s: Option<u64>,
    },
    /// Timeout, reset, 3xx, 409, 422, 5xx, garbage, or a crash after sending: it may have happened.
    Unknown {
        detail: String,
        /// 0 when there was no answer.
        #[serde(default)]
        status: u16,
        #[serde(default)]
        retry_after_s: Option<u64>,
        /// The receiver's own name of the run that it told with its answer.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        run_id: Option<String>,
    },
    /// No byte of this try left: nothing can have happened by it.
    NotSent {
        detail: String,
    },
}

impl Outcome {
    /// An outcome that nobody knows, without an answer.
    pub fn unknown(detail: impl Into<String>) -> Self {
        Self::Unknown { detail: detail.into(), status: 0, retry_after_s: None, run_id: None }
    }

    /// The seconds that the receiver asked to be left alone for.
    pub const fn retry_after_s(&self) -> Option<u64> {
        match self {
            Self::Refused { retry_after_s, .. } | Self::Unknown { retry_after_s, .. } => {
                *retry_after_s
            }
            Self::Accepted { .. } | Self::NotSent { .. } => None,
        }
    }
}

/// What happened, past tense. Closed: the fold matches every variant by name.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "type")]
pub enum Event {
    /// Opened for a case, with both deadlines fixed.
    Opened {
        case: Box<Case>,
        ack_due_at: Timestamp,
        decide_due_at: Timestamp,
        /// The earlier incident of the same case, when it came back after the reopen window.
        #[serde(default)]
        recurrence_of: Option<IncidentId>,
    },
    /// New evidence for the same case.
    Updated {
        case: Box<Case>,
    },
    /// Severity rose or fell; deadlines only ever move earlier.
    SeverityChanged {
        from: Severity,
        to: Severity,
        reason: String,
        ack_due_at: Timestamp,
        decide_due_at: Timestamp,
    },
    /// The case stopped firing.
    Cleared,
    /// It fires again inside the reopen window: a new occurrence, the ack is reset.
    Reopened {
        case: Box<Case>,
        ack_due_at: Timestamp,
        decide_due_at: Timestamp,
    },
    Acknowledged {
        note: String,
        expires_at: Option<Timestamp>,
    },
    AckUndone,
    /// The promise of the acknowledgement ran out: it is asked for again, until `ack_due_at`.
    AckExpired {
        ack_due_at: Timestamp,
    },
    /// Something rose beyond what was acknowledged: it is asked for again, until `ack_due_at`.
    AskedAgain {
        rose: String,
        ack_due_at: Timestamp,
    },
    TimerStarted {
        due_at: Timestamp,
    },
    TimerExtended {
        due_at: Timestamp,
        reason: String,
    },
    TimerStopped,
    Decided {
        choice: Choice,
        reason: String,
        recheck_at: Option<Timestamp>,
    },
    /// The decision deadline passed without a decision.
    DecisionExpired,
    /// The re-check time of a hold came: the decision is asked for again.
    RecheckDue {
        decide_due_at: Timestamp,
    },
    ActionPrepared {
        intent: Intent,
        /// The failing pre-checks that the order went past, and why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        waived: Option<Waived>,
        /// Set when a person chose the release that is left.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        chosen: Option<Chosen>,
    },
    ActionSent {
        id: ActionId,
        try_no: u32,
    },
    ActionAnswered {
        id: ActionId,
        answer: Outcome,
    },
    /// Recovery proven, with the evidence.
    ActionVerified {
        id: ActionId,
        evidence: String,
    },
    /// It did not help: the decision is asked for again with a new clock.
    ActionNotHelping {
        id: ActionId,
        evidence: String,
        decide_due_at: Timestamp,
    },
    Noted {
        text: String,
    },
    /// Firing ended after an action or by itself; held for the verification time.
    Mitigated,
    Resolved {
        reason: String,
    },
    /// Somebody looked back at it, and said why; whether the alarm was right, where that was said.
    Reviewed {
        text: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        verdict: Option<AlarmTruth>,
    },
    /// Not an incident.
    Cancelled {
        reason: String,
    },
    /// The machine's clock was set: every clock that runs ends earlier by this, never later.
    ClockStepped {
        by: Span,
    },
    /// Somebody is to be told, by one sink.
    EmissionPrepared {
        emission: Box<Emission>,
    },
    /// A try of it leaves.
    EmissionSent {
        key: EmissionId,
        try_no: u32,
    },
    /// What became of a try; without `retry_at` there is no further one.
    EmissionAnswered {
        key: EmissionId,
        try_no: u32,
        answer: Outcome,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_at: Option<Timestamp>,
    },
}

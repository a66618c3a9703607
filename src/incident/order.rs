//! Orders: what an operator may ask of an incident, by key, command line or phone, one type for all
//! of them. Each kind has a key, a command line and a record; what an order means now is `gate`.

use super::truth::AlarmTruth;
use crate::domain::id::ReleaseId;
use crate::domain::time::Span;
use crate::policy::severity::Choice;

/// What an operator may order, by key, command line or phone; the same rules for each.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Order {
    Acknowledge {
        note: String,
    },
    UndoAcknowledge,
    StartTimer {
        span: Span,
    },
    ExtendTimer {
        span: Span,
        reason: String,
    },
    StopTimer,
    Decide {
        choice: Choice,
        reason: String,
        recheck: Option<Span>,
    },
    Note {
        text: String,
    },
    Resolve {
        reason: String,
    },
    /// Whether the alarm of a closed incident was right.
    Review {
        verdict: AlarmTruth,
        reason: String,
    },
    /// Prepares the action's intent; the token must be the one shown. `waive` is the reason to go
    /// past pre-checks that fail and may be gone past.
    Rollback {
        token: String,
        waive: Option<String>,
    },
    /// After refused or not helping: same facts, next attempt number.
    RollbackAgain {
        token: String,
        waive: Option<String>,
    },
    /// The same for a release that the operator chose, the suspect or not.
    RollbackOf {
        release: ReleaseId,
        token: String,
        waive: Option<String>,
        again: bool,
    },
}

/// The same without what it says: what is on its way, what was stored.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OrderKind {
    Acknowledge,
    Undo,
    Decide,
    Rollback,
    StartTimer,
    ExtendTimer,
    StopTimer,
    Note,
    Resolve,
    Review,
}

/// The forms that a kind of order has on its ways in and in the journal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OrderForms {
    pub kind: OrderKind,
    /// The command of `[keys]` that begins it.
    pub key: &'static str,
    /// An example of its command line, without the program's name.
    pub line: &'static [&'static str],
    /// The `type` of the record that it writes.
    pub record: &'static str,
}

const fn forms(
    kind: OrderKind,
    key: &'static str,
    line: &'static [&'static str],
    record: &'static str,
) -> OrderForms {
    OrderForms { kind, key, line, record }
}

/// One row for each kind.
pub const ORDERS: [OrderForms; 10] = [
    forms(OrderKind::Acknowledge, "acknowledge", &["ack", "ID"], "acknowledged"),
    forms(OrderKind::Undo, "undo", &["ack", "ID", "--undo"], "ack_undone"),
    forms(
        OrderKind::Decide,
        "decide",
        &["decide", "ID", "mitigate", "--reason", "TEXT"],
        "decided",
    ),
    forms(
        OrderKind::Rollback,
        "rollback",
        &["rollback", "ID", "--confirm", "TOKEN"],
        "action_prepared",
    ),
    forms(OrderKind::StartTimer, "timer", &["timer", "ID", "--start", "15m"], "timer_started"),
    forms(
        OrderKind::ExtendTimer,
        "timer",
        &["timer", "ID", "--extend", "5m", "--reason", "TEXT"],
        "timer_extended",
    ),
    forms(OrderKind::StopTimer, "timer", &["timer", "ID", "--stop"], "timer_stopped"),
    forms(OrderKind::Note, "note", &["note", "ID", "TEXT"], "noted"),
    forms(OrderKind::Resolve, "resolve", &["resolve", "ID", "--reason", "TEXT"], "resolved"),
    forms(
        OrderKind::Review,
        "review",
        &["reviewed", "ID", "--verdict", "true", "--reason", "TEXT"],
        "reviewed",
    ),
];

impl Order {
    pub const fn kind(&self) -> OrderKind {
        match self {
            Self::Acknowledge { .. } => OrderKind::Acknowledge,
            Self::UndoAcknowledge => OrderKind::Undo,
            Self::StartTimer { .. } => OrderKind::StartTimer,
            Self::ExtendTimer { .. } => OrderKind::ExtendTimer,
            Self::StopTimer => OrderKind::StopTimer,
            Self::Decide { .. } => OrderKind::Decide,
            Self::Note { .. } => OrderKind::Note,
            Self::Resolve { .. } => OrderKind::Resolve,
            Self::Review { .. } => OrderKind::Review,
            Self::Rollback { .. } | Self::RollbackAgain { .. } | Self::RollbackOf { .. } => {
                OrderKind::Rollback
            }
        }
    }
}

//! Who is told of what: one row per `[[sink]]`, and the ladders that guardrails call people by.
//! Addresses and secrets are the sink's business; when something is due is `incident::paging`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::guardrail::Guardrail;
use super::severity::Notify;
use crate::domain::id::GuardrailId;
use crate::domain::severity::Severity;
use crate::domain::time::Span;

/// What somebody is told of. The name stands in records, documents and bodies, and never changes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Occasion {
    /// An incident opened.
    Opened,
    /// It fires again inside the reopen window.
    Reopened,
    /// Its severity rose while nobody had it.
    Raised,
    /// Nobody acknowledged in time: the next rung of the ladder.
    AckLate,
    /// Nobody decided in time: the next rung of the ladder.
    DecisionLate,
    Acknowledged,
    /// Resolved, by itself or by hand, or no incident.
    Resolved,
    /// `tillwatch page-test`.
    Test,
}

impl Occasion {
    /// Those that an incident brings.
    pub const ALL: [Self; 7] = [
        Self::Opened,
        Self::Reopened,
        Self::Raised,
        Self::AckLate,
        Self::DecisionLate,
        Self::Acknowledged,
        Self::Resolved,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Reopened => "reopened",
            Self::Raised => "raised",
            Self::AckLate => "ack_late",
            Self::DecisionLate => "decision_late",
            Self::Acknowledged => "acknowledged",
            Self::Resolved => "resolved",
            Self::Test => "test",
        }
    }

    /// It asks somebody to come; the others say that nobody need any more.
    pub const fn asks(self) -> bool {
        match self {
            Self::Opened
            | Self::Reopened
            | Self::Raised
            | Self::AckLate
            | Self::DecisionLate
            | Self::Test => true,
            Self::Acknowledged | Self::Resolved => false,
        }
    }
}

/// The policy side of a `[[sink]]`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SinkRow {
    pub name: String,
    /// What it takes: incidents that page, that write a ticket, or both.
    pub takes: Vec<Notify>,
    pub severities: Vec<Severity>,
    pub events: Vec<Occasion>,
    /// Whom it reaches, by the names of ladders: it is used when one of them is called. Empty: it
    /// hears of everything.
    pub whom: Vec<String>,
    /// So often a message is tried.
    pub tries: u32,
    /// Wall time in which an answer has to come.
    pub timeout: Span,
}

impl SinkRow {
    /// A new message about such an incident may go here; `called` is the rung that it calls.
    pub fn takes(&self, of: (Severity, Notify), occasion: Occasion, called: Option<&str>) -> bool {
        let reaches = self.whom.is_empty() || called.is_some_and(|name| self.reaches(name));
        let severe = self.severities.contains(&of.0) && self.takes.contains(&of.1);
        reaches && severe && self.events.contains(&occasion)
    }

    fn reaches(&self, name: &str) -> bool {
        self.whom.iter().any(|own| own.eq_ignore_ascii_case(name))
    }
}

/// Everything that decides who is told. Without sinks nobody is.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Paging {
    pub sinks: Vec<SinkRow>,
    /// Whom to call next, in order, by guardrail.
    pub ladders: BTreeMap<GuardrailId, Vec<String>>,
    pub currency: String,
}

impl Paging {
    pub fn new(sinks: Vec<SinkRow>, guardrails: &[Guardrail], currency: &str) -> Self {
        let ladder = |row: &Guardrail| (row.name.clone(), row.escalation.clone());
        let ladders = guardrails.iter().map(ladder).collect();
        Self { sinks, ladders, currency: currency.to_owned() }
    }

    pub fn sink(&self, name: &str) -> Option<&SinkRow> {
        self.sinks.iter().find(|row| row.name == name)
    }
}

//! The response policy: one row per severity, the calendar, maintenance and the waiting times.
//! Defaults are in `config.example.toml`; deadlines are worked out here, recorded by `incident`.

use serde::{Deserialize, Serialize};

use super::calendar::{Calendar, due};
use super::maintenance::MaintenanceRow;
use super::severity::{Choice, Deadline, Response};
use crate::domain::segment::Scope;
use crate::domain::severity::Severity;
use crate::domain::time::{Span, Timestamp};

/// Everything that people argue about when an incident is open.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ResponsePolicy {
    #[serde(rename = "severity")]
    pub rows: Vec<Response>,
    pub calendar: Calendar,
    #[serde(rename = "response")]
    pub timing: Timing,
    pub maintenance: Vec<MaintenanceRow>,
}

/// `[response]`: waiting times. All in shop time but `undo`, which is wall time.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Timing {
    /// Time people get at least when a severity rises.
    pub grace: Span,
    /// A case that fires again inside this is the same incident.
    pub reopen_window: Span,
    /// Clear for so long means mitigated.
    pub mitigate_after: Span,
    /// Mitigated for so long means resolved.
    pub resolve_after: Span,
    /// A lower severity must last so long before the incident follows.
    pub fall_after: Span,
    /// This many changes between firing and clear ...
    pub flap_changes: u32,
    /// ... inside this window hold the incident open.
    pub flap_window: Span,
    /// At most one update of evidence is recorded per incident in this time.
    pub update_every: Span,
    /// A watcher that just started waits so long before a case it does not see counts as clear.
    pub settle: Span,
    /// An acknowledgement can be taken back for so long (wall time).
    pub undo: Span,
    /// Evidence older than this cannot carry an action.
    pub evidence_max_age: Span,
    /// The longest timer that can be started by hand.
    pub timer_max: Span,
    /// Nothing may be sent outside while this is true.
    pub kill_switch: bool,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            grace: Span::from_mins(5),
            reopen_window: Span::from_mins(30),
            mitigate_after: Span::from_mins(2),
            resolve_after: Span::from_mins(10),
            fall_after: Span::from_mins(10),
            flap_changes: 4,
            flap_window: Span::from_mins(30),
            update_every: Span::from_mins(1),
            settle: Span::from_mins(10),
            undo: Span::from_secs(10),
            evidence_max_age: Span::from_mins(5),
            timer_max: Span::from_hours(24),
            kill_switch: false,
        }
    }
}

impl ResponsePolicy {
    /// The shipped default: the same sections of `config.example.toml`, read from its text.
    pub fn builtin() -> Result<Self, toml::de::Error> {
        toml::from_str(super::DEFAULT)
    }

    pub fn row(&self, severity: Severity) -> Option<&Response> {
        self.rows.iter().find(|r| r.level == severity)
    }

    /// When an acknowledgement is due; a missing row counts as the strictest default.
    pub fn ack_due(&self, severity: Severity, opened_at: Timestamp) -> Timestamp {
        let deadline = self.row(severity).map_or(Deadline::Within(Span::from_mins(5)), |r| r.ack);
        due(deadline, opened_at, &self.calendar)
    }

    /// When a decision is due.
    pub fn decide_due(&self, severity: Severity, opened_at: Timestamp) -> Timestamp {
        let strict = Deadline::Within(Span::from_mins(15));
        due(self.row(severity).map_or(strict, |r| r.decide), opened_at, &self.calendar)
    }

    /// When an acknowledgement given at `at` runs out; none means never.
    pub fn ack_expires(&self, severity: Severity, at: Timestamp) -> Option<Timestamp> {
        self.row(severity).and_then(|r| r.ack_expires).map(|span| at.plus(span))
    }

    pub fn allows(&self, severity: Severity, choice: Choice) -> bool {
        self.row(severity).is_some_and(|r| r.allowed.contains(&choice))
    }

    /// The policy row about `choice` in words, for screens and refusals.
    pub fn why(&self, severity: Severity, choice: Choice) -> String {
        let Some(row) = self.row(severity) else {
            return format!("no [[severity]] row for {severity}");
        };
        let names: Vec<&str> = row.allowed.iter().map(|c| c.name()).collect();
        let verb = if row.allowed.contains(&choice) { "allows" } else { "allows only" };
        format!("{severity} {verb} {}", names.join(", "))
    }

    /// The maintenance window that covers all of `segments` now.
    pub fn maintenance_for(&self, segments: &[Scope], now: Timestamp) -> Option<&MaintenanceRow> {
        self.maintenance.iter().find(|m| m.active_until(now).is_some() && m.covers(segments))
    }

    /// What is wrong with the policy; empty means it can work.
    pub fn problems(&self) -> Vec<String> {
        let mut found = self.calendar.problems();
        found.extend(self.levels());
        for row in &self.rows {
            if row.allowed.is_empty() {
                found.push(format!("{} allows no decision at all", row.level));
            }
        }
        found.extend(self.maintenance.iter().flat_map(MaintenanceRow::problems));
        found
    }

    /// Levels without a row, or with more than one.
    pub fn levels(&self) -> Vec<String> {
        let mut found = Vec::new();
        for severity in Severity::ALL {
            match self.rows.iter().filter(|r| r.level == severity).count() {
                0 => found.push(format!("no [[severity]] row for level {}", severity.number())),
                1 => {}
                n => found.push(format!("{n} [[severity]] rows for level {}", severity.number())),
            }
        }
        found
    }
}

#[cfg(test)]
mod tests;

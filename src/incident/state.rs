//! The words of an incident that rules and viewers share: states, decisions, plans, timeline.
//! Plain data; `fold` fills it, `board` re-exports it, nobody decides here.

use serde::{Deserialize, Serialize};

use crate::domain::id::{ActionId, ReleaseId};
use crate::domain::time::Timestamp;
use crate::policy::severity::Choice;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Pending,
    Triggered,
    Acknowledged,
    Mitigating,
    Verifying,
    Mitigated,
    Resolved,
    Reviewed,
    Cancelled,
}

impl State {
    /// Still asks for someone's attention.
    pub const fn is_open(self) -> bool {
        matches!(
            self,
            Self::Pending
                | Self::Triggered
                | Self::Acknowledged
                | Self::Mitigating
                | Self::Verifying
        )
    }

    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Triggered => "triggered",
            Self::Acknowledged => "acknowledged",
            Self::Mitigating => "mitigating",
            Self::Verifying => "verifying",
            Self::Mitigated => "mitigated",
            Self::Resolved => "resolved",
            Self::Reviewed => "reviewed",
            Self::Cancelled => "cancelled",
        }
    }
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Decision {
    pub choice: Choice,
    pub reason: String,
    pub by: String,
    pub at: Timestamp,
    pub recheck_at: Option<Timestamp>,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TimelineEntry {
    pub at: Timestamp,
    pub actor: String,
    pub text: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActionState {
    Prepared,
    Sent,
    Accepted,
    Refused,
    Unknown,
    /// Ordered, but no byte of it left: as if it had not been ordered.
    NotSent,
    Verifying,
    Verified,
    NotHelping,
}

impl ActionState {
    /// Nothing more is awaited of it.
    pub const fn is_over(self) -> bool {
        match self {
            Self::Prepared | Self::Sent | Self::Accepted | Self::Unknown | Self::Verifying => false,
            Self::Refused | Self::NotSent | Self::Verified | Self::NotHelping => true,
        }
    }
}

/// A rollback laid out before it is confirmed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RollbackPlan {
    pub action: String,
    pub environment: String,
    pub service: String,
    pub host: String,
    pub from: ReleaseId,
    pub to: ReleaseId,
    /// Last six letters and digits of `to`, lower case.
    pub confirm_token: String,
    pub prechecks: Vec<Precheck>,
    /// All required pre-checks hold and the severity allows it.
    pub ready: bool,
    pub attempt: u32,
    /// The request of this id has no known outcome: confirming sends the same bytes under the same
    /// key once more, which a receiver that keeps keys does at most once.
    #[serde(default)]
    pub resend_of: Option<ActionId>,
}

/// A release that a rollback could leave: the suspect, or another one that a person may choose.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Alternative {
    pub release: ReleaseId,
    pub service: String,
    /// How likely it did it, 0..=1; null where that was not weighed.
    pub share: Option<f64>,
    /// It is the suspect.
    pub suspect: bool,
    /// What leaving it would do; null where there is no way back.
    pub plan: Option<RollbackPlan>,
    /// Why it cannot be gone back from now; null when it can.
    pub why_not: Option<String>,
}

impl Alternative {
    /// `theme-3 of theme, 62 % likely: can be gone back from`.
    pub fn words(&self) -> String {
        let share = self.share.map(|s| format!(", {:.0} % likely", s * 100.0)).unwrap_or_default();
        let suspect = if self.suspect { ", the suspect" } else { "" };
        let back = match (&self.plan, &self.why_not) {
            (Some(plan), None) => format!("back to {}", plan.to),
            (_, Some(why)) => format!("no way back: {why}"),
            (None, None) => "no way back".to_owned(),
        };
        format!("{} of {}{suspect}{share}: {back}", self.release, self.service)
    }
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Precheck {
    pub name: String,
    pub ok: bool,
    pub required: bool,
    /// Not about the safety of the target: a person may go past it with a reason that is recorded.
    #[serde(default)]
    pub waivable: bool,
    pub detail: String,
}

impl Precheck {
    /// It stops the rollback as it stands.
    pub const fn stops(&self) -> bool {
        self.required && !self.ok
    }

    /// What it found, as a sentence begins: its name while it holds, the contrary while it fails.
    pub fn finding(&self) -> &str {
        if self.ok { &self.name } else { failing(&self.name) }
    }

    /// `kill switch is on: the file freeze is there`.
    pub fn words(&self) -> String {
        format!("{}: {}", self.finding(), self.detail)
    }
}

/// The contrary of a check's name; nobody has to read `FAILS: switch is off`.
pub fn failing(name: &str) -> &str {
    match name {
        "severity allows it" => "severity does not allow it",
        "role allows it" => "role does not allow it",
        "kill switch is off" => "kill switch is on",
        "target was healthy" => "target is not known to be healthy",
        "suspect is still live" => "suspect is not known to be live",
        "no newer deploy" => "there is a newer deploy",
        "none in flight" => "one is in flight",
        "cooldown is over" => "cooldown is not over",
        "receiver takes requests" => "receiver takes no requests yet",
        "signing secret is usable" => "signing secret is not usable",
        "evidence is fresh" => "evidence is not fresh",
        "suspicion is strong" => "suspicion is weak",
        other => other,
    }
}

impl RollbackPlan {
    /// The first failing pre-check that nobody can go past.
    pub fn blocked(&self) -> Option<&Precheck> {
        self.prechecks.iter().find(|c| c.stops() && !c.waivable)
    }

    /// The failing pre-checks that a reason goes past.
    pub fn to_waive(&self) -> impl Iterator<Item = &Precheck> {
        self.prechecks.iter().filter(|c| c.stops() && c.waivable)
    }
}

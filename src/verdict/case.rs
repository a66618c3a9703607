//! What judging says belongs together: the group of findings that an incident is opened for. Its
//! fields are those of the journal's records and of the stored board.

use serde::{Deserialize, Serialize};

use super::class::Class;
use super::finding::Finding;
use super::suspect::Suspect;
use crate::domain::id::JourneyId;
use crate::domain::money::Range;
use crate::domain::segment::Scope;
use crate::domain::severity::Severity;
use crate::domain::time::Timestamp;

/// A group of findings with one cause: what an incident is opened for. The key is stable while the
/// case lives; segments are members, never part of the key.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Case {
    pub key: String,
    pub class: Class,
    pub severity: Severity,
    /// The severity rule that fired, by name.
    pub rule: String,
    /// What would raise it: `Sev 1 if checkout checks fail too`.
    pub raise: String,
    pub journey: Option<JourneyId>,
    /// One line for the list: `Payment step 61% -> 18%`; no segment names in it.
    pub headline: String,
    pub segments: Vec<Scope>,
    pub onset_at: Timestamp,
    /// False once it has been clear for the guardrail's clear time.
    pub firing: bool,
    pub findings: Vec<Finding>,
    pub evidence_for: Vec<String>,
    pub evidence_against: Vec<String>,
    pub suspect: Suspect,
    /// Money per minute now, major units; `None` when it cannot be estimated (the reason is in
    /// `money_method`), zero once it is over.
    pub risk_per_minute: Option<Range>,
    /// What a minute cost before the last minutes looked well; none while it burns.
    #[serde(default)]
    pub burned_per_minute: Option<Range>,
    pub lost: Option<Range>,
    /// Affected sessions since onset.
    pub affected: Option<Range>,
    /// The bad time that `lost` and `affected` were counted over.
    #[serde(default)]
    pub counted: Option<(Timestamp, Timestamp)>,
    pub money_method: String,
}

//! Truth: the right answer of a running shop, for tests and drills. The product never reads it.
//! Plain data; what is true is decided by the scenario that builds it.

use serde::Serialize;

use crate::domain::segment::Scope;
use crate::domain::time::Timestamp;

/// One incident as it really is.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct TrueIncident {
    pub id: String,
    pub scenario: &'static str,
    /// `availability regression conversion efficiency telemetry`.
    pub class: &'static str,
    /// 1 to 4, as in the alert policy.
    pub severity: u8,
    pub segments: Vec<Scope>,
    /// The release to blame; null when none is.
    pub release: Option<String>,
    pub onset: Timestamp,
    /// When it ends by itself; null when it does not.
    pub end: Option<Timestamp>,
    pub healed_by_rollback: bool,
    /// Set when a rollback really healed it.
    pub healed_at: Option<Timestamp>,
    pub note: &'static str,
}

/// A stretch on which the right answer is silence.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Benign {
    pub scenario: &'static str,
    pub start: Timestamp,
    pub end: Option<Timestamp>,
    pub why: &'static str,
}

/// The whole truth.
#[derive(Clone, PartialEq, Debug, Default, Serialize)]
pub struct Truth {
    pub incidents: Vec<TrueIncident>,
    pub benign: Vec<Benign>,
}

impl Truth {
    /// Notes that what still lasts has ended at `at`.
    pub fn end(&mut self, at: Timestamp) {
        for incident in &mut self.incidents {
            let over = incident.healed_at.is_some() || incident.end.is_some_and(|end| end <= at);
            if !over {
                incident.end = Some(at);
            }
        }
        for benign in self.benign.iter_mut().filter(|b| b.end.is_none_or(|end| end > at)) {
            benign.end = Some(at);
        }
    }

    /// Notes that the versions taken back no longer hurt from `at` on.
    pub fn heal(&mut self, taken_back: &[String], at: Timestamp) {
        for incident in &mut self.incidents {
            let guilty = incident.release.as_ref().is_some_and(|r| taken_back.contains(r));
            if guilty && incident.healed_by_rollback && incident.healed_at.is_none() {
                incident.healed_at = Some(at);
            }
        }
    }
}

//! Which time is reviewed, by which policy, and what an incident is counted under. Plain data;
//! who counts is beside it.

use crate::domain::time::Timestamp;
use crate::policy::guardrail::Guardrail;
use crate::policy::response::ResponsePolicy;
use crate::report::about;
use crate::report::life::Life;

/// Which time is reviewed, by which policy.
#[derive(Clone, Copy, Debug)]
pub struct ReviewFrame<'a> {
    pub now: Timestamp,
    pub week: Option<&'a str>,
    pub zone: &'a str,
    pub from: Timestamp,
    pub until: Timestamp,
    pub policy: &'a ResponsePolicy,
    pub guardrails: &'a [Guardrail],
    pub left_out: &'a [String],
}

impl ReviewFrame<'_> {
    pub(super) fn holds(&self, at: Timestamp) -> bool {
        self.from <= at && at < self.until
    }

    /// The last instant that counts.
    pub(super) fn end(&self) -> Timestamp {
        self.until.min(self.now)
    }
}

/// What an incident is counted under: what it was opened for.
pub(super) fn key(life: &Life) -> (String, String) {
    (about::guardrail(&life.opening), about::place(&life.opening))
}

//! How often checks run, as their journey says or as the runs show, and whether a run of then still
//! tells of now.

use super::check_votes::Checks;
use crate::domain::id::JourneyId;
use crate::domain::time::{Span, Timestamp};
use crate::policy::judging::Policy;

/// Usual time between runs: as the journey says, else as the runs show.
pub fn cadence((policy, checks): (&Policy, &Checks), check: &JourneyId) -> Span {
    let row = policy.journey_of_check(check.as_str());
    row.and_then(|j| j.every).unwrap_or_else(|| checks.cadence(check))
}

/// A run of then still tells of now.
pub fn is_fresh(
    (policy, checks): (&Policy, &Checks),
    check: &JourneyId,
    run: Timestamp,
    now: Timestamp,
) -> bool {
    now.since(run).millis()
        <= cadence((policy, checks), check).times(MISSED).millis() + LATE.millis()
}

/// Runs that may be missing before nobody looks any more, and what a run may come late.
pub const MISSED: i64 = 3;

pub const LATE: Span = Span::from_secs(30);

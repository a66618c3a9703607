//! Check: one synthetic run of a journey from one location.
//! A failed run's duration is never a latency sample.

use super::id::{JourneyId, SourceId};
use super::time::Timestamp;

/// How a run ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum CheckOutcome {
    Pass,
    /// The kind of failure in a word: `dns connect tls timeout status body assertion unknown`.
    Fail(String),
    /// Not judged: skipped, in maintenance, pending.
    Unknown,
}

/// One run. The key is (source, journey, location, at).
#[derive(Clone, PartialEq, Debug)]
pub struct Check {
    pub source: SourceId,
    pub journey: JourneyId,
    /// The vantage point, or the probed instance where there is only one vantage point.
    pub location: String,
    pub at: Timestamp,
    pub outcome: CheckOutcome,
    /// Only when it passed.
    pub duration_ms: Option<f64>,
    pub message: String,
}

//! What a release did to one metric of one segment, beside untouched segments. A view: it accuses
//! only where a case does.

use serde::{Deserialize, Serialize};

use super::answer::Verdict;
use crate::domain::id::ReleaseId;
use crate::domain::metric::Metric;
use crate::domain::segment::Segment;

/// What a release did to one metric of one segment.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Impact {
    pub release: ReleaseId,
    pub metric: Metric,
    pub segment: Segment,
    pub before: Option<f64>,
    pub after: Option<f64>,
    /// Change of untouched segments over the same time, as a ratio (1.0 is none).
    pub control: Option<f64>,
    pub n_before: f64,
    pub n_after: f64,
    pub verdict: Verdict,
    /// Why it is called its doing, or what clears it of what is worse; empty where all is well.
    #[serde(default)]
    pub why: String,
}

//! How a guardrail stands over all its places, and a journey with its checks. Facts for lists; no
//! case is here.

use serde::{Deserialize, Serialize};

use super::answer::{Judged, Verdict};
use crate::domain::id::{GuardrailId, JourneyId};
use crate::domain::time::Timestamp;
use crate::policy::guardrail::Exposure;

/// One guardrail over all its segments.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct GuardrailState {
    pub guardrail: GuardrailId,
    pub class: String,
    pub owner: String,
    /// The worst verdict in its scope.
    pub verdict: Verdict,
    pub detail: String,
    #[serde(default)]
    pub judged: Judged,
    #[serde(default)]
    pub exposure: Exposure,
}

/// One journey: its synthetic state and how well it is covered.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct JourneyState {
    pub journey: JourneyId,
    pub verdict: Verdict,
    /// Last result per location, `location: pass in 0.62 s` or `fail kind`, newest first.
    pub checks: Vec<String>,
    pub last_check_at: Option<Timestamp>,
    pub rum_covered: bool,
    pub synthetic_covered: bool,
    /// How its checks differ from most of its shoppers, when the journey says what they emulate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unlike: Option<String>,
}

//! One guardrail on one place, with the inputs that led to its answer unfolded, and what the usual
//! was learnt from. Numbers and places only; who judges is not known here.

use serde::{Deserialize, Serialize};

use super::answer::Verdict;
use crate::domain::id::GuardrailId;
use crate::domain::metric::Metric;
use crate::domain::segment::Scope;
use crate::domain::time::Timestamp;

/// What a baseline was learnt from: so many days with history, and so many samples (events, for
/// counts) in them at this place. No days: it leans on the minutes since the start, or on a
/// neighbouring cut.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct Basis {
    pub days: f64,
    pub samples: f64,
}

/// One guardrail on one segment, with its inputs unfolded.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Finding {
    pub guardrail: GuardrailId,
    pub verdict: Verdict,
    pub metric: Metric,
    /// `p75`, `rate`, `count`, `state`.
    pub stat: String,
    pub segment: Scope,
    pub value: Option<f64>,
    pub unit: String,
    /// Samples behind the value.
    pub n: f64,
    pub baseline: Option<f64>,
    /// The value of the last minutes, once they look well; while it is bad `value` says it all.
    #[serde(default)]
    pub now: Option<f64>,
    /// When it was last bad, once the last minutes look well.
    #[serde(default)]
    pub bad_until: Option<Timestamp>,
    /// What the baseline was learnt from.
    #[serde(default)]
    pub basis: Option<Basis>,
    /// The test in words with its numbers: `2.0 times the alarm line over 20 min`.
    pub test: String,
    /// Evidence in a sentence for people.
    pub text: String,
}

//! `[[guardrail]]` rows: what is watched, where, under which condition, who owns it and what they
//! do. Source of the defaults: EcomToolkit, "Revenue guardrail matrix". No statistics here.

use serde::{Deserialize, Serialize};

use crate::domain::id::GuardrailId;
use crate::domain::metric::Metric;
use crate::domain::segment::Scope;
use crate::domain::time::Span;

use super::one_or_many::one_or_many;

/// The seed's guardrail types, and three more (error rate, telemetry, custom thresholds).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GuardClass {
    Conversion,
    Funnel,
    Performance,
    Efficiency,
    Availability,
    Errors,
    Telemetry,
    Surge,
}

impl GuardClass {
    /// Its name in the config, in documents and on screens.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Conversion => "conversion",
            Self::Funnel => "funnel",
            Self::Performance => "performance",
            Self::Efficiency => "efficiency",
            Self::Availability => "availability",
            Self::Errors => "errors",
            Self::Telemetry => "telemetry",
            Self::Surge => "surge",
        }
    }
}

/// How much revenue hangs on what a guardrail watches. The shop is called calm only while every row
/// of high exposure has a verdict; rows of low exposure are told beside it.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Exposure {
    Low,
    #[default]
    High,
}

/// When a guardrail is in breach. Shares are 0..=1.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Condition {
    /// Beyond a fixed line in the metric's unit, where it usually is not.
    Threshold { above: Option<f64>, below: Option<f64> },
    /// Worse than its own seasonal baseline by at least this share, proven beyond chance.
    Band { min_change: f64 },
    /// Failed runs in a row, in at least so many locations at once.
    Consecutive { failures: u32, locations: u32 },
    /// Error budget burnt `factor` times too fast over the long and the short window (Google SRE
    /// Workbook, chapter 5), by at least `min_bad` bad events in the long one. What is left out is
    /// the RUM guide's preset: 3 times over 15 minutes.
    Burn {
        objective: f64,
        #[serde(default = "three")]
        factor: f64,
        #[serde(default = "quarter_hour")]
        long: Span,
        #[serde(default = "five_minutes")]
        short: Span,
        #[serde(default = "ten")]
        min_bad: f64,
        /// At least so many users must have met it; a user fails in up to 3.5 of what is counted,
        /// unless users or sessions are counted.
        #[serde(default)]
        min_users: f64,
    },
    /// Shown beside its `target`; opens nothing.
    Target {},
    /// A slow change against the baseline, by at least this share.
    Drift { min_change: f64 },
    /// Less than `1 - drop` of the expected volume arrives while the shop's own counts go on.
    Blind { drop: f64 },
    /// More than `1 + rise` of the expected volume arrives while edge requests, sessions and orders
    /// do not: the same is collected several times (RUM guide, F2).
    Surplus { rise: f64 },
    /// A source's clock and ours are farther apart than this (RUM guide, F4).
    Skew { more_than: Span },
    /// Seen at all: personal data where none belongs (RUM guide, F6).
    Seen,
}

impl Condition {
    /// The smallest relative change this condition speaks of; `None` for fixed lines and runs.
    pub fn min_change(&self) -> Option<f64> {
        match self {
            Self::Band { min_change } | Self::Drift { min_change } => Some(*min_change),
            Self::Blind { drop } => Some(*drop),
            Self::Threshold { .. }
            | Self::Consecutive { .. }
            | Self::Burn { .. }
            | Self::Target {}
            | Self::Surplus { .. }
            | Self::Skew { .. }
            | Self::Seen => None,
        }
    }
}

/// Counts whose own fall can be judged: two of them must agree on it. Other counts are judged as
/// shares of each other (funnel steps, beacons per visit), or by a fixed line.
pub const JUDGED_COUNTS: [Metric; 3] = [Metric::Sessions, Metric::EdgeRequests, Metric::Orders];

/// One row of the guardrail matrix.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Guardrail {
    pub name: GuardrailId,
    pub class: GuardClass,
    /// One metric or a list of metrics.
    #[serde(deserialize_with = "one_or_many")]
    pub metric: Vec<Metric>,
    /// Which percentile is shown and judged, for metrics with a distribution; default 75.
    #[serde(default)]
    pub percentile: Option<f64>,
    /// Where it holds; empty means everywhere.
    #[serde(default)]
    pub scope: Scope,
    pub condition: Condition,
    /// The objective in the metric's unit, told beside the value of the last hour; missing it
    /// where that is usual opens nothing.
    #[serde(default)]
    pub target: Option<f64>,
    /// A breach must last so long before a case opens.
    #[serde(default)]
    pub hold: Span,
    /// Good evidence must last so long before the case clears.
    #[serde(default = "five_minutes")]
    pub clear: Span,
    #[serde(default)]
    pub exposure: Exposure,
    pub owner: String,
    /// The default response, in words for the person on call.
    pub response: String,
    #[serde(default)]
    pub escalation: Vec<String>,
}

impl Guardrail {
    pub fn percentile(&self) -> f64 {
        self.percentile.unwrap_or(75.0).clamp(1.0, 99.0)
    }
}

/// The row that speaks for a metric on a scope: the first whose scope does not rule it out.
pub fn row_for<'a>(rows: &'a [Guardrail], metric: Metric, scope: &Scope) -> Option<&'a Guardrail> {
    rows.iter().find(|r| r.metric.contains(&metric) && r.scope.overlaps(scope))
}

/// The row by which a change against the own baseline is judged: the first that names a change.
pub fn band_for<'a>(rows: &'a [Guardrail], metric: Metric, scope: &Scope) -> Option<&'a Guardrail> {
    let here = |r: &&Guardrail| r.metric.contains(&metric) && r.scope.overlaps(scope);
    rows.iter().filter(here).find(|r| r.condition.min_change().is_some())
}

fn five_minutes() -> Span {
    Span::from_mins(5)
}

fn quarter_hour() -> Span {
    Span::from_mins(15)
}

fn three() -> f64 {
    3.0
}

fn ten() -> f64 {
    10.0
}

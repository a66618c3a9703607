//! Observation: one aggregated fact from a source about one segment in one window.
//! Missing is a value of its own, never zero. Nothing vendor-shaped passes this line.

use serde::{Deserialize, Serialize};

use super::histogram::Histogram;
use super::id::SourceId;
use super::metric::Metric;
use super::segment::Segment;
use super::time::{Span, Timestamp};

/// A half-open window `[start, end)`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Window {
    pub start: Timestamp,
    pub end: Timestamp,
}

impl Window {
    pub fn ending(end: Timestamp, length: Span) -> Self {
        Self { start: end.minus(length), end }
    }

    pub fn length(self) -> Span {
        self.end.since(self.start)
    }
}

/// What was measured.
#[derive(Clone, PartialEq, Debug)]
pub enum Value {
    /// Samples by bucket, in the metric's unit.
    Dist(Histogram),
    /// `hits` of `trials` in the window.
    Ratio { hits: f64, trials: f64 },
    /// Events (or money, in major units) in the window.
    Count(f64),
    /// One number.
    Gauge(f64),
    /// Asked for, but there is no number.
    Missing(Missing),
}

/// Why a number is missing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Missing {
    NoData,
    NotANumber,
    /// Infinite; the sign is kept (`true` is negative).
    Infinite(bool),
    /// The vendor's word for "nothing" (-1, epoch, `"NaN"`).
    Sentinel,
    Error,
}

/// Doubts about a record. Any of partial, truncated, stale or low sample keeps this record alone
/// from raising Sev 1 or Sev 2.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "independent marks, each set by another rule")]
pub struct Quality {
    pub partial: bool,
    pub truncated: bool,
    pub stale: bool,
    pub low_sample: bool,
    /// A value outside the plausible range of its unit (`source::units`).
    pub unit_suspect: bool,
    pub incomplete: bool,
}

impl Quality {
    pub const GOOD: Self = Self {
        partial: false,
        truncated: false,
        stale: false,
        low_sample: false,
        unit_suspect: false,
        incomplete: false,
    };

    /// The doubts of two records together.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            partial: self.partial || other.partial,
            truncated: self.truncated || other.truncated,
            stale: self.stale || other.stale,
            low_sample: self.low_sample || other.low_sample,
            unit_suspect: self.unit_suspect || other.unit_suspect,
            incomplete: self.incomplete || other.incomplete,
        }
    }

    pub fn blocks_high_severity(self) -> bool {
        self.partial || self.truncated || self.stale || self.low_sample
    }

    /// The marks of these names; a name that is none is left out.
    pub fn named(names: &[String]) -> Self {
        let has = |name: &str| names.iter().any(|n| n == name);
        Self {
            partial: has("partial"),
            truncated: has("truncated"),
            stale: has("stale"),
            low_sample: has("low_sample"),
            unit_suspect: has("unit_suspect"),
            incomplete: has("incomplete"),
        }
    }

    /// The marks as the JSON names of `cells[].quality`.
    pub fn names(self) -> Vec<&'static str> {
        [
            (self.partial, "partial"),
            (self.truncated, "truncated"),
            (self.stale, "stale"),
            (self.low_sample, "low_sample"),
            (self.unit_suspect, "unit_suspect"),
            (self.incomplete, "incomplete"),
        ]
        .into_iter()
        .filter_map(|(set, name)| set.then_some(name))
        .collect()
    }
}

/// One aggregated fact. The key (source, metric, segment, window) is unique: a later record with
/// the same key replaces the earlier one.
#[derive(Clone, PartialEq, Debug)]
pub struct Observation {
    pub source: SourceId,
    pub metric: Metric,
    pub segment: Segment,
    pub window: Window,
    pub value: Value,
    pub quality: Quality,
}

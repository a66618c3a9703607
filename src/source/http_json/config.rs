//! The `[[source.record]]` table: where the rows of a JSON answer are and what their fields mean.
//! Expressions are JMESPath; `^.` in front reads the outer element of `each`.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::domain::metric::{Bad, Metric};
use crate::domain::segment::Dim;
use crate::domain::time::Span;
use crate::source::units::Unit;

/// What a row is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordKind {
    Observation,
    Check,
    Change,
}

/// How times are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeFormat {
    /// Numbers are unix seconds, texts RFC 3339.
    #[default]
    Auto,
    Unix,
    UnixMs,
    Ns,
    Rfc3339,
}

/// Which edge of its window a row's time is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Edge {
    #[default]
    Start,
    End,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
pub enum Method {
    #[default]
    #[serde(rename = "GET")]
    Get,
    /// Only for questions that are reads.
    #[serde(rename = "POST")]
    Post,
}

/// One question and how to read its answer.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordConfig {
    pub kind: RecordKind,
    /// Path and query below the source's url; `{from}` `{to}` (unix s) and `{step}` (s) are filled.
    pub path: String,
    #[serde(default)]
    pub method: Method,
    /// Body of a POST with the same placeholders.
    pub body: Option<String>,
    /// Outer list whose elements each hold `rows`.
    pub each: Option<String>,
    /// The list of rows; the document itself unless given.
    #[serde(default = "here")]
    pub rows: String,
    /// When a row was: window edge, run or creation.
    pub time: Option<String>,
    #[serde(default)]
    pub time_format: TimeFormat,
    #[serde(default)]
    pub time_is: Edge,
    /// Length of a row's window; the asked step unless given.
    pub window: Option<Span>,
    /// Our dimension -> expression. A literal is written `'checkout'`.
    #[serde(default)]
    pub segment: BTreeMap<Dim, String>,
    /// Our dimension -> their value -> our value.
    #[serde(default)]
    pub values: BTreeMap<Dim, BTreeMap<String, String>>,
    /// Upper edges of the histograms' bins, read from the document.
    pub bounds: Option<String>,
    /// Observation: what to take from a row.
    #[serde(default)]
    pub metric: Vec<MetricField>,
    pub check: Option<CheckFields>,
    pub change: Option<ChangeFields>,
}

/// The shape of one metric in a row.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldKind {
    Count,
    Ratio,
    Gauge,
    /// Dense counts `[3, 0, 1]` or pairs `[[bin, count], ...]` on the record's `bounds`.
    Histogram,
}

#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MetricField {
    pub metric: Metric,
    pub kind: FieldKind,
    pub value: Option<String>,
    pub hits: Option<String>,
    pub trials: Option<String>,
    /// Unit of the number (of a histogram: of its bounds); the metric's own unless given.
    pub unit: Option<Unit>,
    /// Numbers that mean "nothing" (-1).
    #[serde(default)]
    pub sentinels: Vec<f64>,
    /// Judge it as one number against its own past; which way is bad.
    pub series: Option<Bad>,
    /// Count: the share of events that the sender reports, 0..=1; all unless given.
    pub sampling: Option<f64>,
}

#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckFields {
    pub journey: String,
    pub location: Option<String>,
    /// True, 1 or a word of `words` that means passed.
    pub ok: String,
    /// Their word -> `pass`, `fail` or `unknown`.
    #[serde(default)]
    pub words: BTreeMap<String, CheckVerdict>,
    pub status: Option<String>,
    pub duration: Option<String>,
    /// Unit of `duration`; ms unless given.
    pub unit: Option<Unit>,
    pub message: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckVerdict {
    Pass,
    Fail,
    Unknown,
}

#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangeFields {
    pub id: String,
    pub kind: Option<String>,
    /// Their word -> our kind of change.
    #[serde(default)]
    pub kinds: BTreeMap<String, crate::domain::change::ChangeKind>,
    pub service: Option<String>,
    pub environment: Option<String>,
    pub version: Option<String>,
    pub previous: Option<String>,
    pub started_at: Option<String>,
    pub ended_at: Option<String>,
    pub rolled_back_at: Option<String>,
    pub templates: Option<String>,
    /// Share of traffic that got it, 0..=1.
    pub share: Option<String>,
    pub author: Option<String>,
    pub url: Option<String>,
}

fn here() -> String {
    "@".to_owned()
}

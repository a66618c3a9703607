//! One `[[source.query]]` of a Prometheus-shaped source: what to ask and how its labels become
//! segments. What is made of the answer lives in `source::assemble`.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::domain::metric::{Bad, Kind as MetricKind, Metric};
use crate::domain::segment::{Dim, DimValue, Segment};
use crate::domain::time::Span;

use super::error::{SourceError, cut};
use super::units::Unit;

/// Longest label value kept, in characters.
pub const LABEL: usize = 200;

/// The shape of a query's answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QueryKind {
    /// `expr`: increase of each `le` bucket, or a native histogram.
    Histogram,
    /// `hits` of `trials`.
    Ratio,
    /// `expr`: events in the window.
    Count,
    /// `expr`: one number.
    Gauge,
    /// `expr`: 1 passed, 0 failed; `duration` and `status` are optional.
    Check,
    /// `expr`: an info series whose `version` label names what is live.
    Build,
}

impl QueryKind {
    pub const ALL: [Self; 6] =
        [Self::Histogram, Self::Ratio, Self::Count, Self::Gauge, Self::Check, Self::Build];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Histogram => "histogram",
            Self::Ratio => "ratio",
            Self::Count => "count",
            Self::Gauge => "gauge",
            Self::Check => "check",
            Self::Build => "build",
        }
    }
}

/// The kinds that a metric can be asked as.
pub fn kinds(metric: Metric) -> &'static str {
    match metric.kind() {
        MetricKind::Dist => "histogram or gauge",
        MetricKind::Ratio => "ratio or gauge",
        MetricKind::Count => "count or gauge",
        MetricKind::Gauge => "gauge",
    }
}

fn misfit(metric: Metric) -> String {
    format!("kind does not fit the metric: {metric} is asked as {}", kinds(metric))
}

/// What an absent `hits` series beside present `trials` means.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AbsentHits {
    #[default]
    Missing,
    /// The counter appears with its first hit only.
    Zero,
}

/// One question. Placeholders in expressions: `$window` (`60s`), `$window_s` (`60`),
/// `$rate_window` (at least four scrapes).
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Query {
    pub metric: Option<Metric>,
    pub kind: QueryKind,
    pub expr: Option<String>,
    pub hits: Option<String>,
    pub trials: Option<String>,
    #[serde(default)]
    pub absent_hits: AbsentHits,
    /// The unit of the numbers (for a check: of `duration`); the metric's own unless given.
    pub unit: Option<Unit>,
    /// Our dimension -> their label. Other labels are summed over.
    #[serde(default)]
    pub labels: BTreeMap<Dim, String>,
    /// Our dimension -> their value -> our value.
    #[serde(default)]
    pub values: BTreeMap<Dim, BTreeMap<String, String>>,
    /// Coordinates that all series of this query have.
    #[serde(default)]
    pub segment: BTreeMap<Dim, String>,
    /// Numbers that mean "nothing" (-1).
    #[serde(default)]
    pub sentinels: Vec<f64>,
    /// Judge it as one number against its own past; which way is bad.
    pub series: Option<Bad>,
    /// Count: the share of events that the sender reports, 0..=1; all unless given.
    pub sampling: Option<f64>,

    /// Check: the journey of all series, or the label that names it.
    pub journey: Option<String>,
    pub journey_label: Option<String>,
    /// Check: value of `journey_label` -> journey. With it, other values are left out.
    #[serde(default)]
    pub journeys: BTreeMap<String, String>,
    /// Check: the label that names the vantage point.
    pub location_label: Option<String>,
    /// Check: expressions for how long a run took and its HTTP status.
    pub duration: Option<String>,
    pub status: Option<String>,
    /// Check: distance of two runs; the bucket unless given.
    pub step: Option<Span>,

    /// Build: the labels that name version and service, and the service of all series.
    pub version_label: Option<String>,
    pub service_label: Option<String>,
    pub service: Option<String>,
}

/// Of whom a number of a service tells must be known.
pub const NAMELESS: &str = "a metric of services needs their name: labels = { service = \"..\" }";

/// Labels of one series.
pub type Labels = BTreeMap<String, String>;

impl Query {
    /// A query of `kind` for `metric` with nothing else set.
    pub fn bare(kind: QueryKind, metric: Option<Metric>) -> Self {
        Self {
            metric,
            kind,
            expr: None,
            hits: None,
            trials: None,
            absent_hits: AbsentHits::Missing,
            unit: None,
            labels: BTreeMap::new(),
            values: BTreeMap::new(),
            segment: BTreeMap::new(),
            sentinels: Vec::new(),
            series: None,
            sampling: None,
            journey: None,
            journey_label: None,
            journeys: BTreeMap::new(),
            location_label: None,
            duration: None,
            status: None,
            step: None,
            version_label: None,
            service_label: None,
            service: None,
        }
    }

    /// The query in a word, for notes.
    pub fn title(&self) -> &'static str {
        match (self.metric, self.kind) {
            (Some(metric), _) => metric.name(),
            (None, QueryKind::Check) => "check",
            (None, _) => "build",
        }
    }

    /// # Errors
    /// [`SourceError::GiveUp`] with the first thing to change.
    pub fn validate(&self) -> Result<(), SourceError> {
        let title = self.title();
        let first = self.faults().into_iter().next();
        first
            .map_or(Ok(()), |(_, what)| Err(SourceError::give_up(format!("query {title}: {what}"))))
    }

    /// What in it cannot work, each with its key.
    pub fn faults(&self) -> Vec<(&'static str, String)> {
        let mut found = Vec::new();
        let mut wants = |ok: bool, key: &'static str, what: &str| {
            if !ok {
                found.push((key, what.to_owned()));
            }
        };
        let ratio = self.kind == QueryKind::Ratio;
        let parts = self.hits.is_some() && self.trials.is_some();
        let any = self.hits.is_some() || self.trials.is_some();
        wants(!ratio || parts, "kind", "a ratio needs hits and trials");
        wants(!ratio || self.expr.is_none(), "expr", "a ratio has hits and trials, no expr");
        wants(ratio || self.expr.is_some(), "kind", "expr is missing");
        wants(ratio || !any, "hits", "hits and trials belong to kind ratio");
        let number = matches!(self.kind, QueryKind::Gauge | QueryKind::Count | QueryKind::Ratio);
        let single = number && self.labels.is_empty() && self.segment.is_empty();
        wants(self.series.is_none() || single, "series", "a series is one number without labels");
        let share = self.sampling.is_none_or(|s| s > 0.0 && s <= 1.0);
        wants(share, "sampling", "sampling is a share above 0 and at most 1");
        let counts = self.sampling.is_none() || self.kind == QueryKind::Count;
        let why = "sampling belongs to a count: shares and percentiles need no undoing";
        wants(counts, "sampling", why);
        let bare = matches!(self.kind, QueryKind::Check | QueryKind::Build);
        wants(bare || self.metric.is_some(), "kind", "metric is missing");
        wants(!bare || self.metric.is_none(), "metric", "metric does not belong to this kind");
        if let Some(metric) = self.metric.filter(|_| !bare) {
            wants(self.factor().is_some(), "unit", &Unit::misfit(metric));
            wants(self.fits(metric), "kind", &misfit(metric));
            let named = [&self.labels, &self.segment].iter().any(|m| m.contains_key(&Dim::Service));
            wants(!metric.is_of_service() || named, "metric", NAMELESS);
        }
        if self.kind == QueryKind::Check {
            let named = self.journey.is_some() != self.journey_label.is_some();
            wants(named, "kind", "a check needs journey or journey_label");
            wants(self.factor().is_some(), "unit", "unit of a check is a time: s, ms, us or ns");
        }
        let version = self.kind != QueryKind::Build || self.version_label.is_some();
        wants(version, "kind", "a build needs version_label");
        found.extend(self.foreign());
        found
    }

    /// Keys that another kind of query reads: they would do nothing here.
    fn foreign(&self) -> Vec<(&'static str, String)> {
        let (check, build) = (self.kind == QueryKind::Check, self.kind == QueryKind::Build);
        let all = [
            (self.journey.is_some(), "journey", check),
            (self.journey_label.is_some(), "journey_label", check),
            (!self.journeys.is_empty(), "journeys", check),
            (self.location_label.is_some(), "location_label", check),
            (self.duration.is_some(), "duration", check),
            (self.status.is_some(), "status", check),
            (self.step.is_some(), "step", check),
            (self.version_label.is_some(), "version_label", build),
            (self.service_label.is_some(), "service_label", build),
            (self.service.is_some(), "service", build),
        ];
        let name = self.kind.name();
        let wrong = all.into_iter().filter(|(given, _, reads)| *given && !reads);
        wrong.map(|(_, key, _)| (key, format!("`{key}` does nothing in kind {name}"))).collect()
    }

    fn fits(&self, metric: Metric) -> bool {
        match self.kind {
            QueryKind::Histogram => metric.kind() == MetricKind::Dist,
            QueryKind::Ratio => metric.kind() == MetricKind::Ratio,
            QueryKind::Count => metric.kind() == MetricKind::Count,
            QueryKind::Gauge | QueryKind::Check | QueryKind::Build => true,
        }
    }

    /// Factor to the metric's own unit (for a check: from `duration` to ms, seconds by default).
    pub fn factor(&self) -> Option<f64> {
        match (self.metric, self.unit) {
            (Some(metric), Some(unit)) => unit.factor(metric),
            (Some(_), None) => Some(1.0),
            (None, unit) => unit.unwrap_or(Unit::S).factor(Metric::CheckDuration),
        }
    }

    /// Segment of a series. A mapped label that the series lacks is `Unknown`.
    pub fn segment_of(&self, labels: &Labels) -> Segment {
        let mut segment = Segment::all();
        for (dim, label) in &self.labels {
            let theirs = labels.get(label).map_or("", String::as_str);
            segment.set(*dim, named(&self.values, *dim, theirs));
        }
        for (dim, value) in &self.segment {
            segment.set(*dim, DimValue::from_label(value));
        }
        segment
    }

    /// True when `expr` looks back over `$window`, so that it can look back over more.
    pub fn looks_back(expr: &str) -> bool {
        expr.replace("$window_s", "").contains("$window")
    }

    /// A range of its own where its numbers must be those of the window: `5m` of `increase(x[5m])`.
    pub fn fixed_range(&self) -> Option<(&'static str, &str)> {
        if !matches!(self.kind, QueryKind::Count | QueryKind::Histogram) {
            return None;
        }
        let expr = self.expr.as_deref()?;
        let at = expr.find("increase(")?;
        let range = expr.get(at..)?.split_once('[')?.1.split_once(']')?.0;
        range.starts_with(|c: char| c.is_ascii_digit()).then_some(("expr", range))
    }

    /// All its expressions.
    pub fn exprs(&self) -> impl Iterator<Item = &str> {
        let all = [&self.expr, &self.hits, &self.trials, &self.duration, &self.status];
        all.into_iter().flatten().map(String::as_str)
    }

    /// `expr` with its placeholders filled.
    pub fn filled(expr: &str, window: Span, rate_window: Span) -> String {
        let secs = |span: Span| format!("{}s", span.secs().max(1));
        expr.replace("$rate_window", &secs(rate_window))
            .replace("$window_s", &window.secs().max(1).to_string())
            .replace("$window", &secs(window))
    }
}

/// A dimension's value by the configured names, else theirs cut to 200 characters.
pub fn named(names: &BTreeMap<Dim, BTreeMap<String, String>>, dim: Dim, theirs: &str) -> DimValue {
    let ours = names.get(&dim).and_then(|map| map.get(theirs)).map(String::as_str);
    DimValue::from_label(ours.unwrap_or_else(|| cut(theirs, LABEL)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_become_segments_and_placeholders_are_filled() {
        let text = r#"
            metric = "lcp"
            kind = "histogram"
            expr = "x"
            unit = "s"
            labels = { template = "page_type", device = "dev", region = "geo" }
            values = { device = { phone = "mobile" } }
            segment = { customer = "new" }
        "#;
        let query: Query = toml::from_str(text).expect("query");
        query.validate().expect("valid");
        let labels = [("page_type", "pdp"), ("dev", "phone"), ("instance", "a")];
        let labels = labels.map(|(k, v)| (k.to_owned(), v.to_owned())).into();
        let segment = query.segment_of(&labels);
        assert_eq!(segment.to_string(), "pdp · mobile · new · (unknown)");
        let expr = "rate(x[$rate_window]) * $window_s + y[$window]";
        let filled = Query::filled(expr, Span::from_mins(1), Span::from_mins(2));
        assert_eq!(filled, "rate(x[120s]) * 60 + y[60s]");
    }

    #[test]
    fn questions_that_cannot_work_are_refused() {
        for bad in [
            "kind = \"ratio\"\nmetric = \"js_error_rate\"\nexpr = \"x\"",
            "kind = \"histogram\"\nmetric = \"orders\"\nexpr = \"x\"",
            "kind = \"histogram\"\nmetric = \"lcp\"\nunit = \"ratio\"\nexpr = \"x\"",
            "kind = \"gauge\"\nexpr = \"x\"",
            "kind = \"check\"\nexpr = \"x\"",
            "kind = \"build\"\nexpr = \"x\"",
            "kind = \"gauge\"\nmetric = \"service_cpu\"\nexpr = \"x\"",
        ] {
            let query: Query = toml::from_str(bad).expect("parses");
            assert!(query.validate().is_err(), "{bad}");
        }
        assert!(toml::from_str::<Query>("kind = \"gauge\"\nexp = \"x\"").is_err());
    }
}

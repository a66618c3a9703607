//! From labelled series to records: segments, ratios, checks, builds. Series that differ only in
//! labels nobody mapped are added up. Points meet by their instant, never by their index.

pub mod builds;
pub mod histograms;

use std::collections::BTreeMap;

use crate::domain::check::{Check, CheckOutcome};
use crate::domain::id::SourceId;
use crate::domain::observation::{Missing, Observation, Quality, Value, Window};
use crate::domain::segment::Segment;
use crate::domain::time::{Span, Timestamp};

use super::error::cut;
use super::harvest::Harvest;
use super::query::{AbsentHits, LABEL, Labels, Query, QueryKind};
use super::units::{scaled, suspect};

/// One series: labels and points in time order.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Line {
    pub labels: Labels,
    pub points: Vec<(Timestamp, f64)>,
    pub natives: Vec<(Timestamp, Native)>,
}

/// A native histogram: left edge, right edge, count of each bucket that is not empty.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Native {
    pub buckets: Vec<(f64, f64, f64)>,
}

/// The answer to one expression.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Answered {
    pub lines: Vec<Line>,
    pub partial: bool,
    pub truncated: bool,
    /// Series beyond the cap, left out.
    pub dropped: usize,
}

impl Answered {
    pub fn quality(&self) -> Quality {
        Quality { partial: self.partial, truncated: self.truncated, ..Quality::GOOD }
    }
}

/// What the records of one query have in common. A point at `t` covers `[t - window, t)`.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    pub source: &'a SourceId,
    pub query: &'a Query,
    pub window: Span,
    pub now: Timestamp,
}

/// Values by segment and by the end of their window.
pub type Table<T> = BTreeMap<Segment, BTreeMap<Timestamp, T>>;

impl Frame<'_> {
    fn factor(&self) -> f64 {
        self.query.factor().unwrap_or(1.0)
    }

    /// A number as the query's kind of value; what is no number is missing, never zero.
    fn value(&self, number: f64) -> Value {
        if self.query.sentinels.contains(&number) {
            return Value::Missing(Missing::Sentinel);
        }
        match missing(number) {
            Some(reason) => Value::Missing(reason),
            None if self.query.kind == QueryKind::Count => {
                Value::Count(scaled(number, self.factor()))
            }
            None => Value::Gauge(scaled(number, self.factor())),
        }
    }

    /// Counts are added up over series of one segment; of several gauges the last is kept.
    pub fn numbers(&self, answer: &Answered, out: &mut Harvest) {
        let (table, clash) = self.table(answer);
        if clash && self.query.kind == QueryKind::Gauge {
            let title = self.query.title();
            out.note(format!("{title}: several series for one segment, last one kept"));
        }
        let values = each(table, |number| self.value(number));
        self.observe(values, answer.quality(), out);
    }

    pub fn ratio(&self, hits: &Answered, trials: &Answered, out: &mut Harvest) {
        let (hit_table, _) = self.table(hits);
        let (trial_table, _) = self.table(trials);
        let mut values: Table<Value> = BTreeMap::new();
        for (segment, points) in trial_table {
            let hits = hit_table.get(&segment);
            let row = points.into_iter().map(|(at, trials)| {
                let hit = hits.and_then(|h| h.get(&at)).copied();
                (at, self.share(hit, trials))
            });
            values.insert(segment, row.collect());
        }
        let (h, t) = (hits.quality(), trials.quality());
        let quality = Quality {
            partial: h.partial || t.partial,
            truncated: h.truncated || t.truncated,
            ..Quality::GOOD
        };
        self.observe(values, quality, out);
    }

    fn share(&self, hits: Option<f64>, trials: f64) -> Value {
        let hits = match (hits, self.query.absent_hits) {
            (Some(hits), _) => hits,
            (None, AbsentHits::Zero) => 0.0,
            (None, AbsentHits::Missing) => return Value::Missing(Missing::NoData),
        };
        match missing(hits).or(missing(trials)) {
            Some(reason) => Value::Missing(reason),
            None => Value::Ratio { hits, trials },
        }
    }

    /// Numbers by segment and instant, and whether several series fell onto one segment.
    fn table(&self, answer: &Answered) -> (Table<f64>, bool) {
        let mut table: Table<f64> = BTreeMap::new();
        let mut clash = false;
        for line in &answer.lines {
            let row = table.entry(self.query.segment_of(&line.labels)).or_default();
            for (at, number) in &line.points {
                if let Some(old) = row.get_mut(at) {
                    clash = true;
                    *old =
                        if self.query.kind == QueryKind::Gauge { *number } else { *old + number };
                } else {
                    row.insert(*at, *number);
                }
            }
        }
        (table, clash)
    }

    /// Turns values into observations, flags what is implausible, notes what is empty.
    pub fn observe(&self, values: Table<Value>, quality: Quality, out: &mut Harvest) {
        let Some(metric) = self.query.metric else { return };
        if values.values().all(BTreeMap::is_empty) {
            out.note(format!("{}: no data", self.query.title()));
        }
        for (segment, row) in values {
            for (at, value) in row {
                let window = Window::ending(at, self.window);
                let mut quality = quality;
                quality.incomplete = window.end > self.now;
                if let Some(factor) = suspect(metric, &segment, &value) {
                    quality.unit_suspect = true;
                    let title = self.query.title();
                    out.note(format!("{title}: implausible values, wrong unit? (factor {factor})"));
                }
                out.observations.push(Observation {
                    source: self.source.clone(),
                    metric,
                    segment: segment.clone(),
                    window,
                    value,
                    quality,
                });
            }
        }
        out.partial |= quality.partial || quality.truncated;
    }

    /// One check a series and instant. Durations of failed runs are dropped.
    pub fn checks(
        &self,
        (passed, duration, status): (&Answered, &Answered, &Answered),
        out: &mut Harvest,
    ) {
        let durations = self.by_place(duration);
        let statuses = self.by_place(status);
        let before = out.checks.len();
        for line in &passed.lines {
            let Some((journey, location)) = self.place(&line.labels) else { continue };
            let place = (journey.clone(), location.clone());
            for (at, number) in &line.points {
                let took = durations.get(&place).and_then(|p| p.get(at)).copied();
                let code = statuses.get(&place).and_then(|p| p.get(at)).copied();
                let (outcome, message) = judged(*number, took.map(|s| s * self.factor()), code);
                let good = outcome == CheckOutcome::Pass;
                out.checks.push(Check {
                    source: self.source.clone(),
                    journey: journey.as_str().into(),
                    location: location.clone(),
                    at: *at,
                    outcome,
                    duration_ms: took
                        .filter(|s| good && s.is_finite() && *s >= 0.0)
                        .map(|s| scaled(s, self.factor())),
                    message,
                });
            }
        }
        if out.checks.len() == before {
            out.note("check: no data".to_owned());
        }
        out.partial |= passed.partial || passed.truncated;
    }

    fn by_place(&self, answer: &Answered) -> BTreeMap<(String, String), BTreeMap<Timestamp, f64>> {
        let places = answer.lines.iter().filter_map(|line| {
            let place = self.place(&line.labels)?;
            Some((place, line.points.iter().copied().collect()))
        });
        places.collect()
    }

    /// Journey and vantage point of a series; `None` for one that belongs to no journey.
    fn place(&self, labels: &Labels) -> Option<(String, String)> {
        let query = self.query;
        let theirs = query.journey_label.as_ref().and_then(|l| labels.get(l));
        let journey = match (&query.journey, theirs) {
            (Some(fixed), _) => fixed.clone(),
            (None, Some(name)) if query.journeys.is_empty() => cut(name, LABEL).to_owned(),
            (None, Some(name)) => query.journeys.get(name)?.clone(),
            (None, None) => return None,
        };
        let location = query.location_label.as_ref().and_then(|l| labels.get(l));
        Some((journey, location.map_or_else(String::new, |l| cut(l, LABEL).to_owned())))
    }
}

/// Why a number is none; `None` for one that is.
pub fn missing(number: f64) -> Option<Missing> {
    match number {
        n if n.is_nan() => Some(Missing::NotANumber),
        n if n.is_infinite() => Some(Missing::Infinite(n < 0.0)),
        _ => None,
    }
}

fn each<T, U>(table: Table<T>, f: impl Fn(T) -> U) -> Table<U> {
    let row = |row: BTreeMap<Timestamp, T>| row.into_iter().map(|(at, v)| (at, f(v))).collect();
    table.into_iter().map(|(segment, r)| (segment, row(r))).collect()
}

/// Reads 1 as passed, 0 as failed and the rest (pending, maintenance, NaN) as unknown. The kind of
/// a failure comes from the HTTP status: 0 means that no answer came (apis.md section A.1).
fn judged(number: f64, took_ms: Option<f64>, status: Option<f64>) -> (CheckOutcome, String) {
    if number == 1.0 {
        return (CheckOutcome::Pass, String::new());
    }
    if number != 0.0 {
        return (CheckOutcome::Unknown, String::new());
    }
    let slow = took_ms.is_some_and(|ms| ms >= 1000.0);
    let (kind, message) = match status {
        Some(0.0) if slow => ("timeout", "no answer in time".to_owned()),
        Some(0.0) => ("connect", "no answer".to_owned()),
        Some(code) if code >= 400.0 => ("status", format!("status {code:.0}")),
        Some(code) if code >= 200.0 => ("body", format!("status {code:.0}, wrong content")),
        _ => ("unknown", String::new()),
    };
    (CheckOutcome::Fail(kind.to_owned()), message)
}

#[cfg(test)]
mod tests;

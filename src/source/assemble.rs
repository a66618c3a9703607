//! From labelled series to records: segments and ratios; histograms, checks and builds have rooms
//! of their own. Series that differ only in labels nobody mapped are added up. Points meet by their
//! instant, never by their index.

pub mod builds;
pub mod histograms;
pub mod runs;

use std::collections::BTreeMap;

use crate::domain::id::SourceId;
use crate::domain::observation::{Missing, Observation, Quality, Value, Window};
use crate::domain::segment::Segment;
use crate::domain::time::{Span, Timestamp};

use super::harvest::Harvest;
use super::query::{AbsentHits, Labels, Query, QueryKind};
use super::units::{scaled, suspect};

/// One series: labels and points in time order.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct SeriesLine {
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
    pub lines: Vec<SeriesLine>,
    pub partial: bool,
    pub truncated: bool,
    /// Series beyond the cap, left out.
    pub dropped: usize,
    /// What the server remarks on it.
    pub says: Vec<String>,
}

impl Answered {
    /// Multiplies every number.
    pub fn scale(&mut self, by: f64) {
        if by == 1.0 {
            return;
        }
        for line in &mut self.lines {
            line.points.iter_mut().for_each(|(_, number)| *number *= by);
            let natives = line.natives.iter_mut().flat_map(|(_, native)| &mut native.buckets);
            natives.for_each(|(_, _, count)| *count *= by);
        }
    }

    pub fn quality(&self) -> Quality {
        Quality { partial: self.partial, truncated: self.truncated, ..Quality::GOOD }
    }
}

/// What the records of one query have in common. A point at `t` covers `[t - window, t)`.
#[derive(Clone, Copy, Debug)]
pub struct QueryFrame<'a> {
    pub source: &'a SourceId,
    pub query: &'a Query,
    pub window: Span,
    pub now: Timestamp,
}

/// Values by segment and by the end of their window.
pub type SegmentTable<T> = BTreeMap<Segment, BTreeMap<Timestamp, T>>;

impl QueryFrame<'_> {
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

    /// What the server left out of an answer, or remarks on it.
    pub fn tell_answer(&self, answer: &Answered, out: &mut Harvest) {
        let title = self.query.title();
        for says in &answer.says {
            out.note(format!("{title}: {says}"));
        }
        if answer.dropped > 0 {
            let (all, dropped) = (answer.lines.len() + answer.dropped, answer.dropped);
            out.note(format!(
                "{title}: {dropped} of {all} series left out, too many for one answer: sum over \
                 the labels that are not mapped"
            ));
        }
    }

    /// Counts are added up over series of one segment; of several gauges the last is kept.
    pub fn numbers(&self, answer: &Answered, out: &mut Harvest) {
        let (table, clash) = self.table(answer);
        if clash && self.query.kind == QueryKind::Gauge {
            let (title, series) = (self.query.title(), answer.lines.len());
            let places = table.len();
            out.note(format!(
                "{title}: several series for one segment, last one kept ({series} series, {places} \
                 segments): sum them in the query, or map the label that tells them apart"
            ));
        }
        let values = each(table, |number| self.value(number));
        self.observe(values, answer.quality(), out);
    }

    pub fn ratio(&self, hits: &Answered, trials: &Answered, out: &mut Harvest) {
        let (hit_table, _) = self.table(hits);
        let (trial_table, _) = self.table(trials);
        let mut values: SegmentTable<Value> = BTreeMap::new();
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
    fn table(&self, answer: &Answered) -> (SegmentTable<f64>, bool) {
        let mut table: SegmentTable<f64> = BTreeMap::new();
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
    pub fn observe(&self, values: SegmentTable<Value>, quality: Quality, out: &mut Harvest) {
        let Some(metric) = self.query.metric else { return };
        if values.values().all(BTreeMap::is_empty) {
            out.note(format!("{}: no data", self.query.title()));
        }
        self.tell_no_numbers(&values, out);
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

    fn tell_no_numbers(&self, values: &SegmentTable<Value>, out: &mut Harvest) {
        let odd =
            |v: &&Value| matches!(v, Value::Missing(Missing::NotANumber | Missing::Infinite(_)));
        let all = || values.values().flat_map(BTreeMap::values);
        let (odd, of) = (all().filter(odd).count(), all().count());
        if odd > 0 {
            out.note(format!(
                "{}: {odd} of {of} values are no numbers (null, NaN or infinite) and count as \
                 missing: where nothing is divided by nothing, ask for a ratio of hits and trials",
                self.query.title()
            ));
        }
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

fn each<T, U>(table: SegmentTable<T>, f: impl Fn(T) -> U) -> SegmentTable<U> {
    let row = |row: BTreeMap<Timestamp, T>| row.into_iter().map(|(at, v)| (at, f(v))).collect();
    table.into_iter().map(|(segment, r)| (segment, row(r))).collect()
}

#[cfg(test)]
mod tests;

//! Rows to records: times, segments, numbers, histograms, checks, changes. What a row lacks is
//! missing, never zero; what cannot be read is counted in a note.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value as Json;

use crate::domain::change::{Change, ChangeKind, ChangeStatus, Stage};
use crate::domain::check::{Check, CheckOutcome};
use crate::domain::flaw::Flaw;
use crate::domain::id::SourceId;
use crate::domain::metric::Metric;
use crate::domain::observation::{Observation, Quality, Window};
use crate::domain::segment::{DimValue, Segment};
use crate::domain::time::{Span, Timestamp};
use crate::source::error::{cut, words};
use crate::source::harvest::Harvest;
use crate::source::query::{LABEL, named};
use crate::source::units::{scaled, suspect};

use super::config::{Edge, TimeFormat};
use super::path::{Expr, JsonRow, number};
use super::reader::{ChangeReader, CheckReader, MetricReader, RecordReader};

/// Most rows taken of one answer.
pub const ROWS: usize = 50_000;
/// Bins of one histogram.
const BINS: usize = 1000;
/// Unknown kinds of changes named in one answer, and letters of each.
const KINDS: usize = 3;
const SHORT: usize = 40;
/// A clock further off than this excuses nothing.
const MOST_SKEW: Span = Span::from_mins(5);

/// Reads the rows of one answer.
pub struct RowPass<'a> {
    pub source: &'a SourceId,
    pub reader: &'a RecordReader,
    /// Length of a window unless the record says another.
    pub step: Span,
    pub now: Timestamp,
    /// Bounds of each metric's histogram, in its unit.
    pub bounds: Vec<Option<Arc<[f64]>>>,
    pub out: Harvest,
    pub taken: usize,
    pub dropped: usize,
    pub unread: usize,
    pub future: usize,
    /// Of these, so many beyond what a clock may be ahead.
    pub ahead: usize,
    /// What the server's clock is ahead of ours.
    pub skew: Span,
    /// Kinds of changes that nobody knows.
    pub unknown: BTreeSet<String>,
}

impl<'a> RowPass<'a> {
    pub fn new(
        source: &'a SourceId,
        reader: &'a RecordReader,
        (step, now): (Span, Timestamp),
    ) -> Self {
        Self {
            source,
            reader,
            step: reader.window.unwrap_or(step),
            now,
            bounds: Vec::new(),
            out: Harvest::default(),
            taken: 0,
            dropped: 0,
            unread: 0,
            future: 0,
            ahead: 0,
            skew: Span::ZERO,
            unknown: BTreeSet::new(),
        }
    }

    /// Reads the bins' upper edges from the document; an open last bin is always added.
    pub fn take_bounds(&mut self, root: &Json) {
        let edges = self.reader.bounds.as_ref().and_then(|e| e.find(root));
        let edges: Option<Vec<f64>> = edges.as_deref().and_then(Json::as_array).map(|list| {
            let edge = |v: &Json| number(v).filter(|n| !n.is_nan()).unwrap_or(f64::INFINITY);
            list.iter().take(BINS).map(edge).collect()
        });
        let edges = edges.filter(|e| e.is_sorted());
        let scale = |m: &MetricReader| {
            let mut bounds: Vec<f64> =
                edges.as_ref()?.iter().map(|b| scaled(*b, m.factor)).collect();
            if bounds.last().is_none_or(|b| b.is_finite()) {
                bounds.push(f64::INFINITY);
            }
            Some(bounds.into())
        };
        self.bounds = self.reader.metrics.iter().map(scale).collect();
    }

    pub fn row(&mut self, row: JsonRow<'_>) {
        if self.taken >= ROWS {
            self.dropped += 1;
            return;
        }
        self.taken += 1;
        let reader = self.reader;
        if let Some(change) = &reader.change {
            let read = self.change(change, row);
            self.keep(read, |out, c| out.changes.push(c));
            return;
        }
        let Some(at) = self.reader.time.as_ref().and_then(|e| self.time(e, row)) else {
            self.unread += 1;
            return;
        };
        if let Some(check) = &self.reader.check {
            if at > self.now.plus(Span::from_mins(1)) {
                self.is_future(at);
                return;
            }
            let read = self.check(check, at, row);
            self.keep(read, |out, c| out.checks.push(c));
            return;
        }
        self.observations(at, row);
    }

    fn is_future(&mut self, at: Timestamp) {
        self.future += 1;
        let clock = self.skew.max(Span::ZERO).min(MOST_SKEW);
        self.ahead += usize::from(at > self.now.plus(Span::from_mins(1)).plus(clock));
    }

    fn keep<T>(&mut self, read: Option<T>, put: impl FnOnce(&mut Harvest, T)) {
        match read {
            Some(record) => put(&mut self.out, record),
            None => self.unread += 1,
        }
    }

    /// Closes the pass: marks what was cut and says what was left out.
    pub fn finish(mut self) -> Harvest {
        let title = self.reader.title();
        if self.dropped > 0 {
            self.out.partial = true;
            for o in &mut self.out.observations {
                o.quality.truncated = true;
            }
            let all = self.taken + self.dropped;
            self.out.note(format!("{title}: {} of {all} rows", self.taken));
        }
        if self.unread > 0 {
            self.out.note(format!("{title}: {} rows without a usable time or name", self.unread));
        }
        if self.future > 0 {
            self.out.note(format!("{title}: {} rows from the future", self.future));
        }
        for kind in std::mem::take(&mut self.unknown) {
            self.out.note(format!(
                "change kind `{kind}` is not known: read as config, which nobody rolls back; \
                 name it under kinds"
            ));
        }
        self.odd_times(&title);
        if self.out.is_empty() && self.reader.change.is_none() {
            self.out.note(format!("{title}: no data"));
        }
        self.out
    }

    /// Rows that cannot be right about their time are a flaw, however good the rest looks.
    fn odd_times(&mut self, title: &str) {
        if self.unread + self.ahead == 0 {
            return;
        }
        let check = self.reader.check.as_ref().map(|_| Metric::CheckSuccess);
        let metrics = self.reader.metrics.iter().map(|m| m.metric).chain(check);
        self.out.flaws.push(Flaw::Times {
            what: title.to_owned(),
            metrics: metrics.collect(),
            rows: self.taken,
            timeless: self.unread,
            ahead: self.ahead,
            stale: 0,
        });
    }

    fn observations(&mut self, at: Timestamp, row: JsonRow<'_>) {
        let window = match self.reader.time_is {
            Edge::Start => Window { start: at, end: at.plus(self.step) },
            Edge::End => Window::ending(at, self.step),
        };
        if window.start > self.now {
            self.is_future(window.start);
            return;
        }
        let segment = self.segment(row);
        let reader = self.reader;
        for (index, metric) in reader.metrics.iter().enumerate() {
            let bounds = self.bounds.get(index).and_then(Option::as_ref);
            let value = metric.read(row, bounds);
            let mut quality = Quality { incomplete: window.end > self.now, ..Quality::GOOD };
            if let Some(factor) = suspect(metric.metric, &segment, &value) {
                quality.unit_suspect = true;
                self.out.note(format!(
                    "{}: implausible values, wrong unit? (factor {factor})",
                    metric.metric
                ));
            }
            self.out.observations.push(Observation {
                source: self.source.clone(),
                metric: metric.metric,
                segment: segment.clone(),
                window,
                value,
                quality,
            });
        }
    }

    fn segment(&self, row: JsonRow<'_>) -> Segment {
        let mut segment = Segment::all();
        for (dim, expr) in &self.reader.segment {
            let value = match expr.get(row).as_deref() {
                Some(Json::String(text)) => named(&self.reader.values, *dim, text),
                Some(_) => named(&self.reader.values, *dim, &expr.text(row).unwrap_or_default()),
                None => DimValue::Unknown,
            };
            segment.set(*dim, value);
        }
        segment
    }

    /// A kind nobody knows still changed the shop, but shipped nothing as far as we know.
    fn kind(&mut self, fields: &ChangeReader, word: Option<String>) -> ChangeKind {
        let Some(word) = word else { return ChangeKind::Deploy };
        fields.kind_of(&word).unwrap_or_else(|| {
            if self.unknown.len() < KINDS {
                self.unknown.insert(words(cut(&word, SHORT)));
            }
            ChangeKind::Config
        })
    }

    fn time(&self, expr: &Expr, row: JsonRow<'_>) -> Option<Timestamp> {
        read_time(expr.get(row)?.as_ref(), self.reader.time_format)
    }

    fn check(&self, check: &CheckReader, at: Timestamp, row: JsonRow<'_>) -> Option<Check> {
        let journey = check.journey.text(row).filter(|j| !j.is_empty())?;
        let text = |expr: &Option<Expr>| {
            expr.as_ref().and_then(|e| e.text(row)).map(|t| cut(&t, LABEL).to_owned())
        };
        let message = check.message.as_ref().and_then(|e| joined(e.get(row)?.as_ref()));
        let message = words(&message.unwrap_or_default());
        let status = check.status.as_ref().and_then(|e| e.number(row));
        let outcome = check.outcome(row, status, &message);
        let took = check.duration.as_ref().and_then(|e| e.number(row));
        let took = took.filter(|d| d.is_finite() && *d >= 0.0 && outcome == CheckOutcome::Pass);
        Some(Check {
            source: self.source.clone(),
            journey: cut(&journey, LABEL).into(),
            location: text(&check.location).unwrap_or_default(),
            at,
            duration_ms: took.map(|d| scaled(d, check.factor)),
            outcome,
            message,
        })
    }

    fn change(&mut self, fields: &ChangeReader, row: JsonRow<'_>) -> Option<Change> {
        let text = |expr: &Option<Expr>| {
            expr.as_ref().and_then(|e| e.text(row)).map(|t| cut(&t, LABEL).to_owned())
        };
        let kind = self.kind(fields, fields.word(row));
        let time = |expr: &Option<Expr>| expr.as_ref().and_then(|e| self.time(e, row));
        let id = fields.id.text(row).filter(|id| !id.is_empty())?;
        let id = cut(&id, LABEL);
        let started_at = time(&fields.started_at);
        let finished_at = time(&fields.ended_at);
        let created_at = time(&self.reader.time).or(started_at).or(finished_at)?;
        let share = fields.share.as_ref().and_then(|e| e.number(row));
        let share = share.filter(|s| (0.0..1.0).contains(s));
        let stages = share.map(|share| Stage { at: started_at.unwrap_or(created_at), share });
        Some(Change {
            source: self.source.clone(),
            id: id.into(),
            kind,
            service: text(&fields.service).unwrap_or_else(|| "shop".to_owned()),
            environment: text(&fields.environment).unwrap_or_else(|| "production".to_owned()),
            version: text(&fields.version).unwrap_or_else(|| id.to_owned()),
            previous: text(&fields.previous).map(|p| p.as_str().into()),
            status: ChangeStatus::Succeeded,
            created_at,
            started_at,
            finished_at,
            stages: stages.into_iter().collect(),
            templates: fields.templates.as_ref().map_or_else(BTreeSet::new, |e| list(e, row)),
            rolled_back_at: time(&fields.rolled_back_at),
            ran_before: false,
            author: text(&fields.author).unwrap_or_default(),
            url: text(&fields.url).unwrap_or_default(),
        })
    }
}

impl ChangeReader {
    /// The word for its kind, where there is one.
    fn word(&self, row: JsonRow<'_>) -> Option<String> {
        let word = self.kind.as_ref()?.text(row)?;
        Some(cut(&word, LABEL).to_owned()).filter(|w| !w.trim().is_empty())
    }

    fn kind_of(&self, word: &str) -> Option<ChangeKind> {
        self.kinds.get(word).copied().or_else(|| ChangeKind::named(word))
    }
}

fn list(expr: &Expr, row: JsonRow<'_>) -> BTreeSet<String> {
    let short = |t: &str| cut(t, LABEL).to_owned();
    match expr.get(row).as_deref() {
        Some(Json::Array(all)) => all.iter().filter_map(Json::as_str).take(50).map(short).collect(),
        Some(Json::String(one)) => one.split(',').map(|t| short(t.trim())).take(50).collect(),
        _ => BTreeSet::new(),
    }
}

fn joined(value: &Json) -> Option<String> {
    match value {
        Json::String(text) => Some(text.clone()),
        Json::Array(all) => {
            Some(all.iter().filter_map(Json::as_str).take(5).collect::<Vec<_>>().join("; "))
        }
        _ => None,
    }
}

/// Reads a time; outside 2000-01-01..2100-01-01 (the vendors' zero dates) is no time.
pub fn read_time(value: &Json, format: TimeFormat) -> Option<Timestamp> {
    let at = match (value, format) {
        (Json::String(s), TimeFormat::Auto | TimeFormat::Rfc3339) => s.trim().parse().ok()?,
        (_, TimeFormat::Rfc3339) => return None,
        (_, TimeFormat::Auto | TimeFormat::Unix) => millis(number(value)? * 1e3)?,
        (_, TimeFormat::UnixMs) => millis(number(value)?)?,
        (_, TimeFormat::Ns) => millis(number(value)? / 1e6)?,
    };
    let (least, most) = (Timestamp::from_secs(946_684_800), Timestamp::from_secs(4_102_444_800));
    (least..most).contains(&at).then_some(at)
}

fn millis(ms: f64) -> Option<Timestamp> {
    (ms.is_finite() && ms.abs() < 1e15).then(|| Timestamp::from_millis(ms.round() as i64))
}

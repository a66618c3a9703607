//! Single numbers: a metric without segments and samples goes through the streaming detector, the
//! one of `backtest series`, and opens a case of its own. How a row is judged lives in
//! `detect::series`; what has segments never comes here.

use std::collections::BTreeMap;

use crate::detect::series::{Detector, Score, State};
use crate::detect::verdict::{Basis, Case, Cell, Class, Finding, Judgement, Suspect, Verdict};
use crate::domain::id::{GuardrailId, SourceId};
use crate::domain::metric::{Bad, Metric};
use crate::domain::observation::{Observation, Value};
use crate::domain::segment::{Scope, Segment};
use crate::domain::severity::Severity;
use crate::domain::time::{Span, Timestamp};
use crate::policy::sensitivity::Sensitivity;

/// A cleared case is told once more for so long, so that no reader misses its end.
const TOLD: Span = Span::from_hours(1);

/// What config says about single numbers.
#[derive(Clone, Debug, Default)]
pub struct SeriesRules {
    pub sensitivity: Sensitivity,
    /// Declared series with their bad direction. A gauge without segments is one undeclared.
    pub declared: BTreeMap<(SourceId, Metric), Bad>,
    /// The guardrail that watches a metric.
    pub guardrails: BTreeMap<Metric, GuardrailId>,
}

/// All series of the watcher.
#[derive(Debug, Default)]
pub struct SeriesBook {
    rules: SeriesRules,
    lines: BTreeMap<(SourceId, Metric), Line>,
    /// Rows wait here until all sources have told their past, then go in by time.
    early: Vec<Observation>,
    running: bool,
}

#[derive(Debug)]
struct Line {
    detector: Detector,
    first: Option<Timestamp>,
    last: Timestamp,
    rows: u64,
    value: Option<f64>,
    score: Option<Score>,
    opening: Option<Opening>,
}

/// The row at which an incident opened.
#[derive(Clone, Debug)]
struct Opening {
    at: Timestamp,
    value: f64,
    score: Score,
    /// Since when the detector is quiet again.
    closed: Option<Timestamp>,
}

impl SeriesBook {
    pub fn new(rules: SeriesRules) -> Self {
        Self { rules, ..Self::default() }
    }

    /// Keeps the rows that are series and hands the rest back.
    pub fn take(&mut self, rows: Vec<Observation>) -> Vec<Observation> {
        let (mut mine, others): (Vec<_>, Vec<_>) =
            rows.into_iter().partition(|o| self.is_series(o));
        if self.running {
            mine.sort_by_key(|o| o.window);
            for o in &mine {
                self.feed(o);
            }
        } else {
            self.early.append(&mut mine);
        }
        others
    }

    fn is_series(&self, o: &Observation) -> bool {
        let bare = o.segment == Segment::all();
        let declared = || self.rules.declared.contains_key(&(o.source.clone(), o.metric));
        let known = || self.lines.contains_key(&(o.source.clone(), o.metric));
        bare && (matches!(o.value, Value::Gauge(_)) || declared() || known())
    }

    /// Every source has told its past: rows go in from now on. Past rows of another length than
    /// the live ones are left out, since they are other numbers (an hour is no minute).
    pub fn start(&mut self) {
        if self.running {
            return;
        }
        self.running = true;
        let mut early = std::mem::take(&mut self.early);
        early.sort_by_key(|o| o.window);
        let mut lengths = BTreeMap::new();
        for o in &early {
            lengths.insert((o.source.clone(), o.metric), o.window.length());
        }
        let fits = |o: &&Observation| {
            lengths.get(&(o.source.clone(), o.metric)) == Some(&o.window.length())
        };
        early.iter().filter(fits).for_each(|o| self.feed(o));
    }

    /// A row counts once, when its window is whole, and in the order of time.
    fn feed(&mut self, o: &Observation) {
        let key = (o.source.clone(), o.metric);
        let (at, end) = (o.window.start, o.window.end);
        if o.quality.incomplete || self.lines.get(&key).is_some_and(|l| at <= l.last) {
            return;
        }
        let bad = self.rules.declared.get(&key).copied().unwrap_or(o.metric.row().bad);
        let sensitivity = self.rules.sensitivity;
        let line = self.lines.entry(key).or_insert_with(|| Line::new(sensitivity, bad));
        line.step(at, end, number(&o.value));
    }

    /// Adds cells, cases and guardrail states to what the engine says.
    pub fn tell(&self, judgement: &mut Judgement, now: Timestamp) {
        for ((source, metric), line) in &self.lines {
            judgement.cells.push(line.cell(*metric));
            let guardrail = self.rules.guardrails.get(metric);
            let case = line.case((source, *metric), guardrail, now);
            let row = judgement.guardrails.iter_mut().find(|g| guardrail == Some(&g.guardrail));
            if let Some(row) = row {
                match &case {
                    Some(c) if c.firing => {
                        row.verdict = Verdict::Breach;
                        row.detail = c.evidence_for.first().cloned().unwrap_or_default();
                    }
                    _ if row.verdict == Verdict::Unsure => {
                        row.verdict = line.verdict();
                        "a single number, against its own past".clone_into(&mut row.detail);
                    }
                    _ => {}
                }
            }
            judgement.cases.extend(case);
        }
    }
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Gauge(x) | Value::Count(x) => Some(*x),
        Value::Ratio { hits, trials } => (*trials > 0.0).then(|| hits / trials),
        Value::Dist(_) | Value::Missing(_) => None,
    }
}

impl Line {
    fn new(sensitivity: Sensitivity, bad: Bad) -> Self {
        Self {
            detector: Detector::new(sensitivity, bad),
            first: None,
            last: Timestamp::from_millis(i64::MIN),
            rows: 0,
            value: None,
            score: None,
            opening: None,
        }
    }

    fn step(&mut self, at: Timestamp, end: Timestamp, value: Option<f64>) {
        let score = self.detector.step(at, value);
        self.first.get_or_insert(at);
        self.last = at;
        self.value = value;
        if let Some(value) = value {
            self.rows += 1;
            match (score.state, &mut self.opening) {
                (State::Opened, _) => {
                    let score = score.clone();
                    self.opening = Some(Opening { at, value, score, closed: None });
                }
                (State::Quiet, Some(o)) if o.closed.is_none() => o.closed = Some(end),
                (State::Quiet | State::Ongoing, _) => {}
            }
        }
        self.score = Some(score);
    }

    fn firing(&self) -> bool {
        self.opening.as_ref().is_some_and(|o| o.closed.is_none())
    }

    /// The rows it has seen, and over how many days.
    fn basis(&self) -> Option<Basis> {
        let days = self.last.since(self.first?).as_mins_f64() / 1440.0;
        Some(Basis { days: (days * 10.0).round() / 10.0, samples: self.rows as f64 })
    }

    fn verdict(&self) -> Verdict {
        let judged = self.score.as_ref().is_some_and(|s| s.expected.is_some());
        match (self.firing(), judged) {
            (true, _) => Verdict::Breach,
            (false, true) => Verdict::Ok,
            (false, false) => Verdict::Unsure,
        }
    }

    fn cell(&self, metric: Metric) -> Cell {
        Cell {
            metric,
            stat: "value".to_owned(),
            segment: Segment::all(),
            value: self.value,
            unit: metric.row().unit.to_owned(),
            n: self.rows as f64,
            interval: None,
            baseline: self.score.as_ref().and_then(|s| s.expected),
            basis: self.basis(),
            verdict: self.verdict(),
            quality: crate::domain::observation::Quality::GOOD,
        }
    }

    fn case(
        &self,
        (source, metric): (&SourceId, Metric),
        guardrail: Option<&GuardrailId>,
        now: Timestamp,
    ) -> Option<Case> {
        let o = self.opening.as_ref()?;
        if o.closed.is_some_and(|end| now.since(end) > TOLD) {
            return None;
        }
        let class = class_of(metric);
        let finding = self.finding(o, metric, guardrail);
        Some(Case {
            key: format!("series:{source}:{metric}"),
            class,
            severity: if class == Class::Telemetry { Severity::Sev4 } else { Severity::Sev3 },
            rule: "single-number".to_owned(),
            raise: "higher when checks, funnel or errors fail for the same shoppers".to_owned(),
            journey: None,
            headline: format!("{} {}", metric.row().label, shift(o)),
            segments: vec![Scope::everything()],
            onset_at: o.at,
            firing: o.closed.is_none(),
            evidence_for: vec![finding.text.clone()],
            evidence_against: Vec::new(),
            findings: vec![finding],
            suspect: Suspect {
                reasons: vec!["no release is weighed: one number has no segments".to_owned()],
                ..Suspect::default()
            },
            risk_per_minute: None,
            lost: None,
            affected: None,
            money_method: "one number says nothing about money".to_owned(),
        })
    }

    fn finding(&self, o: &Opening, metric: Metric, guardrail: Option<&GuardrailId>) -> Finding {
        let row = metric.row();
        let band = o.score.band.map_or_else(String::new, |(low, high)| {
            format!(", usual {} to {}", plain(low), plain(high))
        });
        let test = format!("score {:.2}, line 0.50: {}", o.score.score, o.score.reason);
        Finding {
            guardrail: guardrail.cloned().unwrap_or_else(|| "series".into()),
            verdict: Verdict::Breach,
            metric,
            stat: "value".to_owned(),
            segment: Scope::everything(),
            value: self.value,
            unit: row.unit.to_owned(),
            n: self.rows as f64,
            baseline: o.score.expected,
            basis: self.basis(),
            text: format!("{} {} at {}{band}; {test}", row.label, shift(o), o.at),
            test,
        }
    }
}

fn shift(o: &Opening) -> String {
    match o.score.expected {
        Some(expected) => format!("{}, expected {}", plain(o.value), plain(expected)),
        None => plain(o.value),
    }
}

/// Four digits that matter, whatever the size.
fn plain(x: f64) -> String {
    let places = match x.abs() {
        a if a >= 1000.0 => 0,
        a if a >= 10.0 => 1,
        _ => 3,
    };
    format!("{x:.places$}")
}

fn class_of(metric: Metric) -> Class {
    match metric {
        Metric::CacPayback => Class::Efficiency,
        Metric::PageViews | Metric::BeaconLag | Metric::OrphanShare | Metric::PersonalData => {
            Class::Telemetry
        }
        Metric::CheckSuccess | Metric::CheckDuration | Metric::EdgeRequests => Class::Availability,
        Metric::Sessions
        | Metric::AddToCart
        | Metric::CheckoutStart
        | Metric::PaymentTry
        | Metric::Orders
        | Metric::Revenue
        | Metric::ConversionRate
        | Metric::AddToCartRate
        | Metric::CheckoutRate
        | Metric::PaymentRate
        | Metric::OrderRate => Class::Conversion,
        Metric::Lcp
        | Metric::Inp
        | Metric::Cls
        | Metric::Fcp
        | Metric::Ttfb
        | Metric::Tbt
        | Metric::PageLoad
        | Metric::PageLoadSuccess
        | Metric::JsErrorRate
        | Metric::UserErrorRate
        | Metric::ApiSuccess
        | Metric::CrashRate => Class::Regression,
    }
}

#[cfg(test)]
mod tests;

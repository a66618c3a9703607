//! Single numbers: a metric without segments and samples goes through the streaming detector, the
//! one of `backtest series`, and opens a case of its own. How a row is judged lives in
//! `detector`, for `drift` rows in `drift`; what has segments never comes here.

use std::collections::{BTreeMap, BTreeSet};

use super::demand::Demand;
use super::drift::DriftRule;
use super::line::SeriesLine;
use crate::detect::cube::doubt::Doubt;
use crate::domain::id::{GuardrailId, SourceId};
use crate::domain::metric::{Bad, Metric};
use crate::domain::observation::{Observation, Value};
use crate::domain::segment::Segment;
use crate::domain::time::Timestamp;
use crate::policy::sensitivity::Sensitivity;
use crate::verdict::{Case, Cell, Class, Judged, Judgement, Verdict};

/// What config says about single numbers.
#[derive(Clone, Debug, Default)]
pub struct SeriesRules {
    pub sensitivity: Sensitivity,
    /// Declared series with their bad direction. A gauge without segments is one undeclared.
    pub declared: BTreeMap<(SourceId, Metric), Bad>,
    /// The guardrail that watches a metric.
    pub guardrails: BTreeMap<Metric, SeriesRow>,
}

/// What a guardrail row says about a single number.
#[derive(Clone, Debug)]
pub struct SeriesRow {
    pub name: GuardrailId,
    /// Set for `drift` rows: they judge instead of the streaming detector.
    pub drift: Option<DriftRule>,
}

/// All series of the watcher.
#[derive(Debug, Default)]
pub struct SeriesBook {
    rules: SeriesRules,
    lines: BTreeMap<(SourceId, Metric), SeriesLine>,
    /// Rows wait here until enough of the past is there, then go in by time.
    early: Vec<Observation>,
    running: bool,
    /// Drift rows whose past is still being told; they wait for all of it.
    held: BTreeSet<(SourceId, Metric)>,
}

impl SeriesBook {
    pub fn new(rules: SeriesRules) -> Self {
        Self { rules, ..Self::default() }
    }

    /// Keeps the rows that are series and hands the rest back.
    pub fn take(&mut self, rows: Vec<Observation>) -> Vec<Observation> {
        let (mut mine, others): (Vec<_>, Vec<_>) =
            rows.into_iter().partition(|o| self.is_series(o));
        mine.sort_by_key(|o| o.window);
        for o in mine {
            if self.running && !self.held.contains(&(o.source.clone(), o.metric)) {
                self.feed(&o);
            } else {
                self.early.push(o);
            }
        }
        others
    }

    /// The same for rows of the past. What came too late for a series that runs is left out.
    pub fn take_past(&mut self, rows: Vec<Observation>) -> Vec<Observation> {
        let (mine, others): (Vec<_>, Vec<_>) = rows.into_iter().partition(|o| self.is_series(o));
        let waits =
            |o: &Observation| !self.running || self.held.contains(&(o.source.clone(), o.metric));
        let waiting: Vec<Observation> = mine.into_iter().filter(waits).collect();
        self.early.extend(waiting);
        others
    }

    fn is_series(&self, o: &Observation) -> bool {
        let bare = o.segment == Segment::all();
        let declared = || self.rules.declared.contains_key(&(o.source.clone(), o.metric));
        let known = || self.lines.contains_key(&(o.source.clone(), o.metric));
        bare && (matches!(o.value, Value::Gauge(_)) || declared() || known())
    }

    /// Enough of the past is there: rows go in from now on, drift rows once theirs is whole, which
    /// `open` tells. Past rows of another length than the live ones are left out, since they are
    /// other numbers (an hour is no minute); a reading under a drift row is the same number
    /// whenever it is taken.
    pub fn start(&mut self, open: &dyn Fn(&SourceId, Metric) -> bool) {
        if self.running && self.early.is_empty() {
            return;
        }
        self.running = true;
        let drifts = |o: &Observation| {
            self.rules.guardrails.get(&o.metric).is_some_and(|row| row.drift.is_some())
        };
        let (held, mut early): (Vec<_>, Vec<_>) = std::mem::take(&mut self.early)
            .into_iter()
            .partition(|o| drifts(o) && open(&o.source, o.metric));
        self.held = held.iter().map(|o| (o.source.clone(), o.metric)).collect();
        self.early = held;
        early.sort_by_key(|o| o.window);
        let mut lengths = BTreeMap::new();
        for o in &early {
            lengths.insert((o.source.clone(), o.metric), o.window.length());
        }
        let reading = |o: &Observation| {
            let row = self.rules.guardrails.get(&o.metric);
            matches!(o.value, Value::Gauge(_)) && row.is_some_and(|row| row.drift.is_some())
        };
        let fits = |o: &&Observation| {
            lengths.get(&(o.source.clone(), o.metric)) == Some(&o.window.length()) || reading(o)
        };
        let early: Vec<&Observation> = early.iter().filter(fits).collect();
        for o in early {
            self.feed(o);
        }
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
        let drift = self.rules.guardrails.get(&o.metric).and_then(|row| row.drift);
        let line = self
            .lines
            .entry(key)
            .or_insert_with(|| SeriesLine::new((o.metric, bad), sensitivity, drift));
        line.step(at, end, number(&o.value));
    }

    /// Adds cells, cases and guardrail states to what the engine says. `demand`: paid visits.
    pub fn tell(
        &mut self,
        judgement: &mut Judgement,
        demand: Option<Demand>,
        doubts: &BTreeMap<SourceId, Doubt>,
        now: Timestamp,
    ) {
        let losing = losing(&judgement.cases);
        for ((source, metric), line) in &mut self.lines {
            line.follows(losing.as_deref(), now);
            let doubt = doubts.get(source).filter(|d| d.on_metric(*metric, &[]));
            judgement.cells.push(doubted(line.cell(*metric), doubt));
            let guardrail = self.rules.guardrails.get(metric).map(|row| &row.name);
            let explained = line.explained_by(demand);
            let case = line.case((source, *metric), guardrail, demand, now);
            let row = judgement.guardrails.iter_mut().find(|g| guardrail == Some(&g.guardrail));
            if let Some(row) = row {
                match (&case, explained, doubt) {
                    (Some(c), ..) if c.firing => {
                        (row.judged, row.verdict) = (Judged::Yes, Verdict::Breach);
                        row.detail = c.evidence_for.first().cloned().unwrap_or_default();
                    }
                    (_, _, Some(d)) if row.verdict != Verdict::Breach => {
                        row.verdict = d.verdict();
                        row.judged = if d.blind { Judged::Blind } else { Judged::Unseen };
                        row.detail = format!("{source}: {}", d.why);
                    }
                    (_, Some(why), _) => {
                        (row.judged, row.verdict) = (Judged::Yes, Verdict::Unsure);
                        row.detail = why;
                    }
                    _ if row.verdict == Verdict::Unsure => {
                        (row.verdict, row.detail) = (line.verdict(), line.standing());
                        row.judged = judged(row.verdict);
                    }
                    _ => {}
                }
            }
            judgement.cases.extend(case);
        }
    }
}

/// A number that is not of now is no ground for an `Ok`.
fn doubted(mut cell: Cell, doubt: Option<&Doubt>) -> Cell {
    if let Some(doubt) = doubt {
        cell.quality.stale = true;
        if cell.verdict != Verdict::Breach {
            cell.verdict = doubt.verdict();
        }
    }
    cell
}

/// The headline of an open case that costs orders: numbers made of orders get worse with it.
fn losing(cases: &[Case]) -> Option<String> {
    let business =
        |c: &&Case| matches!(c.class, Class::Availability | Class::Regression | Class::Conversion);
    let costs = |c: &&Case| c.lost.is_some_and(|lost| lost.high > 0.0);
    cases.iter().filter(|c| c.firing).filter(business).find(costs).map(|c| c.headline.clone())
}

/// A series that is not sure yet has not seen enough of itself.
fn judged(verdict: Verdict) -> Judged {
    match verdict {
        Verdict::Ok | Verdict::Breach => Judged::Yes,
        Verdict::Unsure => Judged::Learning,
        Verdict::Blind => Judged::Blind,
    }
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Gauge(x) | Value::Count(x) => Some(*x),
        Value::Ratio { hits, trials } => (*trials > 0.0).then(|| hits / trials),
        Value::Dist(_) | Value::Missing(_) => None,
    }
}

#[cfg(test)]
mod tests;

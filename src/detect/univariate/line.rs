//! One number without segments: its detector or drift row, the incident that is open, and what it
//! says as a cell and as a case. Which rows come in, and when, is decided by the book.

use super::demand::Demand;
use super::detector::{Detector, LatchState, Score};
use super::drift::{Drift, DriftRule, DriftTurn};
use crate::domain::id::{GuardrailId, SourceId};
use crate::domain::metric::{Bad, Metric};
use crate::domain::observation::Quality;
use crate::domain::segment::{Scope, Segment};
use crate::domain::severity::Severity;
use crate::domain::time::{Span, Timestamp};
use crate::policy::sensitivity::Sensitivity;
use crate::verdict::{Basis, Case, Cell, Class, Finding, Suspect, Verdict};

/// A cleared case is told once more for so long, so that no reader misses its end.
const TOLD: Span = Span::from_hours(1);
/// Paid visits that fell by this share explain a number that falls with demand.
const FELL: f64 = 0.15;
/// And so does a rise by this share: those who are bought on top buy less, as in a campaign.
const ROSE: f64 = 0.5;
/// An incident that costs orders stays in figures made of a day's orders for so long.
const STAYS: Span = Span::from_hours(24);

#[derive(Debug)]
pub struct SeriesLine {
    unit: &'static str,
    detector: Detector,
    drift: Option<Drift>,
    first: Option<Timestamp>,
    pub last: Timestamp,
    pub rows: u64,
    value: Option<f64>,
    score: Option<Score>,
    opening: Option<Opening>,
    /// The last incident that cost orders while this number was looked at, and when it last did.
    losing: Option<(String, Timestamp)>,
}

/// The row at which an incident opened.
#[derive(Clone, Debug)]
struct Opening {
    at: Timestamp,
    value: f64,
    expected: Option<f64>,
    band: Option<(f64, f64)>,
    /// The test in words with its numbers.
    test: String,
    /// A case was made of it: from then on its end is told too.
    told: bool,
    /// Since when it is as usual again.
    closed: Option<Timestamp>,
}

impl SeriesLine {
    pub fn new(
        (metric, bad): (Metric, Bad),
        sensitivity: Sensitivity,
        drift: Option<DriftRule>,
    ) -> Self {
        Self {
            unit: metric.row().unit,
            detector: Detector::new(sensitivity, bad),
            drift: drift.map(|rule| Drift::new(rule, sensitivity, bad)),
            first: None,
            last: Timestamp::from_millis(i64::MIN),
            rows: 0,
            value: None,
            score: None,
            opening: None,
            losing: None,
        }
    }

    pub fn step(&mut self, at: Timestamp, end: Timestamp, value: Option<f64>) {
        self.first.get_or_insert(at);
        self.last = at;
        self.value = value;
        self.rows += u64::from(value.is_some());
        match (&mut self.drift, value.filter(|x| x.is_finite())) {
            (Some(drift), Some(x)) => {
                let turn = drift.step(at, end, x);
                self.turned(turn, end, x);
            }
            (Some(_), None) => {}
            (None, _) => self.detect(at, end, value),
        }
    }

    fn turned(&mut self, turn: DriftTurn, end: Timestamp, value: f64) {
        match turn {
            DriftTurn::Stay => {}
            DriftTurn::Closed => self.close(end),
            DriftTurn::Opened { since, usual, line } => {
                let hold = self.drift.as_ref().map_or(Span::ZERO, |d| d.rule.hold);
                let (change, line) = ((value / usual - 1.0) * 100.0, line * 100.0);
                self.opening = Some(Opening {
                    at: since,
                    value,
                    expected: Some(usual),
                    band: None,
                    test: format!("{change:+.0} % for {hold}, line {line:.0} %"),
                    told: false,
                    closed: None,
                });
            }
        }
    }

    fn detect(&mut self, at: Timestamp, end: Timestamp, value: Option<f64>) {
        let score = self.detector.step(at, value);
        match (score.state, value) {
            (LatchState::Opened, Some(value)) => {
                self.opening = Some(Opening {
                    at,
                    value,
                    expected: score.expected,
                    band: score.band,
                    test: format!("score {:.2}, line 0.50: {}", score.score, score.reason),
                    told: false,
                    closed: None,
                });
            }
            (LatchState::Quiet, Some(_)) => self.close(end),
            _ => {}
        }
        self.score = Some(score);
    }

    fn close(&mut self, end: Timestamp) {
        if let Some(o) = self.opening.as_mut().filter(|o| o.closed.is_none()) {
            o.closed = Some(end);
        }
    }

    fn firing(&self) -> bool {
        self.opening.as_ref().is_some_and(|o| o.closed.is_none())
    }

    /// The rows it has seen, and over how many days.
    fn basis(&self) -> Option<Basis> {
        let days = self.last.since(self.first?).as_mins_f64() / 1440.0;
        Some(Basis { days: (days * 10.0).round() / 10.0, samples: self.rows as f64 })
    }

    fn expected(&self) -> Option<f64> {
        match &self.drift {
            Some(drift) => drift.usual().map(|(usual, _)| usual),
            None => self.score.as_ref().and_then(|s| s.expected),
        }
    }

    pub fn verdict(&self) -> Verdict {
        match (self.firing(), self.expected()) {
            (true, _) => Verdict::Breach,
            (false, Some(_)) => Verdict::Ok,
            (false, None) => Verdict::Unsure,
        }
    }

    /// How it stands, in words for its guardrail.
    pub fn standing(&self) -> String {
        let usual = self.drift.as_ref().and_then(Drift::usual);
        match (usual, self.value) {
            (Some((usual, line)), Some(now)) => format!(
                "{} against {} as usual; {:.0} % worse would count",
                plain(now),
                plain(usual),
                line * 100.0
            ),
            _ => "a single number, against its own past".to_owned(),
        }
    }

    /// Notes an open incident that costs orders, by its headline.
    pub fn follows(&mut self, losing: Option<&str>, now: Timestamp) {
        match losing {
            Some(headline) => self.losing = Some((headline.to_owned(), now)),
            None => self.losing = self.losing.take().filter(|(_, at)| now.since(*at) <= STAYS),
        }
    }

    /// Fewer paid visits, or an incident that is known, explain what is open and was not told yet;
    /// in words.
    pub fn explained_by(&self, demand: Option<Demand>) -> Option<String> {
        let asked = self.drift.as_ref().is_some_and(|d| d.rule.demand);
        let open = self.opening.as_ref().filter(|o| asked && o.closed.is_none() && !o.told)?;
        if let Some((headline, _)) = &self.losing {
            return Some(format!("{}; follows from: {headline}", self.shift(open)));
        }
        let moved = explains(demand?)?;
        Some(format!("{}; paid visits {moved}: demand explains it", self.shift(open)))
    }

    /// What the demand check found, for people.
    fn demand_words(&self, demand: Option<Demand>) -> Option<(bool, String)> {
        self.drift.as_ref().filter(|d| d.rule.demand)?;
        Some(match demand {
            None => (false, "nobody counts paid visits: demand could not be looked at".to_owned()),
            Some(d) => match explains(d) {
                Some(moved) => (false, format!("paid visits are {moved} by now")),
                None => (
                    true,
                    format!(
                        "no demand explanation: paid visits {:+.0} % over {:.0} h",
                        d.change * 100.0,
                        d.hours
                    ),
                ),
            },
        })
    }

    /// The value beside the one that was expected, with a unit that people say.
    fn shift(&self, o: &Opening) -> String {
        let unit = match self.unit {
            unit @ ("days" | "ms") => format!(" {unit}"),
            _ => String::new(),
        };
        let value = plain(o.value);
        match o.expected {
            Some(expected) => format!("{value}{unit}, expected {}", plain(expected)),
            None => format!("{value}{unit}"),
        }
    }

    pub fn cell(&self, metric: Metric) -> Cell {
        Cell {
            metric,
            stat: "value".to_owned(),
            segment: Segment::all(),
            value: self.value,
            unit: metric.row().unit.to_owned(),
            n: self.rows as f64,
            interval: None,
            baseline: self.expected(),
            basis: self.basis(),
            verdict: self.verdict(),
            minutes: 0.0,
            holds_bad: false,
            quality: Quality::GOOD,
        }
    }

    pub fn case(
        &mut self,
        (source, metric): (&SourceId, Metric),
        guardrail: Option<&GuardrailId>,
        demand: Option<Demand>,
        now: Timestamp,
    ) -> Option<Case> {
        let explained = self.explained_by(demand).is_some();
        let o = self.opening.as_mut()?;
        let unknown = !o.told && (explained || self.drift.is_some() && o.closed.is_some());
        if unknown || o.closed.is_some_and(|end| now.since(end) > TOLD) {
            return None;
        }
        o.told = true;
        let o = self.opening.as_ref()?;
        let class = class_of(metric);
        let finding = self.finding(o, metric, guardrail);
        let mut evidence = (vec![finding.text.clone()], Vec::new());
        match self.demand_words(demand) {
            Some((true, why)) => evidence.0.push(why),
            Some((false, why)) => evidence.1.push(why),
            None => {}
        }
        Some(Case {
            key: format!("series:{source}:{metric}"),
            class,
            severity: if class == Class::Telemetry { Severity::Sev4 } else { Severity::Sev3 },
            rule: "single-number".to_owned(),
            raise: "higher when checks, funnel or errors fail for the same shoppers".to_owned(),
            journey: None,
            headline: format!("{} {}", metric.row().label, self.shift(o)),
            segments: vec![Scope::everything()],
            onset_at: o.at,
            firing: o.closed.is_none(),
            evidence_for: evidence.0,
            evidence_against: evidence.1,
            findings: vec![finding],
            suspect: Suspect {
                reasons: vec!["no release is weighed: one number has no segments".to_owned()],
                ..Suspect::default()
            },
            risk_per_minute: None,
            burned_per_minute: None,
            lost: None,
            affected: None,
            counted: None,
            money_method: "one number says nothing about money".to_owned(),
        })
    }

    fn finding(&self, o: &Opening, metric: Metric, guardrail: Option<&GuardrailId>) -> Finding {
        let row = metric.row();
        let band = o.band.map_or_else(String::new, |(low, high)| {
            format!(", usual {} to {}", plain(low), plain(high))
        });
        let test = o.test.clone();
        Finding {
            guardrail: guardrail.cloned().unwrap_or_else(|| "series".into()),
            verdict: if o.closed.is_some() { Verdict::Ok } else { Verdict::Breach },
            metric,
            stat: "value".to_owned(),
            segment: Scope::everything(),
            value: self.value,
            unit: row.unit.to_owned(),
            n: self.rows as f64,
            baseline: o.expected,
            now: None,
            bad_until: o.closed,
            basis: self.basis(),
            text: format!("{} {} at {}{band}; {test}", row.label, self.shift(o), o.at),
            test,
        }
    }
}

/// How far demand moved, in words, when that is enough to move numbers that depend on it.
fn explains(demand: Demand) -> Option<String> {
    let percent = demand.change * 100.0;
    if demand.change <= -FELL {
        Some(format!("down {:.0} %", -percent))
    } else if demand.change >= ROSE {
        Some(format!("up {percent:.0} %"))
    } else {
        None
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
        Metric::OrdersPerVisit | Metric::OrderValue => Class::Surge,
        Metric::PageViews | Metric::BeaconLag | Metric::OrphanShare | Metric::PersonalData => {
            Class::Telemetry
        }
        Metric::CheckSuccess
        | Metric::CheckDuration
        | Metric::EdgeRequests
        | Metric::ServiceRequests => Class::Availability,
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
        | Metric::CrashRate
        | Metric::ServiceErrorRate
        | Metric::ServiceLatency
        | Metric::ServiceCpu
        | Metric::ServiceMemory
        | Metric::ServicePool
        | Metric::ServiceQueue
        | Metric::ServiceRestarts
        | Metric::Own(_) => Class::Regression,
    }
}

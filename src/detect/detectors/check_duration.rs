//! The response time of one check at one location: its newest runs, what is usual, and since when
//! it is slow. Which journeys are slow and what is told of them is decided in `response_time`.

use std::collections::{BTreeMap, VecDeque};

use crate::detect::univariate::drift::{Drift, DriftRule, DriftTurn};
use crate::domain::id::JourneyId;
use crate::domain::metric::{Bad, Metric};
use crate::domain::segment::Scope;
use crate::domain::time::Timestamp;
use crate::policy::guardrail::row_for;
use crate::policy::judging::Policy;
use crate::policy::sensitivity::Sensitivity;

/// The median of so many passing runs of a location is its response time: one slow run is none.
pub const RUNS: usize = 3;

/// The row on the response time of checks, when it is a `drift` row.
pub fn rule(policy: &Policy) -> Option<(DriftRule, Sensitivity)> {
    let row = row_for(&policy.guardrail, Metric::CheckDuration, &Scope::everything())?;
    Some((DriftRule::of(row)?, policy.detect.sensitivity))
}

/// The passing runs of one check at one location.
#[derive(Clone, Debug)]
pub struct CheckPace {
    newest: Timestamp,
    recent: VecDeque<f64>,
    drift: Drift,
    runs: f64,
    first: Timestamp,
    /// Since when it is slow; nothing while it is not.
    slow: Option<Timestamp>,
    /// What was usual when it became slow.
    before: Option<f64>,
}

impl CheckPace {
    pub fn new(rule: DriftRule, sensitivity: Sensitivity) -> Self {
        Self {
            newest: Timestamp::from_millis(i64::MIN),
            recent: VecDeque::new(),
            drift: Drift::new(rule, sensitivity, Bad::Up),
            runs: 0.0,
            first: Timestamp::default(),
            slow: None,
            before: None,
        }
    }

    /// One passing run, in the order of time; what comes late says nothing new.
    pub fn step(&mut self, at: Timestamp, took_ms: f64) {
        if at <= self.newest || !took_ms.is_finite() || took_ms <= 0.0 {
            return;
        }
        if self.runs == 0.0 {
            self.first = at;
        }
        (self.newest, self.runs) = (at, self.runs + 1.0);
        self.recent.push_back(took_ms);
        if self.recent.len() > RUNS {
            self.recent.pop_front();
        }
        let Some(now) = self.now().filter(|_| self.recent.len() == RUNS) else { return };
        match self.drift.step(at, at, now) {
            DriftTurn::Opened { since, usual, .. } => {
                (self.slow, self.before) = (Some(since), Some(usual));
            }
            DriftTurn::Closed => (self.slow, self.before) = (None, None),
            DriftTurn::Stay => {}
        }
    }

    /// Median of the newest runs, ms.
    pub fn now(&self) -> Option<f64> {
        let mut values: Vec<f64> = self.recent.iter().copied().collect();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied()
    }

    /// Usual response time, ms; of before it became slow.
    pub fn usual(&self) -> Option<f64> {
        self.before.or_else(|| self.drift.usual().map(|(usual, _)| usual))
    }

    pub fn is_slow(&self) -> bool {
        self.slow.is_some()
    }

    /// Since when it is slow.
    pub fn since(&self) -> Option<Timestamp> {
        self.slow
    }

    /// When the newest passing run was.
    pub fn newest(&self) -> Timestamp {
        self.newest
    }

    /// Passing runs seen.
    pub fn runs(&self) -> f64 {
        self.runs
    }

    /// Days from the first to the newest.
    pub fn days(&self) -> f64 {
        self.newest.since(self.first).as_mins_f64() / 1440.0
    }
}

/// Response times by journey of a check and location.
pub type Paces = BTreeMap<JourneyId, BTreeMap<String, CheckPace>>;

/// `0.62 s`, `12 s`.
pub fn seconds(ms: f64) -> String {
    let s = ms / 1000.0;
    if s < 10.0 { format!("{s:.2} s") } else { format!("{s:.0} s") }
}

/// `pass in 0.62 s`, `pass in 1.9 s, usually 0.62 s` where it is slow.
pub fn passed(pace: Option<&CheckPace>, took_ms: Option<f64>) -> String {
    let Some(took) = took_ms.filter(|t| t.is_finite()) else { return "pass".to_owned() };
    match pace.filter(|p| p.is_slow()).and_then(CheckPace::usual) {
        Some(usual) => format!("pass in {}, usually {}", seconds(took), seconds(usual)),
        None => format!("pass in {}", seconds(took)),
    }
}

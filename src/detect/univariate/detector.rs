//! The streaming univariate detector: one number at a time in, a score with its reasons out.
//! Pure and clock-free, no look-ahead, bounded memory; files and commands: `report` and `cli`.
//! Method: docs/detection.md, "Series": novelty by memory x robust deviation, latched.

#[cfg(test)]
mod tests;

use super::{pace, parts, recent, row, rule};
use crate::domain::metric::Bad;
use crate::domain::time::Timestamp;
use crate::policy::sensitivity::Sensitivity;

pub use super::latch::{Latch, LatchState};
pub use super::parts::{NoveltyPart, PartSizes};
pub use super::reason::Reason;
pub use super::rule::{AlarmRule, Measured};

/// The alarm line on the score scale.
pub const LINE: f64 = 0.5;

/// Rows before the first alarm may be given: less is not enough to know what is usual.
pub const LEARNING: u64 = 24;
/// Larger magnitudes are gaps: their squares leave f64, and no meter reads that high.
const LARGEST: f64 = 1e150;

/// A row's judgement.
#[derive(Clone, PartialEq, Debug)]
pub struct Score {
    /// 0..1; at or above [`LINE`] an incident opens at this row.
    pub score: f64,
    /// What was expected, in the series' own units; none while there is nothing to expect from.
    pub expected: Option<f64>,
    /// The usual range around the recent median, three robust deviations either side.
    pub band: Option<(f64, f64)>,
    pub state: LatchState,
    pub reason: Reason,
}

/// Measures rows and remembers them; memory is bounded whatever comes. Knows no preset and no line.
#[derive(Clone, Debug)]
pub struct Meter {
    bad: Bad,
    number: u64,
    since: Option<f64>,
    pace: pace::RowPace,
    recent: recent::Recent,
    memories: parts::Memories,
}

/// A measured row, and what it was measured against.
#[derive(Clone, Copy, Debug)]
pub struct MeterReading {
    pub measured: Measured,
    pub expected: f64,
    pub band: (f64, f64),
}

/// The state of one series: its meter, its rule and what is open.
#[derive(Clone, Debug)]
pub struct Detector {
    rule: AlarmRule,
    meter: Meter,
    latch: Latch,
}

impl Meter {
    pub fn new(bad: Bad) -> Self {
        Self {
            bad,
            number: 0,
            since: None,
            pace: pace::RowPace::default(),
            recent: recent::Recent::default(),
            memories: parts::Memories::default(),
        }
    }

    /// Measures one row; an error says why there is nothing to say. A missing or non-finite value
    /// is a gap and teaches nothing. Times may repeat, step back or jump.
    pub fn step(&mut self, at: Timestamp, value: Option<f64>) -> Result<MeterReading, Reason> {
        let at = self.pace.tick(at);
        let Some(x) = value.filter(|v| v.is_finite() && v.abs() < LARGEST) else {
            return Err(Reason::Gap);
        };
        self.number += 1;
        let Some(frame) = self.recent.frame(at) else {
            self.recent.push(at, x, None);
            self.memories.first(at, x);
            self.since = Some(at);
            return Err(Reason::Learning);
        };
        let number = self.number;
        let row = row::SeriesSample { at, number, x, step: self.pace.step(), bad: self.bad, frame };
        let gathered = self.memories.step(&row);
        self.recent.push(at, x, Some(&frame));
        let far = frame.deviations(row.toward_bad(x - frame.median));
        let day = gathered.expected.off;
        // the expectation that is missed by most is the one people want to see
        let by_day = gathered.expected.mean.filter(|_| day.min(rule::FARTHEST) > far);
        Ok(MeterReading {
            measured: Measured { at, number, age: self.age(at), far, day, sizes: gathered.sizes },
            expected: by_day.or(gathered.guess).unwrap_or(frame.median),
            band: (frame.median - 3.0 * frame.sd, frame.median + 3.0 * frame.sd),
        })
    }

    /// How much of a day, or of a window of rows, is behind: 0..=1.
    fn age(&self, at: f64) -> f64 {
        let days = (at - self.since.unwrap_or(at)) / pace::DAY;
        days.max(self.number as f64 / recent::ROWS as f64).min(1.0)
    }
}

impl Detector {
    pub fn new(sensitivity: Sensitivity, bad: Bad) -> Self {
        Self::with(AlarmRule::of(sensitivity), bad)
    }

    pub fn with(rule: AlarmRule, bad: Bad) -> Self {
        Self { rule, meter: Meter::new(bad), latch: Latch::default() }
    }

    /// Judges one row; cost is O(log n) plus a bounded search.
    pub fn step(&mut self, at: Timestamp, value: Option<f64>) -> Score {
        match self.meter.step(at, value) {
            Err(reason) => Score::blank(reason),
            Ok(reading) => {
                let judged = self.judge(&reading.measured);
                Score { expected: Some(reading.expected), band: Some(reading.band), ..judged }
            }
        }
    }

    /// Evidence against the line, through the latch.
    fn judge(&mut self, row: &Measured) -> Score {
        if row.number <= LEARNING {
            return Score::blank(Reason::Learning);
        }
        let line = self.rule.line_after(self.latch.recent(row.at));
        let ratio = self.rule.evidence(row) / line;
        let state = self.latch.step(row.at, row.number, ratio);
        let plain = ratio / (1.0 + ratio);
        let score = match state {
            LatchState::Opened => plain.max(LINE),
            LatchState::Quiet => plain.min(0.499_999),
            // an incident is told once; its rows rank low, in order
            LatchState::Ongoing => 0.25 * plain,
        };
        let weighed = self.rule.weigh(row);
        let reason = Reason::new(state, self.rule.deviation(row), weighed);
        Score { score, state, ..Score::blank(reason) }
    }
}

impl Score {
    fn blank(reason: Reason) -> Self {
        Self { score: 0.0, expected: None, band: None, state: LatchState::Quiet, reason }
    }
}

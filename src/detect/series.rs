//! The streaming univariate detector: one number at a time in, a score with its reasons out.
//! Pure and clock-free, no look-ahead, bounded memory; files and commands: `report` and `cli`.
//! Method: docs/detection.md, "Series": novelty by memory x robust deviation, latched.

mod forecast;
mod jump;
mod latch;
mod memory;
mod order;
mod pace;
mod parts;
mod peak;
mod profile;
mod reason;
mod recent;
mod shape;
#[cfg(test)]
mod tests;

use crate::domain::metric::Bad;
use crate::domain::time::Timestamp;
use crate::policy::sensitivity::Sensitivity;

pub use latch::State;
pub use parts::{Part, Sizes};
pub use reason::Reason;

/// The alarm line on the score scale.
pub const LINE: f64 = 0.5;

/// Rows before the first alarm may be given: less is not enough to know what is usual.
const LEARNING: u64 = 24;
/// What novelty starts from: far from the recent day counts even when not new.
const BASE: f64 = 2.0;
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
    pub state: State,
    pub reason: Reason,
}

/// The state of one series; memory is bounded whatever comes.
#[derive(Clone, Debug)]
pub struct Detector {
    line: f64,
    bad: Bad,
    number: u64,
    pace: pace::Pace,
    recent: recent::Recent,
    memories: parts::Memories,
    latch: latch::Latch,
}

impl Detector {
    pub fn new(sensitivity: Sensitivity, bad: Bad) -> Self {
        Self {
            line: sensitivity.series_line(),
            bad,
            number: 0,
            pace: pace::Pace::default(),
            recent: recent::Recent::default(),
            memories: parts::Memories::default(),
            latch: latch::Latch::default(),
        }
    }

    /// Judges one row. A missing or non-finite value is a gap: score 0, nothing learned.
    /// Times may repeat, step back or jump; cost is O(log n) plus a bounded search.
    pub fn step(&mut self, at: Timestamp, value: Option<f64>) -> Score {
        let at = self.pace.tick(at);
        let Some(x) = value.filter(|v| v.is_finite() && v.abs() < LARGEST) else {
            return Score::blank(Reason::Gap);
        };
        self.number += 1;
        let Some(frame) = self.recent.frame(at) else {
            self.recent.push(at, x, None);
            self.memories.first(at, x);
            return Score::blank(Reason::Learning);
        };
        let number = self.number;
        let row = parts::Row { at, number, x, step: self.pace.step(), bad: self.bad, frame };
        let gathered = self.memories.step(&row);
        self.recent.push(at, x, Some(&frame));
        let far = frame.deviations(row.toward_bad(x - frame.median));
        let expected = Some(gathered.guess.unwrap_or(frame.median));
        let band = Some((frame.median - 3.0 * frame.sd, frame.median + 3.0 * frame.sd));
        Score { expected, band, ..self.judge(at, far, gathered.sizes) }
    }

    /// Evidence against the line, through the latch.
    fn judge(&mut self, at: f64, far: f64, parts: Sizes) -> Score {
        if self.number <= LEARNING {
            return Score::blank(Reason::Learning);
        }
        let ratio = (BASE + parts.iter().sum::<f64>()) * far / self.line;
        let state = self.latch.step(at, self.number, ratio);
        let plain = ratio / (1.0 + ratio);
        let score = match state {
            State::Opened => plain.max(LINE),
            State::Quiet => plain.min(0.499_999),
            // an incident is told once; its rows rank low, in order
            State::Ongoing => 0.25 * plain,
        };
        Score { score, state, ..Score::blank(Reason::new(state, far, parts)) }
    }
}

impl Score {
    fn blank(reason: Reason) -> Self {
        Self { score: 0.0, expected: None, band: None, state: State::Quiet, reason }
    }
}

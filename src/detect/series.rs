//! The streaming univariate detector: one number at a time in, a score with its reasons out.
//! Pure and clock-free, no look-ahead, bounded memory; files and commands live in `report` and `cli`.
//! Method: docs/detection.md, "Series": novelty by memory x robust deviation, latched.

mod forecast;
mod latch;
mod memory;
mod order;
mod pace;
mod peak;
mod profile;
mod reason;
mod recent;
mod shape;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;

use crate::domain::metric::Bad;
use crate::domain::time::Timestamp;
use crate::policy::sensitivity::Sensitivity;

pub use latch::State;
pub use reason::{Part, Reason};

/// The alarm line on the score scale.
pub const LINE: f64 = 0.5;

/// Rows before the first alarm may be given: less is not enough to know what is usual.
const LEARNING: u64 = 24;
/// What novelty starts from: far from the recent day counts even when not new.
const BASE: f64 = 2.0;
/// Days after which the forecast has forgotten.
const FORECAST_DAYS: f64 = 3.0;

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

/// The state of one series. Memory is bounded (at most about 2 MB, 200 kB with 5-minute rows).
#[derive(Clone, Debug)]
pub struct Detector {
    line: f64,
    bad: Bad,
    row: u64,
    pace: pace::Pace,
    recent: recent::Recent,
    memory: memory::Memory,
    profile: profile::Profile,
    forecast: forecast::Forecast,
    shape: shape::Shape,
    peaks: [peak::Peaks; 4],
    latch: latch::Latch,
    /// The last rows, oldest first, at most `shape::ROWS`.
    last: VecDeque<f64>,
}

impl Detector {
    pub fn new(sensitivity: Sensitivity, bad: Bad) -> Self {
        Self {
            line: sensitivity.line(),
            bad,
            row: 0,
            pace: pace::Pace::default(),
            recent: recent::Recent::default(),
            memory: memory::Memory::default(),
            profile: profile::Profile::default(),
            forecast: forecast::Forecast::default(),
            shape: shape::Shape::default(),
            peaks: Default::default(),
            latch: latch::Latch::default(),
            last: VecDeque::with_capacity(shape::ROWS + 1),
        }
    }

    /// Judges one row. A missing or non-finite value is a gap: score 0, nothing learned.
    /// Times may repeat, step back or jump; cost is O(log n) plus a bounded search.
    pub fn step(&mut self, at: Timestamp, value: Option<f64>) -> Score {
        let at = self.pace.tick(at);
        // squares of larger numbers leave f64; no meter reads that high
        let Some(x) = value.filter(|v| v.is_finite() && v.abs() < 1e150) else {
            return Score::gap();
        };
        self.row += 1;
        let Some(frame) = self.recent.frame() else {
            self.learn(at, x, x);
            return Score::learning();
        };
        let past = self.profile.past(at, self.pace.step());
        let mean = self.short_mean(x);
        let (guess, parts) = self.parts(at, x, mean, &frame, &past);
        self.learn(at, x, mean);
        let far = deviation(self.toward_bad(x - frame.median), &frame);
        let expected = guess.unwrap_or(frame.median);
        let band = (frame.median - 3.0 * frame.sd, frame.median + 3.0 * frame.sd);
        let score = self.judge(at, far, parts);
        Score { expected: Some(expected), band: Some(band), ..score }
    }

    /// The four novelties as multiples of their own worst memories, and the forecast.
    fn parts(
        &mut self,
        at: f64,
        x: f64,
        mean: f64,
        frame: &recent::Frame,
        past: &profile::Past,
    ) -> (Option<f64>, [f64; 4]) {
        let wrong_side = self.bad != Bad::Both && self.toward_bad(x - frame.median) <= 0.0;
        let value = if wrong_side { 0.0 } else { self.memory.novelty(x) };
        let day = match past.range {
            Some((_, high)) if mean > high => self.toward_bad(mean - high),
            Some((low, _)) if mean < low => self.toward_bad(mean - low),
            _ => 0.0,
        };
        let (guess, error) = self.predict(x, frame, past.yesterday);
        let error = self.toward_bad(error);
        self.last.push_back(x);
        if self.last.len() > shape::ROWS {
            self.last.pop_front();
        }
        let mut shape = 0.0;
        if self.last.len() == shape::ROWS {
            shape = self.shape.step(self.last.make_contiguous(), frame.median);
        }
        if wrong_side {
            shape = 0.0;
        }
        let row = self.row;
        let mut parts = [value, day, error, shape];
        for (part, peaks) in parts.iter_mut().zip(&mut self.peaks) {
            *part = peaks.step(at, row, *part);
        }
        parts[3] *= 0.5;
        (guess, parts)
    }

    /// The forecast in the series' units and its error on the squashed scale; learns from it.
    fn predict(
        &mut self,
        x: f64,
        frame: &recent::Frame,
        yesterday: Option<f64>,
    ) -> (Option<f64>, f64) {
        let back = |k: usize| self.last.len().checked_sub(k).and_then(|i| self.last.get(i));
        let (Some(&a), Some(&b), Some(&c), Some(_)) = (back(1), back(2), back(3), back(12)) else {
            return (None, 0.0);
        };
        if frame.sd <= 0.0 {
            return (Some(frame.median), 0.0);
        }
        let twelve = self.last.iter().rev().take(12).sum::<f64>() / 12.0;
        let day = yesterday.unwrap_or(twelve);
        let [a, b, c, twelve, day] = [a, b, c, twelve, day].map(|v| frame.squash(v));
        let inputs = [a, b, c, twelve, day, 1.0];
        let guess = self.forecast.predict(&inputs);
        let error = frame.squash(x) - guess;
        let rows = (FORECAST_DAYS * pace::DAY / self.pace.step()).clamp(200.0, 20_000.0);
        self.forecast.learn(&inputs, error, 1.0 - 1.0 / rows);
        (Some(frame.unsquash(guess)), error)
    }

    fn learn(&mut self, at: f64, x: f64, mean: f64) {
        self.memory.push(x);
        self.recent.push(x);
        self.profile.push(at, x, mean);
    }

    /// Evidence against the line, through the latch.
    fn judge(&mut self, at: f64, far: f64, parts: [f64; 4]) -> Score {
        if self.row <= LEARNING {
            return Score::learning();
        }
        let ratio = (BASE + parts.iter().sum::<f64>()) * far / self.line;
        let state = self.latch.step(at, self.row, ratio);
        let plain = ratio / (1.0 + ratio);
        let score = match state {
            State::Opened => plain.max(LINE),
            State::Quiet => plain.min(0.499_999),
            // an incident is told once; its rows rank low, in order
            State::Ongoing => 0.25 * plain,
        };
        Score { score, expected: None, band: None, state, reason: Reason::new(state, far, parts) }
    }

    /// Mean of the last six rows with `x`.
    fn short_mean(&self, x: f64) -> f64 {
        let before = self.last.iter().rev().take(5);
        let n = 1 + before.len();
        (x + before.sum::<f64>()) / n as f64
    }

    /// A deviation's size if it goes the bad way, else 0.
    fn toward_bad(&self, deviation: f64) -> f64 {
        match self.bad {
            Bad::Both => deviation.abs(),
            Bad::Up => deviation.max(0.0),
            Bad::Down => (-deviation).max(0.0),
        }
    }
}

/// Robust deviations from the recent median: the mean of a sharp and a season-proof scale, capped.
fn deviation(distance: f64, frame: &recent::Frame) -> f64 {
    if distance <= 0.0 || frame.sd <= 0.0 || frame.swing <= 0.0 {
        return 0.0;
    }
    let sharp = (distance / frame.sd).min(6.0);
    let wide = (distance / frame.swing).min(4.0);
    0.5 * (sharp + wide)
}

impl Score {
    fn gap() -> Self {
        Self { score: 0.0, expected: None, band: None, state: State::Quiet, reason: Reason::Gap }
    }

    fn learning() -> Self {
        Self { reason: Reason::Learning, ..Self::gap() }
    }
}

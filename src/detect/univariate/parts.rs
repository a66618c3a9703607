//! The six parts of novelty and the memories behind them: gathered per row, each as a multiple of
//! its own worst memories. What they are worth together is `rule`, what follows is `detector`.

use std::collections::VecDeque;

use super::expect::{Expect, Expected};
use super::forecast::{Inputs, StepForecast};
use super::jump::Jump;
use super::memory::ValueMemory;
use super::pace::DAY;
use super::peak::Peaks;
use super::profile::{DayProfile, UsualPast};
use super::row::SeriesSample;
use super::shape;
use super::shape::ShapeNovelty;
use super::stuck::Stuck;
use crate::domain::metric::Bad;

/// Days after which the forecast has forgotten.
const FORECAST_DAYS: f64 = 3.0;
/// Rows of the short mean.
const SHORT: usize = 6;

/// Parts in the order of [`NoveltyPart`].
pub type PartSizes = [f64; 6];

/// A kind of novelty.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NoveltyPart {
    /// Far from every value seen before.
    Value,
    /// The short mean is outside what past days, or weeks, had at this time.
    Day,
    /// Off the one-step forecast.
    Step,
    /// A stretch of rows unlike any before.
    Shape,
    /// The value does not move, longer than ever.
    Stuck,
    /// Far from the last few rows, as rows go here.
    Jump,
}

impl NoveltyPart {
    pub const ALL: [Self; 6] =
        [Self::Value, Self::Day, Self::Step, Self::Shape, Self::Stuck, Self::Jump];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Value => "value",
            Self::Day => "time of day",
            Self::Step => "forecast",
            Self::Shape => "shape",
            Self::Stuck => "stuck",
            Self::Jump => "jump",
        }
    }
}

/// What a row amounts to.
#[derive(Clone, Copy, Debug)]
pub struct Gathered {
    pub sizes: PartSizes,
    /// The one-step forecast in the series' own units, once there is one.
    pub guess: Option<f64>,
    /// What this time of day or week should hold.
    pub expected: Expected,
}

/// Everything remembered about one series beyond its recent window.
#[derive(Clone, Debug, Default)]
pub struct Memories {
    memory: ValueMemory,
    profile: DayProfile,
    expect: Expect,
    forecast: StepForecast,
    shape: ShapeNovelty,
    stuck: Stuck,
    jump: Jump,
    peaks: [Peaks; 4],
    latest: Option<f64>,
    /// The last rows, oldest first, at most `shape::ROWS`.
    last: VecDeque<f64>,
}

impl Memories {
    /// Takes in a value that came before there was anything to compare with.
    pub fn first(&mut self, at: f64, x: f64) {
        self.memory.push(x, 0.0);
        self.profile.push(at, x);
        self.last.push_back(x);
    }

    /// Judges a row against the memories, then joins it to them.
    pub fn step(&mut self, row: &SeriesSample) -> Gathered {
        let mean = self.short_mean(row.x);
        let right_side = row.toward_bad(row.x - row.frame.median) > 0.0 || row.bad == Bad::Both;
        let gate = if right_side { 1.0 } else { 0.0 };
        // a clock that stands still tells no time of day
        let still = self.latest.replace(row.at).is_some_and(|before| row.at <= before);
        let past = if still { UsualPast::default() } else { self.profile.past(row.at, row.step) };
        let expected = self.expect.step(row, &past, mean);
        let range = if expected.weekly { past.weeks } else { past.days };
        let (guess, error) = self.predict(row, &past);
        let jump = self.sharpness(row);
        let raw = [
            gate * self.memory.novelty(row.x),
            row.toward_bad(range.outside(mean)),
            row.toward_bad(error),
            gate * self.stretch(row),
        ];
        let mut sizes = [0.0; 6];
        for (size, (raw, peaks)) in sizes.iter_mut().zip(raw.into_iter().zip(&mut self.peaks)) {
            *size = peaks.step(row.at, row.number, raw);
        }
        sizes[4] = gate * self.stuck.step(row.x, row.frame.sd);
        sizes[5] = jump;
        self.memory.push(row.x, row.frame.sd);
        self.profile.push(row.at, mean);
        Gathered { sizes, guess, expected }
    }

    /// The forecast in the series' units and its error on the squashed scale; learns from it.
    fn predict(&mut self, row: &SeriesSample, past: &UsualPast) -> (Option<f64>, f64) {
        let back = |k: usize| self.last.len().checked_sub(k).and_then(|i| self.last.get(i));
        let (Some(&a), Some(&b), Some(&c), Some(_)) = (back(1), back(2), back(3), back(12)) else {
            return (None, 0.0);
        };
        if row.frame.sd <= 0.0 {
            return (Some(row.frame.median), 0.0);
        }
        let twelve = self.last.iter().rev().take(12).sum::<f64>() / 12.0;
        let day = past.yesterday.unwrap_or(twelve);
        let [a, b, c, twelve, day] = [a, b, c, twelve, day].map(|v| row.frame.squash(v));
        let inputs: Inputs = [a, b, c, twelve, day, 1.0];
        let guess = self.forecast.predict(&inputs);
        let error = row.frame.squash(row.x) - guess;
        let rows = (FORECAST_DAYS * DAY / row.step).clamp(200.0, 20_000.0);
        self.forecast.learn(&inputs, error, 1.0 - 1.0 / rows);
        (Some(row.frame.unsquash(guess)), error)
    }

    fn sharpness(&mut self, row: &SeriesSample) -> f64 {
        let Some(stray) = Jump::stray(&self.last, row.x) else { return 0.0 };
        self.jump.step(stray, row.toward_bad(stray), row.frame.floor / 2.0)
    }

    /// Shape novelty; also moves the window of last rows on.
    fn stretch(&mut self, row: &SeriesSample) -> f64 {
        self.last.push_back(row.x);
        if self.last.len() > shape::ROWS {
            self.last.pop_front();
        }
        if self.last.len() < shape::ROWS {
            return 0.0;
        }
        self.shape.step(self.last.make_contiguous(), row.frame.median)
    }

    /// Mean of the last rows with `x`.
    fn short_mean(&self, x: f64) -> f64 {
        let before = self.last.iter().rev().take(SHORT - 1);
        let n = 1 + before.len();
        (x + before.sum::<f64>()) / n as f64
    }
}

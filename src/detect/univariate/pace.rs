//! Stream time: a clock that never runs back and the usual spacing of rows.
//! Repeated, backward and wild times become harmless here; nobody else looks at raw timestamps.

use std::collections::VecDeque;

use crate::detect::maths::order::Sorted;
use crate::domain::time::Timestamp;

/// Seconds in a day.
pub const DAY: f64 = 86_400.0;

/// Spacing is the median of this many last steps.
const STEPS: usize = 101;
/// A step back further than this is a new clock, not daylight saving or late arrival.
const RESET: f64 = DAY / 2.0;

/// Turns timestamps into non-decreasing seconds that keep their time of day (UTC).
#[derive(Clone, Debug, Default)]
pub struct RowPace {
    now: Option<f64>,
    /// Whole days added since a clock reset.
    shift: f64,
    steps: VecDeque<f64>,
    sorted: Sorted,
}

impl RowPace {
    /// Seconds of stream time for a row stamped `at`.
    pub fn tick(&mut self, at: Timestamp) -> f64 {
        let raw = at.millis() as f64 / 1000.0;
        let Some(now) = self.now else {
            self.now = Some(raw);
            return raw;
        };
        if raw + self.shift < now - RESET {
            self.shift = ((now - raw) / DAY).ceil() * DAY;
        }
        let t = raw + self.shift;
        if t <= now {
            return now;
        }
        self.learn(t - now);
        self.now = Some(t);
        t
    }

    /// The usual spacing of rows in seconds; 5 minutes before anything is known.
    pub fn step(&self) -> f64 {
        if self.sorted.is_empty() { 300.0 } else { self.sorted.quantile(0.5).max(0.001) }
    }

    fn learn(&mut self, gap: f64) {
        self.steps.push_back(gap);
        self.sorted.insert(gap);
        if self.steps.len() > STEPS
            && let Some(old) = self.steps.pop_front()
        {
            self.sorted.remove(old);
        }
    }
}

//! The recent window: a sliding median with two robust scales, the frame every row is seen in.
//! It judges distance from the near past only; long memory lives in `memory`, `profile`, `shape`.

use std::collections::VecDeque;

use super::pace::DAY;
use crate::detect::maths::order::Sorted;

/// Rows of the near past; with 5-minute rows a day, with hourly rows twelve.
pub const ROWS: usize = 288;
/// No scale is finer than this share of the recent extent: a flat line is not infinitely sharp.
const FLOOR: f64 = 0.04;
/// The extent (largest distance from the median) halves in this time, so that one huge spike
/// blinds nobody for long.
const EXTENT_HALF_LIFE: f64 = DAY;
/// One value widens the extent by at most this many deviations: the floor stays within four.
const WIDEST: f64 = 100.0;
/// A MAD of normal noise is this many times smaller than its standard deviation.
const MAD_TO_SD: f64 = 1.4826;

/// Sliding window of values, sorted and in arrival order.
#[derive(Clone, Debug, Default)]
pub struct Recent {
    queue: VecDeque<f64>,
    sorted: Sorted,
    /// Largest distance from the median lately, and when it was seen.
    extent: (f64, f64),
}

/// The window's answer before a row joins it.
#[derive(Clone, Copy, Debug)]
pub struct RecentFrame {
    pub median: f64,
    /// Standard deviation as the median absolute deviation sees it; 0 only while all is flat.
    pub sd: f64,
    /// Half the distance between the 10 % and 90 % quantiles: wide where values swing daily.
    pub swing: f64,
    /// The smallest scale worth telling apart now.
    pub floor: f64,
}

impl Recent {
    /// The frame for a row at stream second `at`; none before the first value.
    pub fn frame(&self, at: f64) -> Option<RecentFrame> {
        if self.sorted.is_empty() {
            return None;
        }
        let floor = FLOOR * self.extent_at(at);
        let median = self.sorted.quantile(0.5);
        let sd = (MAD_TO_SD * self.sorted.deviation(median)).max(floor);
        let swing = (self.sorted.quantile(0.9) - self.sorted.quantile(0.1)) / 2.0;
        Some(RecentFrame { median, sd, swing: swing.max(floor), floor })
    }

    /// Takes in a value and the frame it was judged in, if there was one.
    pub fn push(&mut self, at: f64, x: f64, frame: Option<&RecentFrame>) {
        let distance = frame.map_or(0.0, |f| {
            let distance = (x - f.median).abs();
            if f.sd > 0.0 { distance.min(WIDEST * f.sd) } else { distance }
        });
        if distance >= self.extent_at(at) {
            self.extent = (distance, at);
        }
        self.queue.push_back(x);
        self.sorted.insert(x);
        if self.queue.len() > ROWS
            && let Some(old) = self.queue.pop_front()
        {
            self.sorted.remove(old);
        }
    }

    fn extent_at(&self, at: f64) -> f64 {
        self.extent.0 * (-(at - self.extent.1) / EXTENT_HALF_LIFE).exp2()
    }
}

impl RecentFrame {
    /// Distance in robust deviations: the mean of a sharp scale and a season-proof one, each capped
    /// (six and five: how far beyond does not matter).
    pub fn deviations(&self, distance: f64) -> f64 {
        if distance <= 0.0 {
            return 0.0;
        }
        // after a perfectly flat past any move is as far as can be
        let in_units = |unit: f64, most: f64| {
            if unit > 0.0 { (distance / unit).min(most) } else { most }
        };
        0.5 * (in_units(self.sd, 6.0) + in_units(self.swing, 5.0))
    }

    /// `x` on a signed log-like scale around the median: linear near it, logarithmic far away.
    pub fn squash(&self, x: f64) -> f64 {
        if self.sd > 0.0 { ((x - self.median) / self.sd).asinh() } else { 0.0 }
    }

    /// The inverse of `squash`, kept finite.
    pub fn unsquash(&self, y: f64) -> f64 {
        self.median + self.sd * y.clamp(-30.0, 30.0).sinh()
    }
}

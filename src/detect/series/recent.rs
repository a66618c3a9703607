//! The recent window: a sliding median with two robust scales, the frame every row is seen in.
//! It judges distance from the near past only; long memory lives in `memory`, `profile`, `shape`.

use std::collections::VecDeque;

use super::order::Sorted;

/// Rows of the near past; with 5-minute rows a day, with hourly rows twelve.
const ROWS: usize = 288;
/// No scale is finer than this share of the range seen so far: a flat line is not infinitely sharp.
const FLOOR: f64 = 0.02;
/// A MAD of normal noise is this many times smaller than its standard deviation.
const MAD_TO_SD: f64 = 1.4826;

/// Sliding window of values, sorted and in arrival order.
#[derive(Clone, Debug, Default)]
pub struct Recent {
    queue: VecDeque<f64>,
    sorted: Sorted,
    range: Option<(f64, f64)>,
}

/// The window's answer before a row joins it.
#[derive(Clone, Copy, Debug)]
pub struct Frame {
    pub median: f64,
    /// Standard deviation as the median absolute deviation sees it; 0 only while all is flat.
    pub sd: f64,
    /// Half the distance between the 10 % and 90 % quantiles: wide where values swing daily.
    pub swing: f64,
}

impl Recent {
    pub fn frame(&self) -> Option<Frame> {
        let (low, high) = self.range?;
        let floor = FLOOR * (high - low);
        let median = self.sorted.quantile(0.5);
        let sd = (MAD_TO_SD * self.sorted.deviation(median)).max(floor);
        let swing = (self.sorted.quantile(0.9) - self.sorted.quantile(0.1)) / 2.0;
        Some(Frame { median, sd, swing: swing.max(floor) })
    }

    pub fn push(&mut self, x: f64) {
        self.queue.push_back(x);
        self.sorted.insert(x);
        if self.queue.len() > ROWS
            && let Some(old) = self.queue.pop_front()
        {
            self.sorted.remove(old);
        }
        let (low, high) = self.range.unwrap_or((x, x));
        self.range = Some((low.min(x), high.max(x)));
    }
}

impl Frame {
    /// `x` on a signed log-like scale around the median: linear near it, logarithmic far away.
    pub fn squash(&self, x: f64) -> f64 {
        if self.sd > 0.0 { ((x - self.median) / self.sd).asinh() } else { 0.0 }
    }

    /// The inverse of `squash`, kept finite.
    pub fn unsquash(&self, y: f64) -> f64 {
        self.median + self.sd * y.clamp(-30.0, 30.0).sinh()
    }
}

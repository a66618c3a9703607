//! Sharpness: a row against the last few, in units of how far rows usually stray from them.
//! The unit is the 98 % quantile of recent strays, so bursts that are the rule do not impress.

use std::collections::VecDeque;

use crate::detect::maths::order::Sorted;

/// Rows whose median a row is compared with, strays remembered, and their quantile.
const NEAR: usize = 12;
const ROWS: usize = 288;
const TAIL: f64 = 0.98;
/// Beyond this many units more is not more.
const CAP: f64 = 6.0;

#[derive(Clone, Debug, Default)]
pub struct Jump {
    queue: VecDeque<f64>,
    strays: Sorted,
}

impl Jump {
    /// The stray of `x` from the median of `last` (oldest first); none with fewer than 12 rows.
    pub fn stray(last: &VecDeque<f64>, x: f64) -> Option<f64> {
        let skip = last.len().checked_sub(NEAR)?;
        let mut near = [0.0f64; NEAR];
        for (slot, v) in near.iter_mut().zip(last.iter().skip(skip)) {
            *slot = *v;
        }
        near.sort_by(f64::total_cmp);
        Some(x - f64::midpoint(near[NEAR / 2 - 1], near[NEAR / 2]))
    }

    /// How sharp a stray is (0..=6); `bad` is its size in the bad direction, `floor` the smallest
    /// unit worth telling apart.
    pub fn step(&mut self, stray: f64, bad: f64, floor: f64) -> f64 {
        let unit = self.strays.quantile(TAIL).max(floor);
        self.queue.push_back(stray.abs());
        self.strays.insert(stray.abs());
        if self.queue.len() > ROWS
            && let Some(old) = self.queue.pop_front()
        {
            self.strays.remove(old);
        }
        match bad {
            0.0 => 0.0,
            _ if unit > 0.0 => (bad / unit).min(CAP),
            _ => CAP,
        }
    }
}

//! Value novelty: how far a value lies from the nearest value ever seen.
//! A sorted set of bounded resolution and size; it forgets nothing and has no idea of time.

use super::order::Sorted;

/// Values closer than this share of the known range count as the same.
const GRAIN: f64 = 1e-4;
/// Hard bound on the set; reached only when the range keeps growing by magnitudes.
const MOST: usize = 32_768;

/// All values seen, thinned to the grain.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    seen: Sorted,
    range: Option<(f64, f64)>,
}

impl Memory {
    /// Distance to the nearest remembered value, in the series' own units; 0 for the first.
    pub fn novelty(&self, x: f64) -> f64 {
        self.seen.nearest(x).unwrap_or(0.0)
    }

    pub fn push(&mut self, x: f64) {
        let (low, high) = self.range.unwrap_or((x, x));
        self.range = Some((low.min(x), high.max(x)));
        let fresh = self.seen.nearest(x).is_none_or(|d| d > GRAIN * (high - low));
        if fresh && self.seen.len() < MOST {
            self.seen.insert(x);
        }
    }
}

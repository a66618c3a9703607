//! A classic histogram: upper bounds and counts of one window. The only thing percentiles come
//! from. Never averages percentiles, never guesses inside the last open bucket.

use std::sync::Arc;

/// Counts per bucket; `bounds[i]` is the upper edge of `counts[i]`, the last bound may be infinite.
/// Counts are not cumulative and may be fractional (rates of a scraped counter).
#[derive(Clone, PartialEq, Debug)]
pub struct Histogram {
    pub bounds: Arc<[f64]>,
    pub counts: Vec<f64>,
}

/// A percentile read from a histogram with the edges of the bucket it lies in.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Quantile {
    pub value: f64,
    pub low: f64,
    pub high: f64,
}

impl Histogram {
    /// `counts` is cut or filled with zeros to the length of `bounds`; bad counts become zero.
    pub fn new(bounds: Arc<[f64]>, mut counts: Vec<f64>) -> Self {
        counts.resize(bounds.len(), 0.0);
        for c in &mut counts {
            if !c.is_finite() || *c < 0.0 {
                *c = 0.0;
            }
        }
        Self { bounds, counts }
    }

    pub fn total(&self) -> f64 {
        self.counts.iter().sum()
    }

    /// Adds `other`; false (and nothing changed) when the bounds differ.
    pub fn add(&mut self, other: &Self) -> bool {
        if self.bounds != other.bounds {
            return false;
        }
        for (mine, theirs) in self.counts.iter_mut().zip(&other.counts) {
            *mine += theirs;
        }
        true
    }

    /// The `q` quantile (0..=1), linear inside its bucket; `None` when empty.
    /// In the open last bucket the value is that bucket's lower edge.
    pub fn quantile(&self, q: f64) -> Option<Quantile> {
        let total = self.total();
        if total <= 0.0 {
            return None;
        }
        let rank = q.clamp(0.0, 1.0) * total;
        let mut below = 0.0;
        let mut low = 0.0;
        for (bound, count) in self.bounds.iter().zip(&self.counts) {
            if *count > 0.0 && below + count >= rank {
                return Some(inside(low, *bound, (rank - below) / count));
            }
            below += count;
            if bound.is_finite() {
                low = *bound;
            }
        }
        Some(Quantile { value: low, low, high: f64::INFINITY })
    }
}

fn inside(low: f64, high: f64, share: f64) -> Quantile {
    let value = if high.is_finite() { low + (high - low) * share.clamp(0.0, 1.0) } else { low };
    Quantile { value, low, high }
}

/// A value that stands for a bucket: the geometric middle; the open ends stay near their edge.
pub fn middle(low: f64, high: f64) -> f64 {
    let m = if !high.is_finite() {
        low * 1.3
    } else if low <= 0.0 {
        high * 0.7
    } else {
        (low * high).sqrt()
    };
    m.max(1e-6)
}

//! The episode-peak normaliser: a signal judged against its own worst memories.
//! Keeps the peaks of past episodes, fading by half in two weeks; knows nothing of what they mean.

use super::pace::DAY;

/// Evidence is a multiple of the K-th largest remembered peak.
const RANK: usize = 4;
const KEPT: usize = 8;
/// A peak counts half after this time.
const HALF_LIFE: f64 = 14.0 * DAY;
/// An episode ends this long, and this many rows, after its peak.
const QUIET: f64 = 3.0 * 3600.0;
const QUIET_ROWS: u64 = 20;
/// The reference is at least this share of the largest remembered peak.
const FLOOR: f64 = 0.02;
/// Beyond this multiple more is not more.
const CAP: f64 = 4.0;

#[derive(Clone, Copy, Debug)]
struct Peak {
    height: f64,
    at: f64,
    row: u64,
}

/// State of one normalised signal.
#[derive(Clone, Debug, Default)]
pub struct Peaks {
    past: Vec<Peak>,
    now: Option<Peak>,
}

impl Peaks {
    /// The evidence `e` (0 or more) at stream second `at` as a multiple of the reference, capped.
    /// The episode under way never counts in its own reference.
    pub fn step(&mut self, at: f64, row: u64, e: f64) -> f64 {
        self.close(at, row);
        if e <= 0.0 {
            return 0.0;
        }
        let reference = self.reference(at);
        if self.now.is_none_or(|p| e >= p.height) {
            self.now = Some(Peak { height: e, at, row });
        }
        if reference > 0.0 { (e / reference).min(CAP) } else { CAP }
    }

    fn close(&mut self, at: f64, row: u64) {
        let Some(peak) = self.now else { return };
        if at - peak.at < QUIET || row.saturating_sub(peak.row) < QUIET_ROWS {
            return;
        }
        self.now = None;
        self.past.push(peak);
        if self.past.len() > KEPT {
            let faded = |p: &Peak| faded(p, at);
            let least = self.past.iter().map(faded).enumerate().min_by(|a, b| a.1.total_cmp(&b.1));
            if let Some((i, _)) = least {
                self.past.swap_remove(i);
            }
        }
    }

    fn reference(&self, at: f64) -> f64 {
        let mut heights = [0.0f64; KEPT];
        for (slot, peak) in heights.iter_mut().zip(&self.past) {
            *slot = faded(peak, at);
        }
        heights.sort_by(|a, b| b.total_cmp(a));
        let rank = self.past.len().min(RANK);
        let top = heights.first().copied().unwrap_or(0.0);
        let ranked = rank.checked_sub(1).and_then(|k| heights.get(k)).copied().unwrap_or(0.0);
        ranked.max(FLOOR * top)
    }
}

fn faded(peak: &Peak, at: f64) -> f64 {
    peak.height * (-(at - peak.at) / HALF_LIFE).exp2()
}

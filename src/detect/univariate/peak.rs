//! The episode-peak normaliser: a signal judged against its own worst memories.
//! Keeps the peaks of past episodes, fading by half in two weeks; knows nothing of what they mean.

use super::pace::DAY;

/// The alert budget of one part: episodes a week it may be as excited as its reference. The
/// reference is the peak of that rank in memory, no rank outside `RANKS`.
const BUDGET: f64 = 5.0;
const RANKS: (f64, f64) = (2.0, 7.0);
const KEPT: usize = 8;
/// A peak counts half after this time.
const HALF_LIFE: f64 = 28.0 * DAY;
/// Weeks a fading memory is worth at most (mean life of an exponential).
const MEMORY: f64 = HALF_LIFE / std::f64::consts::LN_2 / (7.0 * DAY);
/// An episode ends this long, and this many rows, after its peak.
const QUIET: f64 = 3.0 * 3600.0;
const QUIET_ROWS: u64 = 20;
/// Beyond this multiple more is not told apart; nothing to compare with counts as much.
const MOST: f64 = 10.0;

#[derive(Clone, Copy, Debug)]
struct Peak {
    height: f64,
    at: f64,
    row: u64,
}

/// State of one normalised signal.
#[derive(Clone, Debug, Default)]
pub struct Peaks {
    since: Option<f64>,
    past: Vec<Peak>,
    now: Option<Peak>,
}

impl Peaks {
    /// The evidence `e` (0 or more) at stream second `at` as a multiple of the reference, capped.
    /// The episode under way never counts in its own reference.
    pub fn step(&mut self, at: f64, row: u64, e: f64) -> f64 {
        let since = *self.since.get_or_insert(at);
        self.close(at, row);
        if e <= 0.0 {
            return 0.0;
        }
        let reference = self.reference(at, since);
        if self.now.is_none_or(|p| e >= p.height) {
            self.now = Some(Peak { height: e, at, row });
        }
        if reference > 0.0 { (e / reference).min(MOST) } else { MOST }
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

    fn reference(&self, at: f64, since: f64) -> f64 {
        let Some(last) = self.past.len().checked_sub(1) else { return 0.0 };
        let mut heights = [0.0f64; KEPT];
        for (slot, peak) in heights.iter_mut().zip(&self.past) {
            *slot = faded(peak, at);
        }
        heights.sort_by(|a, b| b.total_cmp(a));
        let height = |rank: usize| heights.get(rank.min(last)).copied().unwrap_or(0.0);
        let weeks = ((at - since) / (7.0 * DAY)).min(MEMORY);
        let rank = (BUDGET * weeks).clamp(RANKS.0, RANKS.1) - 1.0;
        let whole = rank.floor();
        height(whole as usize).powf(1.0 - (rank - whole))
            * height(whole as usize + 1).powf(rank - whole)
    }
}

fn faded(peak: &Peak, at: f64) -> f64 {
    peak.height * (-(at - peak.at) / HALF_LIFE).exp2()
}

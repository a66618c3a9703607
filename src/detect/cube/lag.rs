//! How long after a step the next one follows, learnt from the live minutes: what is divided by
//! what must belong together, or every wave of visits is a fall of buyers. Sums and likelihoods;
//! no case is judged here.

use std::collections::VecDeque;

use crate::domain::time::Span;

/// Delays tried, in seconds: the same for everybody, and exponential with this mean.
const FIXED: [f64; 7] = [15.0, 30.0, 60.0, 90.0, 120.0, 180.0, 240.0];
const SPREAD: [f64; 6] = [15.0, 30.0, 60.0, 120.0, 240.0, 480.0];
/// The same with a part of them at once: the first page of a visit comes with it.
const MIXED: [f64; 3] = [60.0, 240.0, 480.0];
const FIRST: f64 = 1.0 / 3.0;
/// Buckets over which one event is spread at most.
const MOST_TAPS: usize = 16;
/// Buckets that are remembered, and how many teach.
const KEPT: usize = 256;
const ENOUGH: usize = 40;
/// Events of the later step in a bucket from which its wobble is told from mere few.
const COUNTED: f64 = 5.0;
/// Buckets over which the rate itself may drift without being taken for a lag.
const BLOCK: usize = 30;
/// Nats by which a lag must beat none, and within which others stay likely.
const PROVEN: f64 = 3.0;
const LIKELY: f64 = 10.0;
/// Degrees of freedom of the residuals: a loss or a spike teaches, and does not rule.
const TAIL: f64 = 4.0;
/// Standard deviations from which the earlier step is said to move, and by which share at least.
const MOVES: f64 = 4.0;
const MOVED: f64 = 0.1;

/// Shares of one bucket's events whose next step falls into the same bucket, the next, and so on.
pub type Kernel = Vec<f64>;

/// One step after another: what was seen together, and how far apart it likely is.
#[derive(Clone, PartialEq, Debug)]
pub struct Lag {
    kernels: Vec<Kernel>,
    /// Bucket, events of the earlier step, events of the later one; oldest first.
    seen: VecDeque<(i64, f64, f64)>,
    best: usize,
    likely: Vec<usize>,
    /// Variance that the two ends of a window add, per event of a bucket and squared rate: who came
    /// before the end and buys after it.
    pub edge: f64,
}

impl Lag {
    pub fn new(bucket: Span) -> Self {
        let kernels = kernels(bucket);
        let likely = (0..kernels.len()).collect();
        Self { kernels, seen: VecDeque::new(), best: 0, likely, edge: 0.0 }
    }

    /// Takes a bucket's sums; a bucket told again replaces what was told.
    pub fn put(&mut self, bucket: i64, trials: f64, hits: f64) {
        let at = self.seen.partition_point(|s| s.0 < bucket);
        match self.seen.get_mut(at).filter(|s| s.0 == bucket) {
            Some(s) => *s = (bucket, trials, hits),
            None => self.seen.insert(at, (bucket, trials, hits)),
        }
        while self.seen.len() > KEPT {
            self.seen.pop_front();
        }
    }

    /// Weighs every lag against all that is remembered.
    pub fn learn(&mut self) {
        let rows: Vec<(f64, f64)> = self.unbroken();
        if rows.len() < ENOUGH + MOST_TAPS {
            return;
        }
        let fits: Vec<f64> = self.kernels.iter().map(|k| likelihood(k, &rows)).collect();
        let at_once = fits.first().copied().unwrap_or(0.0);
        let best = fits.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
        let Some((mut best, mut most)) = best.map(|(i, x)| (i, *x)) else { return };
        if most - at_once < PROVEN {
            (best, most) = (0, at_once);
        }
        self.best = best;
        let near = fits.iter().enumerate().filter(|(_, x)| **x >= most - LIKELY);
        self.likely = near.map(|(i, _)| i).collect();
        let kernel = self.kernels.get(best).map_or(&[][..], Vec::as_slice);
        self.edge = spill(kernel).max(wobble(kernel, &rows));
    }

    /// The newest buckets without a gap.
    fn unbroken(&self) -> Vec<(f64, f64)> {
        let mut next = None;
        let mut out: Vec<(f64, f64)> = Vec::new();
        for (bucket, trials, hits) in self.seen.iter().rev() {
            if next.is_some_and(|n| n != *bucket) {
                break;
            }
            out.push((*trials, *hits));
            next = Some(bucket - 1);
        }
        out.reverse();
        out
    }

    /// Buckets back that may still count.
    pub fn reach(&self) -> usize {
        let mine = self.likely.iter().chain([&self.best]).filter_map(|i| self.kernels.get(*i));
        mine.map(Vec::len).max().unwrap_or(1)
    }

    /// Of the earlier step's events, newest bucket first: those that belong to this bucket.
    pub fn paired(&self, newest_first: &[f64]) -> f64 {
        self.kernels.get(self.best).map_or(0.0, |k| spread(k, newest_first))
    }

    /// The fewest and the most that may belong to it, as shares of [`paired`](Self::paired), while
    /// the earlier step moves; 1 and 1 while it does not.
    pub fn bounds(&self, newest_first: &[f64]) -> (f64, f64) {
        let mid = self.paired(newest_first);
        let all = self.likely.iter().filter_map(|i| self.kernels.get(*i));
        let (low, high) = all.fold((mid, mid), |(low, high), k| {
            let x = spread(k, newest_first);
            (low.min(x), high.max(x))
        });
        let moved = |a: f64, b: f64| b - a > MOVES * (a + b).max(1.0).sqrt() && b - a > MOVED * b;
        let share = |x: f64| if mid > 0.0 { x / mid } else { 1.0 };
        (
            if moved(low, mid) { share(low) } else { 1.0 },
            if moved(mid, high) { share(high) } else { 1.0 },
        )
    }
}

/// Every lag that is tried; the first is none.
fn kernels(bucket: Span) -> Vec<Kernel> {
    let length = (bucket.millis() as f64 / 1000.0).max(1.0);
    let fixed = FIXED.iter().map(|delay| {
        let (whole, rest) = ((delay / length).floor(), (delay / length).fract());
        let mut taps = vec![0.0; whole as usize];
        taps.extend([1.0 - rest, rest]);
        taps
    });
    let exponential = |mean: &f64, at_once: f64| {
        let (r, leave) = (mean / length, (-length / mean).exp());
        let rest = r * (1.0 - leave);
        let part = (1.0 - at_once) * rest * (1.0 - leave);
        let later = (0..MOST_TAPS - 1).map(|j| part * leave.powf(j as f64));
        std::iter::once(1.0 - (1.0 - at_once) * rest).chain(later).collect::<Kernel>()
    };
    let spread = SPREAD.iter().map(|mean| exponential(mean, 0.0));
    let mixed = MIXED.iter().map(|mean| exponential(mean, FIRST));
    let at_once = std::iter::once(vec![1.0]);
    at_once.chain(fixed.chain(spread).chain(mixed).filter_map(whole)).collect()
}

/// Shares that add up to one; none where the delay is longer than what is remembered.
fn whole(mut taps: Kernel) -> Option<Kernel> {
    while taps.last().is_some_and(|t| *t < 1e-6) {
        taps.pop();
    }
    let sum: f64 = taps.iter().sum();
    let fits = taps.len() <= MOST_TAPS && sum > 0.0;
    for tap in &mut taps {
        *tap /= sum;
    }
    fits.then_some(taps)
}

/// What falls into the newest bucket; before the first known one it was as there.
fn spread(kernel: &[f64], newest_first: &[f64]) -> f64 {
    let oldest = newest_first.last().copied().unwrap_or(0.0);
    let at = |j: usize| newest_first.get(j).copied().unwrap_or(oldest);
    kernel.iter().enumerate().map(|(j, share)| share * at(j)).sum()
}

/// Residuals of the later step under one lag, in units of the earlier one's noise, with the rate of
/// their block; and the block's rates.
fn residuals(kernel: &[f64], rows: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut back: Vec<f64> = Vec::new();
    let paired: Vec<(f64, f64)> = (MOST_TAPS..rows.len())
        .map(|i| {
            back.clear();
            back.extend((0..MOST_TAPS).filter_map(|j| rows.get(i - j)).map(|r| r.0));
            (spread(kernel, &back), rows.get(i).map_or(0.0, |r| r.1))
        })
        .collect();
    let mut out = Vec::with_capacity(paired.len());
    for block in paired.chunks(BLOCK) {
        let trials: f64 = block.iter().map(|r| r.0).sum();
        let hits: f64 = block.iter().map(|r| r.1).sum();
        let rate = if trials > 0.0 { hits / trials } else { 0.0 };
        out.extend(block.iter().map(|(n, h)| ((h - rate * n) / n.max(1.0).sqrt(), rate)));
    }
    out
}

fn scale_of(residuals: &[(f64, f64)]) -> f64 {
    let mut sizes: Vec<f64> = residuals.iter().map(|r| r.0.abs()).collect();
    sizes.sort_by(f64::total_cmp);
    (sizes.get(sizes.len() / 2).copied().unwrap_or(0.0) * 1.4826).max(1e-3)
}

/// Log likelihood of the residuals, heavy tailed, at their own scale.
fn likelihood(kernel: &[f64], rows: &[(f64, f64)]) -> f64 {
    let residuals = residuals(kernel, rows);
    let scale = scale_of(&residuals);
    let each = |r: f64| -0.5 * (TAIL + 1.0) * (r * r / (TAIL * scale * scale)).ln_1p() - scale.ln();
    residuals.iter().map(|r| each(r.0)).sum()
}

/// What a lag that is spread over buckets adds at both ends of a window.
fn spill(kernel: &[f64]) -> f64 {
    let (mut sum, mut upto) = (0.0, 0.0_f64);
    for share in kernel {
        upto += share;
        sum += 2.0 * upto * (1.0_f64 - upto).max(0.0);
    }
    sum
}

/// The same as it is measured: what is missing in one bucket and on top in the next was moved.
fn wobble(kernel: &[f64], rows: &[(f64, f64)]) -> f64 {
    let few = rows.iter().map(|r| r.1).sum::<f64>() < COUNTED * rows.len() as f64;
    let residuals = residuals(kernel, rows);
    let most = 4.0 * scale_of(&residuals);
    let held = |r: f64| r.clamp(-most, most);
    let pairs = residuals.iter().zip(residuals.iter().skip(1));
    let both: f64 = pairs.map(|(a, b)| held(a.0) * held(b.0)).sum();
    let rate = residuals.iter().map(|r| r.1).sum::<f64>() / residuals.len().max(1) as f64;
    let moved = -2.0 * both / residuals.len().max(1) as f64;
    if few || rate <= 0.0 { 0.0 } else { (moved / (rate * rate)).clamp(0.0, 2.0) }
}

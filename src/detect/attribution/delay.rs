//! How long harm lets itself be awaited after a change, as a density, and what clocks add to it.
//! A mixture: at once, soon, late. No measurements, no changes.

/// Share and mean, in minutes, of harm that comes with the first visitors of a change.
const AT_ONCE: (f64, f64) = (0.55, 1.2);
/// Of harm that comes as instances are replaced one by one, caches turn over, pages are left.
const SOON: (f64, f64) = (0.27, 5.0);
/// Share of harm that waits for something: a cache that expires, a disk that fills, a job that runs
/// by the clock; equally likely for each doubling between the two, in minutes.
const LATE: f64 = 0.18;
const LATE_FROM: f64 = 5.0;
const LATE_TO: f64 = 480.0;

/// Seconds by which the clocks of two machines are apart, scrapes included, standard deviation.
const CLOCKS_S: f64 = 15.0;
/// The same in buckets: the windows of counters end anywhere inside one.
const CLOCKS_BUCKETS: f64 = 0.25;

/// Points of the cuboid for each grid step.
const FINE: f64 = 4.0;

/// The density of delays (per minute), looked up on a grid.
#[derive(Clone, Debug)]
pub struct Delays {
    step_ms: f64,
    /// Index of no delay.
    zero: usize,
    cuboid: Vec<f64>,
    /// Minutes by which harm may seem to come before its change.
    pub early: f64,
}

impl Delays {
    /// For onsets that lie `step_ms` apart, in buckets of `bucket_min` minutes.
    pub fn new(step_ms: i64, bucket_min: f64) -> Self {
        let early = CLOCKS_S / 60.0 + CLOCKS_BUCKETS * bucket_min;
        let step_ms = step_ms as f64 / FINE;
        let per = step_ms / 60_000.0;
        let zero = (4.0 * early / per).ceil() as usize;
        let most = (LATE_TO / per).ceil() as usize + zero;
        let raw = (0..=most).map(|i| density((i as f64 - zero as f64) * per, early));
        let mut cuboid: Vec<f64> = raw.collect();
        let all: f64 = cuboid.iter().sum::<f64>() * per;
        for p in &mut cuboid {
            *p /= all;
        }
        Self { step_ms, zero, cuboid, early }
    }

    /// Per minute, for harm `ms` after the change.
    pub fn at(&self, ms: f64) -> f64 {
        let i = (ms / self.step_ms).round() + self.zero as f64;
        if i < 0.0 { 0.0 } else { self.cuboid.get(i as usize).copied().unwrap_or(0.0) }
    }

    /// Delays (minutes) that stand for all of them, with their weights: every `step` minutes at
    /// first, then ever farther apart.
    pub fn some(&self, step: f64) -> Vec<(f64, f64)> {
        let mut out = Vec::new();
        let mut from = -2.0 * self.early;
        while from < LATE_TO {
            let wide = step.max(0.12 * from);
            let mid = from + wide / 2.0;
            out.push((mid, self.at(mid * 60_000.0) * wide));
            from += wide;
        }
        out
    }
}

fn density(minutes: f64, early: f64) -> f64 {
    let after = minutes.max(0.0);
    let wait = |(share, mean): (f64, f64)| share / mean * (-after / mean).exp();
    let late = LATE / (LATE_TO / LATE_FROM).ln() / after.max(LATE_FROM);
    let late = if after < LATE_FROM { late * after / LATE_FROM } else { late };
    let all = wait(AT_ONCE) + wait(SOON) + late;
    if minutes < 0.0 { all * (-0.5 * (minutes / early).powi(2)).exp() } else { all }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_ones_are_alike_and_far_ones_are_possible() {
        let delays = Delays::new(15_000, 1.0);
        let at = |minutes: f64| delays.at(minutes * 60_000.0);
        assert!(at(0.0) / at(0.67) < 2.0, "40 seconds tell little");
        assert!(at(0.0) / at(-0.5) < 2.0, "nor does the order within half a minute");
        assert!(at(-5.0) < at(0.0) * 1e-4, "what comes later is no cause");
        assert!(at(120.0) > at(0.0) * 1e-4, "hours are possible");
        let sum: f64 = delays.some(0.25).iter().map(|(_, w)| w).sum();
        assert!((0.9..1.1).contains(&sum), "{sum}");
    }
}

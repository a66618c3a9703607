//! To the second: when an effect began, told from how far its first bucket is harmed, and how sure
//! that is. For telling two beginnings apart only; the onset of a case stays in buckets.

use super::effect::Effect;
use super::onset::{variance, weight};
use super::store::Store;

/// When something began, in seconds of the epoch, and its standard deviation.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct When {
    pub at: f64,
    pub sd: f64,
}

/// No beginning is known better than this, in seconds: clocks differ and harm grows for a moment.
const BEST: f64 = 8.0;
/// Buckets before the onset that tell what was wrong there already.
const BEFORE: i64 = 6;
/// The standard deviation of something that may be anywhere in a bucket, as a share of it.
const ANYWHERE: f64 = 0.29;

impl When {
    /// Seconds from this to `other`, and their standard deviation.
    pub fn until(self, other: Self) -> (f64, f64) {
        (other.at - self.at, self.sd.hypot(other.sd))
    }
}

/// The beginning of an effect.
pub fn began(store: &Store, e: &Effect) -> When {
    let length = store.bucket.millis() as f64 / 1000.0;
    let start = |b: i64| store.start_of(b).millis() as f64 / 1000.0;
    let b = e.onset.bucket;
    let between = (e.onset.high - e.onset.low) as f64 * length / 4.0;
    let middle = (start(e.onset.low) + start(e.onset.high) + length) / 2.0;
    let anywhere = When { at: middle, sd: (ANYWHERE * length).hypot(between) };
    // One bucket alone does not say whether it is wholly or hardly harmed.
    if e.last_bad <= b || e.onset.ramp {
        return anywhere;
    }
    let (Some((first, a)), Some((second, c))) = (harmed(store, e, b - 1), harmed(store, e, b))
    else {
        return anywhere;
    };
    let whole = (first + second).clamp(-0.5, 2.5);
    let sd = length * (a + c).sqrt();
    if sd >= anywhere.sd {
        return anywhere;
    }
    When { at: start(b + 1) - whole * length, sd: sd.hypot(between).max(BEST) }
}

/// Share of a bucket that is harmed, with its variance; what was wrong before does not count.
fn harmed(store: &Store, e: &Effect, bucket: i64) -> Option<(f64, f64)> {
    let table = store.tables.get(&e.table)?;
    let calib = e.calib(table);
    let excess = |b: i64| {
        let acc = table.scope_acc(&e.scope, b);
        let w = weight(e.shape, &acc);
        let var = variance(e.shape, e.sign, &acc, calib, e.harm);
        (w > 0.0).then(|| (e.sign * (acc.a - acc.e) / w, var / (w * w)))
    };
    let onset = e.onset.bucket;
    let past: Vec<(f64, f64)> = (onset - 1 - BEFORE..onset - 1).filter_map(excess).collect();
    let n = past.len().max(1) as f64;
    let (mean, var) = past.iter().fold((0.0, 0.0), |s, x| (s.0 + x.0 / n, s.1 + x.1 / (n * n)));
    let there = if mean > 2.0 * f64::sqrt(var) { mean } else { 0.0 };
    let harm = (e.harm - there).max(0.2 * e.harm);
    let (x, v) = excess(bucket)?;
    (harm > 0.0).then(|| ((x - there) / harm, v / (harm * harm)))
}

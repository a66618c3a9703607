//! To the second: when an shift began, by the likelihood of every instant around its onset given
//! how far its first buckets are harmed. For telling two beginnings apart only; the onset of a case
//! stays in buckets.

use crate::detect::cube::store::Cube;
use crate::detect::evidence::stat::Tally;
use crate::detect::scan::onset::{variance, weight};
use crate::detect::scan::shift::Shift;

/// When something began, in seconds of the epoch, and its standard deviation.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct When {
    pub at: f64,
    pub sd: f64,
}

/// Two places beside each other have one cause only when they begin as one: within so many seconds.
pub const AS_ONE: f64 = 15.0;
/// No beginning is known better than this, in seconds: clocks differ and harm grows for a moment.
const BEST: f64 = 8.0;
/// Buckets before the onset that tell what was wrong there already.
const BEFORE: i64 = 6;
/// The standard deviation of something that may be anywhere in a bucket, as a share of it.
const ANYWHERE: f64 = 0.29;
/// Instants looked at in a bucket, and buckets around the onset that tell the second.
const STEPS: usize = 12;
const AROUND: (i64, i64) = (2, 3);

/// Log likelihoods of the instants at which something may have begun, `step` seconds apart.
#[derive(Clone, PartialEq, Debug)]
pub struct Curve {
    pub first: f64,
    pub step: f64,
    pub nats: Vec<f64>,
}

impl When {
    /// Seconds from this to `other`, and their standard deviation.
    pub fn until(self, other: Self) -> (f64, f64) {
        (other.at - self.at, self.sd.hypot(other.sd))
    }
}

impl Curve {
    /// Mean and standard deviation of an instant as likely as this says.
    fn mean(&self) -> When {
        let most = self.nats.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let each = || self.nats.iter().enumerate().map(|(i, l)| (i as f64, (l - most).exp()));
        let sum: f64 = each().map(|(_, w)| w).sum();
        let mean = each().map(|(i, w)| i * w).sum::<f64>() / sum;
        let var = each().map(|(i, w)| (i - mean).powi(2) * w).sum::<f64>() / sum;
        When { at: self.first + mean * self.step, sd: var.sqrt() * self.step }
    }

    /// Nats by which two beginnings are likelier than one, where one means that they are no
    /// further apart than `slack` seconds.
    pub fn apart(&self, other: &Self, slack: f64) -> f64 {
        let most = |c: &Self| c.nats.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let at = |c: &Self, i: usize| c.first + i as f64 * c.step;
        let mut one = f64::NEG_INFINITY;
        for (i, a) in self.nats.iter().enumerate() {
            let near = other.nats.iter().enumerate();
            let near = near.filter(|(j, _)| (at(self, i) - at(other, *j)).abs() <= slack);
            one = near.fold(one, |one, (_, b)| one.max(a + b));
        }
        most(self) + most(other) - one
    }
}

/// The beginning of an shift.
pub fn began(cube: &Cube, e: &Shift) -> When {
    let length = cube.bucket.millis() as f64 / 1000.0;
    let start = |b: i64| cube.start_of(b).millis() as f64 / 1000.0;
    let b = e.onset.bucket;
    let between = (e.onset.high - e.onset.low) as f64 * length / 4.0;
    let middle = (start(e.onset.low) + start(e.onset.high) + length) / 2.0;
    let anywhere = When { at: middle, sd: (ANYWHERE * length).hypot(between) };
    let looked_at = b - AROUND.0..=b + AROUND.1;
    let known = looked_at.contains(&e.onset.low) && looked_at.contains(&e.onset.high);
    // One bucket alone does not say whether it is wholly or hardly harmed, and the second is worth
    // nothing while the hour is not known.
    if e.last_bad <= b || e.onset.ramp || !known {
        return anywhere;
    }
    match curve(cube, e).map(|c| c.mean()) {
        Some(told) if told.sd < anywhere.sd => When { sd: told.sd.max(BEST), ..told },
        _ => anywhere,
    }
}

/// How likely each instant around the onset is, whatever the size of the harm since; what was
/// wrong before does not count.
pub fn curve(cube: &Cube, e: &Shift) -> Option<Curve> {
    let cuboid = cube.cuboids.get(&e.cuboid)?;
    let dispersion = e.dispersion(cuboid);
    let length = cube.bucket.millis() as f64 / 1000.0;
    let start = |b: i64| cube.start_of(b).millis() as f64 / 1000.0;
    let onset = e.onset.bucket;
    let bucket = |b: i64| {
        let acc = cuboid.scope_acc(&e.scope, b);
        let w = weight(e.likelihood, &acc);
        (w > 0.0).then_some((start(b), w, acc))
    };
    let excess = |(_, w, acc): (f64, f64, Tally)| {
        let var = variance(e.likelihood, e.sign, &acc, dispersion, 0.0);
        (e.sign * (acc.observed - acc.expected) / w, var / (w * w))
    };
    let past = (onset - AROUND.0 - BEFORE..onset - AROUND.0).filter_map(bucket).map(excess);
    let past: Vec<(f64, f64)> = past.collect();
    let n = past.len().max(1) as f64;
    let (mean, var) = past.iter().fold((0.0, 0.0), |s, x| (s.0 + x.0 / n, s.1 + x.1 / (n * n)));
    let there = if mean > 2.0 * f64::sqrt(var) { mean } else { 0.0 };
    let (from, to) = (onset - AROUND.0, (onset + AROUND.1).min(e.last_bad));
    if to <= onset {
        return None;
    }
    let told: Vec<(f64, f64, Tally)> = (from..=to).filter_map(bucket).collect();
    let step = length / STEPS as f64;
    let instants = (to - from) as usize * STEPS;
    let likely = |t: f64| {
        let share = |s: f64| ((s + length - t) / length).clamp(0.0, 1.0);
        let rows: Vec<(f64, f64, f64)> = told
            .iter()
            .map(|(s, w, acc)| {
                // The variance of what is harmed by so much: `variance` halves it.
                let v = variance(e.likelihood, e.sign, acc, dispersion, 2.0 * share(*s) * e.harm);
                (share(*s) * w, e.sign * (acc.observed - acc.expected) - there * w, v)
            })
            .collect();
        let sums = rows.iter().map(|(x, y, v)| (x * y / v, x * x / v));
        let (b, w) = sums.fold((0.0, 0.0), |s, x| (s.0 + x.0, s.1 + x.1));
        let harm = if w > 0.0 { (b / w).max(0.0) } else { 0.0 };
        let each = |(x, y, v): &(f64, f64, f64)| -(y - harm * x).powi(2) / (2.0 * v) - v.ln() / 2.0;
        rows.iter().map(each).sum::<f64>()
    };
    let first = start(from) + step / 2.0;
    let nats: Vec<f64> = (0..instants).map(|i| likely(first + i as f64 * step)).collect();
    (!nats.is_empty() && nats.iter().all(|x| x.is_finite())).then_some(Curve { first, step, nats })
}
